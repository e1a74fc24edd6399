/**
 * `rotateKey` and `revokeOracleKey`: a new key of a role from the epoch after the next; an oracle key
 * out of force at once.
 *
 * Source: design/staking-and-keys.md §3. Keys are unique for ever; one rotation of the consensus key
 * per evidence window, and faults of either are its validator's: evidence goes by the key of its epoch.
 */

import { equalBytes, toHex } from '../runtime/core/bytes.ts';
import { err, ok } from '../runtime/core/result.ts';
import { type AccountId, epoch } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import type { RotateKey } from './actions.ts';
import { currentEpoch, type StakingContext, type StakingOutcome, stakingTime } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE } from './events.ts';
import { weighsFrom } from './join.ts';
import { operatedBy } from './operator.ts';
import { type StakingState, stakingParametersOf } from './tables.ts';
import { KEY_ROLE, type Validator } from './validator.ts';

function changed(state: StakingState, context: StakingContext, row: Validator): StakingOutcome {
  state.staking.validators.touch(row.id);
  const value = { validator: row.id, change: VALIDATOR_CHANGE.key };
  context.events.push({ selector: STAKING_EVENT.validatorChanged, value });
  return ok({ selector: STAKING_RESULT.validator, value: { validator: row.id } });
}

/**
 * Errors in order: not_operator, exited, tombstoned, bad_key_role, key_in_use, key_pending,
 * rotated_lately. The proof was checked at the vote (`possessionCheck`). O(1).
 */
export function rotateKey(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { role, key: { key } }: RotateKey,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const row = operated.value;
  if (row.tombstoned) return err(refusal('tombstoned', { given: row.id }));
  if (!Object.values(KEY_ROLE).includes(role)) return err(refusal('bad_key_role', { given: role }));
  if (state.staking.validatorKeys.has(toHex(key))) return err(refusal('key_in_use'));
  if (row.pendingKeys.some((pending) => pending.role === role)) {
    return err(refusal('key_pending', { given: role }));
  }
  const now = stakingTime(state, context);
  const freeAt = row.rotatedAt + stakingParametersOf(state).evidenceMs;
  if (role === KEY_ROLE.consensus && row.rotatedAt > 0 && now < freeAt) {
    return err(refusal('rotated_lately', { given: now, allowed: freeAt }));
  }

  // From here it must succeed.
  state.staking.validatorKeys.set(toHex(key), { validator: row.id, role, revoked: false });
  row.pendingKeys.push({ role, key, fromEpoch: weighsFrom(context) });
  if (role === KEY_ROLE.consensus) row.rotatedAt = now;
  return changed(state, context, row);
}

/** Errors in order: not_operator, exited. Votes by the key count no more from the next block. O(1). */
export function revokeOracleKey(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;

  // From here it must succeed.
  const row = operated.value;
  // Every oracle key that may still stand in a config; one that waits for its epoch stays.
  const waiting = new Set(row.pendingKeys.map(({ key }) => toHex(key)));
  const { epochConfigs } = state;
  for (const number of [0, 1, 2]) {
    const config = epochConfigs.get(epoch(currentEpoch(context) + number));
    for (const { operator, oracleKey } of config?.validators ?? []) {
      if (equalBytes(operator, row.operatorAddress)) revoke(state, toHex(oracleKey));
    }
  }
  if (!waiting.has(toHex(row.oracleKey))) revoke(state, toHex(row.oracleKey));
  return changed(state, context, row);
}

/** Takes an oracle key out of force, and its last vote with it. */
function revoke(state: StakingState, key: string): void {
  const use = state.staking.validatorKeys.get(key);
  if (use === undefined) return;
  use.revoked = true;
  state.staking.validatorKeys.touch(key);
  state.oracleVotes.delete(key);
}

/** Whether votes by this oracle key count. O(1). */
export function isOracleKeyInForce({ staking }: StakingState, key: Uint8Array): boolean {
  return staking.validatorKeys.get(toHex(key))?.revoked !== true;
}
