/** The action of liquidation from human units. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { accountId, orderId, portfolioId } from '../../runtime/core/units.ts';
import { WHOLE_PPM } from '../../runtime/liquidation/auction-price.ts';
import { type InputError, inputError, MONEY_DECIMALS, parseDecimal } from './amounts.ts';
import { checkedInteger, checkedSubAccount } from './input-fields.ts';

/** Takes a share of an account under auction, as `public/get_liquidations` names it. */
export type LiquidationActionInput = {
  readonly type: 'takeLiquidation';
  readonly accountId: number;
  readonly liquidatedSubAccount: number;
  readonly auction: number;
  /** Percent of the account, at most four decimals. */
  readonly share: string;
  /** USD to pay at most for the whole account; negative: to be paid at least. */
  readonly limit: string;
  readonly subAccount?: number;
};

const PERCENT_DECIMALS = 4;
const MAX_ACCOUNT_ID = 2 ** 32 - 1;

/** One take, checked. */
export function buildLiquidationAction(input: LiquidationActionInput): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const account = checkedInteger('accountId', input.accountId, 0, MAX_ACCOUNT_ID);
  if (!account.ok) return account;
  const of = checkedSubAccount('liquidatedSubAccount', input.liquidatedSubAccount);
  if (!of.ok) return of;
  const auction = checkedInteger('auction', input.auction, 1);
  if (!auction.ok) return auction;
  const share = parseDecimal('share', input.share, PERCENT_DECIMALS);
  if (!share.ok) return share;
  if (share.value < 1n || share.value > BigInt(WHOLE_PPM)) {
    return inputError('share', input.share, '0.0001 to 100 percent');
  }
  const limit = parseDecimal('limit', input.limit, MONEY_DECIMALS);
  if (!limit.ok) return limit;
  return ok({
    selector: ACTION.takeLiquidation,
    value: {
      subAccount: sub.value,
      portfolio: portfolioId(accountId(account.value), of.value),
      auction: orderId(auction.value),
      sharePpm: Number(share.value),
      limit: limit.value,
    },
  });
}
