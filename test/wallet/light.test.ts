/**
 * The light client against a real node: it walks epochs, proves what a wallet shows, and is deceived by no
 * answer: each value of each answer is altered in turn, and the result is the truth or a failure.
 */
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { certificateOf } from '../../consensus/certificate.ts';
import { CertificateCodec, KIND, type Subject, voteDigest } from '../../consensus/messages.ts';
import type { ReceiptProofInfo } from '../../node/rpc/schemas/light.ts';
import type { MethodName, ParamsOf } from '../../node/rpc/schemas/methods.ts';
import { METHODS } from '../../node/rpc/schemas/methods.ts';
import { blockHash, HeaderCodec } from '../../runtime/block.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { validatorIndex, view } from '../../runtime/core/units.ts';
import { CARRIED_ROOT_INTERVAL } from '../../runtime/limits.ts';
import { ACTION_RESULT, ReceiptsCodec } from '../../runtime/receipt.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import type { LightFailure } from '../../wallet/light/answers.ts';
import { createLightClient, type LightClient } from '../../wallet/light/light-client.ts';
import { PROVERS } from '../../wallet/light/provers.ts';
import { type Anchor, checkpointText, parseCheckpoint } from '../../wallet/light/trust.ts';
import { verifyingClient } from '../../wallet/light/verifying-client.ts';
import {
  ALICE,
  alterations,
  BOB,
  type LightNode,
  type Recording,
  recordingClient,
  replayingClient,
  startLightNode,
} from './light-node.ts';

const ROOT = join(import.meta.dirname, '..', '..');

let node: LightNode;
let client: Client;
let genesis: Anchor;
/** A transfer whose receipt a header carries by now. */
let transfer = '';

beforeAll(async () => {
  node = await startLightNode();
  client = createClient({ url: node.url });
  genesis = { kind: 'genesis', chainId: node.chainId };
  await node.act({ type: 'delegate', validator: 1, amount: '250' });
  await node.act({ type: 'setWithdrawAddress', address: BOB });
  transfer = await node.act({
    ...{ type: 'transfer', to: BOB, amount: '12.5', currency: 'USD' },
    ...{ fromSubAccount: 0, toSubAccount: 1 },
  });
  // Two epochs are over, and a header carries what was done.
  await vi.waitFor(
    async () => {
      expect((await client.call('get_status', {})).epoch).toBeGreaterThanOrEqual(2);
      await client.call('get_receipt_proof', { transaction_id: transfer });
    },
    { timeout: 60_000, interval: 200 },
  );
}, 90_000);
afterAll(async () => {
  client.close();
  await node.close();
}, 30_000);

const light = (of: Client = client, anchor: Anchor = genesis): LightClient =>
  createLightClient({ client: of, anchor });

describe('the walk', () => {
  test('goes from the genesis to the newest epoch by one certificate each', async () => {
    const asked: string[] = [];
    const counting: Client = {
      ...client,
      call(method, params, options) {
        asked.push(method);
        return client.call(method, params, options);
      },
    };
    const walker = light(counting);
    const newest = await walker.sync();
    const epoch = newest.ok ? newest.value.config.epoch : -1;
    expect(epoch).toBeGreaterThanOrEqual(2);
    for (let at = 0; at <= epoch; at++) expect(walker.epochConfig(at)?.config.epoch).toBe(at);
    // Genesis, then all the epochs in one call; no block is fetched.
    expect(asked).toEqual(['get_genesis', 'get_epoch_proofs']);
    const header = await walker.header();
    expect(header.ok && header.value.signedWeight).toBeGreaterThan(0n);
  });

  test('starts at a checkpoint as well, and there it is only as good as its hash', async () => {
    const first = light();
    await first.sync();
    const trusted = first.epochConfig(1);
    if (trusted === undefined) throw new Error('epoch 1 was walked');
    const anchor = parseCheckpoint(checkpointText(trusted));
    if (anchor === undefined) throw new Error('a checkpoint is read as it is written');
    const second = light(client, anchor);
    expect(await second.sync()).toMatchObject({ ok: true });
    expect(second.epochConfig(0)).toBeUndefined();

    const other = { ...anchor, configHash: anchor.configHash.map((byte) => byte ^ 1) };
    const refused = { ok: false, error: { step: 'epoch', code: 'other_config' } };
    expect(await light(client, other).sync()).toMatchObject(refused);
    expect(parseCheckpoint('1:abc')).toBeUndefined();
    expect(parseCheckpoint(toHex(anchor.configHash))).toBeUndefined();
  });

  test('of another chain ends at its genesis', async () => {
    const chainId = node.chainId.map((byte) => byte ^ 1);
    const refused = { ok: false, error: { step: 'genesis', code: 'other_chain' } };
    expect(await light(client, { kind: 'genesis', chainId }).sync()).toMatchObject(refused);
  });

  test('refuses what it trusted too long ago, and says what is needed', async () => {
    const sync = (now: number, anchor: Anchor) =>
      createLightClient({ client, anchor, now: () => now, trustMs: 60_000 }).sync();
    const walked = light();
    await walked.sync();
    const first = walked.epochConfig(0);
    const newest = walked.newest();
    if (first === undefined || newest === undefined) throw new Error('walked');
    const { endsAt } = first.config;
    expect((await sync(endsAt + 60_000, genesis)).ok).toBe(true);
    const late = await sync(endsAt + 60_001, genesis);
    expect(late).toMatchObject({ ok: false, error: { step: 'trust', code: 'beyond_trust' } });
    expect(!late.ok && late.error.detail).toContain('checkpoint (epoch:hash)');
    const checkpoint = parseCheckpoint(checkpointText(newest));
    if (checkpoint === undefined) throw new Error('a checkpoint');
    expect((await sync(endsAt + 60_001, checkpoint)).ok).toBe(true);
  });

  test('takes no header that is old for one of now', async () => {
    const later = createLightClient({ client, anchor: genesis, now: () => Date.now() + 300_000 });
    const maxAge = createLightClient({
      ...{ client, anchor: genesis, maxAgeMs: 60_000 },
      now: () => Date.now() + 61_000,
    });
    expect((await later.header()).ok).toBe(true);
    const refused = { ok: false, error: { step: 'header', code: 'stale' } };
    expect(await maxAge.header()).toMatchObject(refused);
    expect(await maxAge.rows([{ table: 0, key: '00000000' }])).toMatchObject(refused);
  });
});

test('rows are proven there and not there, under one root', async () => {
  const keys = [
    { table: 4, key: '00000000' },
    { table: 4, key: '000000ff' },
    { table: 1, key: 'ee'.repeat(20) },
  ];
  const proven = await light().rows(keys);
  if (!proven.ok) throw new Error(JSON.stringify(proven.error));
  expect(proven.value.values.map((value) => value === undefined)).toEqual([false, true, true]);
  expect(proven.value.at.height - proven.value.at.stateHeight).toBeGreaterThanOrEqual(8);
});

/** A call of each method that a wallet proves. */
const CALLS: { readonly [M in MethodName]?: () => ParamsOf<M> } = {
  get_status: () => ({}),
  get_account: () => ({ account: BOB }),
  'private/get_account_summary': () => ({ account: ALICE }),
  'private/get_positions': () => ({ account: ALICE }),
  get_delegations: () => ({ account: ALICE }),
  get_validator: () => ({ validator: 1 }),
  get_validators: () => ({}),
  get_epoch: () => ({ epoch: 1 }),
  get_staking_parameters: () => ({}),
  get_staking_pools: () => ({}),
  get_parameters: () => ({}),
  get_proof: () => ({ table: 'supply', key: '00000001' }),
  get_block: () => ({ height: 10 }),
  get_transaction: () => ({ transaction_id: transfer }),
};
const submission = (): ParamsOf<'submit_transaction'> => ({
  transaction: node.signed({
    ...{ type: 'transfer', to: BOB, amount: '1', currency: 'USD' },
    ...{ fromSubAccount: 0, toSubAccount: 2 },
  }),
  wait: 'final',
});
const PROVED = (Object.keys(PROVERS) as MethodName[]).filter(
  (name) => name !== 'submit_transaction',
);

describe('an answer', () => {
  test.each(PROVED)('of %s is proven, and as the node gives it', async (method) => {
    const verifying = verifyingClient(client, light());
    const params = CALLS[method]?.() ?? {};
    const proven = await verifying.call(method, params as never);
    expect(METHODS[method].result.safeParse(proven).error).toBeUndefined();
    const { at, proven: names } = verifying.verification();
    expect(at?.height).toBeGreaterThan(0);
    expect(names).toEqual([method]);
  });

  test('has what was done: transfer, delegation, where it is paid', async () => {
    const verifying = verifyingClient(client, light());
    const staked = await verifying.call('get_delegations', { account: ALICE });
    expect(staked.withdraw_address).toBe(BOB);
    const [first] = staked.delegations;
    const joining = first?.joins.map(({ amount }) => Number(amount)) ?? [];
    const amount = Number(first?.value ?? '0') + joining.reduce((a, b) => a + b, 0);
    expect(amount).toBeCloseTo(250, 0);
    const { balances } = await verifying.call('get_account', { account: BOB });
    expect(balances.find((one) => one.sub_account === 1)).toMatchObject({ usd: '12.5' });
    const sent = await verifying.call('get_transaction', { transaction_id: transfer });
    expect(sent.receipt?.results).toEqual([{ type: 'transferred', amount: '12.5' }]);
    expect(verifying.verification().unproven).toEqual([]);
  });

  test('of a submission waits for the proof of its receipt', async () => {
    const verifying = verifyingClient(client, light(), { waitMs: 20_000 });
    let isOver = false;
    const pumping = node.pump(() => isOver);
    const sent = await verifying.call('submit_transaction', submission());
    isOver = true;
    await pumping;
    expect(sent).toMatchObject({ status: 'final', receipt: { outcome: 'applied' } });
    const { at, proven } = verifying.verification();
    expect(proven).toEqual(['submit_transaction']);
    expect(at?.stateHeight).toBeGreaterThanOrEqual(sent.height ?? Number.MAX_SAFE_INTEGER);
  });
});

/** Answers of everything that a proof is made of, altered in one place: how it ended. */
async function deceive(
  method: MethodName,
  params: object,
  waitMs = 0,
): Promise<{ readonly lies: number; readonly caught: number; readonly deceived: string[] }> {
  const recording: Recording = new Map();
  const honestClient = recordingClient(client, recording);
  const now = Date.now();
  const ask = async (of: Client): Promise<string> => {
    const walker = createLightClient({ client: of, anchor: genesis, now: () => now });
    const verifying = verifyingClient(of, walker, { waitMs });
    const value = (await verifying.call(method, params as never)) as Record<string, unknown>;
    const fields = verifying
      .verification()
      .unproven.filter((one) => one.startsWith(`${method} `))
      .map((one) => one.slice(method.length + 1).split('.')[0]);
    const proven = Array.isArray(value)
      ? value.map((one) => without(one as Record<string, unknown>, fields))
      : without(value, fields);
    return JSON.stringify({ proven, isProven: verifying.verification().at !== undefined });
  };
  const truth = await ask(honestClient);
  expect(await ask(replayingClient(recording))).toBe(truth);
  let lies = 0;
  let caught = 0;
  const deceived: string[] = [];
  for (const [name, text] of recording) {
    const target = name.split(' ')[0];
    for (const { at, altered } of sampled(
      alterations(JSON.parse(text)),
      target === method ? 16 : 5,
    )) {
      lies += 1;
      const liar = replayingClient(recording, (asked, answer) =>
        asked === target && JSON.stringify(answer) === text ? altered : answer,
      );
      try {
        const said = await ask(liar);
        const { isProven } = JSON.parse(said) as { isProven: boolean };
        if (said !== truth && isProven) deceived.push(`${target}${at}`);
      } catch {
        caught += 1;
      }
    }
  }
  return { lies, caught, deceived };
}

function without(of: Record<string, unknown>, fields: readonly (string | undefined)[]): object {
  return Object.fromEntries(Object.entries(of).filter(([name]) => !fields.includes(name)));
}

/** At most `most`, spread over all: each costs a few signatures. */
function sampled<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, index) => index % step === 0);
}

describe('a node that lies', () => {
  test.each(PROVED)('is caught in %s, whatever it alters', async (method) => {
    const { lies, caught, deceived } = await deceive(method, CALLS[method]?.() ?? {});
    expect(deceived).toEqual([]);
    expect(lies).toBeGreaterThan(5);
    expect(caught).toBeGreaterThan(0);
  });

  test('is caught in submit_transaction: the receipt shown is the proven one', async () => {
    let isOver = false;
    const pumping = node.pump(() => isOver);
    const result = deceive('submit_transaction', submission(), 20_000);
    const { lies, caught, deceived } = await result.finally(() => {
      isOver = true;
    });
    await pumping;
    expect(deceived).toEqual([]);
    expect(lies).toBeGreaterThan(5);
    expect(caught).toBeGreaterThan(0);
  });
});

describe('a node that lies and makes the rest fit', () => {
  const caught = async (
    lie: (method: string, answer: never) => unknown,
    method: MethodName,
    params: object,
  ): Promise<unknown> => {
    const liar: Client = {
      ...client,
      call: async (asked, of, options) =>
        lie(asked, (await client.call(asked, of, options)) as never) as never,
    };
    const verifying = verifyingClient(liar, light(liar), { waitMs: 0 });
    return verifying.call(method, params as never).catch((cause: LightFailure) => cause.error);
  };

  test('forged receipts with their right hash do not end in the root that the header carries', async () => {
    const forged = (method: string, answer: ReceiptProofInfo): unknown => {
      if (method !== 'get_receipt_proof') return answer;
      const receipts = ReceiptsCodec.decode(fromHex(answer.receipts) ?? new Uint8Array(0));
      if (!receipts.ok) throw new Error('receipts');
      const richer = receipts.value.map((receipt) => ({
        ...receipt,
        results: [{ selector: ACTION_RESULT.transferred, value: { amount: 999_000_000n } }],
      }));
      const bytes = ReceiptsCodec.encode(richer);
      const at = (answer.height - 1) % CARRIED_ROOT_INTERVAL;
      const hashes = answer.hashes.with(at, toHex(sha256(bytes)));
      return { ...answer, receipts: toHex(bytes), hashes };
    };
    const params = { transaction_id: transfer };
    expect(await caught(forged, 'get_transaction', params)).toMatchObject({
      step: 'receipt',
      code: 'other_root',
    });
    const elsewhere = (method: string, answer: ReceiptProofInfo): unknown =>
      method === 'get_receipt_proof' ? { ...answer, height: answer.height ^ 1 } : answer;
    expect(await caught(elsewhere, 'get_transaction', params)).toMatchObject({ step: 'receipt' });
  });

  test('another address that stake is said to be paid to is not the one of the row', async () => {
    const lie = (method: string, answer: object): unknown =>
      method === 'get_delegations' ? { ...answer, withdraw_address: ALICE } : answer;
    const error = await caught(lie, 'get_delegations', { account: ALICE });
    expect(error).toMatchObject({ step: 'proof', code: 'contradiction' });
  });

  test('a header of its own making has no signature of a validator', async () => {
    const stranger = new Uint8Array(32).fill(7);
    const forged = (_: string, answer: { headers?: string[] }): unknown => {
      const [raw] = answer.headers ?? [];
      const header = HeaderCodec.decode(fromHex(raw ?? '') ?? new Uint8Array(0));
      if (!header.ok) return answer;
      const { executed } = header.value;
      const own = { ...header.value, executed: { ...executed, stateRoot: stranger } };
      const value = {
        ...{ epoch: own.epoch, view: own.view, parentView: view(0) },
        payload: blockHash(own),
      };
      const subject: Subject = { selector: KIND.finalize, value };
      const signature = ed25519.sign(voteDigest(node.chainId, subject), stranger);
      const votes = [{ subject, signer: validatorIndex(0), signature }];
      return {
        headers: [toHex(HeaderCodec.encode(own))],
        finalization: toHex(CertificateCodec.encode(certificateOf(subject, votes))),
      };
    };
    expect(await caught(forged, 'get_epoch', {})).toMatchObject({ step: 'finality' });
  });
});

test('it runs where there is nothing of Node: bundled, with the globals of a page alone', async () => {
  const { rolldown } = await import('rolldown');
  const entry = `
    import './wallet/page-globals.ts';
    export { createClient } from './wallet/client/client.ts';
    export { createLightClient } from './wallet/light/light-client.ts';
    export { verifyingClient } from './wallet/light/verifying-client.ts';`;
  const bundle = await rolldown({
    input: 'entry',
    platform: 'browser',
    cwd: ROOT,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? join(ROOT, 'entry.ts') : null),
        load: (id) => (id === join(ROOT, 'entry.ts') ? entry : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'miletus' });
  await bundle.close();
  const page = createContext({
    ...{ fetch, TextDecoder, TextEncoder, URL, AbortSignal, WebSocket, structuredClone },
    ...{ setTimeout, clearTimeout, crypto, url: node.url, chainId: node.chainId, account: BOB },
  });
  runInContext(output[0].code, page);
  const shown: unknown = await runInContext(
    `(async () => {
      const client = miletus.createClient({ url });
      const light = miletus.createLightClient({ client, anchor: { kind: 'genesis', chainId } });
      const verifying = miletus.verifyingClient(client, light);
      const { balances } = await verifying.call('get_account', { account });
      return JSON.stringify({ balances, at: verifying.verification().at });
    })()`,
    page,
  );
  expect(JSON.parse(String(shown))).toMatchObject({
    balances: expect.arrayContaining([expect.objectContaining({ sub_account: 1, usd: '12.5' })]),
    at: { height: expect.any(Number) },
  });
});
