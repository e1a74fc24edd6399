/** Lanes, quotas, bounds, selection and removal of the mempool. */
import { describe, expect, test } from 'vitest';
import { type Entry, entryOf } from '../../node/mempool/entry.ts';
import { createMempool, type Mempool } from '../../node/mempool/mempool.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  epoch,
  orderId,
  subAccount,
  timestampMs,
  underlyingId,
  validatorIndex,
} from '../../runtime/core/units.ts';
import { MAX_TRANSACTIONS_PER_KEY } from '../../runtime/limits.ts';
import { PAYLOAD, PayloadCodec } from '../../runtime/transaction.ts';
import { accountOf, payloadOf, signedTransaction } from '../fixtures/block.ts';
import { testKey } from '../fixtures/genesis.ts';

const CHAIN = new Uint8Array(32);
const NOW = 1_000_000;
const LIMITS = { maxBytes: 1_000_000, maxPayloads: 1_000, maxWeight: 1_000_000 };
const alice = testKey('alice');
const bob = testKey('bob');

const TRANSFER: Action = {
  selector: ACTION.transfer,
  value: {
    fromSubAccount: subAccount(0),
    to: accountOf(bob),
    toSubAccount: subAccount(0),
    denomination: DENOMINATION.usd,
    amount: 1n,
  },
};
const CANCEL: Action = { selector: ACTION.cancelOrder, value: { orderId: orderId(1) } };

function mustEntry(bytes: Uint8Array): Entry {
  const entry = entryOf(bytes, CHAIN, timestampMs(NOW));
  if (!entry.ok) throw new Error(entry.error.detail);
  return entry.value;
}

function transaction(
  nonce: number,
  options: { key?: typeof alice; action?: Action; expiresAt?: number } = {},
): Entry {
  const { key = alice, action = TRANSFER, expiresAt = NOW + 60_000 } = options;
  return mustEntry(
    payloadOf(signedTransaction(CHAIN, key, { nonce, expiresAt, actions: [action] })),
  );
}

function oracleVote(observedAt: number, validator = 0, of = 0): Entry {
  const vote = {
    epoch: epoch(of),
    validator: validatorIndex(validator),
    observedAt: timestampMs(observedAt),
    underlyings: [{ underlying: underlyingId(0), index: 1, confidenceBps: 1, expiries: [] }],
  };
  const value = { vote, signature: new Uint8Array(64) };
  return mustEntry(PayloadCodec.encode({ selector: PAYLOAD.oracleVote, value }));
}

function pool(bounds: Partial<Parameters<typeof createMempool>[0]> = {}): Mempool {
  return createMempool({ maxPayloads: 100, maxBytes: 100_000, maxPerAccount: 50, ...bounds });
}

function chosen(
  mempool: Mempool,
  options: Partial<Parameters<Mempool['select']>[0]> = {},
): Entry[] {
  const selection = mempool.select({
    limits: LIMITS,
    epoch: epoch(0),
    now: NOW,
    taken: () => false,
    ...options,
  });
  return [...selection.entries];
}

function codeOf(result: ReturnType<Mempool['add']>): string {
  return result.ok ? 'ok' : result.error.code;
}

describe('selection', () => {
  test('oracle votes first, then cancels, then the rest, each in order of arrival', () => {
    const mempool = pool();
    const order = [
      transaction(1),
      transaction(2, { action: CANCEL }),
      oracleVote(NOW, 1),
      transaction(3),
      transaction(4, { action: CANCEL }),
      oracleVote(NOW, 0),
    ];
    for (const entry of order) expect(mempool.add(entry).ok).toBe(true);
    const at = chosen(mempool).map((entry) => order.indexOf(entry));
    expect(at).toEqual([2, 5, 1, 4, 0, 3]);
  });

  test('keeps to bytes, weight and count; what does not fit leaves room for what does', () => {
    const mempool = pool();
    const large = transaction(1);
    const small = transaction(2, { action: CANCEL });
    mempool.add(large);
    mempool.add(small);
    expect(chosen(mempool, { limits: { ...LIMITS, maxPayloads: 1 } })).toEqual([small]);
    const maxWeight = large.weight - 1;
    expect(chosen(mempool, { limits: { ...LIMITS, maxWeight } })).toEqual([small]);
    const maxBytes = small.bytes.length + large.bytes.length - 1;
    expect(chosen(mempool, { limits: { ...LIMITS, maxBytes } })).toEqual([small]);
  });

  test('leaves out what ancestors hold, what has expired, and votes of another epoch', () => {
    const mempool = pool();
    const held = transaction(1);
    const late = transaction(2, { expiresAt: NOW - 1 });
    const good = transaction(3);
    for (const entry of [held, late, good, oracleVote(NOW, 0, 1)]) mempool.add(entry);
    expect(chosen(mempool, { taken: (key) => key === held.key })).toEqual([good]);
    expect(mempool.hasTransactions((key) => key === held.key)).toBe(true);
  });

  test('takes of one key no more than a block admits', () => {
    const mempool = pool({ maxPayloads: 1_000, maxBytes: 1_000_000, maxPerAccount: 1_000 });
    for (let i = 0; i <= MAX_TRANSACTIONS_PER_KEY; i++) mempool.add(transaction(i));
    const other = transaction(1, { key: bob });
    mempool.add(other);
    const entries = chosen(mempool);
    expect(entries.length).toBe(MAX_TRANSACTIONS_PER_KEY + 1);
    expect(entries.at(-1)).toBe(other);
  });
});

describe('bounds, in order of precedence', () => {
  test('a payload once; a transaction once, whatever its signatures', () => {
    const mempool = pool();
    const entry = transaction(1);
    expect(codeOf(mempool.add(entry))).toBe('ok');
    expect(codeOf(mempool.add(entry))).toBe('duplicate');
    const { payload } = entry;
    if (payload.selector !== PAYLOAD.transaction) throw new Error('a transaction');
    const resigned = mustEntry(payloadOf({ ...payload.value, signatures: [new Uint8Array(64)] }));
    expect(codeOf(mempool.add(resigned))).toBe('duplicate');
  });

  test('the newest vote of a validator replaces the one before; an older one is refused', () => {
    const mempool = pool();
    const newer = oracleVote(NOW + 1);
    mempool.add(oracleVote(NOW));
    expect(codeOf(mempool.add(newer))).toBe('ok');
    expect(codeOf(mempool.add(oracleVote(NOW)))).toBe('duplicate');
    expect(chosen(mempool)).toEqual([newer]);
    expect(mempool.size).toBe(1);
  });

  test('an account has a quota in each lane, and cancels keep theirs', () => {
    const mempool = pool({ maxPerAccount: 2 });
    mempool.add(transaction(1));
    mempool.add(transaction(2));
    expect(codeOf(mempool.add(transaction(3)))).toBe('quota_exceeded');
    expect(codeOf(mempool.add(transaction(4, { action: CANCEL })))).toBe('ok');
    expect(codeOf(mempool.add(transaction(5, { key: bob })))).toBe('ok');
  });

  test('is full by count and by bytes, but has room for oracle votes', () => {
    const one = transaction(1);
    const byCount = pool({ maxPayloads: 1 });
    byCount.add(one);
    expect(codeOf(byCount.add(transaction(2)))).toBe('mempool_full');
    expect(codeOf(byCount.add(oracleVote(NOW)))).toBe('ok');
    const byBytes = pool({ maxBytes: one.bytes.length });
    expect(codeOf(byBytes.add(one))).toBe('ok');
    expect(codeOf(byBytes.add(transaction(2)))).toBe('mempool_full');
  });
});

describe('removal', () => {
  test('what is final is gone, frees its quota, and does not come back', () => {
    const mempool = pool({ maxPerAccount: 1 });
    const entry = transaction(1);
    mempool.add(entry);
    expect(mempool.finalized([entry.key])).toEqual([entry]);
    expect([mempool.size, mempool.bytes]).toEqual([0, 0]);
    expect(codeOf(mempool.add(entry))).toBe('duplicate');
    expect(codeOf(mempool.add(transaction(2)))).toBe('ok');
  });

  test('what has expired is gone', () => {
    const mempool = pool();
    mempool.add(transaction(1, { expiresAt: NOW + 10 }));
    mempool.add(transaction(2));
    expect(mempool.expire(NOW + 11)).toBe(1);
    expect(mempool.size).toBe(1);
  });
});
