/**
 * What an account can ask for: the closed union of actions.
 *
 * Formats stand in `actions/`, one file a subject; handlers in `apply-action.ts`. Invariant:
 * selectors are append-only.
 */
import {
  type CancelAll,
  CancelAllCodec,
  type CancelByClientId,
  CancelByClientIdCodec,
  type CancelOrder,
  CancelOrderCodec,
  type PlaceOrder,
  PlaceOrderCodec,
} from './actions/orders.ts';
import { type Transfer, TransferCodec } from './actions/transfer.ts';
import { type Codec, union, type Variant } from './core/ssz.ts';

/** Selectors of actions; append-only wire format. */
export const ACTION = {
  transfer: 0,
  placeOrder: 1,
  cancelOrder: 2,
  cancelByClientId: 3,
  cancelAll: 4,
} as const;

export type Action =
  | Variant<typeof ACTION.transfer, Transfer>
  | Variant<typeof ACTION.placeOrder, PlaceOrder>
  | Variant<typeof ACTION.cancelOrder, CancelOrder>
  | Variant<typeof ACTION.cancelByClientId, CancelByClientId>
  | Variant<typeof ACTION.cancelAll, CancelAll>;

export const ActionCodec: Codec<Action> = union<Action>('Action', {
  [ACTION.transfer]: TransferCodec,
  [ACTION.placeOrder]: PlaceOrderCodec,
  [ACTION.cancelOrder]: CancelOrderCodec,
  [ACTION.cancelByClientId]: CancelByClientIdCodec,
  [ACTION.cancelAll]: CancelAllCodec,
});
