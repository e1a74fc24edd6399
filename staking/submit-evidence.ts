/**
 * `submitEvidence`: two votes of one signer in one view that cannot both be honest.
 *
 * Source: design/staking-and-keys.md §3, design/chain.md §4. Anyone may bring it, once for each
 * validator and epoch, while the epoch is within the evidence window: younger than it by time or by
 * epochs. The signatures are checked at the vote under the key that the action names
 * (`evidence-checks.ts`); here the key is held against the one of that epoch, so a rotated key still
 * answers for its time. The guilty is tombstoned for ever; that ends none of its liability.
 */

import { evidenceOf } from '../consensus/evidence.ts';
import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { equalBytes } from '../runtime/core/bytes.ts';
import { minBigint, mulDivCeil, mulDivFloor } from '../runtime/core/math.ts';
import { err, ok } from '../runtime/core/result.ts';
import type { AccountId, Epoch } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { mint } from '../runtime/ledger/ledger.ts';
import { EVIDENCE_ORIGIN, type SubmitEvidence } from './actions.ts';
import {
  currentEpoch,
  purse,
  type StakingContext,
  type StakingOutcome,
  stakingTime,
} from './context.ts';
import type { EpochStake } from './epoch-stake.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE } from './events.ts';
import { FULL_BPS, MICRO, PHI_ONE } from './fraction.ts';
import { jailValidator } from './jail.ts';
import { MAX_FAULTS } from './limits.ts';
import { applyFaults } from './slash.ts';
import { type StakingState, stakingParametersOf } from './tables.ts';

/** Whether evidence of an epoch still counts: not older than the window by time and by epochs both. */
export function isAdmissible(
  state: StakingState,
  context: StakingContext,
  fault: Epoch,
  { endedAt }: EpochStake,
): boolean {
  const { evidenceMs, evidenceEpochs } = stakingParametersOf(state);
  if (fault >= currentEpoch(context) || endedAt === 0) return true;
  const isLateByTime = stakingTime(state, context) > endedAt + evidenceMs;
  return !(isLateByTime && currentEpoch(context) > fault + evidenceEpochs);
}

/**
 * Errors in order: no_fault, unknown_epoch, evidence_too_old, wrong_key, known_fault, too_many_faults.
 * Cost: see `applyFaults`.
 */
export function submitEvidence(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { origin, publicKey, first, second }: SubmitEvidence,
): StakingOutcome {
  if (evidenceOf(first, second) === undefined) return err(refusal('no_fault'));
  const { epoch: fault } = first.subject.value;
  const { staking } = state;
  const record = staking.epochStakes.get(fault);
  if (record === undefined || fault > currentEpoch(context)) {
    return err(refusal('unknown_epoch', { given: fault, allowed: currentEpoch(context) }));
  }
  if (!isAdmissible(state, context, fault, record)) {
    return err(refusal('evidence_too_old', { given: fault }));
  }
  const guilty = record.entries[first.signer];
  if (guilty === undefined || !equalBytes(guilty.consensusKey, publicKey)) {
    return err(refusal('wrong_key', { given: first.signer }));
  }
  const { validator } = guilty;
  const faults = staking.faults.get(validator) ?? { entries: [] };
  if (faults.entries.some((other) => other.epoch === fault)) {
    return err(refusal('known_fault', { given: fault }));
  }
  if (faults.entries.length >= MAX_FAULTS) {
    return err(refusal('too_many_faults', { allowed: MAX_FAULTS }));
  }

  // From here it must succeed.
  const total = record.entries.reduce((sum, { weight }) => sum + weight, 0n);
  const weightShare = mulDivCeil(guilty.weight, PHI_ONE, total);
  faults.entries.push({ epoch: fault, weightShare, stake: guilty.stake, phi: 0n });
  faults.entries.sort((a, b) => a.epoch - b.epoch);
  staking.faults.set(validator, faults);
  const row = staking.validators.must(validator);
  jailValidator(state, context, row, 0);
  if (!row.tombstoned) {
    row.tombstoned = true;
    staking.validators.touch(validator);
    const value = { validator, change: VALIDATOR_CHANGE.tombstoned };
    context.events.push({ selector: STAKING_EVENT.validatorChanged, value });
  }
  const taken = applyFaults(state, context);
  const { reporterShareBps, reporterCapMil } = stakingParametersOf(state);
  const share = mulDivFloor(taken, BigInt(reporterShareBps), FULL_BPS);
  const isRewarded = origin === EVIDENCE_ORIGIN.votes && account !== row.operator;
  const reward = isRewarded ? minBigint(share, BigInt(reporterCapMil) * MICRO) : 0n;
  // The reporter's part of what was burned comes back into being: below what went, so supply falls.
  mint(state, purse(account), DENOMINATION.mil, reward);
  return ok({ selector: STAKING_RESULT.burned, value: { burned: taken - reward, reward } });
}
