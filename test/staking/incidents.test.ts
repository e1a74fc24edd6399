/** What went wrong on other chains (reference/interfaces.md §1.3–1.4), and cannot here: one test each. */
import { describe, expect, test } from 'vitest';
import { faultOf } from '../../consensus/evidence.ts';
import { KIND, type Subject } from '../../consensus/messages.ts';
import { emptyWindow, maySign, raiseMark } from '../../consensus/signer-window.ts';
import { createExternalSigner } from '../../node/signer/external-signer.ts';
import { createJournalStore } from '../../node/storage/journal-store.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { ok } from '../../runtime/core/result.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { epochConfigHash } from '../../runtime/epoch-config.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { cancelUnbonding } from '../../staking/cancel-unbonding.ts';
import { changeCommission } from '../../staking/change-commission.ts';
import { claimRewards } from '../../staking/claim-rewards.ts';
import type { StakingOutcome } from '../../staking/context.ts';
import { delegate } from '../../staking/delegate.ts';
import { STAKING_RESULT } from '../../staking/events.ts';
import { PHI_ONE } from '../../staking/fraction.ts';
import { delegationKey, validatorEpochKey } from '../../staking/ids.ts';
import { exit, unjail } from '../../staking/jail.ts';
import {
  DEFAULT_STAKING_PARAMETERS,
  STAKING_RANGES,
  stakingParametersProblem,
} from '../../staking/parameters.ts';
import { poke } from '../../staking/poke.ts';
import { stakingProblems } from '../../staking/problems.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { rotateKey } from '../../staking/rotate-key.ts';
import { stakeOf } from '../../staking/self-bond.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { undelegate } from '../../staking/undelegate.ts';
import { KEY_ROLE } from '../../staking/validator.ts';
import { withdrawUnbonded } from '../../staking/withdraw-unbonded.ts';
import {
  contextOf,
  doubleVote,
  EPOCH_MS,
  keyNamed,
  MIL,
  milOf,
  nextEpoch,
  nextStakingBlock,
  payFees,
  type StakingChain,
  stakingChain,
  V,
  weightIn,
} from '../fixtures/staking.ts';

/** Code of a refusal; `ok` when there is none. */
function codeOf(outcome: StakingOutcome): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}

/** Delegator 0 has `mil` active with validator 1. */
function delegated(mil: bigint, options = {}): StakingChain & { readonly who: never } {
  const chain = stakingChain(options);
  const who = chain.delegators[0] as never;
  expect(
    codeOf(delegate(chain.state, contextOf(chain), who, { validator: V(1), amount: mil * MIL })),
  ).toBe('ok');
  nextEpoch(chain);
  nextEpoch(chain);
  return Object.assign(chain, { who });
}

function report(chain: StakingChain, validator: number, inEpoch: number): StakingOutcome {
  const evidence = doubleVote(chain, V(validator), inEpoch);
  if (evidence === undefined) throw new Error(`validator ${validator} not in epoch ${inEpoch}`);
  const account = chain.delegators[3] as never;
  return submitEvidence(chain.state, contextOf(chain), account, evidence);
}

test('instant unbonding (Cosmos 2019): stake leaves only after time and epochs are both over', () => {
  const chain = delegated(100n);
  const { state, who } = chain;
  const before = milOf(chain, who);
  undelegate(state, contextOf(chain), who, { validator: V(1), amount: 0n });
  const left = chain.config.epoch + 1;
  const take = () => codeOf(withdrawUnbonded(state, contextOf(chain), who, { validator: V(1) }));
  expect(take()).toBe('not_matured');
  nextEpoch(chain);
  nextEpoch(chain);
  // Time alone is not enough.
  nextStakingBlock(chain, 59_000);
  for (let minutes = 0; minutes < 10; minutes++) nextStakingBlock(chain, EPOCH_MS);
  expect(take()).toBe('not_matured');
  while (chain.config.epoch < left + 5) nextEpoch(chain, 1_000);
  expect(take()).toBe('not_matured');
  nextEpoch(chain, 1_000);
  expect(take()).toBe('ok');
  expect(milOf(chain, who)).toBe(before + 100n * MIL);
});

test('a halt does not let stake out: gaps beyond a minute do not count', () => {
  const chain = delegated(100n);
  const { state, who } = chain;
  undelegate(state, contextOf(chain), who, { validator: V(1), amount: 0n });
  for (let epochs = 0; epochs < 7; epochs++) nextEpoch(chain, 1_000);
  nextStakingBlock(chain, 30 * 24 * 3_600_000);
  expect(codeOf(withdrawUnbonded(state, contextOf(chain), who, { validator: V(1) }))).toBe(
    'not_matured',
  );
});

test('negative slash (GOAT 2026): no parameter set can mint, or burn more than all', () => {
  for (const [name, { min, max }] of Object.entries(STAKING_RANGES)) {
    for (const bad of [min - 1, max + 1, -1, 0.5, Number.NaN]) {
      const given = { ...DEFAULT_STAKING_PARAMETERS, [name]: bad };
      expect(stakingParametersProblem(given), `${name} = ${bad}`).toBeDefined();
    }
  }
  expect(stakingParametersProblem(DEFAULT_STAKING_PARAMETERS)).toBeUndefined();
  expect(STAKING_RANGES.minSlashBps.min).toBeGreaterThan(0);
  expect(
    stakingParametersProblem({ ...DEFAULT_STAKING_PARAMETERS, evidenceMs: 22 * 24 * 3_600_000 }),
  ).toMatch('evidenceMs');
});

test('rewards frozen after a slash (SDK 16940): rewards earned before are claimed after', () => {
  const chain = delegated(10_000n);
  const { state, who } = chain;
  payFees(chain, 1_000n * MIL);
  nextEpoch(chain);
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  const claimed = claimRewards(state, contextOf(chain), who, { validator: V(1) });
  // A fifth of the stake is at validator 1 and joined by as much again: 20,000 of 60,000 MIL, half
  // of it his, less 5 % commission: 1,000 × 1/3 × 1/2 × 0.95 = 158.33 USD.
  if (!claimed.ok || claimed.value.selector !== STAKING_RESULT.claimed) throw new Error('refused');
  expect(claimed.value.value.usd).toBe(158_333_333n);
  nextEpoch(chain);
  // The guilty earn nothing from then on.
  expect(codeOf(claimRewards(state, contextOf(chain), who, { validator: V(1) }))).toBe(
    'nothing_to_claim',
  );
  expect(stakingProblems(state)).toEqual([]);
});

test('evidence age: within the window always, beyond it never', () => {
  const young = delegated(100n);
  // Many short epochs: old by count, young by time.
  for (let epochs = 0; epochs < 6; epochs++) nextEpoch(young, 1_000);
  expect(codeOf(report(young, 1, 2))).toBe('ok');
  const old = delegated(100n);
  for (let epochs = 0; epochs < 6; epochs++) nextEpoch(old);
  expect(codeOf(report(old, 1, 2))).toBe('evidence_too_old');
  expect(codeOf(report(old, 1, 6))).toBe('ok');
});

test('transitive redelegation: no onward hop while the first source can still be found guilty', () => {
  const chain = delegated(100n);
  const { state, who } = chain;
  const hop = (from: number, to: number) =>
    codeOf(redelegate(state, contextOf(chain), who, { from: V(from), to: V(to), amount: 0n }));
  expect(hop(1, 1)).toBe('same_validator');
  expect(hop(1, 2)).toBe('ok');
  nextEpoch(chain);
  nextEpoch(chain);
  expect(hop(2, 3)).toBe('lien_lives');
  for (let epochs = 0; epochs < 8; epochs++) nextEpoch(chain);
  expect(hop(2, 3)).toBe('ok');
});

test('slash evasion by redelegation (LSM audit 2022): the lien pays, into the exit too', () => {
  const chain = delegated(1_000n);
  const { state, who } = chain;
  redelegate(state, contextOf(chain), who, { from: V(1), to: V(2), amount: 0n });
  nextEpoch(chain);
  nextEpoch(chain);
  undelegate(state, contextOf(chain), who, { validator: V(2), amount: 0n });
  nextEpoch(chain);
  nextEpoch(chain);
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  poke(state, contextOf(chain), { account: who, validator: V(2) });
  const key = delegationKey.pack(who, V(2));
  const entry = state.staking.delegations.must(key).unbondings[0];
  const phi = state.staking.faults.must(V(1)).entries[0]?.phi ?? 0n;
  // Validator 1 weighs 11,000 of 51,000 MIL: φ = 3 × 11/51, 64.7 %.
  expect(phi).toBe(3n * ((11n * PHI_ONE) / 51n + 1n));
  const exit = state.staking.exitPools.must(validatorEpochKey.pack(V(2), entry?.lastEpoch ?? 0));
  expect(exit.base - exit.burned).toBe(352_941_176n);
  expect(stakingProblems(state)).toEqual([]);
});

test('over-slash of what had left (sushiwushi): the sum never exceeds φ of what weighed', () => {
  const chain = delegated(10_000n);
  const { state, who } = chain;
  undelegate(state, contextOf(chain), who, { validator: V(1), amount: 4_000n * MIL });
  nextEpoch(chain);
  nextEpoch(chain);
  const supply = state.supply.must(DENOMINATION.mil).amount;
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  const burned = supply - state.supply.must(DENOMINATION.mil).amount;
  // 20,000 of 60,000 MIL are guilty: φ = 1, and all of the 20,000 go, those in the exit pool too.
  expect(burned).toBe(20_000n * MIL);
  expect(balanceOf(state, MODULE.unbonding, DENOMINATION.mil)).toBe(0n);
  expect(balanceOf(state, MODULE.bonded, DENOMINATION.mil)).toBe(40_000n * MIL);
});

test('tombstoned once and for ever: a second fault of the same epoch is known, no way back', () => {
  const chain = delegated(100n);
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  expect(codeOf(report(chain, 1, 2))).toBe('known_fault');
  const operator = chain.operators[0] as never;
  nextEpoch(chain);
  nextEpoch(chain);
  nextEpoch(chain);
  expect(codeOf(unjail(chain.state, contextOf(chain), operator))).toBe('tombstoned');
  expect(
    codeOf(delegate(chain.state, contextOf(chain), chain.who, { validator: V(1), amount: MIL })),
  ).toBe('tombstoned');
  expect(weightIn(chain, V(1))).toBe(0n);
});

test('rolling fault: a fault, a self-report, a second fault in the next epoch burn one φ, not two', () => {
  const chain = delegated(10_000n, { weights: [1_000, 20_000, 20_000, 20_000, 20_000] });
  const { state } = chain;
  const fault = chain.config.epoch;
  const supply = state.supply.must(DENOMINATION.mil).amount;
  expect(codeOf(report(chain, 1, fault))).toBe('ok');
  const once = supply - state.supply.must(DENOMINATION.mil).amount;
  nextEpoch(chain);
  const between = state.supply.must(DENOMINATION.mil).amount;
  // It still weighs, and so still answers.
  expect(weightIn(chain, V(1))).toBeGreaterThan(0n);
  expect(codeOf(report(chain, 1, fault + 1))).toBe('ok');
  const twice = between - state.supply.must(DENOMINATION.mil).amount;
  // 11,000 of 91,000 MIL: φ = 36.26 %, once; the second burns only what its own share adds, nothing.
  expect(once).toBe((3n * 11_000n * MIL * 11n) / 91n + 1n);
  expect(twice).toBe(0n);
});

test('a cancelled unbonding goes on answering for the epochs in which it weighed', () => {
  const chain = delegated(1_000n, { weights: [10_000, 100_000, 100_000, 100_000, 100_000] });
  const { state, who } = chain;
  undelegate(state, contextOf(chain), who, { validator: V(1), amount: 0n });
  const lastEpoch = epoch(chain.config.epoch + 1);
  nextEpoch(chain);
  expect(
    codeOf(cancelUnbonding(state, contextOf(chain), who, { validator: V(1), lastEpoch })),
  ).toBe('leaving_now');
  nextEpoch(chain);
  const before = milOf(chain, who);
  expect(
    codeOf(cancelUnbonding(state, contextOf(chain), who, { validator: V(1), lastEpoch })),
  ).toBe('ok');
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  nextEpoch(chain);
  nextEpoch(chain);
  nextEpoch(chain);
  poke(state, contextOf(chain), { account: who, validator: V(1) });
  const phi = state.staking.faults.must(V(1)).entries[0]?.phi ?? 0n;
  // The join was sent back, less φ: 11,000 of 411,000 MIL guilty, φ = 8.03 %.
  const paid = (1_000n * MIL * phi + PHI_ONE - 1n) / PHI_ONE;
  expect(milOf(chain, who)).toBe(before + 1_000n * MIL - paid);
  expect(phi).toBe(3n * ((11n * PHI_ONE) / 411n + 1n));
});

test('a rotated key answers for its time, under its own name only', () => {
  const chain = delegated(100n);
  const { state } = chain;
  const operator = chain.operators[0] as never;
  const key = { key: keyNamed('new consensus'), proof: new Uint8Array(64) };
  const rotate = (with_: typeof key) =>
    codeOf(rotateKey(state, contextOf(chain), operator, { role: KEY_ROLE.consensus, key: with_ }));
  const rotatedIn = chain.config.epoch;
  expect(rotate(key)).toBe('ok');
  expect(rotate(key)).toBe('key_in_use');
  nextEpoch(chain);
  expect(rotate({ ...key, key: keyNamed('newer') })).toBe('rotated_lately');
  nextEpoch(chain);
  const position = chain.config.validators.findIndex(({ consensusKey }) =>
    consensusKey.every((byte, at) => byte === key.key[at]),
  );
  expect(position).toBe(0);
  // The old key's double vote in its last epoch counts, under the old key only.
  const evidence = doubleVote(chain, V(1), rotatedIn + 1);
  if (evidence === undefined) throw new Error('no evidence');
  const account = chain.delegators[3] as never;
  const submit = (publicKey: Uint8Array) =>
    codeOf(submitEvidence(state, contextOf(chain), account, { ...evidence, publicKey }));
  expect(submit(key.key)).toBe('wrong_key');
  expect(submit(evidence.publicKey)).toBe('ok');
});

test('a pool without tokens takes no stake, and its holders can still leave', () => {
  const chain = delegated(50_000n);
  const { state, who } = chain;
  // More than a third of the weight is guilty: all is lost.
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  expect(state.staking.pools.must(V(1)).tokens).toBe(0n);
  expect(stakeOf(state, who, V(1))).toBe(0n);
  expect(codeOf(undelegate(state, contextOf(chain), who, { validator: V(1), amount: 0n }))).toBe(
    'ok',
  );
  for (let epochs = 0; epochs < 8; epochs++) nextEpoch(chain);
  expect(codeOf(withdrawUnbonded(state, contextOf(chain), who, { validator: V(1) }))).toBe('ok');
  expect(stakingProblems(state)).toEqual([]);
});

test('commission cannot jump: rises wait, within the step, once a day; falls come at once', () => {
  const chain = stakingChain({ parameters: { commissionNoticeMs: 2 * EPOCH_MS } });
  const { state } = chain;
  const operator = chain.operators[0] as never;
  const change = (commissionBps: number) =>
    codeOf(changeCommission(state, contextOf(chain), operator, { commissionBps }));
  expect(change(2_001)).toBe('bad_commission');
  expect(change(601)).toBe('commission_step');
  expect(change(600)).toBe('ok');
  expect(change(590)).toBe('commission_changed');
  const rate = () => state.staking.validators.must(V(1)).commissionBps;
  nextEpoch(chain);
  expect(rate()).toBe(500);
  nextEpoch(chain);
  expect(rate()).toBe(600);
  expect(change(0)).toBe('ok');
  nextEpoch(chain);
  expect(rate()).toBe(0);
});

const notarize = (inEpoch: number, at: number, payload: string): Subject => ({
  selector: KIND.notarize,
  value: {
    epoch: epoch(inEpoch),
    view: view(at),
    parentView: view(at - 1),
    payload: keyNamed(payload),
  },
});

describe('restart without signer state (Persistence 2022)', () => {
  test('what the restarted process would sign is what is slashed', () => {
    const before = notarize(4, 9, 'before the restart');
    const after = notarize(4, 9, 'after the restart');
    expect(faultOf(before, after)).toBe('conflicting_notarize');
    const forgotten = emptyWindow({ epoch: epoch(0), view: view(0) });
    // Without its record it has no reason to refuse.
    expect(maySign(forgotten, after).ok).toBe(true);
    const remembered = maySign(forgotten, before);
    expect(remembered.ok && maySign(remembered.value, after)).toMatchObject({
      error: { code: 'conflicting_vote' },
    });
  });

  test('a restore begins above the highest final epoch: nothing that was signed can be contradicted', () => {
    const restored = emptyWindow({ epoch: epoch(5), view: view(0) });
    for (const at of [1, 9, 1_000_000]) {
      expect(maySign(restored, notarize(4, at, 'x'))).toMatchObject({
        error: { code: 'below_low_water_mark' },
      });
    }
    expect(maySign(restored, notarize(5, 1, 'x')).ok).toBe(true);
    // The mark only rises: an old copy of it changes nothing.
    expect(raiseMark(restored, { epoch: epoch(2), view: view(0) })).toBe(restored);
  });
});

test('two signers at once (tmkms): the node refuses what either has not seen', async () => {
  const rows = new Map<string, Uint8Array>();
  const journal = createJournalStore({
    get: async (key) => rows.get(key.join()),
    async batch(operations) {
      for (const each of operations) if (each.type === 'put') rows.set(each.key.join(), each.value);
    },
    async *range() {},
    snapshot: () => ({ get: async () => undefined, close: async () => undefined }),
    close: async () => undefined,
  });
  const key = keyNamed('consensus');
  let asked = 0;
  // Each answer comes from another signer, none of which knows of the others.
  const signer = await createExternalSigner({
    journal,
    signer: {
      publicKeys: [key],
      async sign() {
        asked += 1;
        return ok(new Uint8Array(64));
      },
      raise() {},
    },
  });
  const place = { signer: validatorIndex(0), key };
  expect((await signer.vote(notarize(1, 4, 'a'), place)).ok).toBe(true);
  expect(await signer.vote(notarize(1, 4, 'b'), place)).toMatchObject({
    error: { code: 'conflicting_vote' },
  });
  expect(asked).toBe(1);
});

test('two versions at once (Neutron 2023): versions are in the config whose hash headers carry', () => {
  const { config } = stakingChain();
  const module = config.moduleVersions[0]?.module ?? 0;
  const newer = { ...config, moduleVersions: [{ module, version: 2 }] };
  // A voter with other versions calls the header `wrong_config`, before anything is executed twice.
  expect(epochConfigHash(newer)).not.toEqual(epochConfigHash(config));
});

test('evidence against one that did not weigh then finds nobody (edge case 4)', () => {
  const chain = stakingChain();
  const operator = chain.operators[0] as never;
  expect(codeOf(exit(chain.state, contextOf(chain), operator))).toBe('ok');
  nextEpoch(chain);
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(0n);
  expect(doubleVote(chain, V(1), chain.config.epoch)).toBeUndefined();
  // Its place is another's now: that one's key did not sign.
  const old = doubleVote(chain, V(1), chain.config.epoch - 1);
  const other = doubleVote(chain, V(2), chain.config.epoch);
  if (old === undefined || other === undefined) throw new Error('no evidence');
  const account = chain.delegators[3] as never;
  const forged = { ...other, publicKey: old.publicKey };
  expect(codeOf(submitEvidence(chain.state, contextOf(chain), account, forged))).toBe('wrong_key');
  expect(codeOf(submitEvidence(chain.state, contextOf(chain), account, old))).toBe('ok');
});

test('downtime never tombstones, and its counts begin anew after jail (edge cases 6 and 7)', () => {
  const chain = stakingChain({ validators: 7 });
  const { state } = chain;
  const operator = chain.operators[2] as never;
  const row = state.staking.validators.must(V(3));
  // As if sixty of its views had been skipped.
  Object.assign(state.staking.attendance.must(V(3)), { leaderSlots: 60, leaderMissed: 60 });
  nextEpoch(chain);
  expect([row.jailed, row.tombstoned]).toEqual([true, false]);
  const { leaderSlots, leaderMissed } = state.staking.attendance.must(V(3));
  expect([leaderSlots, leaderMissed]).toEqual([0, 0]);
  while (chain.config.epoch < row.jailedInEpoch + 2) nextEpoch(chain);
  expect(codeOf(unjail(state, contextOf(chain), operator))).toBe('ok');
  nextEpoch(chain);
  nextEpoch(chain);
  nextEpoch(chain);
  expect([row.jailed, weightIn(chain, V(3)) > 0n]).toEqual([false, true]);
});

test('entries of unbonding are bounded (edge case 10): the eighth epoch is refused, the same is not', () => {
  const chain = delegated(100n, {
    parameters: { unbondingEpochs: 20, evidenceEpochs: 4, trustEpochs: 3 },
  });
  const { state, who } = chain;
  const leave = () =>
    codeOf(undelegate(state, contextOf(chain), who, { validator: V(1), amount: MIL }));
  for (let entries = 0; entries < 7; entries++) {
    expect(leave()).toBe('ok');
    nextEpoch(chain);
  }
  expect(leave()).toBe('too_many_unbondings');
  expect(stakingProblems(state)).toEqual([]);
});

test('leaving with everything leaves no dust of shares (edge case 12), after a slash too', () => {
  const chain = delegated(7n, { weights: [10_001, 100_000, 100_000, 100_000, 100_000] });
  const { state, who } = chain;
  expect(codeOf(report(chain, 1, 2))).toBe('ok');
  expect(stakeOf(state, who, V(1))).toBeGreaterThan(0n);
  expect(codeOf(undelegate(state, contextOf(chain), who, { validator: V(1), amount: 0n }))).toBe(
    'ok',
  );
  expect(state.staking.delegations.must(delegationKey.pack(who, V(1))).shares).toBe(0n);
  for (let epochs = 0; epochs < 8; epochs++) nextEpoch(chain);
  expect(codeOf(withdrawUnbonded(state, contextOf(chain), who, { validator: V(1) }))).toBe('ok');
  expect(state.staking.delegations.get(delegationKey.pack(who, V(1)))).toBeUndefined();
  expect(stakingProblems(state)).toEqual([]);
});
