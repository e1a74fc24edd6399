/**
 * A signer in a process of its own: both sides prove their keys, what contradicts a vote is refused
 * whoever asks and whenever the signer was killed, and the validator of a real node goes on after.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { KIND, type Subject, voteDigest } from '../../consensus/messages.ts';
import { ed25519Key, verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { EXIT } from '../../node/exit-codes.ts';
import { writeKeyFile } from '../../node/keys.ts';
import type { Log } from '../../node/ports.ts';
import { dialLink, listenLink } from '../../node/signer/link.ts';
import { parseLinkAddress } from '../../node/signer/link-address.ts';
import { linkCertificate } from '../../node/signer/link-certificate.ts';
import { createRemoteSigner, type RemoteSigner } from '../../node/signer/remote-signer.ts';
import { exampleSignerConfig } from '../../node/signer/signer-config.ts';
import { bindingDigest } from '../../p2p/peer-identity.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { createClient } from '../../wallet/client/client.ts';
import { runMany } from '../cli/run-cli.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');
const CHAIN = new Uint8Array(32).fill(9);
const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const CONSENSUS = ed25519Key(seedOf(1));
const NODE_LINK = seedOf(2);
const SIGNER_LINK = seedOf(3);
const OTHER_LINK = seedOf(4);
const publicOf = (seed: Uint8Array): Uint8Array => ed25519Key(seed).publicKey;

const silent: Log = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
};

let folder = '';
const children = new Set<ChildProcess>();
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'miletus-signer-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  await Promise.all([...children].map((child) => ended(child, 'SIGTERM')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Output of a process, kept as it comes. */
type Started = { readonly child: ChildProcess; readonly output: () => string };

function start(...argv: string[]): Started {
  const child = spawn(process.execPath, [LAUNCHER, ...argv], { cwd: folder, stdio: 'pipe' });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const over = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return over;
}

const notarize = (at: number, payload: number): Subject => ({
  selector: KIND.notarize,
  value: {
    epoch: epoch(1),
    view: view(at),
    parentView: view(at - 1),
    payload: new Uint8Array(32).fill(payload),
  },
});
const PLACE = { signer: validatorIndex(0), key: CONSENSUS.publicKey };

/** The home of a signer for a node that this test plays. */
function signerHome(name: string, address: string): string {
  const home = join(folder, name);
  mkdirSync(join(home, 'data'), { recursive: true });
  writeKeyFile(join(home, 'keys', 'consensus.key'), seedOf(1));
  writeKeyFile(join(home, 'keys', 'link.key'), SIGNER_LINK);
  const text = exampleSignerConfig({
    chainId: toHex(CHAIN),
    node: address,
    pinned: toHex(publicOf(NODE_LINK)),
  });
  writeFileSync(
    join(home, 'signer.toml'),
    text.replace('port = 9465', 'port = 0').replace('"auto"', '"json"'),
  );
  return home;
}

async function node(address: string, link: Uint8Array = NODE_LINK): Promise<RemoteSigner> {
  const listen = parseLinkAddress(address);
  if (!listen) throw new Error(address);
  const identity = { certificate: linkCertificate(link), pinned: publicOf(SIGNER_LINK) };
  const signer = await createRemoteSigner(
    { listen, identity, chainId: CHAIN, log: silent },
    20_000,
  );
  if (!signer) throw new Error('no signer came');
  open.push(signer);
  return signer;
}

test.each([
  {
    name: 'the pinned key on both sides',
    nodeSeed: NODE_LINK,
    signerSeed: SIGNER_LINK,
    sees: 'open',
  },
  {
    name: 'another key of the signer',
    nodeSeed: NODE_LINK,
    signerSeed: OTHER_LINK,
    sees: 'closed',
  },
  {
    name: 'another key of the node',
    nodeSeed: OTHER_LINK,
    signerSeed: SIGNER_LINK,
    sees: 'closed',
  },
])('with $name the signer sees the link $sees', async ({ nodeSeed, signerSeed, sees }) => {
  const seen = { node: '', signer: '' };
  const refused = vi.fn();
  const server = await listenLink(
    { kind: 'tcp', host: '127.0.0.1', port: 0 },
    { certificate: linkCertificate(nodeSeed), pinned: publicOf(SIGNER_LINK) },
    {
      accept: () => ({
        onOpen: () => {
          seen.node += 'open ';
        },
        onMessage: () => {
          seen.node += 'message ';
        },
        onClose: refused,
      }),
      onRefused: refused,
    },
  );
  open.push(server);
  const dialed = { certificate: linkCertificate(signerSeed), pinned: publicOf(NODE_LINK) };
  const hangUp = dialLink(server.address, dialed, {
    onOpen(link) {
      seen.signer += 'open ';
      link.send(new Uint8Array(8));
    },
    onMessage() {},
    onClose() {
      seen.signer += 'closed ';
    },
  });
  await vi.waitFor(() => expect(seen.signer).toContain(sees));
  if (sees === 'open') await vi.waitFor(() => expect(seen.node).toBe('open message '));
  // Whoever shows another key is not heard, whatever it sends.
  if (signerSeed === OTHER_LINK) {
    expect(refused.mock.calls[0]?.[0]).toMatch(/proved key.*pinned/);
    expect(seen.node).toBe('');
  }
  if (nodeSeed === OTHER_LINK) expect(seen.signer).toBe('closed ');
  hangUp();
});

test('a signer refuses what contradicts its votes, before and after SIGKILL, and asks nobody', async () => {
  const address = `unix:${join(folder, 'a.sock')}`;
  const home = signerHome('a', address);
  const listening = node(address);
  let process_ = start('signer', 'start', '--home', home);
  const signer = await listening;
  expect(signer.publicKeys.map(toHex)).toEqual([toHex(CONSENSUS.publicKey)]);

  const first = await signer.sign(notarize(5, 1), PLACE);
  expect(first.ok && verifyEd25519(PLACE.key, voteDigest(CHAIN, notarize(5, 1)), first.value)).toBe(
    true,
  );
  expect(await signer.sign(notarize(5, 2), PLACE)).toMatchObject({
    error: { code: 'conflicting_vote' },
  });
  const bound = await signer.bind(PLACE.key, publicOf(seedOf(7)));
  const digest = bindingDigest(CHAIN, publicOf(seedOf(7)));
  expect(bound.ok && verifyEd25519(PLACE.key, digest, bound.value)).toBe(true);
  const foreign = { ...PLACE, key: publicOf(seedOf(8)) };
  expect(await signer.sign(notarize(6, 1), foreign)).toMatchObject({
    error: { code: 'unknown_key' },
  });
  // The mark never rises above what was signed, or this key would sign nothing for ever.
  signer.raise({ epoch: epoch(2 ** 40), view: view(0) });
  expect((await signer.sign(notarize(6, 1), PLACE)).ok).toBe(true);
  const metrics = /"metrics":"([^"]+)"/.exec(process_.output())?.[1];
  const text = await (await fetch(`${metrics}/metrics`)).text();
  expect(text).toMatch(/miletus_signer_refused_total\{code="conflicting_vote"\} 1/);
  expect(text).toMatch(/miletus_signer_signed_total\{kind="notarize"\} 2/);

  for (let kill = 0; kill < 3; kill++) {
    // In flight: answered before the kill or asked again after it, signed once either way.
    const asked = signer.sign(notarize(10 + kill, 1), PLACE);
    if (kill === 1) await new Promise((resolve) => setImmediate(resolve));
    await ended(process_.child, 'SIGKILL');
    process_ = start('signer', 'start', '--home', home);
    expect((await asked).ok).toBe(true);
    expect(await signer.sign(notarize(10 + kill, 2), PLACE)).toMatchObject({
      error: { code: 'conflicting_vote' },
    });
  }
  expect(await signer.sign(notarize(6, 1), PLACE)).toMatchObject({ ok: true });
  expect(await signer.sign(notarize(5, 2), PLACE)).toMatchObject({ ok: false });
  const { output } = process_;
  await vi.waitFor(() => expect(output().match(/"request refused"/g)).toHaveLength(2));
  expect(output()).toMatch(/"kind":"notarize","epoch":1,"view":12,"code":"conflicting_vote"/);
  expect(output()).not.toContain(toHex(seedOf(1)));
});

test('two nodes of one signer cannot both vote; a second signer has no place on the record', async () => {
  const [one, two] = [`unix:${join(folder, 'b1.sock')}`, `unix:${join(folder, 'b2.sock')}`];
  const home = signerHome('b', one);
  const config = join(home, 'signer.toml');
  const pinned = toHex(publicOf(NODE_LINK));
  const second = `\n[[nodes]]\naddress = "${two}"\npinned = "${pinned}"\n`;
  writeFileSync(config, readFileSync(config, 'utf8') + second);
  const both = [node(one), node(two)];
  start('signer', 'start', '--home', home);
  const [active, standby] = await Promise.all(both);
  if (!active || !standby) throw new Error('two nodes');
  // Both at once: exactly one of two contradicting votes leaves the signer.
  const votes = await Promise.all([
    active.sign(notarize(3, 1), PLACE),
    standby.sign(notarize(3, 2), PLACE),
  ]);
  expect(votes.filter(({ ok }) => ok)).toHaveLength(1);

  const twin = start('signer', 'start', '--home', home);
  const code = await new Promise((resolve) => twin.child.once('exit', resolve));
  children.delete(twin.child);
  expect(code).toBe(EXIT.locked);
  expect(twin.output()).toMatch(/record of what was signed: .* is in use/);
});

test('a node without keys validates through its signer, also after the signer was killed', async () => {
  const env = { MILETUS_KEYS: join(folder, 'keys'), MILETUS_PASSWORD_FILE: join(folder, 'pw') };
  writeFileSync(join(folder, 'pw'), 'correct horse\n');
  const cli = (...commands: string[][]) => runMany(commands, { cwd: folder, env });
  const [key] = await cli(['keys', 'create', 'op', '--json']);
  const { address } = JSON.parse(key?.stdout ?? '') as { address: string };
  const made = await cli(
    ['node', 'init', '--home', 'n0', '--operator', address],
    ['genesis', 'init', 'n0/genesis.json', '--validator', 'n0/validator.json', '--yes'],
    ['signer', 'init', '--home', 's0', '--node-home', 'n0', '--yes', '--json'],
    ['signer', 'init', '--home', 's1', '--node-home', 'n0', '--yes'],
  );
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0, EXIT.badData]);
  expect(made[3]?.stderr).toMatch(/n0 has a signer already/);
  expect(existsSync(join(folder, 'n0', 'keys', 'consensus.key'))).toBe(false);
  expect(existsSync(join(folder, 's0', 'keys', 'consensus.key'))).toBe(true);
  const config = join(folder, 'n0', 'config.toml');
  const text = readFileSync(config, 'utf8').replaceAll('tcp/26656', 'tcp/0');
  writeFileSync(config, text.replaceAll(/^port = \d+$/gm, 'port = 0'));
  const signerConfig = join(folder, 's0', 'signer.toml');
  writeFileSync(
    signerConfig,
    readFileSync(signerConfig, 'utf8').replace('port = 9465', 'port = 0'),
  );

  const validator = start('node', 'start', '--home', 'n0');
  let signer = start('signer', 'start', '--home', 's0');
  const url = await vi.waitFor(
    () => {
      const found = /"rpc":"(http:[^"]+)"/.exec(validator.output())?.[1];
      if (found === undefined) throw new Error(validator.output());
      return found;
    },
    { timeout: 60_000, interval: 100 },
  );
  const client = createClient({ url });
  const height = async (): Promise<number> => (await client.call('get_status', {})).executed_height;
  const grows = async (by: number): Promise<void> => {
    const from = await height();
    await vi.waitFor(async () => expect(await height()).toBeGreaterThan(from + by), {
      timeout: 30_000,
      interval: 100,
    });
  };
  await grows(2);
  await ended(signer.child, 'SIGKILL');
  signer = start('signer', 'start', '--home', 's0');
  await vi.waitFor(() => expect(signer.output()).toMatch(/linked to node/), { timeout: 20_000 });
  await grows(3);
  client.close();
  expect(await ended(validator.child, 'SIGTERM')).toBe(0);
  expect(await ended(signer.child, 'SIGTERM')).toBe(0);
}, 120_000);
