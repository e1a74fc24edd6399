/** Receipts as the interface shows them (`schemas/transaction.ts`). */

import { portfolioAccount } from '../../runtime/core/units.ts';
import { errorEntry, type RefusalRecord, runtimeErrorCode } from '../../runtime/error.ts';
import {
  ACTION_RESULT,
  type ActionResult,
  RECEIPT_STATUS,
  type Receipt,
} from '../../runtime/receipt.ts';
import { sideName } from './present.ts';
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
    case ACTION_RESULT.trigger:
      return { type: 'trigger', order_id: result.value.orderId };
    case ACTION_RESULT.linked:
      return { type: 'linked', first: result.value.first, second: result.value.second };
    case ACTION_RESULT.massQuoted: {
      const { refused, ...counts } = result.value;
      const sides = refused.map(({ entry, side, number }) => {
        const { code, message, field } = refusalInfo({ number, given: 0n, allowed: 0n });
        return { entry, side: sideName(side), code, number, field, message };
      });
      return { type: 'mass_quoted', ...counts, refused: sides };
    }
    case ACTION_RESULT.ruleSet:
      return { type: 'rule_set', frozen_until: result.value.frozenUntil };
    case ACTION_RESULT.switchArmed:
      return { type: 'switch_armed', fires_at: result.value.firesAt };
    case ACTION_RESULT.comboListed: {
      const { instrument, isNew } = result.value;
      return { type: 'combo_listed', instrument_id: instrument, is_new: isNew };
    }
    case ACTION_RESULT.numbered:
      return { type: 'numbered', id: result.value.id };
    case ACTION_RESULT.legsTraded: {
      const { reference, counterparty, cash, fee } = result.value;
      return {
        type: 'legs_traded',
        reference,
        counterparty_id: portfolioAccount(counterparty),
        cash: moneyText(cash),
        fee: moneyText(fee),
      };
    }
    case ACTION_RESULT.referrerSet:
      return { type: 'referrer_set', referrer_id: result.value.referrer };
    case ACTION_RESULT.staked: {
      const { amount, fromEpoch } = result.value;
      return { type: 'staked', amount: moneyText(amount), from_epoch: fromEpoch };
    }
    case ACTION_RESULT.leaving: {
      const { shares, lastEpoch } = result.value;
      return { type: 'leaving', shares: shares.toString(), last_epoch: lastEpoch };
    }
    case ACTION_RESULT.stakeClaimed: {
      const { usd, mil } = result.value;
      return { type: 'stake_claimed', usd: moneyText(usd), mil: moneyText(mil) };
    }
    case ACTION_RESULT.validator:
      return { type: 'validator', validator_id: result.value.validator };
    case ACTION_RESULT.liquidationTaken: {
      const { auction, sharePpm, price, fee, payout } = result.value;
      return {
        type: 'liquidation_taken',
        auction,
        share_ppm: sharePpm,
        price: moneyText(price),
        fee: moneyText(fee),
        payout: moneyText(payout),
      };
    }
    case ACTION_RESULT.burned: {
      const { burned, reward } = result.value;
      return { type: 'burned', burned: moneyText(burned), reward: moneyText(reward) };
    }
    case ACTION_RESULT.proposal: {
      const { proposal, deposited } = result.value;
      return { type: 'proposal', proposal_id: proposal, deposited: moneyText(deposited) };
    }
    case ACTION_RESULT.voted:
      return { type: 'voted', power: moneyText(result.value.power) };
  }
}

export function receiptInfo(receipt: Receipt): ReceiptInfo {
  return {
    outcome: receipt.status === RECEIPT_STATUS.applied ? 'applied' : 'invalid',
    results: receipt.results.map(actionResultInfo),
  };
}
