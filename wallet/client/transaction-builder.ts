/**
 * Builds transactions from human units: prices in USD, amounts in coins, addresses as text.
 *
 * Every value is checked against the instrument's grid before anything is signed, and an error names
 * the field, what was given and what is allowed. Nothing is rounded.
 */

import { ACTION, type Action } from '../../runtime/action.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import { MAX_ACTIONS } from '../../runtime/limits.ts';
import { SCHEME, type TransactionBody } from '../../runtime/transaction.ts';
import { type InputError, inputError, parseMoney } from './amounts.ts';
import { buildFeeAction, type FeeActionInput } from './fee-input.ts';
import { buildGovernanceAction, type GovernanceActionInput } from './governance-input.ts';
import { addressOfText, checkedSubAccount } from './input-fields.ts';
import { buildLiquidationAction, type LiquidationActionInput } from './liquidation-input.ts';
import { buildMarginAction, type MarginActionInput } from './margin-input.ts';
import { buildMultilegAction, type MultilegActionInput } from './multileg-input.ts';
import { buildOrderAction, type OrderActionInput } from './order-input.ts';
import { buildQuotingAction, type QuotingActionInput } from './quoting-input.ts';
import { buildSecurityAction, type SecurityActionInput } from './security-input.ts';
import { buildStakingAction, type StakingActionInput } from './staking-input.ts';

/** A movement of money in human units. */
export type TransferInput = {
  readonly type: 'transfer';
  readonly to: string;
  readonly amount: string;
  readonly currency: 'USD' | 'MIL';
  readonly fromSubAccount?: number;
  readonly toSubAccount?: number;
};

/** An action in human units. Prices in USD per coin, amounts of orders in coins. */
export type ActionInput =
  | TransferInput
  | OrderActionInput
  | QuotingActionInput
  | MultilegActionInput
  | LiquidationActionInput
  | FeeActionInput
  | MarginActionInput
  | SecurityActionInput
  | StakingActionInput
  | GovernanceActionInput;

function buildTransfer(input: TransferInput): Result<Action, InputError> {
  const to = addressOfText('to', input.to);
  if (!to.ok) return to;
  const amount = parseMoney('amount', input.amount);
  if (!amount.ok) return amount;
  const from = checkedSubAccount('fromSubAccount', input.fromSubAccount);
  if (!from.ok) return from;
  const target = checkedSubAccount('toSubAccount', input.toSubAccount);
  if (!target.ok) return target;
  return ok({
    selector: ACTION.transfer,
    value: {
      fromSubAccount: from.value,
      to: to.value,
      toSubAccount: target.value,
      denomination: input.currency === 'USD' ? DENOMINATION.usd : DENOMINATION.mil,
      amount: amount.value,
    },
  });
}

/** One action, checked. The first error found, in the order of the fields. */
export function buildAction(input: ActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'transfer':
      return buildTransfer(input);
    case 'massQuote':
    case 'setProtection':
    case 'resetProtection':
    case 'cancelAfter':
    case 'setAgentBudget':
      return buildQuotingAction(input);
    case 'createCombo':
    case 'requestForQuote':
    case 'quoteRequest':
    case 'cancelQuotes':
    case 'acceptQuote':
    case 'blockTrade':
      return buildMultilegAction(input);
    case 'takeLiquidation':
      return buildLiquidationAction(input);
    case 'setMarginMode':
      return buildMarginAction(input);
    case 'setReferrer':
      return buildFeeAction(input);
    case 'changeSecurity':
    case 'endPending':
    case 'withdraw':
    case 'freeze':
    case 'rearm':
    case 'recover':
    case 'cancelRecovery':
      return buildSecurityAction(input);
    case 'submitProposal':
    case 'depositProposal':
    case 'castVote':
    case 'castValidatorVote':
    case 'pauseTrading':
    case 'signalReady':
      return buildGovernanceAction(input);
    case 'delegate':
    case 'undelegate':
    case 'cancelUnbonding':
    case 'redelegate':
    case 'claimRewards':
    case 'withdrawUnbonded':
    case 'setWithdrawAddress':
    case 'setCompounding':
    case 'compound':
    case 'pokeDelegation':
    case 'createValidator':
    case 'editValidator':
    case 'changeCommission':
    case 'rotateKey':
    case 'changeStanding':
    case 'submitEvidence':
      return buildStakingAction(input);
    default:
      return buildOrderAction(input);
  }
}

/** Gives nonces: the clock in ms, or one more than the last when that is not later. */
export type NonceClock = () => number;

/** A nonce clock for one key in one process. `now` is the wall clock in ms. */
export function createNonceClock(now: () => number): NonceClock {
  let last = 0;
  return () => {
    last = Math.max(now(), last + 1);
    return last;
  };
}

/** How long a transaction may wait for a block unless told. */
export const DEFAULT_TTL_MS = 60_000;

export type BodyInput = {
  /** 20 address bytes. */
  readonly account: Uint8Array;
  /** ed25519 public keys that will sign, in order. */
  readonly publicKeys: readonly Uint8Array[];
  readonly actions: readonly Action[];
  readonly nonce: number;
  /** Block time after which it is void. */
  readonly expiresAt: number;
};

/** The body of a transaction: 1 to 64 actions. */
export function buildBody(input: BodyInput): Result<TransactionBody, InputError> {
  const { account, publicKeys, actions, nonce, expiresAt } = input;
  if (actions.length < 1 || actions.length > MAX_ACTIONS) {
    return inputError('actions', `${actions.length}`, `1 to ${MAX_ACTIONS}`);
  }
  return ok({
    account,
    nonce,
    expiresAt: timestampMs(expiresAt),
    signers: publicKeys.map((publicKey) => ({ scheme: SCHEME.ed25519, publicKey })),
    actions: [...actions],
  });
}
