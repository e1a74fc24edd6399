/** What accounts trade under, triggers, combos and requests for quote. Answered by the executor. */
import {
  type AccountId,
  orderId,
  type PortfolioId,
  portfolioSubAccount,
} from '../../../runtime/core/units.ts';
import { QUESTION } from '../../query/format.ts';
import type { TradingAnswer } from '../../query/trading-format.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import {
  addressOf,
  addressText,
  type FoundAddress,
  instrumentOf,
  underlyingOf,
} from '../lookup.ts';
import { moneyText } from '../present-money.ts';
import {
  budgetInfo,
  cancelAfterInfo,
  comboInfo,
  mmpConfig,
  quoteInfo,
  requestInfo,
} from '../present-trading.ts';
import { triggerInfo } from '../present-trigger.ts';
import type { AccountFilterParams, FeeTierInfo } from '../schemas/trading.ts';

const FULL_BPS = 10_000;
const MICRO_USD_PER_CENT = 10_000n;

async function tradingOf(
  { ask }: RpcContext,
  account: string,
): Promise<{ address: FoundAddress; answer: TradingAnswer }> {
  const address = addressOf('account', account);
  const answer = await ask({ selector: QUESTION.trading, value: { address: address.raw } });
  return { address, answer };
}

/** Whether a row is of the sub-account asked for, or any when none is. */
const isOf = ({ sub_account }: AccountFilterParams, portfolio: PortfolioId): boolean =>
  sub_account === undefined || portfolioSubAccount(portfolio) === sub_account;

async function addressOfAccount({ ask }: RpcContext, account: AccountId): Promise<string> {
  const answer = await ask({ selector: QUESTION.addresses, value: { accounts: [account] } });
  const found = answer.addresses[0];
  return found === undefined ? '' : addressText(found.address);
}

/** Tiers from the base on. */
function feeTiers({ tiers }: TradingAnswer): FeeTierInfo[] {
  const base = { tier: 0, from_volume: 0, maker_share: 1, taker_share: 1 };
  return [
    base,
    ...tiers.map(({ fromVolumeUsd, makerShareBps, takerShareBps }, at) => ({
      tier: at + 1,
      from_volume: fromVolumeUsd,
      maker_share: makerShareBps / FULL_BPS,
      taker_share: takerShareBps / FULL_BPS,
    })),
  ];
}

export const tradingMethods: Handlers<
  | 'public/get_combos'
  | 'public/get_combo_details'
  | 'public/get_rfqs'
  | 'private/get_trigger_orders'
  | 'private/get_mmp_config'
  | 'private/get_cancel_after'
  | 'private/get_account_limits'
  | 'private/get_rfqs'
> = {
  async 'public/get_combos'({ currency }, { feed }) {
    const mirror = await feed.market();
    const wanted =
      currency === undefined ? undefined : underlyingOf(mirror, 'currency', currency).id;
    return [...mirror.combos.values()]
      .filter(({ instrument }) => {
        const row = mirror.instruments.get(instrument)?.row;
        return wanted === undefined || row?.underlying === wanted;
      })
      .sort((a, b) => a.instrument - b.instrument)
      .flatMap((combo) => comboInfo(mirror, combo) ?? []);
  },

  async 'public/get_combo_details'({ combo_id }, { feed }) {
    const mirror = await feed.market();
    const combo = mirror.combos.get(instrumentOf(mirror, combo_id, 'combo_id').row.id);
    const info = combo && comboInfo(mirror, combo);
    if (info !== undefined) return info;
    throw failure('invalid_instrument', {
      field: 'combo_id',
      given: combo_id,
      allowed: 'a combo that public/get_combos lists',
    });
  },

  async 'public/get_rfqs'({ request_id }, { feed, ask }) {
    const mirror = await feed.market();
    const request = orderId(request_id ?? 0);
    const answer = await ask({ selector: QUESTION.requests, value: { request } });
    if (request_id !== undefined && answer.requests.length === 0) {
      throw failure('rfq_not_found', {
        field: 'request_id',
        given: request_id,
        allowed: 'a live request',
      });
    }
    return {
      height: answer.height,
      requests: answer.requests.map((one) => requestInfo(mirror, one)),
      quotes: answer.quotes.map(quoteInfo),
    };
  },

  async 'private/get_trigger_orders'(params, context) {
    const mirror = await context.feed.market();
    const { address, answer } = await tradingOf(context, params.account);
    const { height } = answer;
    return answer.triggers
      .filter(({ portfolio }) => isOf(params, portfolio))
      .flatMap((one) => triggerInfo(mirror, one, { account: address.text, height }) ?? []);
  },

  async 'private/get_mmp_config'(params, context) {
    const mirror = await context.feed.market();
    const { answer } = await tradingOf(context, params.account);
    return answer.protections
      .filter(({ portfolio }) => isOf(params, portfolio))
      .map((row) => mmpConfig(mirror, row, answer.timestamp));
  },

  async 'private/get_cancel_after'({ account }, context) {
    const { answer } = await tradingOf(context, account);
    return answer.switches.map(cancelAfterInfo);
  },

  async 'private/get_account_limits'({ account }, context) {
    const { address, answer } = await tradingOf(context, account);
    const referral = answer.referral[0];
    return {
      address: address.text,
      height: answer.height,
      credits: answer.credits[0] ?? null,
      volume_30d: moneyText(BigInt(answer.volumeCents) * MICRO_USD_PER_CENT),
      fee_tier: answer.tier,
      fee_tiers: feeTiers(answer),
      referrer: referral === undefined ? null : await addressOfAccount(context, referral.referrer),
      referral_paid: moneyText(referral?.paid ?? 0n),
      agent_budgets: answer.budgets.map((row) => budgetInfo(row, answer.timestamp)),
    };
  },

  async 'private/get_rfqs'(params, context) {
    const mirror = await context.feed.market();
    const { answer } = await tradingOf(context, params.account);
    return {
      height: answer.height,
      requests: answer.requests
        .filter(({ portfolio }) => isOf(params, portfolio))
        .map((one) => requestInfo(mirror, one)),
      quotes: answer.quotes.filter(({ portfolio }) => isOf(params, portfolio)).map(quoteInfo),
    };
  },
};
