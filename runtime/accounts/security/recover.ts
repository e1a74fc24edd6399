/**
 * Recovery: a majority of guardians gives an account new owner keys, after 72 hours.
 *
 * Source: design/staking-and-keys.md §4. Guardians name a set of keys each; the majority that names the
 * same set begins the recovery, and from then on nothing leaves the account and no guardian changes.
 * Only the full policy of the owner with two factor groups cancels it. Against guardians who collude
 * and begin again at once, none can begin until the owner could have changed them.
 *
 * Invariant: when it is done every key but the guardians' is removed for ever.
 */
import type { NewKey, Recover } from '../../actions/security.ts';
import { NewKeyCodec } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { concatBytes, equalBytes } from '../../core/bytes.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type AccountId, timestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { type Account, MAX_ACCOUNT_KEYS, ROLE } from '../account.ts';
import { appendKey } from './apply-plan.ts';
import { endChange, endWithdrawal } from './end-pending.ts';
import { PENDING_END, RECOVERY_STAGE, type RecoveryStage } from './events.ts';
import { newKeyRefusal } from './plan-changes.ts';
import { keysRefusal } from './policy-rules.ts';
import { removeKeys } from './remove-key.ts';
import { type AccountSecurity, APPROVAL_LIFE_MS, DAY_MS, RECOVERY_DELAY_MS } from './rows.ts';
import { indexSecurity, pendingOf } from './security-index.ts';
import { factorGroupsOf, livePositions, positionsOf, type Signers } from './signing-keys.ts';

const DONE: ActionResult = {
  selector: ACTION_RESULT.ruleSet,
  value: { frozenUntil: timestampMs(0) },
};
const NEVER = timestampMs(0);

function accountOf(state: State, account: AccountId): Account {
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  return state.accounts.must(owner);
}

/** A key without its proof, which was verified when it came. */
function withoutProof(key: NewKey): NewKey {
  return { ...key, proof: new Uint8Array(0) };
}

/** What the guardians agree on: the keys, not their proofs, which may be made in many ways. */
function proposalOf(state: State, keys: readonly NewKey[]): Uint8Array {
  return state.sha256(concatBytes(...keys.map((key) => NewKeyCodec.encode(withoutProof(key)))));
}

/** Why these cannot be the owner's keys: too_many_keys, bad_key, key_known, bad_recovery, policy_unsatisfiable. */
function proposalRefusal(
  account: Account,
  row: AccountSecurity,
  keys: readonly NewKey[],
): Refusal | undefined {
  const known: Pick<NewKey, 'scheme' | 'publicKey'>[] = [...account.keys];
  const count = known.length + keys.length;
  if (count > MAX_ACCOUNT_KEYS) {
    return refusal('too_many_keys', { given: count, allowed: MAX_ACCOUNT_KEYS });
  }
  for (const [at, key] of keys.entries()) {
    const refused = newKeyRefusal(key, known);
    if (refused !== undefined) return refused;
    if (key.role !== ROLE.owner) return refusal('bad_recovery', { given: at });
    known.push(key);
  }
  return keysRefusal(
    row.policy,
    keys.map((key) => ({ ...key, removed: false })),
  );
}

function announce(
  context: BlockContext,
  account: AccountId,
  stage: RecoveryStage,
  executesAt = NEVER,
): void {
  context.events.push({ selector: EVENT.recovery, value: { account, stage, executesAt } });
}

/**
 * The `recover` action of guardians. Errors in order: recovery_running, no_recovery (allowed: from
 * when), too_many_keys, bad_key, key_known, bad_recovery, policy_unsatisfiable. O(keys).
 */
export function recover(
  state: State,
  context: BlockContext,
  account: AccountId,
  { keys }: Recover,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const row = state.accountSecurity.get(account);
  if (row === undefined) return err(refusal('no_recovery'));
  const now = context.timestamp;
  const [running] = row.recovery;
  if (running !== undefined) {
    return err(refusal('recovery_running', { given: now, allowed: running.executesAt }));
  }
  if (row.noRecoveryUntil > now) {
    return err(refusal('no_recovery', { given: now, allowed: row.noRecoveryUntil }));
  }
  const rows = accountOf(state, account);
  const refused = proposalRefusal(rows, row, keys);
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  const proposal = proposalOf(state, keys);
  const guardians = livePositions(rows, ROLE.guardian);
  const voices = positionsOf(signers);
  const kept = row.approvals.filter(
    ({ position, at }) =>
      !voices.includes(position) && guardians.includes(position) && at + APPROVAL_LIFE_MS > now,
  );
  row.approvals = [...kept, ...voices.map((position) => ({ position, proposal, at: now }))];
  const agreed = row.approvals.filter((one) => equalBytes(one.proposal, proposal)).length;
  state.accountSecurity.touch(account);
  if (2 * agreed <= guardians.length) {
    announce(context, account, RECOVERY_STAGE.approved);
    return ok(DONE);
  }
  const executesAt = timestampMs(now + RECOVERY_DELAY_MS);
  row.recovery = [{ executesAt, keys: keys.map(withoutProof) }];
  row.approvals = [];
  indexSecurity(state, account);
  announce(context, account, RECOVERY_STAGE.begun, executesAt);
  return ok(DONE);
}

/**
 * The `cancelRecovery` action, under the owner's full policy. Errors in order: no_recovery,
 * second_factor. Takes back what guardians have said so far, too.
 */
export function cancelRecovery(
  state: State,
  context: BlockContext,
  account: AccountId,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const row = state.accountSecurity.get(account);
  if (row === undefined || (row.recovery.length === 0 && row.approvals.length === 0)) {
    return err(refusal('no_recovery'));
  }
  const groups = factorGroupsOf(accountOf(state, account), signers);
  if (groups < 2) return err(refusal('second_factor', { given: groups, allowed: 2 }));

  // From here it must succeed.
  row.recovery = [];
  row.approvals = [];
  row.noRecoveryUntil = timestampMs(context.timestamp + row.policy.guardianDelayMs + DAY_MS);
  state.accountSecurity.touch(account);
  indexSecurity(state, account);
  announce(context, account, RECOVERY_STAGE.cancelled);
  return ok(DONE);
}

/** Carries out a recovery whose time has come: new owner keys, and nothing left of the old ones. */
export function completeRecovery(state: State, context: BlockContext, account: AccountId): void {
  const row = state.accountSecurity.must(account);
  const [running] = row.recovery;
  assert(running !== undefined, `a recovery of account ${account} is due`);
  const rows = accountOf(state, account);
  const old = rows.keys.flatMap((key, position) =>
    !key.removed && key.role !== ROLE.guardian ? [position] : [],
  );
  removeKeys(state, context, account, old);
  for (const id of pendingOf(state, account)) {
    const change = state.pendingChanges.get(id);
    if (change !== undefined) endChange(state, context, change, PENDING_END.keyRemoved);
    const withdrawal = state.pendingWithdrawals.get(id);
    if (withdrawal !== undefined) endWithdrawal(state, context, withdrawal, PENDING_END.keyRemoved);
  }
  for (const key of running.keys) appendKey(state, context, account, key, 'key');
  row.recovery = [];
  row.approvals = [];
  row.whitelist = [];
  row.frozenUntil = NEVER;
  row.frozenBy = [];
  state.staking.withdrawTo.delete(account);
  state.accountSecurity.touch(account);
  indexSecurity(state, account);
  announce(context, account, RECOVERY_STAGE.done, running.executesAt);
}
