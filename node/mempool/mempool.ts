/**
 * Payloads that wait for a block: lanes in arrival order, with quotas and bounds.
 *
 * Source: design/chain.md §6. A payload stays until a block with it is final, or it expires; a
 * block that is skipped loses nothing. The builder says which ids its unfinalized ancestors hold.
 *
 * Invariants: an id stands once; of each validator one oracle vote waits, the newest; counts and
 * bytes are within the bounds. Pure data: time comes in as a parameter.
 */
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { Epoch } from '../../runtime/core/units.ts';
import type { BlockLimits } from '../../runtime/epoch-config.ts';
import { MAX_TRANSACTIONS_PER_KEY } from '../../runtime/limits.ts';
import { PAYLOAD } from '../../runtime/transaction.ts';
import type { SubmitError } from '../api.ts';
import { createRecentSet } from '../crypto/recent-set.ts';
import { idKey } from '../storage/keys.ts';
import { type Entry, LANES, type Lane } from './entry.ts';

export type MempoolBounds = {
  readonly maxPayloads: number;
  readonly maxBytes: number;
  /** Of one account, in each lane. */
  readonly maxPerAccount: number;
};

export type Selection = { readonly entries: readonly Entry[] };

export interface Mempool {
  /** Errors in order: duplicate, quota_exceeded, mempool_full. */
  add(entry: Entry): Result<void, SubmitError>;
  /** Whether a wire id waits here or was final lately. */
  has(key: string): boolean;
  get(key: string): Entry | undefined;
  /** Whether a transaction with this id waits. */
  hasTransaction(transactionId: Uint8Array): boolean;
  /** Fills a block: oracle votes, cancels, the rest; each in order of arrival. */
  select(options: {
    readonly limits: BlockLimits;
    /** Oracle votes of another epoch would make the block invalid. */
    readonly epoch: Epoch;
    readonly now: number;
    /** Wire ids in ancestors that are not final yet. */
    readonly taken: (key: string) => boolean;
  }): Selection;
  /** Whether a transaction waits that `taken` does not hold. Cost: O(taken) at worst. */
  hasTransactions(taken: (key: string) => boolean): boolean;
  /** These are final; removes them, and whatever has the same transaction id. */
  finalized(keys: readonly string[]): readonly Entry[];
  /** Removes what has expired. */
  expire(now: number): number;
  readonly size: number;
  readonly bytes: number;
  laneSize(lane: Lane): number;
}

/** Final wire ids remembered, so that late gossip does not bring them back: 20 s at 1,600/s. */
const FINAL_MEMORY = 32_768;

function fitsEpoch({ payload }: Entry, epoch: Epoch): boolean {
  return payload.selector !== PAYLOAD.oracleVote || payload.value.vote.epoch === epoch;
}

function refuse(
  code: SubmitError['code'],
  field: string,
  given: number | string,
  allowed: number | string,
): Result<void, SubmitError> {
  return err({ code, field, given: `${given}`, allowed: `${allowed}`, number: 0 });
}

export function createMempool(bounds: MempoolBounds): Mempool {
  const lanes: Readonly<Record<Lane, Map<string, Entry>>> = {
    oracle: new Map(),
    cancel: new Map(),
    rest: new Map(),
  };
  /** Oracle votes by validator. */
  const votes = new Map<string, Entry>();
  /** Wire ids by transaction id. */
  const byTransaction = new Map<string, string>();
  /** Payloads of an account in a lane. */
  const usage = new Map<string, number>();
  const final = createRecentSet(FINAL_MEMORY);
  let bytes = 0;

  const size = (): number => lanes.oracle.size + lanes.cancel.size + lanes.rest.size;
  const usageKey = (entry: Entry): string => `${entry.lane} ${entry.owner}`;

  const get = (key: string): Entry | undefined =>
    lanes.rest.get(key) ?? lanes.cancel.get(key) ?? lanes.oracle.get(key);

  const remove = (entry: Entry): void => {
    if (!lanes[entry.lane].delete(entry.key)) return;
    bytes -= entry.bytes.length;
    byTransaction.delete(idKey(entry.transactionId));
    const used = (usage.get(usageKey(entry)) ?? 0) - 1;
    if (used > 0) usage.set(usageKey(entry), used);
    else usage.delete(usageKey(entry));
    if (votes.get(entry.owner) === entry) votes.delete(entry.owner);
  };

  /** The vote of the same validator that this one replaces, or that it is too old. */
  const olderVote = (entry: Entry): Result<Entry | undefined, SubmitError> => {
    const held = votes.get(entry.owner);
    if (!held || entry.payload.selector !== PAYLOAD.oracleVote) return ok(undefined);
    if (held.payload.selector !== PAYLOAD.oracleVote) return ok(undefined);
    const heldAt = held.payload.value.vote.observedAt;
    const { observedAt } = entry.payload.value.vote;
    if (observedAt > heldAt) return ok(held);
    return err({
      code: 'duplicate',
      field: 'observedAt',
      given: `${observedAt}`,
      allowed: `above ${heldAt}`,
      number: 0,
    });
  };

  return {
    add(entry) {
      if (get(entry.key) || final.has(entry.key)) {
        return refuse('duplicate', 'wireId', 'known', 'new');
      }
      if (byTransaction.has(idKey(entry.transactionId))) {
        return refuse('duplicate', 'transactionId', 'known', 'new');
      }
      const older = entry.lane === 'oracle' ? olderVote(entry) : ok(undefined);
      if (!older.ok) return older;
      const used = usage.get(usageKey(entry)) ?? 0;
      if (entry.lane !== 'oracle' && used >= bounds.maxPerAccount) {
        return refuse('quota_exceeded', 'account', used + 1, bounds.maxPerAccount);
      }
      // Oracle votes have room of their own: one for each validator of an epoch.
      if (entry.lane !== 'oracle') {
        if (size() >= bounds.maxPayloads) {
          return refuse('mempool_full', 'payloads', size() + 1, bounds.maxPayloads);
        }
        if (bytes + entry.bytes.length > bounds.maxBytes) {
          return refuse('mempool_full', 'bytes', bytes + entry.bytes.length, bounds.maxBytes);
        }
      }
      if (older.value) remove(older.value);
      lanes[entry.lane].set(entry.key, entry);
      if (entry.lane === 'oracle') votes.set(entry.owner, entry);
      byTransaction.set(idKey(entry.transactionId), entry.key);
      usage.set(usageKey(entry), used + 1);
      bytes += entry.bytes.length;
      return ok(undefined);
    },
    has: (key) => get(key) !== undefined || final.has(key),
    get,
    hasTransaction: (id) => byTransaction.has(idKey(id)),
    select({ limits, epoch, now, taken }) {
      const chosen: Entry[] = [];
      const perSigner = new Map<string, number>();
      let weight = 0;
      let total = 0;
      for (const lane of LANES) {
        for (const entry of lanes[lane].values()) {
          if (chosen.length >= limits.maxPayloads) return { entries: chosen };
          if (taken(entry.key) || entry.expiresAt < now || !fitsEpoch(entry, epoch)) continue;
          // One that does not fit may leave room for a smaller one behind it.
          if (total + entry.bytes.length > limits.maxBytes) continue;
          if (weight + entry.weight > limits.maxWeight) continue;
          const ofSigner = perSigner.get(entry.signer) ?? 0;
          if (ofSigner >= MAX_TRANSACTIONS_PER_KEY) continue;
          perSigner.set(entry.signer, ofSigner + 1);
          weight += entry.weight;
          total += entry.bytes.length;
          chosen.push(entry);
        }
      }
      return { entries: chosen };
    },
    hasTransactions(taken) {
      for (const lane of ['cancel', 'rest'] as const) {
        for (const key of lanes[lane].keys()) if (!taken(key)) return true;
      }
      return false;
    },
    finalized(keys) {
      const removed: Entry[] = [];
      for (const key of keys) {
        final.add(key);
        const entry = get(key);
        if (!entry) continue;
        remove(entry);
        removed.push(entry);
      }
      return removed;
    },
    expire(now) {
      let count = 0;
      for (const lane of LANES) {
        for (const entry of lanes[lane].values()) {
          if (entry.expiresAt >= now) continue;
          remove(entry);
          count += 1;
        }
      }
      return count;
    },
    get size() {
      return size();
    },
    get bytes() {
      return bytes;
    },
    laneSize: (lane) => lanes[lane].size,
  };
}
