/**
 * First pass over a block's transactions: who may act at all.
 *
 * Source: design/chain.md §1, design/parameters.md "Validity in execution". In block order, before
 * classes are sorted: expiry, account, key, role, nonce, limits. A failure makes the transaction
 * `invalid`: it pays nothing and uses nothing. After it the nonce is used, whatever the actions do.
 */

import { isStakingAction, STAKING_ACTION } from '../../staking/actions.ts';
import { ACTION, type Action } from '../action.ts';
import { GOVERNANCE_ACTION, isGovernanceAction } from '../actions/governance.ts';
import { isSecurityAction, SECURITY_ACTION } from '../actions/security.ts';
import type { BlockContext } from '../block-context.ts';
import { equalBytes, toHex } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type Address, address } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import {
  MAX_TRANSACTIONS_PER_KEY,
  NONCE_FUTURE_MS,
  NONCE_PAST_MS,
  NONCE_WINDOW,
} from '../limits.ts';
import { nonceKey, type State } from '../state/state.ts';
import {
  addressOfKey,
  SCHEME,
  type TransactionBody,
  type TransactionSigner,
  transactionId,
} from '../transaction.ts';
import { type Account, type AccountKey, ROLE, type Role } from './account.ts';
import { budgetsOf, paceOfAll, type Spender } from './charge-action.ts';
import { agentMaySign, authorize } from './security/authorize.ts';
import { type AccountSecurity, NO_POLICY } from './security/rows.ts';
import type { Signers } from './security/signing-keys.ts';
import { passkeyRefusal } from './security/webauthn.ts';

/** Transactions so far in this block by `nonceKey`. */
export type BlockUsage = Map<number, number>;

/** Which actions a role may sign. */
function roleAllows(role: Role, action: Action): boolean {
  switch (role) {
    case ROLE.owner:
      return action.selector !== SECURITY_ACTION.recover;
    case ROLE.trade:
      return (
        !isStakingAction(action) &&
        !isGovernanceAction(action) &&
        !isSecurityAction(action) &&
        action.selector !== ACTION.transfer &&
        action.selector !== ACTION.setReferrer &&
        action.selector !== ACTION.setAgentBudget &&
        action.selector !== ACTION.setMarginMode
      );
    case ROLE.stake:
      // Not where the money goes: that loosens a limit of the account. It votes, and deposits nothing.
      return isStakingAction(action)
        ? action.selector !== STAKING_ACTION.setWithdrawAddress
        : action.selector === GOVERNANCE_ACTION.castVote ||
            action.selector === GOVERNANCE_ACTION.castValidatorVote;
    case ROLE.guardian:
      return (
        action.selector === SECURITY_ACTION.freeze ||
        action.selector === SECURITY_ACTION.endPending ||
        action.selector === SECURITY_ACTION.recover
      );
  }
}

/** Position of a key in the account's list, or that it is its unregistered implicit owner. */
export function findKey(
  owner: Address,
  account: Account,
  signer: TransactionSigner,
): { position: number; key: AccountKey | undefined } | undefined {
  const position = account.keys.findIndex(
    (key) => key.scheme === signer.scheme && equalBytes(key.publicKey, signer.publicKey),
  );
  if (position >= 0) return { position, key: account.keys[position] };
  return addressOfKey(signer) === owner
    ? { position: account.keys.length, key: undefined }
    : undefined;
}

/**
 * Where `nonce` goes in the ascending window, or why it cannot. Errors in order: nonce_too_old,
 * nonce_too_new, nonce_used.
 */
export function placeNonce(
  nonces: readonly number[],
  nonce: number,
  blockTime: number,
): Result<number, Refusal> {
  if (nonce <= blockTime - NONCE_PAST_MS) {
    return err(refusal('nonce_too_old', { given: nonce, allowed: blockTime - NONCE_PAST_MS + 1 }));
  }
  const smallest = nonces.length >= NONCE_WINDOW ? nonces[0] : undefined;
  if (smallest !== undefined && nonce < smallest) {
    return err(refusal('nonce_too_old', { given: nonce, allowed: smallest + 1 }));
  }
  if (nonce >= blockTime + NONCE_FUTURE_MS) {
    return err(
      refusal('nonce_too_new', { given: nonce, allowed: blockTime + NONCE_FUTURE_MS - 1 }),
    );
  }
  // Nonces mostly ascend, so the place is near the end.
  let place = nonces.length;
  while (place > 0 && (nonces[place - 1] ?? 0) > nonce) place--;
  if (place > 0 && nonces[place - 1] === nonce) return err(refusal('nonce_used', { given: nonce }));
  return ok(place);
}

const NO_SIGNATURES: readonly Uint8Array[] = [];

/** What the account asks of the passkeys that sign, and the chain of those of an account without rules. */
function passkeysRefusal(
  state: State,
  body: TransactionBody,
  security: AccountSecurity | undefined,
  signatures: readonly Uint8Array[],
): Refusal | undefined {
  for (const [index, { scheme, publicKey }] of body.signers.entries()) {
    if (scheme !== SCHEME.webauthn) continue;
    const { passkeys } = security?.policy ?? NO_POLICY;
    const signature = signatures[index] ?? NO_SIGNATURE;
    const id = transactionId(state.chainId, body);
    const refused = passkeyRefusal(passkeys, publicKey, signature, id);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

const NO_SIGNATURE = new Uint8Array(0);

/** Who acts: with the keys that sign, by position, and the account's own rules where it has any. */
export type Actor = Spender & {
  readonly signers: Signers;
  readonly security: AccountSecurity | undefined;
};

/** What a transaction that may act changes: nothing of it is written yet. */
export type Admission = {
  readonly owner: Address;
  readonly account: Account;
  readonly found: readonly { readonly position: number; readonly key: AccountKey | undefined }[];
  /** Key of the nonce window, and where the nonce goes in it. */
  readonly window: number;
  readonly place: number;
  /** Budgets of the signing keys, as `agentBudgets` has them. */
  readonly budgets: readonly number[];
  /** The account's own rules, where it has any. */
  readonly security: AccountSecurity | undefined;
};

/**
 * Judges a transaction without changing anything: what a mempool asks.
 *
 * Errors in order: expired, unknown_account, unsupported_scheme, unknown_key, removed_key,
 * role_forbids, passkey_refused, agent_expired, signatures_short, nonce_too_old, nonce_too_new, nonce_used, too_many_from_key; rate_limited or
 * agent_budget when every one of its actions would be refused for it.
 * Cost: a scan of the account's keys and of the tail of one nonce window.
 */
export function judgeAdmission(
  state: State,
  context: BlockContext,
  body: TransactionBody,
  usage: BlockUsage,
  signatures: readonly Uint8Array[] = NO_SIGNATURES,
): Result<Admission, Refusal> {
  if (body.expiresAt < context.timestamp) {
    return err(refusal('expired', { given: body.expiresAt, allowed: context.timestamp }));
  }
  const owner = address(toHex(body.account));
  const account = state.accounts.get(owner);
  if (account === undefined) return err(refusal('unknown_account'));

  const found: { position: number; key: AccountKey | undefined }[] = [];
  let hasPasskey = false;
  for (const [index, signer] of body.signers.entries()) {
    if (signer.scheme > SCHEME.webauthn) {
      return err(refusal('unsupported_scheme', { given: signer.scheme }));
    }
    const match = findKey(owner, account, signer);
    if (match === undefined) return err(refusal('unknown_key', { given: index }));
    if (match.key?.removed) return err(refusal('removed_key', { given: index }));
    found.push(match);
    if (signer.scheme === SCHEME.webauthn) hasPasskey = true;
  }
  // The one question that an account without rules of its own costs.
  const security = state.accountSecurity.get(account.id);
  for (const { key, position } of found) {
    const role = key?.role ?? ROLE.owner;
    const forbidden = body.actions.findIndex(
      (action) =>
        !roleAllows(role, action) &&
        !(security !== undefined && agentMaySign(state, account.id, position, action)),
    );
    if (forbidden >= 0) return err(refusal('role_forbids', { given: forbidden }));
  }
  if (hasPasskey) {
    const refused = passkeysRefusal(state, body, security, signatures);
    if (refused !== undefined) return err(refused);
  }
  if (security !== undefined) {
    const signed = { account, row: security, signers: found };
    const short = authorize(state, context, signed, body.actions);
    if (short !== undefined) return err(short);
  }

  const first = found[0];
  if (first === undefined) return err(refusal('unknown_key'));
  const window = nonceKey.pack(account.id, first.position);
  const nonces = state.nonces.get(window)?.nonces ?? [];
  const place = placeNonce(nonces, body.nonce, context.timestamp);
  if (!place.ok) return place;
  const used = usage.get(window) ?? 0;
  if (used >= MAX_TRANSACTIONS_PER_KEY) {
    return err(refusal('too_many_from_key', { given: used + 1, allowed: used }));
  }
  const budgets = budgetsOf(state, account, found);
  const spender = { account: account.id, budgets };
  const paced = paceOfAll(state, context, spender, body.actions);
  if (paced !== undefined) return err(paced);
  return ok({ owner, account, found, window, place: place.value, budgets, security });
}

/** Registers the key that an account's address is of: its implicit owner acts for the first time. */
export function registerOwner(
  state: State,
  context: BlockContext,
  owner: Address,
  { scheme, publicKey }: TransactionSigner,
): void {
  const addedAt = context.timestamp;
  const key = { scheme, publicKey, role: ROLE.owner, factorGroup: 0, addedAt, removed: false };
  state.accounts.must(owner).keys.push(key);
  state.accounts.touch(owner);
}

/** Uses a nonce of a window at the place that `placeNonce` found for it. */
export function useNonce(state: State, window: number, place: number, nonce: number): void {
  const row = state.nonces.get(window);
  const nonces = row?.nonces ?? [];
  nonces.splice(place, 0, nonce);
  if (nonces.length > NONCE_WINDOW) nonces.shift();
  if (row === undefined) state.nonces.set(window, { nonces });
  else state.nonces.touch(window);
}

/**
 * Admits a transaction: registers an implicit owner key on first use and uses the nonce.
 *
 * Errors and cost: those of `judgeAdmission`. Changes nothing on error.
 */
export function admit(
  state: State,
  context: BlockContext,
  body: TransactionBody,
  usage: BlockUsage,
  signatures: readonly Uint8Array[] = NO_SIGNATURES,
): Result<Actor, Refusal> {
  const judged = judgeAdmission(state, context, body, usage, signatures);
  if (!judged.ok) return judged;
  const { owner, account, found, window, place, budgets, security } = judged.value;

  // From here it must succeed.
  for (const [index, match] of found.entries()) {
    const signer = body.signers[index];
    if (match.key !== undefined || signer === undefined) continue;
    if (account.keys.length > match.position) continue; // the same key twice in one list
    registerOwner(state, context, owner, signer);
  }
  useNonce(state, window, place, body.nonce);
  usage.set(window, (usage.get(window) ?? 0) + 1);
  return ok({ account: account.id, budgets, signers: found, security });
}
