/**
 * What an account can ask for: the closed union of actions.
 *
 * Formats stand in `actions/`, one file a subject; handlers in `apply-action.ts`. Invariant:
 * selectors are append-only.
 */
import { STAKING_ACTION_CODECS, type StakingAction } from '../staking/actions.ts';
import { type SetReferrer, SetReferrerCodec } from './actions/fees.ts';
import { GOVERNANCE_ACTION_CODECS, type GovernanceAction } from './actions/governance.ts';
import { type TakeLiquidation, TakeLiquidationCodec } from './actions/liquidation.ts';
import { type SetMarginMode, SetMarginModeCodec } from './actions/margin.ts';
import {
  type AcceptQuote,
  AcceptQuoteCodec,
  type BlockTrade,
  BlockTradeCodec,
  type CancelQuotes,
  CancelQuotesCodec,
  type CreateCombo,
  CreateComboCodec,
  type QuoteRequest,
  QuoteRequestCodec,
  type RequestForQuote,
  RequestForQuoteCodec,
} from './actions/multileg.ts';
import {
  type AmendOrder,
  AmendOrderCodec,
  type CancelByClientId,
  CancelByClientIdCodec,
  type CancelOrder,
  CancelOrderCodec,
  type CancelOrders,
  CancelOrdersCodec,
  type LinkOrders,
  LinkOrdersCodec,
  type PlaceOrder,
  PlaceOrderCodec,
  type PlaceTrigger,
  PlaceTriggerCodec,
  type ReduceOrder,
  ReduceOrderCodec,
  type ReplaceOrder,
  ReplaceOrderCodec,
} from './actions/orders.ts';
import {
  type CancelAfter,
  CancelAfterCodec,
  type MassQuote,
  MassQuoteCodec,
  type ResetProtection,
  ResetProtectionCodec,
  type SetAgentBudget,
  SetAgentBudgetCodec,
  type SetProtection,
  SetProtectionCodec,
} from './actions/quoting.ts';
import { SECURITY_ACTION_CODECS, type SecurityAction } from './actions/security.ts';
import { type Transfer, TransferCodec } from './actions/transfer.ts';
import { type Codec, union, type Variant } from './core/ssz.ts';

/**
 * Selectors of actions; append-only wire format. Those of staking, 32 to 47: `STAKING_ACTION`; of
 * governance, 53 to 57: `GOVERNANCE_ACTION`; of security, 61 to 67: `SECURITY_ACTION`.
 */
export const ACTION = {
  transfer: 0,
  placeOrder: 1,
  cancelOrder: 2,
  cancelByClientId: 3,
  cancelOrders: 4,
  amendOrder: 5,
  reduceOrder: 6,
  replaceOrder: 7,
  placeTrigger: 8,
  linkOrders: 9,
  massQuote: 10,
  setProtection: 11,
  resetProtection: 12,
  cancelAfter: 13,
  setAgentBudget: 14,
  createCombo: 16,
  requestForQuote: 17,
  quoteRequest: 18,
  cancelQuotes: 19,
  acceptQuote: 20,
  blockTrade: 21,
  setReferrer: 22,
  takeLiquidation: 50,
  setMarginMode: 48,
} as const;

export type Action =
  | Variant<typeof ACTION.transfer, Transfer>
  | Variant<typeof ACTION.placeOrder, PlaceOrder>
  | Variant<typeof ACTION.cancelOrder, CancelOrder>
  | Variant<typeof ACTION.cancelByClientId, CancelByClientId>
  | Variant<typeof ACTION.cancelOrders, CancelOrders>
  | Variant<typeof ACTION.amendOrder, AmendOrder>
  | Variant<typeof ACTION.reduceOrder, ReduceOrder>
  | Variant<typeof ACTION.replaceOrder, ReplaceOrder>
  | Variant<typeof ACTION.placeTrigger, PlaceTrigger>
  | Variant<typeof ACTION.linkOrders, LinkOrders>
  | Variant<typeof ACTION.massQuote, MassQuote>
  | Variant<typeof ACTION.setProtection, SetProtection>
  | Variant<typeof ACTION.resetProtection, ResetProtection>
  | Variant<typeof ACTION.cancelAfter, CancelAfter>
  | Variant<typeof ACTION.setAgentBudget, SetAgentBudget>
  | Variant<typeof ACTION.createCombo, CreateCombo>
  | Variant<typeof ACTION.requestForQuote, RequestForQuote>
  | Variant<typeof ACTION.quoteRequest, QuoteRequest>
  | Variant<typeof ACTION.cancelQuotes, CancelQuotes>
  | Variant<typeof ACTION.acceptQuote, AcceptQuote>
  | Variant<typeof ACTION.blockTrade, BlockTrade>
  | Variant<typeof ACTION.setReferrer, SetReferrer>
  | Variant<typeof ACTION.takeLiquidation, TakeLiquidation>
  | Variant<typeof ACTION.setMarginMode, SetMarginMode>
  | StakingAction
  | GovernanceAction
  | SecurityAction;

export const ActionCodec: Codec<Action> = union<Action>('Action', {
  [ACTION.transfer]: TransferCodec,
  [ACTION.placeOrder]: PlaceOrderCodec,
  [ACTION.cancelOrder]: CancelOrderCodec,
  [ACTION.cancelByClientId]: CancelByClientIdCodec,
  [ACTION.cancelOrders]: CancelOrdersCodec,
  [ACTION.amendOrder]: AmendOrderCodec,
  [ACTION.reduceOrder]: ReduceOrderCodec,
  [ACTION.replaceOrder]: ReplaceOrderCodec,
  [ACTION.placeTrigger]: PlaceTriggerCodec,
  [ACTION.linkOrders]: LinkOrdersCodec,
  [ACTION.massQuote]: MassQuoteCodec,
  [ACTION.setProtection]: SetProtectionCodec,
  [ACTION.resetProtection]: ResetProtectionCodec,
  [ACTION.cancelAfter]: CancelAfterCodec,
  [ACTION.setAgentBudget]: SetAgentBudgetCodec,
  [ACTION.createCombo]: CreateComboCodec,
  [ACTION.requestForQuote]: RequestForQuoteCodec,
  [ACTION.quoteRequest]: QuoteRequestCodec,
  [ACTION.cancelQuotes]: CancelQuotesCodec,
  [ACTION.acceptQuote]: AcceptQuoteCodec,
  [ACTION.blockTrade]: BlockTradeCodec,
  [ACTION.setReferrer]: SetReferrerCodec,
  [ACTION.takeLiquidation]: TakeLiquidationCodec,
  [ACTION.setMarginMode]: SetMarginModeCodec,
  ...STAKING_ACTION_CODECS,
  ...GOVERNANCE_ACTION_CODECS,
  ...SECURITY_ACTION_CODECS,
});
