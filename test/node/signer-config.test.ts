/** Configurations that name a signer: what is refused says which key; a node's file keeps its rest. */
import { expect, test } from 'vitest';
import { exampleConfig, parseConfig } from '../../node/config.ts';
import { EXIT, FatalError } from '../../node/exit-codes.ts';
import { parseLinkAddress } from '../../node/signer/link-address.ts';
import { withSignerTable } from '../../node/signer/make-signer.ts';
import { exampleSignerConfig, parseSignerConfig } from '../../node/signer/signer-config.ts';
import { toHex } from '../../runtime/core/bytes.ts';

const PINNED = 'ab'.repeat(32);

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof FatalError)) throw cause;
    expect(cause.exitCode).toBe(EXIT.config);
    return cause.message;
  }
  return 'ok';
}

test('addresses of a link', () => {
  expect(parseLinkAddress('unix:/run/a.sock')).toEqual({ kind: 'unix', path: '/run/a.sock' });
  expect(parseLinkAddress('127.0.0.1:1')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 1 });
  expect(parseLinkAddress('[::1]:65535')).toEqual({ kind: 'tcp', host: '::1', port: 65_535 });
  for (const bad of ['', 'unix:', 'host', 'host:', ':1', 'host:65536', 'a b:1', '::1:5', 'h:1x']) {
    expect(parseLinkAddress(bad), bad).toBeUndefined();
  }
});

test('a node signs itself, or names a signer with its key', () => {
  const example = parseConfig(exampleConfig(), '/n0');
  expect(example.signer).toBeUndefined();
  expect(example.keys.consensus).toEqual(['/n0/keys/consensus.key']);
  const rotating = parseConfig('[keys]\nconsensus = ["a.key", "/b.key"]', '/n0');
  expect(rotating.keys.consensus).toEqual(['/n0/a.key', '/b.key']);
  const table = (text: string) => messageOf(() => parseConfig(`[signer]\n${text}`, '/n0'));
  expect(table('listen = "unix:s.sock"')).toMatch(/^signer.pinned: given nothing/);
  expect(table(`listen = "nowhere"\npinned = "${PINNED}"`)).toMatch(/^signer.listen: given/);
  expect(table('pinned = "abc"')).toMatch(/signer.pinned: given "abc"/);
  expect(table('secret = "x"')).toMatch(/signer.secret: no such key/);
});

test("a node's file gets its signer and keeps the rest, wherever the table stood", () => {
  const plain = '[p2p]\nlisten = ["/ip4/127.0.0.1/tcp/5"]\n';
  const between = `[signer]\nlisten = ""\n# a comment\npinned = ""\n\n${plain}`;
  for (const text of [exampleConfig(), plain, between, `${plain}\n[signer]\nwaitMs = 5000\n`]) {
    const config = parseConfig(withSignerTable(text, 'unix:s.sock', PINNED), '/n0');
    expect(config.signer?.listen).toEqual({ kind: 'unix', path: '/n0/s.sock' });
    expect(toHex(config.signer?.pinned ?? new Uint8Array())).toBe(PINNED);
    expect(config.p2p.listen).toEqual(parseConfig(text, '/n0').p2p.listen);
    expect(config.rpc).toEqual(parseConfig(text, '/n0').rpc);
  }
});

test("a signer's file: one chain, keys, nodes", () => {
  const text = exampleSignerConfig({ chainId: PINNED, node: 'unix:/s.sock', pinned: PINNED });
  expect(parseSignerConfig(text, '/s0')).toMatchObject({
    keys: ['/s0/keys/consensus.key'],
    linkKey: '/s0/keys/link.key',
    nodes: [{ address: { kind: 'unix', path: '/s.sock' } }],
  });
  const broken = (from: string, to: string) =>
    messageOf(() => parseSignerConfig(text.replace(from, to), '/s0'));
  expect(broken('unix:/s.sock', 'here')).toMatch(/^nodes\[0\].address: given "here"/);
  expect(broken(`chainId = "${PINNED}"`, '')).toMatch(/chainId/);
  expect(broken('keys = [', 'kees = [')).toMatch(/kees: no such key/);
});
