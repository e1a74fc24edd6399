/**
 * Inclusion: what each proposer put into its blocks, how old it was, and in which order it put takers.
 *
 * Computed from final blocks alone, so it is the same on every node and outlives a restart as far as
 * the node keeps blocks. A transaction's age is the block's time less its nonce, which by convention
 * is the sender's clock; nonces outside `MAX_AGE_MS` before the block are counted as unaged. An empty
 * block stood *while others waited* when the next block holds a transaction aged `WAITING_MS` or more
 * at the time of the empty one: a hint, since a node may not have heard of it.
 */
import { ACTION } from '../../../runtime/action.ts';
import { POST_ONLY } from '../../../runtime/actions/order-terms.ts';
import type { Block } from '../../../runtime/block.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { assert } from '../../../runtime/core/result.ts';
import { PAYLOAD, PayloadCodec, type TransactionBody } from '../../../runtime/transaction.ts';

/** A nonce further from its block's time is no clock. */
export const MAX_AGE_MS = 600_000;
/** A transaction that old was there for the proposer to take. */
export const WAITING_MS = 1_000;
/** Ages kept of one block, evenly spread over its sorted ages, so that memory is bounded. */
const MAX_SAMPLES = 100;

/** What of a block is remembered. */
export type InclusionSummary = {
  readonly height: number;
  readonly epoch: number;
  readonly proposer: number;
  readonly timestamp: number;
  readonly transactions: number;
  readonly oracleVotes: number;
  /** Sorted sample of ages, ms. */
  readonly ages: readonly number[];
  readonly unaged: number;
  /** Earliest nonce that is a clock; undefined for none. */
  readonly firstNonce: number | undefined;
  /** Neighbouring taker transactions of different accounts, and those in the wrong order of age. */
  readonly takerPairs: number;
  readonly takerPairsInverted: number;
};

const isTaker = ({ actions }: TransactionBody): boolean =>
  actions.some(
    ({ selector, value }) => selector === ACTION.placeOrder && value.postOnly === POST_ONLY.none,
  );

function sampled(ages: readonly number[]): number[] {
  const sorted = [...ages].sort((a, b) => a - b);
  if (sorted.length <= MAX_SAMPLES) return sorted;
  return Array.from(
    { length: MAX_SAMPLES },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / MAX_SAMPLES)] ?? 0,
  );
}

/** Summarises a final block. Cost: decodes its transactions. */
export function inclusionSummary({ header, payloads }: Block): InclusionSummary {
  const { timestamp } = header;
  const bodies: TransactionBody[] = [];
  for (const bytes of payloads) {
    if (bytes[0] !== PAYLOAD.transaction) continue;
    const payload = PayloadCodec.decode(bytes);
    assert(
      payload.ok && payload.value.selector === PAYLOAD.transaction,
      'a final block holds only payloads that decode',
    );
    bodies.push(payload.value.value.body);
  }
  const isClock = ({ nonce }: TransactionBody): boolean =>
    nonce <= timestamp && nonce > timestamp - MAX_AGE_MS;
  const aged = bodies.filter(isClock);
  let takerPairs = 0;
  let takerPairsInverted = 0;
  let before: TransactionBody | undefined;
  for (const body of aged.filter(isTaker)) {
    if (before !== undefined && toHex(before.account) !== toHex(body.account)) {
      takerPairs++;
      if (before.nonce > body.nonce) takerPairsInverted++;
    }
    before = body;
  }
  return {
    height: header.height,
    epoch: header.epoch,
    proposer: header.proposer,
    timestamp,
    transactions: bodies.length,
    oracleVotes: payloads.length - bodies.length,
    ages: sampled(aged.map(({ nonce }) => timestamp - nonce)),
    unaged: bodies.length - aged.length,
    firstNonce: aged.length === 0 ? undefined : Math.min(...aged.map(({ nonce }) => nonce)),
    takerPairs,
    takerPairsInverted,
  };
}

/** What one proposer did in a run of blocks. Ages null without an aged transaction. */
export type InclusionTotal = {
  readonly epoch: number;
  readonly proposer: number;
  blocks: number;
  emptyBlocks: number;
  emptyWhileWaiting: number;
  transactions: number;
  oracleVotes: number;
  ageP50Ms: number | null;
  ageP90Ms: number | null;
  unaged: number;
  takerPairs: number;
  takerPairsInverted: number;
};

/** The least value that `share` of the weight is not above; weights are above 0. */
function quantile(
  values: readonly { readonly value: number; readonly weight: number }[],
  share: number,
): number | null {
  const sorted = [...values].sort((a, b) => a.value - b.value);
  const target = share * sorted.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  for (const { value, weight } of sorted) {
    sum += weight;
    if (sum >= target) return value;
  }
  return sorted.at(-1)?.value ?? null;
}

/** Totals by proposer of blocks in ascending height; by epoch, then number. */
export function inclusionTotals(blocks: readonly InclusionSummary[]): InclusionTotal[] {
  const totals = new Map<string, InclusionTotal>();
  const ages = new Map<string, { value: number; weight: number }[]>();
  for (const [at, block] of blocks.entries()) {
    const { epoch, proposer } = block;
    const key = `${epoch} ${proposer}`;
    const total = totals.get(key) ?? {
      epoch,
      proposer,
      blocks: 0,
      emptyBlocks: 0,
      emptyWhileWaiting: 0,
      transactions: 0,
      oracleVotes: 0,
      ageP50Ms: null,
      ageP90Ms: null,
      unaged: 0,
      takerPairs: 0,
      takerPairsInverted: 0,
    };
    totals.set(key, total);
    total.blocks++;
    if (block.transactions === 0) {
      total.emptyBlocks++;
      const next = blocks[at + 1];
      const waited = next?.height === block.height + 1 ? next.firstNonce : undefined;
      if (waited !== undefined && waited <= block.timestamp - WAITING_MS) {
        total.emptyWhileWaiting++;
      }
    }
    total.transactions += block.transactions;
    total.oracleVotes += block.oracleVotes;
    total.unaged += block.unaged;
    total.takerPairs += block.takerPairs;
    total.takerPairsInverted += block.takerPairsInverted;
    const weight = (block.transactions - block.unaged) / Math.max(1, block.ages.length);
    const known = ages.get(key) ?? [];
    for (const value of block.ages) known.push({ value, weight });
    ages.set(key, known);
  }
  for (const [key, total] of totals) {
    total.ageP50Ms = quantile(ages.get(key) ?? [], 0.5);
    total.ageP90Ms = quantile(ages.get(key) ?? [], 0.9);
  }
  return [...totals.values()].sort((a, b) => a.epoch - b.epoch || a.proposer - b.proposer);
}
