/** What a thief, a greedy agent or colluding guardians try: each row of the rules seen from their side. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { verifySignature } from '../../node/crypto/verify-signature.ts';
import { ROLE } from '../../runtime/accounts/account.ts';
import { MAX_PENDING } from '../../runtime/accounts/security/rows.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { CHANGE, PERMISSION, SECURITY_ACTION } from '../../runtime/actions/security.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { PAYLOAD, transactionId } from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import type { TestKey } from '../fixtures/genesis.ts';
import {
  act,
  adding,
  agentChange,
  alice,
  allowing,
  ask,
  bob,
  bot,
  bytesOf,
  CANCEL_RECOVERY,
  change,
  DAY,
  ending,
  freezing,
  guardedChain,
  guardians,
  HOUR,
  laptop,
  MINUTE,
  newKey,
  pass,
  phone,
  policyOf,
  protectedChain,
  REARM,
  recovering,
  removing,
  run,
  sending,
  signed,
  staker,
  thief,
  USD,
  usdOf,
  withdrawing,
} from './guarded-chain.ts';
import { orderOf } from './orders.ts';

const [g1 = thief, g2 = thief, g3 = thief] = guardians;
const NEW = laptop;
const CANCEL_ALL: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };

/** Whether every signature of a transaction verifies. */
function verifies(chain: ReturnType<typeof guardedChain>, value: ReturnType<typeof signed>) {
  const config = chain.state.epochConfigs.must(metaOf(chain.state).epoch);
  const payload = { selector: PAYLOAD.transaction, value };
  return signatureChecks(payload, chain.chainId, config)?.every(verifySignature) ?? false;
}

describe('signatures', () => {
  it('of several keys: none can be stripped, added or permuted', () => {
    const chain = protectedChain();
    const good = signed(chain, [alice, phone], [sending(bob, USD)]);
    const { body, signatures } = good;
    expect(verifies(chain, good)).toBe(true);
    const [first, second] = body.signers;
    const [a = new Uint8Array(64), b = new Uint8Array(64)] = signatures;
    if (first === undefined || second === undefined) throw new Error('two signers');
    const stripped = { body: { ...body, signers: [first] }, signatures: [a] };
    const permuted = { body: { ...body, signers: [second, first] }, signatures: [b, a] };
    const swapped = { body, signatures: [b, a] };
    const extra = { publicKey: thief.publicKey, scheme: first.scheme };
    const added = {
      body: { ...body, signers: [first, second, extra] },
      signatures: [a, b, ed25519.sign(transactionId(chain.chainId, body), thief.seed)],
    };
    const replayed = { body: { ...body, account: bytesOf(bob) }, signatures };
    for (const bad of [stripped, permuted, swapped, added, replayed]) {
      expect(verifies(chain, bad)).toBe(false);
    }
    expect(verifies(chain, { body, signatures: [a] })).toBe(false);
  });

  it('of a transaction are used up with its nonce', () => {
    const chain = protectedChain();
    const once = signed(chain, [alice, phone], [sending(bob, USD)]);
    expect(run(chain, [once, once]).outcomes).toEqual([['transferred'], ['nonce_used']]);
    expect(run(chain, [once]).outcomes).toEqual([['nonce_used']]);
  });

  it("of a new key are the key's own, for one account and one role", () => {
    const chain = guardedChain();
    const proof = (value: ReturnType<typeof newKey>, key = alice) =>
      verifies(
        chain,
        signed(chain, [key], [change({ selector: CHANGE.addKey, value: { key: value } })], key),
      );
    const good = newKey(chain, bot, { role: ROLE.trade });
    expect(proof(good)).toBe(true);
    expect(proof({ ...good, role: ROLE.owner })).toBe(false);
    expect(proof({ ...good, factorGroup: 1 })).toBe(false);
    expect(proof(good, bob)).toBe(false);
    expect(proof({ ...good, publicKey: thief.publicKey })).toBe(false);
  });
});

describe('a thief with one factor', () => {
  it('makes no change that two in a row would bring sooner', () => {
    const chain = protectedChain();
    const loose = { mfa: true, delayMs: 10 * MINUTE, outflowBps: 200 };
    ask(chain, [phone], change(policyOf(loose)));
    // The second waits as the first does: by the policy in force.
    const second = ask(chain, [phone], change(removing(0), adding(chain, thief, { group: 2 })));
    const maturesAt = chain.state.pendingChanges.must(second).maturesAt;
    expect(maturesAt - chain.now).toBe(2 * DAY);
    pass(chain, 2 * DAY - 2_000);
    expect(chain.state.accountSecurity.must(accountId(chain)).policy.delayMs).toBe(2 * DAY);
  });

  it('cannot take two things that are allowed alone and not together', () => {
    const chain = protectedChain();
    // Either removal leaves a factor; both do not: the second comes too late.
    const addLaptop = ask(chain, [alice, phone], change(adding(chain, laptop, { group: 2 })));
    pass(chain, 10 * MINUTE);
    expect(chain.state.pendingChanges.has(addLaptop)).toBe(false);
    ask(chain, [laptop], change(removing(0)));
    ask(chain, [laptop], change(removing(1)));
    pass(chain, 2 * DAY);
    const { keys } = chain.state.accounts.must(alice.address);
    const owners = keys.filter(({ role, removed }) => role === ROLE.owner && !removed);
    expect(new Set(owners.map(({ factorGroup }) => factorGroup)).size).toBe(2);
  });

  it('is told by a guardian who vetoes, and cannot veto its own removal', () => {
    const chain = protectedChain();
    const removal = ask(chain, [alice], change(removing(1), adding(chain, laptop, { group: 2 })));
    expect(act(chain, [phone], ending(removal))).toBe('own_veto');
    expect(act(chain, [g1], ending(removal))).toBe('ruleSet');
    const guardian = ask(chain, [alice, phone], change(removing(2)));
    expect(act(chain, [g1], ending(guardian))).toBe('own_veto');
    expect(act(chain, [g2], ending(guardian))).toBe('ruleSet');
    expect(act(chain, [g2], ending(guardian))).toBe('unknown_pending');
    expect(act(chain, [bob], ending(removal), bob)).toBe('unknown_pending');
  });

  it('loses what it asked for when it is removed', () => {
    const chain = protectedChain();
    const own = usdOf(chain.state, alice);
    ask(chain, [phone], withdrawing(bob, 100n * USD));
    ask(chain, [alice, phone], change(adding(chain, laptop, { group: 2 })));
    pass(chain, 10 * MINUTE);
    ask(chain, [alice, laptop], change(removing(1)));
    pass(chain, 10 * MINUTE);
    expect(usdOf(chain.state, alice)).toBe(own);
    pass(chain, 2 * DAY);
    expect(usdOf(chain.state, alice)).toBe(own);
    expect(conservationProblems(chain.state)).toEqual([]);
  });

  it('fills no more than sixteen places', () => {
    const chain = protectedChain();
    for (let at = 0; at < MAX_PENDING; at++) ask(chain, [phone], withdrawing(bob, USD));
    expect(act(chain, [phone], withdrawing(bob, USD))).toBe('too_many_pending');
  });

  it('gets nowhere by actions of their own that loosen', () => {
    const chain = protectedChain();
    const elsewhere: Action = { selector: 43, value: { address: bytesOf(bob) } };
    const home: Action = { selector: 43, value: { address: bytesOf(alice) } };
    expect(act(chain, [alice, phone], elsewhere)).toBe('change_waits');
    expect(act(chain, [alice], home)).toBe('validator');
    expect(act(chain, [phone], sending(bob, USD, 1))).toBe('second_factor');
  });
});

function accountId(chain: ReturnType<typeof guardedChain>) {
  return chain.state.accounts.must(alice.address).id;
}

describe('freeze', () => {
  it('stops outflow and new risk, and leaves cancels, reductions and top-ups', () => {
    const chain = protectedChain();
    const buy = orderOf(chain, { side: 0, lots: 2 });
    expect(act(chain, [bob], orderOf(chain, { side: 1, lots: 2 }), bob)).toBe('order');
    expect(act(chain, [alice, phone], buy)).toBe('order');
    expect(act(chain, [g1], freezing(7 * DAY + 1))).toBe('bad_freeze');
    expect(act(chain, [g1], freezing(7 * DAY))).toBe('ruleSet');
    expect(act(chain, [alice, phone], sending(bob, USD))).toBe('account_frozen');
    expect(act(chain, [alice, phone], withdrawing(bob, USD))).toBe('account_frozen');
    expect(act(chain, [alice, phone], buy)).toBe('account_frozen');
    expect(act(chain, [alice, phone], change(allowing(thief)))).toBe('account_frozen');
    const topUp = sending(alice, USD);
    if (topUp.selector !== ACTION.transfer) throw new Error('a transfer');
    const inside = { ...topUp, value: { ...topUp.value, toSubAccount: subAccount(3) } };
    expect(act(chain, [alice], inside)).toBe('transferred');
    expect(act(chain, [bob], orderOf(chain, { side: 0, lots: 2 }), bob)).toBe('order');
    const close = orderOf(chain, { side: 1, lots: 2, reduceOnly: true });
    expect(act(chain, [alice], close)).toBe('order');
    expect(act(chain, [alice], CANCEL_ALL)).toBe('cancelled');
  });

  it('holds back what is due meanwhile', () => {
    const chain = protectedChain();
    const own = usdOf(chain.state, alice);
    ask(chain, [alice, phone], withdrawing(bob, USD));
    const added = ask(chain, [alice, phone], change(adding(chain, thief, { group: 3 })));
    act(chain, [g1], freezing(HOUR));
    pass(chain, 11 * MINUTE);
    expect(usdOf(chain.state, alice)).toBe(own);
    expect(chain.state.pendingChanges.has(added)).toBe(false);
    expect(
      chain.state.accounts
        .must(alice.address)
        .keys.some(({ publicKey }) => publicKey.every((byte, at) => byte === thief.publicKey[at])),
    ).toBe(false);
  });

  it('is one per key until the owner re-arms, under two factors', () => {
    const chain = protectedChain();
    act(chain, [g1], freezing(MINUTE));
    expect(act(chain, [g1], freezing(MINUTE))).toBe('freeze_used');
    expect(act(chain, [g2], freezing(MINUTE))).toBe('ruleSet');
    expect(act(chain, [alice], REARM)).toBe('second_factor');
    expect(act(chain, [alice, phone], REARM)).toBe('ruleSet');
    expect(act(chain, [g1], freezing(MINUTE))).toBe('ruleSet');
  });

  it('counts in the block in which it is asked for, before what it stops', () => {
    const chain = protectedChain();
    const stolen = signed(chain, [alice, phone], [sending(bob, USD)]);
    const stop = signed(chain, [g1], [freezing(HOUR)]);
    expect(run(chain, [stolen, stop]).outcomes).toEqual([['account_frozen'], ['ruleSet']]);
  });
});

describe('recovery', () => {
  const proposal = (chain: ReturnType<typeof guardedChain>) =>
    recovering(chain, [NEW, 0], [staker, 1]);

  it('takes a majority and 72 hours, and leaves nothing of the old keys', () => {
    const chain = protectedChain();
    expect(act(chain, [g1], proposal(chain))).toBe('ruleSet');
    expect(act(chain, [g1], proposal(chain))).toBe('ruleSet');
    expect(act(chain, [alice, phone], sending(bob, USD))).toBe('transferred');
    expect(act(chain, [g2], proposal(chain))).toBe('ruleSet');
    expect(act(chain, [alice, phone], sending(bob, USD))).toBe('recovery_running');
    expect(act(chain, [alice, phone], change(removing(2)))).toBe('recovery_running');
    pass(chain, 72 * HOUR);
    expect(act(chain, [alice, phone], sending(bob, USD))).toBe('removed_key');
    expect(
      act(chain, [NEW], change(policyOf({ mfa: true, delayMs: 3 * DAY, outflowBps: 100 }))),
    ).toBe('ruleSet');
  });

  it('is stopped by the owner with two factors only, and cannot begin again before guardians can go', () => {
    const chain = protectedChain();
    act(chain, [g1, g2], proposal(chain));
    expect(act(chain, [alice], CANCEL_RECOVERY)).toBe('second_factor');
    expect(act(chain, [alice, phone], CANCEL_RECOVERY)).toBe('ruleSet');
    // Colluding guardians begin again at once, and veto their removal: neither helps them.
    expect(act(chain, [g1, g2], proposal(chain))).toBe('no_recovery');
    const removal = ask(chain, [alice, phone], change(removing(2), removing(3)));
    expect(act(chain, [g1, g2], ending(removal))).toBe('own_veto');
    pass(chain, 72 * HOUR);
    expect(act(chain, [g1], freezing(HOUR))).toBe('removed_key');
    expect(act(chain, [g3], freezing(HOUR))).toBe('ruleSet');
  });

  it('a minority that names other keys does not stand in the way', () => {
    const chain = protectedChain();
    act(chain, [g3], recovering(chain, [thief, 0], [bot, 1]));
    act(chain, [g1], proposal(chain));
    act(chain, [g3], recovering(chain, [thief, 0], [bot, 1]));
    act(chain, [g2], proposal(chain));
    expect(chain.state.accountSecurity.must(accountId(chain)).recovery).toHaveLength(1);
  });

  it('shows proofs that whoever has the lost key cannot use to make the new keys known before', () => {
    const chain = protectedChain();
    const voice = recovering(chain, [NEW, 0]);
    expect(verifies(chain, signed(chain, [g1], [voice]))).toBe(true);
    if (voice.selector !== SECURITY_ACTION.recover) throw new Error('a voice of a guardian');
    const [key = newKey(chain, NEW)] = voice.value.keys;
    const stolen = change({ selector: CHANGE.addKey, value: { key } });
    expect(verifies(chain, signed(chain, [alice], [stolen]))).toBe(false);
    expect(verifies(chain, signed(chain, [alice], [change(adding(chain, NEW))]))).toBe(true);
  });

  it('asks of new keys what the policy asks, and takes none that was there', () => {
    const chain = protectedChain();
    expect(act(chain, [g1], recovering(chain, [NEW, 0]))).toBe('policy_unsatisfiable');
    expect(act(chain, [g1], recovering(chain, [NEW, 0], [alice, 1]))).toBe('key_known');
    expect(act(chain, [alice], recovering(chain, [NEW, 0], [staker, 1]))).toBe('role_forbids');
  });
});

describe('agents', () => {
  function withAgent(scope: Parameters<typeof agentChange>[2]) {
    const chain = guardedChain();
    act(chain, [alice], change(agentChange(chain, bot, scope)));
    pass(chain, MINUTE);
    return chain;
  }

  it('do what they were granted, where they were, and nothing of the owner', () => {
    const chain = withAgent({ permissions: PERMISSION.orders, subAccounts: [subAccount(1)] });
    expect(act(chain, [bot], orderOf(chain, { side: 0, lots: 1 }))).toBe('agent_scope');
    expect(act(chain, [bot], sending(bob, USD))).toBe('role_forbids');
    expect(act(chain, [bot], change(adding(chain, thief)))).toBe('role_forbids');
    expect(act(chain, [bot], change(agentChange(chain, thief, {})))).toBe('role_forbids');
    expect(act(chain, [bot], withdrawing(bob, USD))).toBe('role_forbids');
    const { underlyings } = { underlyings: [1] };
    const other = withAgent({ underlyings: underlyings as never });
    expect(act(other, [bot], orderOf(other, { side: 0, lots: 1 }))).toBe('agent_scope');
  });

  it('are bounded over a day by notional, premium and margin', () => {
    const notional = withAgent({ notionalUsd: 1_500 });
    expect(act(notional, [bot], orderOf(notional, { side: 0, lots: 1 }))).toBe('order');
    expect(act(notional, [bot], orderOf(notional, { side: 0, lots: 1 }))).toBe('agent_limit');
    expect(act(notional, [bot], CANCEL_ALL)).toBe('cancelled');
    pass(notional, DAY);
    expect(act(notional, [bot], orderOf(notional, { side: 0, lots: 1 }))).toBe('order');
    const premium = withAgent({ premiumUsd: 1 });
    expect(act(premium, [bot], orderOf(premium, { side: 0, lots: 1 }))).toBe('agent_limit');
    const margin = withAgent({ maxMarginBps: 1 });
    expect(act(margin, [bot], orderOf(margin, { side: 1, lots: 50 }))).toBe('agent_limit');
  });

  it('end with their time, for ever, and their orders with them', () => {
    const chain = withAgent({ expiresAt: timestampMs(1_764_576_000_000 + HOUR) });
    expect(act(chain, [bot], orderOf(chain, { side: 0, lots: 1, away: true }))).toBe('order');
    expect(chain.state.orderKeys.size).toBe(1);
    pass(chain, HOUR);
    expect(chain.state.orders.size).toBe(0);
    expect(chain.state.orderKeys.size).toBe(0);
    expect(act(chain, [bot], CANCEL_ALL)).toBe('removed_key');
    expect(act(chain, [alice], change(agentChange(chain, bot, {})))).toBe('key_known');
  });

  it('lose their orders by removal and by a freeze', () => {
    for (const stop of [change(removing(1)), freezing(HOUR)]) {
      const chain = withAgent({});
      act(chain, [bot], orderOf(chain, { side: 0, lots: 1, away: true }));
      act(chain, [alice], orderOf(chain, { side: 0, lots: 1, away: true }));
      act(chain, [alice], stop);
      pass(chain, 1_000);
      expect(chain.state.orders.size).toBe(1);
    }
  });

  it('send nothing unless granted, and then inside the limits of one factor', () => {
    const chain = protectedChain();
    ask(chain, [alice, phone], change(agentChange(chain, bot, { outflowUsd: 100 })));
    pass(chain, 10 * MINUTE);
    expect(act(chain, [bot], sending(bob, 101n * USD))).toBe('second_factor');
    expect(act(chain, [bot], sending(bob, 100n * USD))).toBe('transferred');
    expect(act(chain, [bot], sending(thief, USD))).toBe('not_whitelisted');
  });
});

describe('the outflow meter', () => {
  it('counts what orders give away, takes back what is not filled, and lets better prices pass', () => {
    const chain = protectedChain({ outflowBps: 1 });
    // 1 bps of about a million is 100 USD a day.
    expect(act(chain, [alice], orderOf(chain, { side: 0, lots: 90, over: 200 }))).toBe(
      'outflow_limit',
    );
    const given = orderOf(chain, { side: 0, lots: 30, over: 200 });
    expect(act(chain, [alice], given)).toBe('order');
    expect(act(chain, [alice], given)).toBe('outflow_limit');
    expect(act(chain, [alice], orderOf(chain, { side: 0, lots: 20, away: true }))).toBe('order');
    act(chain, [alice], CANCEL_ALL);
    expect(act(chain, [alice], given)).toBe('order');
    // Filled: nothing comes back, whatever is gained by it.
    expect(act(chain, [bob], orderOf(chain, { side: 1, lots: 30 }), bob)).toBe('order');
    act(chain, [alice], CANCEL_ALL);
    expect(act(chain, [alice], given)).toBe('outflow_limit');
    // Two factors are not metered.
    expect(act(chain, [alice, phone], given)).toBe('order');
  });

  it('is never beyond its width, whatever is asked', () => {
    const chain = protectedChain();
    const most = 2n ** 64n - 1n;
    expect(act(chain, [alice], sending(bob, most))).toBe('second_factor');
    expect(act(chain, [alice, phone], withdrawing(bob, most))).toBe('insufficient_balance');
    const order = orderOf(chain, { side: 0, lots: 1_000_000_000, over: 200 });
    expect(act(chain, [alice], order)).toBe('outflow_limit');
  });
});

describe('fees', () => {
  it('are no way out either: washing at fair prices ends at the limit, reductions do not', () => {
    const chain = protectedChain({ outflowBps: 1 });
    const buy = orderOf(chain, { side: 0, lots: 300 });
    const outcomes = [act(chain, [alice], buy)];
    act(chain, [bob], orderOf(chain, { side: 1, lots: 300 }), bob);
    outcomes.push(act(chain, [alice], orderOf(chain, { side: 0, lots: 300 })));
    expect(outcomes).toEqual(['order', 'outflow_limit']);
    act(chain, [bob], orderOf(chain, { side: 0, lots: 300 }), bob);
    const close = orderOf(chain, { side: 1, lots: 300, reduceOnly: true });
    expect(act(chain, [alice], close)).toBe('order');
  });
});

describe('within one block', () => {
  it('a key that was removed acts no more, though it was admitted', () => {
    const chain = guardedChain();
    act(chain, [alice], change(adding(chain, bot, { role: ROLE.trade })));
    pass(chain, 1_000);
    const removal = signed(chain, [alice], [change(removing(1))]);
    const order = signed(chain, [bot], [orderOf(chain, { side: 0, lots: 1 })]);
    expect(run(chain, [removal, order]).outcomes).toEqual([['ruleSet'], ['removed_key']]);
  });
});

describe('funds that wait to leave', () => {
  it('come back before the account is liquidated, and before its orders go', () => {
    const chain = guardedChain();
    pass(chain, 1_000);
    pass(chain, 1_000);
    const sell = orderOf(chain, { side: 1, lots: 2_000 });
    expect(act(chain, [alice], sell)).toBe('order');
    expect(act(chain, [bob], orderOf(chain, { side: 0, lots: 2_000 }), bob)).toBe('order');
    const before = usdOf(chain.state, alice);
    ask(chain, [alice], withdrawing(bob, 600_000n * USD));
    expect(usdOf(chain.state, alice)).toBe(before - 600_000n * USD);
    // Nothing of it supports new risk.
    expect(act(chain, [alice], orderOf(chain, { side: 1, lots: 2_000 }))).toBe(
      'insufficient_margin',
    );
    chain.indexes.set(0, 125_000);
    pass(chain, 1_000);
    pass(chain, 1_000);
    expect(chain.state.pendingWithdrawals.size).toBe(0);
    expect(usdOf(chain.state, alice)).toBe(before);
    expect(chain.state.liquidations.size).toBe(0);
    expect(conservationProblems(chain.state)).toEqual([]);
  });
});

describe('an offer of a negotiated block', () => {
  /** Alice offers to sell so many lots to bob, so many ticks below the mark; bob takes it. */
  function taken(chain: ReturnType<typeof guardedChain>, by: TestKey, lots: number, below: number) {
    const order = orderOf(chain, { side: 1, lots, over: below });
    if (order.selector !== ACTION.placeOrder) throw new Error('an order');
    const { instrument, price, size } = order.value;
    const offer = {
      account: bytesOf(alice),
      subAccount: subAccount(0),
      signer: { scheme: 0, publicKey: by.publicKey },
      nonce: chain.now + lots,
      expiresAt: timestampMs(chain.now + MINUTE),
      taker: bytesOf(bob),
      takerSubAccount: subAccount(0),
      // As the taker trades it.
      legs: [{ instrument, side: 0 as const, lots: size, price }],
      pricing: 0 as const,
      net: 0n,
    };
    const value = { offer, signature: new Uint8Array(64) };
    return act(chain, [bob], { selector: ACTION.blockTrade, value }, bob);
  }

  it('is guarded as a transaction of its account is: by the meter, by m of n, by a freeze', () => {
    const chain = protectedChain({ outflowBps: 1 });
    ask(chain, [alice, phone], change(adding(chain, bot, { role: ROLE.trade })));
    pass(chain, 10 * MINUTE);
    expect(taken(chain, bot, 100, 200)).toBe('counterparty_role');
    expect(taken(chain, bot, 40, 0)).toBe('legsTraded');
    expect(taken(chain, bot, 30, 200)).toBe('legsTraded');
    expect(taken(chain, bot, 31, 200)).toBe('counterparty_role');
    act(chain, [g1], freezing(HOUR));
    expect(taken(chain, bot, 12, 0)).toBe('counterparty_role');
    const several = guardedChain();
    act(several, [alice], change(adding(several, bot, { role: ROLE.trade })));
    act(several, [alice], change(policyOf({ tradeThreshold: 2 })));
    expect(taken(several, bot, 12, 0)).toBe('counterparty_role');
  });
});
