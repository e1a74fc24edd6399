/** Blocks on disk: finality, results, the index of transactions, what is forgotten. */
import { expect, test } from 'vitest';
import { type Certificate, CertificateCodec, KIND } from '../../consensus/messages.ts';
import { type BlockStore, createBlockStore } from '../../node/storage/block-store.ts';
import { EvidenceRecordsCodec, faultOfRecord } from '../../node/storage/evidence-record.ts';
import { BlockCodec, blockHash, HeaderCodec } from '../../runtime/block.ts';
import { epoch, height, validatorIndex, view } from '../../runtime/core/units.ts';
import { EpochConfigCodec } from '../../runtime/epoch-config.ts';
import { RECEIPT_STATUS, type Receipt, ReceiptsCodec } from '../../runtime/receipt.ts';
import { firstBlock } from '../fixtures/block.ts';
import { builtGenesis } from '../fixtures/genesis.ts';
import { createMachine } from './crash-disk.ts';

const GENESIS = builtGenesis();

function certificate(at: number): Certificate {
  const value = {
    epoch: epoch(0),
    view: view(at),
    parentView: view(at - 1),
    payload: new Uint8Array(32).fill(at),
  };
  return {
    subject: { selector: KIND.finalize, value },
    signers: new Uint8Array([1]),
    signatures: [new Uint8Array(64)],
  };
}

function bodyAt(at: number): { hash: Uint8Array; bytes: Uint8Array } {
  const block = firstBlock(GENESIS, [], { height: height(at), view: view(at) });
  return { hash: blockHash(block.header), bytes: BlockCodec.encode(block) };
}

async function storeOf(count: number): Promise<BlockStore> {
  const disk = createMachine(() => 0).begin().disk;
  const store = createBlockStore(await disk.open('blocks'));
  for (let at = 1; at <= count; at++) {
    const body = bodyAt(at);
    await store.putFinal({
      blocks: [{ hash: body.hash, height: height(at) }],
      finalization: certificate(at),
      archive: [],
      bodies: [body],
      epochEnds: [],
    });
  }
  return store;
}

function id(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

function receipts(...ids: number[]): Uint8Array {
  const all: Receipt[] = ids.map((byte, index) => ({
    transactionId: id(byte),
    index,
    status: RECEIPT_STATUS.applied,
    results: [],
  }));
  return ReceiptsCodec.encode(all);
}

test('of two transactions with one id the first that was applied is found', async () => {
  const store = await storeOf(0);
  const put = (at: number, ...transactions: [number, boolean][]): Promise<void> =>
    store.putExecution({
      height: height(at),
      receipts: receipts(...transactions.map(([byte]) => byte)),
      events: new Uint8Array(0),
      transactions: transactions.map(([byte, applied]) => ({ id: id(byte), applied })),
    });
  await put(1, [1, true], [2, false]);
  await put(2, [1, false], [2, true]);
  await put(3, [3, true], [3, false]);
  expect(await store.transaction(id(1))).toEqual({ height: 1, position: 0 });
  expect(await store.transaction(id(2))).toEqual({ height: 2, position: 1 });
  expect(await store.transaction(id(3))).toEqual({ height: 3, position: 0 });
  expect(await store.transaction(id(4))).toBeUndefined();
});

test('the finalization of a block is its own, or that of the next block that has one', async () => {
  const store = await storeOf(2);
  const blocks = [3, 4].map((at) => ({ hash: bodyAt(at).hash, height: height(at) }));
  const bodies = [3, 4].map(bodyAt);
  const finalization = certificate(4);
  await store.putFinal({ blocks, finalization, archive: [], bodies, epochEnds: [] });
  expect((await store.finalization(height(2)))?.height).toBe(2);
  expect(await store.finalization(height(3))).toEqual({ height: 4, certificate: finalization });
  expect(await store.finalization(height(5))).toBeUndefined();
  expect((await store.lastFinalization(height(1), height(3)))?.height).toBe(2);
  expect(await store.lastFinalization(height(3), height(3))).toBeUndefined();
});

test('what lost its height is forgotten', async () => {
  const store = await storeOf(0);
  const [won, lost] = [bodyAt(1), bodyAt(2)];
  await store.putBody(lost.hash, lost.bytes);
  await store.putFinal({
    blocks: [{ hash: won.hash, height: height(1) }],
    finalization: certificate(1),
    archive: [],
    bodies: [won],
    lost: [lost.hash],
    epochEnds: [],
  });
  expect(await store.body(lost.hash)).toBeUndefined();
  expect(await store.body(won.hash)).toEqual(won.bytes);
});

test('evidence is kept with the key that signed, and shown newest first', async () => {
  const store = await storeOf(1);
  const record = (at: number) => {
    const { subject } = certificate(at);
    const vote = { subject, signer: validatorIndex(0), signature: new Uint8Array(64).fill(1) };
    const skip = { epoch: subject.value.epoch, view: subject.value.view };
    return {
      publicKey: id(at),
      first: { ...vote, subject: { selector: KIND.nullify, value: skip } },
      second: vote,
    };
  };
  expect(await store.evidence()).toEqual([]);
  for (const at of [2, 9, 5]) await store.putEvidence(new Uint8Array([at]), record(at));
  // Seen again: the same row.
  await store.putEvidence(new Uint8Array([9]), record(9));
  const found = await store.evidence();
  expect(found.map(({ publicKey }) => publicKey)).toEqual([id(9), id(5), id(2)]);
  expect(found.map(faultOfRecord)).toEqual(Array(3).fill('nullify_finalize'));
  const records = EvidenceRecordsCodec.decode(EvidenceRecordsCodec.encode(found));
  expect(records).toEqual({ ok: true, value: found });
});

test('pruning forgets blocks with their results, and nothing above', async () => {
  const store = await storeOf(5);
  for (let at = 1; at <= 5; at++) {
    await store.putExecution({
      height: height(at),
      receipts: receipts(at),
      events: new Uint8Array([at]),
      transactions: [{ id: id(at), applied: true }],
    });
  }
  expect(await store.lowest()).toBe(1);
  await store.prune(height(4));
  expect(await store.lowest()).toBe(4);
  for (const at of [1, 2, 3]) {
    expect(await store.finalHash(height(at))).toBeUndefined();
    expect(await store.body(bodyAt(at).hash)).toBeUndefined();
    expect(await store.results(height(at))).toBeUndefined();
    expect(await store.transaction(id(at))).toBeUndefined();
  }
  expect(await store.body(bodyAt(4).hash)).toEqual(bodyAt(4).bytes);
  expect(await store.transaction(id(4))).toEqual({ height: 4, position: 0 });
  expect((await store.tip())?.height).toBe(5);
});

test('what a walk of epochs needs outlives the blocks it is of', async () => {
  const store = await storeOf(3);
  const last = firstBlock(GENESIS, [], { height: height(4), view: view(4) });
  const of = epoch(7);
  const end = { epoch: of, height: height(4), header: last.header };
  const body = { hash: blockHash(last.header), bytes: BlockCodec.encode(last) };
  const batch = (at: number) => ({
    blocks: [{ hash: body.hash, height: height(at) }],
    finalization: certificate(at),
    archive: [],
    bodies: [body],
    epochEnds: [end],
  });
  await store.putFinal(batch(4));
  const [config] = GENESIS.configs;
  await store.putConfig({ ...config, epoch: of });
  for (let i = 0; i < 3; i++) await store.prune(height(5));
  expect(await store.finalHash(height(4))).toBeUndefined();
  expect(await store.epochProof(of)).toEqual({
    header: HeaderCodec.encode(last.header),
    finalization: CertificateCodec.encode(certificate(4)),
  });
  expect(EpochConfigCodec.decode((await store.config(of)) ?? id(0))).toEqual({
    ok: true,
    value: { ...config, epoch: of },
  });
  // The certificate of a later block proves the last one only with the headers between.
  const other = await storeOf(3);
  await other.putFinal(batch(5));
  expect(await other.epochProof(of)).toBeUndefined();
  expect(await other.config(of)).toBeUndefined();
});
