/** Keys, policies, delays, whitelist and withdrawals of accounts: design/staking-and-keys.md §4. */
import { describe, expect, it } from 'vitest';
import { ROLE } from '../../runtime/accounts/account.ts';
import {
  act,
  adding,
  alice,
  allowing,
  ask,
  bob,
  change,
  DAY,
  ending,
  guardedChain,
  guardians,
  HOUR,
  laptop,
  MINUTE,
  pass,
  phone,
  policyOf,
  protectedChain,
  removing,
  run,
  sending,
  signed,
  thief,
  USD,
  usdOf,
  withdrawing,
} from './guarded-chain.ts';

describe('several keys', () => {
  it('adds a key that proved itself, at once where nothing is protected', () => {
    const chain = guardedChain();
    expect(act(chain, [alice], change(adding(chain, laptop)))).toBe('ruleSet');
    expect(act(chain, [laptop], sending(bob, USD))).toBe('transferred');
  });

  it('never takes a removed key back, whatever it is to be', () => {
    const chain = guardedChain();
    act(chain, [alice], change(adding(chain, laptop)));
    expect(act(chain, [alice], change(removing(1)))).toBe('ruleSet');
    expect(act(chain, [laptop], sending(bob, USD))).toBe('removed_key');
    for (const role of [ROLE.owner, ROLE.trade, ROLE.stake, ROLE.guardian]) {
      expect(act(chain, [alice], change(adding(chain, laptop, { role })))).toBe('key_known');
    }
  });

  it('asks for m of n, and counts a key that signs twice once', () => {
    const chain = guardedChain();
    act(chain, [alice], change(adding(chain, laptop), adding(chain, phone)));
    act(chain, [alice], change(policyOf({ ownerThreshold: 2 })));
    expect(act(chain, [alice], sending(bob, USD))).toBe('signatures_short');
    expect(act(chain, [alice, alice], sending(bob, USD))).toBe('signatures_short');
    expect(act(chain, [alice, phone], sending(bob, USD))).toBe('transferred');
    expect(act(chain, [alice, laptop, phone], sending(bob, USD))).toBe('transferred');
  });

  it('refuses what the keys could not satisfy', () => {
    const chain = guardedChain();
    expect(act(chain, [alice], change(policyOf({ ownerThreshold: 2 })))).toBe(
      'policy_unsatisfiable',
    );
    const mfa = { mfa: true, delayMs: HOUR, outflowBps: 200 };
    act(chain, [alice], change(adding(chain, laptop)));
    // Two keys of one group are one factor.
    expect(act(chain, [alice], change(policyOf(mfa)))).toBe('policy_unsatisfiable');
    expect(act(chain, [alice], change(removing(0), removing(1)))).toBe('policy_unsatisfiable');
  });
});

describe('what leaves', () => {
  it('goes to whitelisted addresses only, at once under two factor groups', () => {
    const chain = protectedChain();
    expect(act(chain, [alice, phone], sending(thief, USD))).toBe('not_whitelisted');
    expect(act(chain, [alice, phone], sending(bob, 500_000n * USD))).toBe('transferred');
  });

  it('under one factor group at once inside the limit of a day, else after the delay', () => {
    const chain = protectedChain();
    const before = usdOf(chain.state, bob);
    expect(act(chain, [alice], sending(bob, 15_000n * USD))).toBe('transferred');
    expect(act(chain, [alice], sending(bob, 6_000n * USD))).toBe('second_factor');
    ask(chain, [alice], withdrawing(bob, 100_000n * USD));
    pass(chain, DAY);
    expect(usdOf(chain.state, bob)).toBe(before + 15_000n * USD);
    pass(chain, DAY);
    expect(usdOf(chain.state, bob)).toBe(before + 115_000n * USD);
  });

  it('waits ten minutes under two, and comes back when a guardian says no', () => {
    const chain = protectedChain();
    const [guard = thief] = guardians;
    const [own, others] = [usdOf(chain.state, alice), usdOf(chain.state, bob)];
    const vetoed = ask(chain, [alice, phone], withdrawing(bob, 10n * USD));
    expect(usdOf(chain.state, alice)).toBe(own - 10n * USD);
    expect(act(chain, [guard], ending(vetoed))).toBe('ruleSet');
    expect(usdOf(chain.state, alice)).toBe(own);
    ask(chain, [alice, phone], withdrawing(bob, 10n * USD));
    pass(chain, 9 * MINUTE);
    expect(usdOf(chain.state, bob)).toBe(others);
    pass(chain, MINUTE);
    expect(usdOf(chain.state, bob)).toBe(others + 10n * USD);
  });

  it('whitelists after a day, whoever signs, and forgets at once', () => {
    const chain = protectedChain();
    ask(chain, [alice, phone], change(allowing(thief)));
    pass(chain, DAY - 2_000);
    expect(act(chain, [alice, phone], sending(thief, USD))).toBe('not_whitelisted');
    pass(chain, 2_000);
    expect(act(chain, [alice, phone], sending(thief, USD))).toBe('transferred');
  });
});

it('two signatures of a transaction are not one of each of two', () => {
  const chain = guardedChain();
  const both = signed(chain, [alice, phone], [sending(bob, USD)]);
  // phone is no key of the account yet.
  expect(run(chain, [both]).outcomes).toEqual([['unknown_key']]);
});
