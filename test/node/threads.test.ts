/** The executor and the verifier in threads: the same answers as on the caller's thread. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkGenesis, type Genesis } from '../../genesis/document.ts';
import { ed25519Key, verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { createThreadVerifier } from '../../node/crypto/thread-verifier.ts';
import { createInProcessExecutor } from '../../node/executor/in-process.ts';
import { createThreadExecutor } from '../../node/executor/thread.ts';
import { answerQuery } from '../../node/query/answer-query.ts';
import { createLevelDisk } from '../../node/storage/level-disk.ts';
import { type Block, BlockCodec, blockHash } from '../../runtime/block.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { runBlock, startChain } from '../fixtures/chain.ts';
import { genesisJson } from '../fixtures/genesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'miletus-threads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function genesisOf(json: object): Genesis {
  const checked = checkGenesis(json);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
}

const GENESIS = genesisOf(genesisJson());
const HEAP_MB = 256;

/** Ten blocks of oracle votes on the default genesis. */
function tenBlocks(): readonly { readonly block: Block }[] {
  const chain = startChain();
  for (let i = 0; i < 10; i++) runBlock(chain);
  return chain.blocks;
}

test('the executor thread gives what the executor in process gives, also after a reload', async () => {
  const blocks = tenBlocks();
  const inProcess = createInProcessExecutor({
    genesis: GENESIS,
    disk: createLevelDisk(join(folder, 'in-process')),
    answerQuery,
  });
  let thread = createThreadExecutor({
    folder: join(folder, 'thread'),
    genesis: GENESIS,
    heapMb: HEAP_MB,
  });
  expect(await thread.open()).toEqual(await inProcess.open());
  for (const [index, { block }] of blocks.entries()) {
    const bytes = BlockCodec.encode(block);
    const hash = blockHash(block.header);
    const expected = await inProcess.execute(bytes, hash);
    expect(await thread.execute(bytes, hash)).toEqual(expected);
    expect(expected.checkpoint?.height).toBe(index + 1 === 8 ? 8 : undefined);
  }
  expect(await thread.judge([])).toEqual([]);
  await thread.close();
  thread = createThreadExecutor({
    folder: join(folder, 'thread'),
    genesis: GENESIS,
    heapMb: HEAP_MB,
  });
  const reopened = await thread.open();
  expect(reopened.height).toBe(8);
  expect(reopened.checkpoints.map(({ height }) => height)).toEqual([0, 8]);
  await thread.close();
  await inProcess.close();

  const other = genesisOf({ ...genesisJson(), name: 'another' });
  const wrong = createThreadExecutor({
    folder: join(folder, 'thread'),
    genesis: other,
    heapMb: HEAP_MB,
  });
  await expect(wrong.open()).rejects.toMatchObject({
    name: 'StateError',
    code: 'genesis_mismatch',
  });
  await wrong.close();
});

test('the verifier thread judges as libsodium does, in order, and refuses other lengths', async () => {
  const verifier = createThreadVerifier({ heapMb: 32, onFailure: () => {} });
  const key = ed25519Key(new Uint8Array(32).fill(1));
  const checks = Array.from({ length: 600 }, (_, i) => {
    const digest = sha256(new Uint8Array([i % 256, i >> 8]));
    const signature = key.sign(digest);
    if (i % 7 === 0) signature[0] = ((signature[0] ?? 0) + 1) % 256;
    const cut = i % 11 === 0 ? signature.subarray(0, 63) : signature;
    return { publicKey: key.publicKey, digest, signature: cut };
  });
  const good = await verifier.verify(checks, 'admission');
  expect(good).toEqual(
    checks.map(({ publicKey, digest, signature }) => verifyEd25519(publicKey, digest, signature)),
  );
  expect(good.filter((one) => !one).length).toBeGreaterThan(100);
  expect(await verifier.verify([], 'proposal')).toEqual([]);
  await verifier.close();
  await expect(verifier.verify(checks, 'proposal')).rejects.toThrow('closed');
});
