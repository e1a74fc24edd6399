/** A delivery price recomputed from proofs: what verifies, and every way in which it must not. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { certificateOf } from '../../consensus/certificate.ts';
import { KIND, type Subject, voteDigest } from '../../consensus/messages.ts';
import { answerQuery } from '../../node/query/answer-query.ts';
import { createAsk } from '../../node/rpc/ask.ts';
import type { RpcContext } from '../../node/rpc/context.ts';
import { chainMethods } from '../../node/rpc/methods/chain.ts';
import { settlementMethods } from '../../node/rpc/methods/settlement.ts';
import type { SettlementProof } from '../../node/rpc/schemas/settlement.ts';
import { OracleStatusSchema, SettlementProofSchema } from '../../node/rpc/schemas/settlement.ts';
import { type FinalizedBlock, FinalizedBlockCodec } from '../../p2p/messages.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import { epoch, height, timestampMs, validatorIndex, view } from '../../runtime/core/units.ts';
import { epochConfigHash } from '../../runtime/epoch-config.ts';
import { deliveryPrice } from '../../runtime/options/delivery-price.ts';
import { expireSeries } from '../../runtime/options/expire-series.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { sampleSettlements } from '../../runtime/options/sample-settlements.ts';
import type { SettlementWindow } from '../../runtime/options/settlement.ts';
import { samplesKey } from '../../runtime/options/settlement-samples.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import { createCommitment, latestCheckpoint } from '../../runtime/state/commitment.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import type { Client } from '../../wallet/client/client.ts';
import { proveSettlement } from '../../wallet/client/prove-settlement.ts';
import { votesOfAll } from '../fixtures/oracle.ts';
import { addSeries, BTC, MICRO, nextBlock, START, testState } from '../fixtures/state.ts';

const EXPIRY = timestampMs(START + 300_000);
const KEY = expiryKey.pack(BTC.id, EXPIRY);
const SLOTS = 150;
const seedOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1);

/** A state whose expiry was delivered after 150 slots, of which the last ten rose. */
function delivered(): State {
  const state = testState({
    parameters: { settlementWindowMs: SLOTS * 1_000, settlementSlots: SLOTS },
    underlyings: [BTC],
  });
  const config = state.epochConfigs.must(epoch(0));
  const validators = config.validators.map((validator, index) => ({
    ...validator,
    consensusKey: ed25519.getPublicKey(seedOf(index)),
  }));
  state.epochConfigs.set(epoch(0), { ...config, validators });
  addSeries(state, {
    underlying: BTC.id,
    kind: INSTRUMENT_KIND.call,
    expiry: EXPIRY,
    strikeUsd: 60_000,
  });
  for (let slot = 0; slot <= SLOTS; slot++) {
    const at = EXPIRY - (SLOTS - slot) * 1_000;
    const context = nextBlock(state, at - metaOf(state).timestamp);
    const dollars = slot < SLOTS - 10 ? 60_000 : 60_300;
    applyOracleVotes(state, context, votesOfAll(state, context, new Map([[BTC.id, dollars]])));
    sampleSettlements(state, context);
    expireSeries(state, context);
  }
  return state;
}

/** Who signs, what is certified, and what the answers are changed to on the way. */
type Lies = {
  readonly state?: (state: State) => void;
  readonly signers?: readonly number[];
  readonly header?: Partial<Header>;
  readonly signature?: (signature: Uint8Array) => Uint8Array;
  readonly answer?: (answer: SettlementProof) => SettlementProof;
  /** The certificate is of a descendant this many blocks later. */
  readonly later?: number;
  /** A block between names another parent. */
  readonly broken?: boolean;
  readonly finalHeight?: number;
};

/** A node over a state, as a client that asks it sees it. */
function nodeOf(lies: Lies = {}): {
  client: Client;
  configHash: Uint8Array;
  window: SettlementWindow;
} {
  const state = delivered();
  const window = state.settlements.must(KEY);
  lies.state?.(state);
  const commitment = createCommitment(portablePairHasher);
  makeCheckpoint(state.stores, commitment);
  const stateRoot = latestCheckpoint(commitment)?.stateRoot ?? ZERO_32;
  const config = state.epochConfigs.must(epoch(0));
  const configHash = epochConfigHash(config);
  const { later = 0, signers = [0, 1, 2] } = lies;

  const headers: Header[] = [];
  for (let i = 0; i <= later; i++) {
    const parent = headers[i - 1];
    headers.push({
      height: height(168 + i),
      view: view(200 + i),
      epoch: epoch(0),
      parent: parent === undefined || lies.broken === true ? ZERO_32 : blockHash(parent),
      timestamp: timestampMs(EXPIRY + 1_000 + i),
      proposer: validatorIndex(0),
      transactionsRoot: ZERO_32,
      executed: { height: height(160), stateRoot, receiptsRoot: ZERO_32 },
      config: configHash,
      nextConfig: ZERO_32,
      ...lies.header,
    });
  }
  const last = headers.at(-1);
  if (last === undefined) throw new Error('no header');
  const subject: Subject = {
    selector: KIND.finalize,
    value: { epoch: epoch(0), view: last.view, parentView: view(1), payload: blockHash(last) },
  };
  const digest = voteDigest(state.chainId, subject);
  const finalization = certificateOf(
    subject,
    signers.map((index) => {
      const signature = ed25519.sign(digest, seedOf(index));
      const changed = lies.signature?.(signature) ?? signature;
      return { subject, signer: validatorIndex(index), signature: changed };
    }),
  );
  const blocks = headers.map(
    (header): FinalizedBlock => ({ block: { header, payloads: [] }, finalization }),
  );

  const query = async (bytes: Uint8Array): Promise<Uint8Array> =>
    answerQuery(
      { state, commitment, checkpointHeight: height(160), checkpointRow: () => undefined },
      bytes,
    );
  const market = async () => ({ underlyings: new Map([[BTC.id, BTC]]) });
  const context = {
    ask: createAsk({ query } as never, 10),
    feed: { market },
  } as unknown as RpcContext;
  const call = async (method: string, params: never): Promise<unknown> => {
    switch (method) {
      case 'get_status':
        return { chain_id: toHex(state.chainId), height: lies.finalHeight ?? 1_000 };
      case 'get_block': {
        const block = blocks[(params as { height: number }).height - 168];
        if (block === undefined) throw new Error('no such block');
        return { raw: toHex(FinalizedBlockCodec.encode(block)) };
      }
      case 'get_proof':
        return chainMethods.get_proof(params, context, undefined);
      case 'public/get_oracle_status':
        return settlementMethods[method](params, context, undefined);
      case 'public/get_settlement_proof': {
        const answer = await settlementMethods[method](params, context, undefined);
        expect(SettlementProofSchema.safeParse(answer).error).toBeUndefined();
        return lies.answer?.(answer) ?? answer;
      }
      default:
        throw new Error(`${method} is not asked for`);
    }
  };
  return { client: { call } as unknown as Client, configHash, window };
}

const ASK = { currency: 'BTC', expiry: EXPIRY, timeoutMs: 0 };

describe('a settlement verifies', () => {
  test('and its price is the mean of its proved samples', async () => {
    const { client, configHash, window } = nodeOf();
    const proven = await proveSettlement(client, { ...ASK, configHash });
    expect(proven.ok).toBe(true);
    if (!proven.ok) return;
    // 140 slots at 60,000 and ten at 60,300.
    expect(proven.value.deliveryPrice).toBe(60_020 * MICRO);
    expect(proven.value.samples).toEqual([
      ...Array.from({ length: 140 }, () => 60_000 * MICRO),
      ...Array.from({ length: 10 }, () => 60_300 * MICRO),
    ]);
    expect(proven.value.deliveryPrice).toBe(window.deliveryPrice);
    // Underlying, window, three rows of samples.
    expect(proven.value.rows).toBe(5);
    expect(proven.value.final).toMatchObject({ signatures: 3, signedWeight: 3n });
  });

  test('by the certificate of a descendant, too', async () => {
    const proven = await proveSettlement(nodeOf({ later: 5 }).client, ASK);
    expect(proven.ok && proven.value.final.header.height).toBe(168);
  });

  test('while its window is open, without a price', async () => {
    const open = nodeOf({ state: (state) => void (state.settlements.must(KEY).deliveryPrice = 0) });
    const proven = await proveSettlement(open.client, ASK);
    expect(proven.ok && proven.value.deliveryPrice).toBeUndefined();
    expect(proven.ok).toBe(true);
  });
});

/** An answer with a row's value changed in its last byte, or left out. */
const withRow =
  (index: number, change: (row: SettlementProof['rows'][number]) => object | undefined) =>
  (answer: SettlementProof): SettlementProof => ({
    ...answer,
    rows: answer.rows.flatMap((row, i) => {
      if (i !== index) return [row];
      const changed = change(row);
      return changed === undefined ? [] : [{ ...row, ...changed }];
    }),
  });
const lastByte = ({ value }: { value: string | null }): { value: string } => ({
  value: `${value?.slice(0, -2)}01`,
});

describe('it does not verify', () => {
  test.each<[string, Lies, string, string]>([
    ['before the header is final', { finalHeight: 167 }, 'header', 'not_yet'],
    ['below the quorum', { signers: [0, 1] }, 'finality', 'below_quorum'],
    [
      'with a signature of something else',
      { signature: (signature) => signature.with(40, (signature[40] ?? 0) ^ 1) },
      'finality',
      'bad_signature',
    ],
    ['with a block of another config', { header: { config: ZERO_32 } }, 'finality', 'wrong_config'],
    ['without the ancestry', { later: 3, broken: true }, 'finality', 'broken_chain'],
    [
      'with a header that carries another root',
      { header: { executed: { height: height(160), stateRoot: ZERO_32, receiptsRoot: ZERO_32 } } },
      'root',
      'other_root',
    ],
    ['with a changed sample', { answer: withRow(4, lastByte) }, 'settlement', 'bad_proof'],
    ['with a changed underlying', { answer: withRow(0, lastByte) }, 'settlement', 'bad_proof'],
    [
      'with a row of samples said to be absent',
      { answer: withRow(3, () => ({ value: null })) },
      'settlement',
      'bad_proof',
    ],
    ['with a row left out', { answer: withRow(3, () => undefined) }, 'settlement', 'wrong_rows'],
    [
      'with the row of another window',
      { answer: withRow(4, (row) => ({ key: row.key.replace(/02$/, '03') })) },
      'settlement',
      'wrong_rows',
    ],
    // What a chain whose validators lie would hold: proofs are good, the arithmetic is not.
    [
      'when the chain holds another price',
      {
        state: (state) => {
          state.settlements.must(KEY).deliveryPrice += 1_000;
        },
      },
      'settlement',
      'wrong_price',
    ],
    [
      'when the chain holds other sums',
      {
        state: (state) => {
          state.settlements.must(KEY).sum += 1n;
        },
      },
      'settlement',
      'wrong_sums',
    ],
    [
      'when the chain settled on too few samples',
      {
        state: (state) => {
          const window = state.settlements.must(KEY);
          const row = state.settlementSamples.must(samplesKey(window, 0));
          row.samples = row.samples.map((sample, i) => (i < 32 ? 0 : sample));
          // Missing slots carry the first sample, so the sum is the same.
          window.sampled -= 32;
          window.deliveryPrice = deliveryPrice(window, BTC.optionLotsPerCoin);
        },
      },
      'settlement',
      'too_few_samples',
    ],
    [
      'without a window',
      { state: (state) => void state.settlements.delete(KEY) },
      'settlement',
      'no_window',
    ],
  ])('%s', async (_, lies, step, code) => {
    const proven = await proveSettlement(nodeOf(lies).client, ASK);
    expect(proven.ok ? 'verified' : proven.error).toMatchObject({ step, code });
  });

  test('when the config is not the pinned one', async () => {
    const proven = await proveSettlement(nodeOf().client, { ...ASK, configHash: ZERO_32 });
    expect(proven.ok ? 'verified' : proven.error).toMatchObject({
      step: 'config',
      code: 'other_config',
    });
  });
});

test('oracle status says who votes, and how old the index is', async () => {
  const { client } = nodeOf({
    state: (state) => {
      state.oracleVotes.delete(
        toHex(state.epochConfigs.must(epoch(0)).validators[3]?.oracleKey ?? ZERO_32),
      );
      state.indexPrices.must(BTC.id).updatedAt = timestampMs(EXPIRY - 6_000);
    },
  });
  const status = await client.call('public/get_oracle_status', {});
  expect(OracleStatusSchema.safeParse(status).error).toBeUndefined();
  expect(status).toMatchObject({
    fresh_weight: '3',
    total_weight: '4',
    quorum_weight: '3',
    underlyings: [{ currency: 'BTC', index_price: '60300', status: 'stale', age_ms: 6_000 }],
  });
  expect(status.validators.map(({ last_vote_at }) => last_vote_at === null)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
