/** Liquidations and the insurance fund. Answered by the executor. */
import {
  accountId,
  portfolioAccount,
  portfolioId,
  portfolioSubAccount,
  subAccount,
} from '../../../runtime/core/units.ts';
import { LIQUIDATION_KIND } from '../../../runtime/liquidation/liquidation.ts';
import { QUESTION } from '../../query/format.ts';
import type { LiquidationRow } from '../../query/liquidation-format.ts';
import type { Handlers } from '../context.ts';
import { type MarketMirror, nameOf } from '../mirror/market.ts';
import { moneyText } from '../present-money.ts';
import type { LiquidationInfo } from '../schemas/liquidation.ts';

const HOUR_MS = 3_600_000;
/** Portfolio 0 is nobody's: it stands for all. */
const ALL = portfolioId(accountId(0), subAccount(0));

const STATES: { readonly [kind: number]: LiquidationInfo['state'] } = {
  [LIQUIDATION_KIND.watched]: 'watched',
  [LIQUIDATION_KIND.waiting]: 'waiting',
  [LIQUIDATION_KIND.solvent]: 'solvent',
  [LIQUIDATION_KIND.insolvent]: 'insolvent',
};

function liquidationInfo(mirror: MarketMirror, row: LiquidationRow): LiquidationInfo {
  return {
    account_id: portfolioAccount(row.portfolio),
    sub_account: portfolioSubAccount(row.portfolio),
    state: STATES[row.kind] ?? 'watched',
    auction: row.auction === 0 ? null : row.auction,
    short_since: row.shortSince,
    started_at: row.startedAt === 0 ? null : row.startedAt,
    paused_at: row.pausedAt === 0 ? null : row.pausedAt,
    value: moneyText(row.value),
    excess: moneyText(row.bare),
    price: moneyText(row.price),
    max_share_ppm: row.sharePpm,
    insurance_limit: moneyText(row.initialMargin),
    insurance_paid: moneyText(row.insured),
    positions: row.positions.flatMap(({ instrument, lots }) => {
      const known = mirror.instruments.get(instrument);
      return known === undefined ? [] : [{ instrument_name: known.name, lots }];
    }),
  };
}

export const liquidationMethods: Handlers<'public/get_liquidations' | 'public/get_insurance'> = {
  async 'public/get_liquidations'({ account_id, sub_account = 0 }, { feed, ask }) {
    const mirror = await feed.market();
    const portfolio =
      account_id === undefined ? ALL : portfolioId(accountId(account_id), subAccount(sub_account));
    const answer = await ask({ selector: QUESTION.liquidations, value: { portfolio } });
    return {
      height: answer.height,
      total: answer.total,
      liquidations: answer.rows.map((row) => liquidationInfo(mirror, row)),
    };
  },

  async 'public/get_insurance'(_params, { feed, ask }) {
    const mirror = await feed.market();
    const answer = await ask({ selector: QUESTION.liquidations, value: { portfolio: ALL } });
    const [sums] = answer.sums;
    const owed = Number(answer.deficit);
    return {
      height: answer.height,
      fund: moneyText(answer.fund),
      uses: answer.uses.map(({ underlying, hour, fund, used }) => {
        const known = mirror.underlyings.get(underlying);
        return {
          currency: known === undefined ? null : nameOf(known),
          hour: hour * HOUR_MS,
          fund: moneyText(fund),
          used: moneyText(used),
        };
      }),
      shared_debt: moneyText(answer.deficit),
      haircut: owed === 0 ? 0 : owed / (owed + Number(answer.supply)),
      shared_total: moneyText(sums?.shared ?? 0n),
      paid_by_haircuts: moneyText(sums?.haircuts ?? 0n),
      paid_by_insurance: moneyText(sums?.insured ?? 0n),
      parameters: { ...answer.parameters },
    };
  },
};
