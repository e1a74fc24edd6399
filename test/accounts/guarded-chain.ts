/** A chain of one whose accounts have keys, policies and guardians; time moves as tests say. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { ROLE, type Role } from '../../runtime/accounts/account.ts';
import { type KeyPurpose, keyProofDigest } from '../../runtime/accounts/security/key-proof.ts';
import { NO_POLICY } from '../../runtime/accounts/security/rows.ts';
import type { Action } from '../../runtime/action.ts';
import { ACTION } from '../../runtime/action.ts';
import {
  type AgentScope,
  ALL_PERMISSIONS,
  CHANGE,
  type Change,
  type NewKey,
  type Policy,
  SECURITY_ACTION,
} from '../../runtime/actions/security.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { type OrderId, subAccount, timestampMs } from '../../runtime/core/units.ts';
import { runtimeErrorCode } from '../../runtime/error.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { ACTION_RESULT, type ActionResult } from '../../runtime/receipt.ts';
import type { State } from '../../runtime/state/state.ts';
import {
  PAYLOAD,
  PayloadCodec,
  SCHEME,
  type Transaction,
  transactionId,
} from '../../runtime/transaction.ts';
import { runBlock, startChain, type TestChain } from '../fixtures/chain.ts';
import { type GenesisOptions, type TestKey, testKey } from '../fixtures/genesis.ts';

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;
export const USD = 1_000_000n;

export const alice: TestKey = testKey('alice');
export const bob: TestKey = testKey('bob');
/** Keys that tests give to alice's account. */
export const phone: TestKey = testKey('phone');
export const laptop: TestKey = testKey('laptop');
export const bot: TestKey = testKey('bot');
export const staker: TestKey = testKey('staker');
export const thief: TestKey = testKey('thief');
export const guardians: readonly TestKey[] = ['g1', 'g2', 'g3'].map(testKey);

export function bytesOf(key: TestKey): Uint8Array {
  return fromHex(key.address) ?? new Uint8Array(20);
}

/** Series that last, so that whole days pass in a few blocks. */
export function guardedChain(options: GenesisOptions = {}): TestChain {
  return startChain({ expiryIntervalMs: 30 * DAY, epochMs: 7 * DAY, ...options });
}

/** A transaction of alice's account unless told, signed by these keys in this order. */
export function signed(
  chain: TestChain,
  signers: readonly TestKey[],
  actions: Action[],
  account: TestKey = alice,
): Transaction {
  chain.nonce += 1;
  const body = {
    account: bytesOf(account),
    nonce: Math.max(chain.nonce, chain.now),
    expiresAt: timestampMs(chain.now + 10 * DAY),
    signers: signers.map(({ publicKey }) => ({ scheme: SCHEME.ed25519, publicKey })),
    actions,
  };
  chain.nonce = body.nonce;
  const digest = transactionId(chain.chainId, body);
  return { body, signatures: signers.map(({ seed }) => ed25519.sign(digest, seed)) };
}

export function payloadBytes(value: Transaction): Uint8Array {
  return PayloadCodec.encode({ selector: PAYLOAD.transaction, value });
}

/** Code of a refusal, or the name of the result. */
export function outcomeOf(result: ActionResult | undefined): string {
  if (result === undefined) return 'nothing';
  if (result.selector === ACTION_RESULT.refused) {
    return runtimeErrorCode(result.value.number) ?? 'unknown';
  }
  return Object.entries(ACTION_RESULT).find(([, at]) => at === result.selector)?.[0] ?? 'unknown';
}

/** Runs transactions in one block; per transaction the outcomes of its actions. */
export function run(
  chain: TestChain,
  transactions: readonly Transaction[],
  stepMs = 1_000,
): { readonly outcomes: string[][]; readonly results: readonly (readonly ActionResult[])[] } {
  const { receipts } = runBlock(chain, transactions.map(payloadBytes), { stepMs });
  const results = receipts.map((receipt) => receipt.results);
  return { outcomes: results.map((list) => list.map(outcomeOf)), results };
}

/** One transaction of one action in a block of its own: its outcome. */
export function act(
  chain: TestChain,
  signers: readonly TestKey[],
  action: Action,
  account: TestKey = alice,
): string {
  return run(chain, [signed(chain, signers, [action], account)]).outcomes[0]?.[0] ?? 'nothing';
}

/** As `act`, of something that waits: its number. */
export function ask(chain: TestChain, signers: readonly TestKey[], action: Action): OrderId {
  const [result] = run(chain, [signed(chain, signers, [action])]).results[0] ?? [];
  if (result?.selector !== ACTION_RESULT.numbered) throw new Error(outcomeOf(result));
  return result.value.id;
}

/** Lets time pass in one block, or with marks that stay fresh in several. */
export function pass(chain: TestChain, ms: number): void {
  run(chain, [], ms);
}

export function newKey(
  chain: TestChain,
  key: TestKey,
  as: {
    readonly role?: Role;
    readonly group?: number;
    readonly account?: TestKey;
    readonly purpose?: KeyPurpose;
  } = {},
): NewKey {
  const { role = ROLE.owner, group: factorGroup = 0, account = alice, purpose = 'change' } = as;
  const claim = { scheme: SCHEME.ed25519, publicKey: key.publicKey, role, factorGroup };
  const digest = keyProofDigest(chain.chainId, bytesOf(account), claim, purpose);
  return { ...claim, proof: ed25519.sign(digest, key.seed) };
}

export function change(...changes: Change[]): Action {
  return { selector: SECURITY_ACTION.changeSecurity, value: { changes } };
}
export function adding(
  chain: TestChain,
  key: TestKey,
  as: { readonly role?: Role; readonly group?: number } = {},
): Change {
  return { selector: CHANGE.addKey, value: { key: newKey(chain, key, as) } };
}
export const removing = (position: number): Change => ({
  selector: CHANGE.removeKey,
  value: { position },
});
export function policyOf(changes: Partial<Policy>): Change {
  return { selector: CHANGE.setPolicy, value: { policy: { ...NO_POLICY, ...changes } } };
}
export const allowing = (key: TestKey): Change => ({
  selector: CHANGE.allowAddress,
  value: { address: bytesOf(key) },
});
export function agentChange(chain: TestChain, key: TestKey, scope: Partial<AgentScope>): Change {
  return {
    selector: CHANGE.addAgent,
    value: {
      key: newKey(chain, key, { role: ROLE.trade }),
      scope: {
        permissions: ALL_PERMISSIONS,
        subAccounts: [],
        underlyings: [],
        notionalUsd: 0,
        premiumUsd: 0,
        outflowUsd: 0,
        maxMarginBps: 0,
        expiresAt: timestampMs(chain.now + 90 * DAY),
        ...scope,
      },
    },
  };
}

export function sending(to: TestKey, amount: bigint, denomination: 0 | 1 = 0): Action {
  return {
    selector: ACTION.transfer,
    value: {
      fromSubAccount: subAccount(0),
      to: bytesOf(to),
      toSubAccount: subAccount(0),
      denomination,
      amount,
    },
  };
}
export function withdrawing(to: TestKey, amount: bigint, denomination: 0 | 1 = 0): Action {
  const [sub, toSubAccount] = [subAccount(0), subAccount(0)];
  const value = { subAccount: sub, to: bytesOf(to), toSubAccount, denomination, amount };
  return { selector: SECURITY_ACTION.withdraw, value };
}
export const ending = (id: OrderId): Action => ({
  selector: SECURITY_ACTION.endPending,
  value: { id },
});
export const freezing = (durationMs: number): Action => ({
  selector: SECURITY_ACTION.freeze,
  value: { durationMs },
});
export function recovering(
  chain: TestChain,
  ...keys: readonly (readonly [TestKey, number])[]
): Action {
  const value = {
    keys: keys.map(([key, group]) => newKey(chain, key, { group, purpose: 'recovery' })),
  };
  return { selector: SECURITY_ACTION.recover, value };
}
export const CANCEL_RECOVERY: Action = {
  selector: SECURITY_ACTION.cancelRecovery,
  value: { unused: 0 },
};
export const REARM: Action = { selector: SECURITY_ACTION.rearm, value: { unused: 0 } };

/** Micro-USD of sub-account 0. */
export function usdOf(state: State, key: TestKey): bigint {
  const account = state.accounts.get(key.address);
  return account === undefined
    ? 0n
    : balanceOf(state, (account.id * 256) as never, DENOMINATION.usd);
}

/** Alice's account with two factor groups, three guardians and bob whitelisted; a minute has passed. */
export function protectedChain(policy: Partial<Policy> = {}): TestChain {
  const chain = guardedChain();
  const keys = guardians.map((key) => adding(chain, key, { role: ROLE.guardian }));
  act(chain, [alice], change(adding(chain, phone, { group: 1 }), ...keys));
  ask(chain, [alice], change(allowing(bob)));
  pass(chain, DAY);
  const rules = { mfa: true, delayMs: 2 * DAY, outflowBps: 200, ...policy };
  const set = act(chain, [alice], change(policyOf(rules)));
  if (set !== 'ruleSet') throw new Error(`the policy was not set: ${set}`);
  pass(chain, MINUTE);
  return chain;
}
