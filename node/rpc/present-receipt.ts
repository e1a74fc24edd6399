/** Receipts as the interface shows them (`schemas/transaction.ts`). */
import { errorEntry, type RefusalRecord, runtimeErrorCode } from '../../runtime/error.ts';
import {
  ACTION_RESULT,
  type ActionResult,
  RECEIPT_STATUS,
  type Receipt,
} from '../../runtime/receipt.ts';
import { moneyText } from './present-money.ts';
import type { ActionRefused, ActionResultInfo, ReceiptInfo } from './schemas/transaction.ts';

/** A number that this release does not know keeps its number and is named `unknown`. */
export function refusalInfo({ number, given, allowed }: RefusalRecord): ActionRefused {
  const code = runtimeErrorCode(number);
  const entry = code === undefined ? undefined : errorEntry(code);
  return {
    type: 'refused',
    code: code ?? 'unknown',
    number,
    field: entry?.field ?? '',
    message: entry?.text ?? 'refused for a reason this release does not know',
    given: given.toString(),
    allowed: allowed.toString(),
  };
}

export function actionResultInfo(result: ActionResult): ActionResultInfo {
  switch (result.selector) {
    case ACTION_RESULT.refused:
      return refusalInfo(result.value);
    case ACTION_RESULT.transferred:
      return { type: 'transferred', amount: moneyText(result.value.amount) };
    case ACTION_RESULT.order: {
      const { orderId, filledLots, restingLots, cash, fee } = result.value;
      return {
        type: 'order',
        order_id: orderId,
        filled_lots: filledLots,
        resting_lots: restingLots,
        cash: moneyText(cash),
        fee: moneyText(fee),
      };
    }
    case ACTION_RESULT.cancelled:
      return { type: 'cancelled', cancelled: result.value.cancelled };
  }
}

export function receiptInfo(receipt: Receipt): ReceiptInfo {
  return {
    outcome: receipt.status === RECEIPT_STATUS.applied ? 'applied' : 'invalid',
    results: receipt.results.map(actionResultInfo),
  };
}
