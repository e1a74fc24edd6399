/**
 * Freezing an account: outflow and new risk stop, cancels and reductions go on.
 *
 * Source: design/staking-and-keys.md §4. Each guardian, and each of the owner's keys, may do it once
 * until the owner re-arms all, for at most seven days: a thief of one cannot lock the owner out for good.
 */
import type { Freeze } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type AccountId, timestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { closeOrdersOf } from './remove-key.ts';
import { MAX_FREEZE_MS, newSecurity } from './rows.ts';
import { agentPositions, factorGroupsOf, positionsOf, type Signers } from './signing-keys.ts';

/** Whether outflow and new risk are stopped now. */
export function isFrozen(
  { frozenUntil }: { readonly frozenUntil: number },
  { timestamp }: BlockContext,
): boolean {
  return frozenUntil > timestamp;
}

/**
 * Freezes the account and has the orders of its agents closed. Errors in order: bad_freeze,
 * freeze_used (given: the key's position). A freeze never ends an earlier one sooner.
 */
export function freeze(
  state: State,
  context: BlockContext,
  account: AccountId,
  { durationMs }: Freeze,
  signers: Signers,
): Result<ActionResult, Refusal> {
  if (durationMs < 1 || durationMs > MAX_FREEZE_MS) {
    return err(refusal('bad_freeze', { given: durationMs, allowed: MAX_FREEZE_MS }));
  }
  const known = state.accountSecurity.get(account);
  const row = known ?? newSecurity(account);
  const positions = positionsOf(signers);
  const used = positions.find((position) => row.frozenBy.includes(position));
  if (used !== undefined) return err(refusal('freeze_used', { given: used }));

  // From here it must succeed.
  if (known === undefined) state.accountSecurity.set(account, row);
  const until = timestampMs(Math.max(row.frozenUntil, context.timestamp + durationMs));
  row.frozenUntil = until;
  row.frozenBy.push(...positions);
  state.accountSecurity.touch(account);
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  for (const position of agentPositions(state, state.accounts.must(owner))) {
    closeOrdersOf(state, account, position);
  }
  context.events.push({ selector: EVENT.frozen, value: { account, until } });
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: until } });
}

/**
 * The `rearm` action: every key may freeze once more. A freeze that runs goes on. Errors:
 * second_factor, where the account asks for two.
 */
export function rearm(
  state: State,
  context: BlockContext,
  account: AccountId,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const row = state.accountSecurity.get(account);
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const groups = factorGroupsOf(state.accounts.must(owner), signers);
  if (row?.policy.mfa && groups < 2) {
    return err(refusal('second_factor', { given: groups, allowed: 2 }));
  }

  // From here it must succeed.
  if (row !== undefined) {
    row.frozenBy = [];
    state.accountSecurity.touch(account);
    context.events.push({ selector: EVENT.policyChanged, value: { account } });
  }
  const frozenUntil = row?.frozenUntil ?? timestampMs(0);
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil } });
}
