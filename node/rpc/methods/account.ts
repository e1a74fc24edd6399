/** Account methods: balances, margin, positions, orders. Answered by the executor. */
import { ROLE } from '../../../runtime/accounts/account.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import {
  orderId,
  type PortfolioId,
  portfolioAccount,
  subAccount,
} from '../../../runtime/core/units.ts';
import { SCHEME } from '../../../runtime/transaction.ts';
import { type PortfolioAnswer, QUESTION } from '../../query/format.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import { accountIdOf } from '../feed.ts';
import {
  addressOf,
  addressText,
  type FoundAddress,
  instrumentOf,
  underlyingOf,
} from '../lookup.ts';
import type { MarketMirror, MirrorOrder } from '../mirror/market.ts';
import { amountOf, displayMark, orderInfo, userTradeInfo } from '../present.ts';
import { moneyText, usd } from '../present-money.ts';
import { triggerInfo } from '../present-trigger.ts';
import type { PortfolioParams } from '../schemas/account.ts';
import type { UserTradeInfo } from '../schemas/market.ts';

const DEFAULT_COUNT = 10;

function nameOfNumber(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, value]) => value === number)?.[0] ?? `unknown ${number}`;
}

async function portfolioOf(
  { ask }: RpcContext,
  { account, sub_account = 0 }: PortfolioParams,
): Promise<{ address: FoundAddress; sub: number; answer: PortfolioAnswer }> {
  const address = addressOf('account', account);
  const answer = await ask({
    selector: QUESTION.portfolio,
    value: { address: address.raw, subAccount: subAccount(sub_account) },
  });
  return { address, sub: sub_account, answer };
}

/** Address text of a portfolio's account. */
async function ownerOf({ ask }: RpcContext, portfolio: PortfolioId): Promise<string> {
  const accounts = [portfolioAccount(portfolio)];
  const answer = await ask({ selector: QUESTION.addresses, value: { accounts } });
  const found = answer.addresses[0];
  return found === undefined ? '' : addressText(found.address);
}

/** Trades of an account, newest first, one more than `most` when there are more. */
function tradesOf(
  mirror: MarketMirror,
  account: { readonly id: number; readonly text: string },
  filter: { readonly instrument: number | undefined; readonly most: number },
): UserTradeInfo[] {
  const found: UserTradeInfo[] = [];
  for (let i = mirror.trades.length - 1; i >= 0 && found.length <= filter.most; i--) {
    const trade = mirror.trades[i];
    const instrument = trade && mirror.instruments.get(trade.event.instrument);
    if (trade === undefined || instrument === undefined) continue;
    if (filter.instrument !== undefined && instrument.row.id !== filter.instrument) continue;
    for (const role of ['taker', 'maker'] as const) {
      if (portfolioAccount(trade.event[role]) !== account.id) continue;
      found.push(userTradeInfo(instrument, trade, { role, account: account.text }));
    }
  }
  return found;
}

export const accountMethods: Handlers<
  | 'get_account'
  | 'private/get_account_summary'
  | 'private/get_positions'
  | 'private/get_open_orders'
  | 'private/get_order_state'
  | 'private/get_user_trades'
> = {
  async get_account({ account }, { ask }) {
    const { raw, text } = addressOf('account', account);
    const answer = await ask({ selector: QUESTION.account, value: { address: raw } });
    const row = answer.account[0];
    return {
      address: text,
      exists: row !== undefined,
      account_id: row?.id ?? null,
      created_at: row?.createdAt ?? null,
      height: answer.height,
      keys: (row?.keys ?? []).map((key) => ({
        scheme: nameOfNumber(SCHEME, key.scheme),
        public_key: toHex(key.publicKey),
        role: nameOfNumber(ROLE, key.role),
        removed: key.removed,
      })),
      balances: answer.balances.map((balance) => ({
        sub_account: balance.subAccount,
        usd: moneyText(balance.usd),
        mil: moneyText(balance.mil),
      })),
    };
  },

  async 'private/get_account_summary'(params, context) {
    const { address, sub, answer } = await portfolioOf(context, params);
    const margin = answer.margin[0];
    return {
      address: address.text,
      sub_account: sub,
      height: answer.height,
      currency: 'USD',
      balance: moneyText(answer.usd),
      mil: moneyText(answer.mil),
      equity: margin === undefined ? null : moneyText(margin.equity),
      available_withdrawal_funds: answer.exists === 0 ? null : moneyText(answer.withdrawable),
      margin:
        margin === undefined
          ? null
          : {
              initial_margin_balance: moneyText(margin.initial),
              order_maintenance_balance: moneyText(margin.orderMaintenance),
              maintenance_balance: moneyText(margin.maintenance),
            },
      positions: answer.positions.length,
      open_orders: answer.orders.length,
    };
  },

  async 'private/get_positions'(params, context) {
    const mirror = await context.feed.market();
    const { sub, answer } = await portfolioOf(context, params);
    const wanted =
      params.currency === undefined
        ? undefined
        : underlyingOf(mirror, 'currency', params.currency).id;
    return answer.positions.flatMap(({ instrument: id, lots }) => {
      const instrument = mirror.instruments.get(id);
      if (instrument === undefined) return [];
      if (wanted !== undefined && instrument.row.underlying !== wanted) return [];
      const size = amountOf(lots, instrument.underlying);
      const mark = displayMark(mirror, instrument);
      const linear = answer.linear.find((row) => row.instrument === id);
      return {
        instrument_name: instrument.name,
        sub_account: sub,
        direction: lots > 0 ? ('buy' as const) : ('sell' as const),
        size,
        size_lots: lots,
        mark_price: mark?.price ?? null,
        value: mark === undefined ? null : size * mark.price,
        delta: mark === undefined ? null : size * mark.greeks.delta,
        average_price:
          linear === undefined
            ? null
            : usd((Number(linear.cost) * instrument.underlying.optionLotsPerCoin) / lots),
        floating_profit_loss: linear === undefined ? null : moneyText(linear.variation),
        funding_owed: linear === undefined ? null : moneyText(linear.fundingOwed),
      };
    });
  },

  async 'private/get_open_orders'(params, context) {
    const mirror = await context.feed.market();
    const { address, answer } = await portfolioOf(context, params);
    const name = params.instrument_name;
    const wanted = name === undefined ? undefined : instrumentOf(mirror, name).row.id;
    return answer.orders.flatMap((order) => {
      if (wanted !== undefined && order.instrument !== wanted) return [];
      const entry: MirrorOrder = { order, state: 'open', reason: undefined, height: answer.height };
      return orderInfo(mirror, entry, address.text) ?? [];
    });
  },

  async 'private/get_order_state'({ order_id }, context) {
    const mirror = await context.feed.market();
    const id = orderId(order_id);
    const answer = await context.ask({ selector: QUESTION.order, value: { orderId: id } });
    const [trigger] = answer.trigger;
    if (trigger !== undefined) {
      const account = await ownerOf(context, trigger.portfolio);
      const waiting = triggerInfo(mirror, trigger, { account, height: answer.height });
      if (waiting !== undefined) return waiting;
    }
    const open = answer.order[0];
    const entry: MirrorOrder | undefined =
      open === undefined
        ? mirror.closedOrders.get(id)
        : { order: open, state: 'open', reason: undefined, height: answer.height };
    const info = entry && orderInfo(mirror, entry, await ownerOf(context, entry.order.portfolio));
    if (info === undefined) {
      throw failure('order_not_found', {
        field: 'order_id',
        given: order_id,
        allowed: 'an open order, or one closed within the memory of this node',
      });
    }
    return info;
  },

  async 'private/get_user_trades'({ account, instrument_name, count }, { feed, ask }) {
    const mirror = await feed.market();
    const address = addressOf('account', account);
    const instrument =
      instrument_name === undefined ? undefined : instrumentOf(mirror, instrument_name).row.id;
    const id = await accountIdOf(ask, mirror, address.hex);
    if (id === undefined) return { trades: [], has_more: false };
    const most = count ?? DEFAULT_COUNT;
    const trades = tradesOf(mirror, { id, text: address.text }, { instrument, most });
    return { trades: trades.slice(0, most), has_more: trades.length > most };
  },
};
