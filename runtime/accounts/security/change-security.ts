/** The `changeSecurity` action: what tightens is in force at once, what loosens waits. */
import { CHANGE, type Change, type ChangeSecurity } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type AccountId, timestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { takeOrderId } from '../../matching/order-number.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { applyPlan } from './apply-plan.ts';
import { changesWait } from './change-wait.ts';
import { PENDING_KIND } from './events.ts';
import { planChanges } from './plan-changes.ts';
import { type AccountSecurity, MAX_PENDING, newSecurity, type PendingChange } from './rows.ts';
import { pendingOf, putChange } from './security-index.ts';
import { factorGroupsOf, positionsOf, type Signers } from './signing-keys.ts';

const NOT_FROZEN = timestampMs(0);

/** A change without the proof of the key that it brings. */
function withoutProof(change: Change): Change {
  switch (change.selector) {
    case CHANGE.addKey:
      return { ...change, value: { key: { ...change.value.key, proof: NO_PROOF } } };
    case CHANGE.addAgent:
      return {
        ...change,
        value: { ...change.value, key: { ...change.value.key, proof: NO_PROOF } },
      };
    default:
      return change;
  }
}
const NO_PROOF = new Uint8Array(0);

/** `too_many_pending`, or `undefined`. */
export function pendingRefusal(state: State, account: AccountId): Refusal | undefined {
  const count = pendingOf(state, account).length;
  if (count < MAX_PENDING) return undefined;
  return refusal('too_many_pending', { given: count + 1, allowed: MAX_PENDING });
}

/** Why nothing may be loosened now: recovery_running, account_frozen (allowed: until when). */
export function heldRefusal(row: AccountSecurity, context: BlockContext): Refusal | undefined {
  const [running] = row.recovery;
  if (running !== undefined) return refusal('recovery_running', { allowed: running.executesAt });
  if (row.frozenUntil <= context.timestamp) return undefined;
  return refusal('account_frozen', { given: context.timestamp, allowed: row.frozenUntil });
}

/**
 * Changes the account, or has the changes wait. Errors in order: those of `planChanges`; of what waits
 * recovery_running, account_frozen, too_many_pending. The result names what waits (`numbered`), or says
 * that all is in force (`ruleSet`). O(changes × keys).
 */
export function changeSecurity(
  state: State,
  context: BlockContext,
  account: AccountId,
  { changes }: ChangeSecurity,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const rows = state.accounts.must(owner);
  const known = state.accountSecurity.get(account);
  const row = known ?? newSecurity(account);
  const planned = planChanges(state, context, { account: rows, row }, changes);
  if (!planned.ok) return planned;
  const groups = factorGroupsOf(rows, signers);
  const wait = changesWait({ owner, account: rows, row, groups }, changes);
  if (wait > 0) {
    const held = heldRefusal(row, context) ?? pendingRefusal(state, account);
    if (held !== undefined) return err(held);
  }

  // From here it must succeed.
  if (known === undefined) state.accountSecurity.set(account, row);
  if (wait === 0) {
    applyPlan(state, context, account, planned.value);
    return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: NOT_FROZEN } });
  }
  const id = takeOrderId(state);
  const maturesAt = timestampMs(context.timestamp + wait);
  const requesters = positionsOf(signers);
  const requestedAt = context.timestamp;
  // Proofs were verified when they came.
  const kept = changes.map(withoutProof);
  const pending: PendingChange = { id, account, requesters, requestedAt, maturesAt, changes: kept };
  putChange(state, pending);
  const nothing = { to: new Uint8Array(20), denomination: 0, amount: 0n };
  const value = { id, account, kind: PENDING_KIND.change, maturesAt, ...nothing };
  context.events.push({ selector: EVENT.pendingAsked, value });
  return ok({ selector: ACTION_RESULT.numbered, value: { id } });
}
