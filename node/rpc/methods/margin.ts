/** Margin explained, what-if, and the parameters of portfolio margin. Answered by the executor. */
import { subAccount, type UnderlyingId } from '../../../runtime/core/units.ts';
import { MARGIN_MODE } from '../../../runtime/margin/mode/margin-mode.ts';
import {
  modelParameters,
  PARAMETER_NAMES,
  PHASE_STEPS,
  parametersAt,
  phaseStep,
  type StoredParameters,
} from '../../../runtime/margin/mode/risk-parameters.ts';
import { isLinearKind } from '../../../runtime/options/instrument.ts';
import { QUESTION } from '../../query/format.ts';
import {
  type MarginDetail,
  type MarginGroup,
  type MarginNumbers,
  type MarginQuestion,
  MEASURE_KIND,
  OWN_MODE,
  SIMULATED_FROM,
} from '../../query/margin-format.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import { addressOf, instrumentOf, underlyingOf } from '../lookup.ts';
import { type MarketMirror, type MirrorInstrument, nameOf } from '../mirror/market.ts';
import { moneyText, usd } from '../present-money.ts';
import {
  MAX_SIMULATED_POSITIONS,
  type MarginBalances,
  type MarginDetailInfo,
  type MarginModeText,
  type RiskParameterSet,
  type SimulatePortfolioParams,
  type WorstMeasure,
} from '../schemas/margin.ts';

const PPM = 1_000_000;
const NO_ADDRESS = new Uint8Array(20);
/** How far coins may be from whole lots: the error of a decimal in a double. */
const LOT_TOLERANCE = 1e-6;

function modeNumber(mode: MarginModeText | undefined): number {
  return mode === undefined ? OWN_MODE : MARGIN_MODE[mode];
}

function modeText(number: number): MarginModeText {
  return number === MARGIN_MODE.portfolio ? 'portfolio' : 'standard';
}

function lotsPerCoin({ row, underlying }: MirrorInstrument): number {
  return isLinearKind(row.kind) ? underlying.futureLotsPerCoin : underlying.optionLotsPerCoin;
}

function balances({ initial, orderMaintenance, maintenance }: MarginNumbers): MarginBalances {
  return {
    initial_margin_balance: moneyText(initial),
    order_maintenance_balance: moneyText(orderMaintenance),
    maintenance_balance: moneyText(maintenance),
  };
}

const KIND_NAMES = ['cell', 'linear_skew', 'absolute_skew', 'forward', 'concentration'] as const;
const SHOCK_NAMES = ['none', 'up', 'down'] as const;

function worstOf({ kind, spotPpm, shock, weightPpm }: MarginGroup): WorstMeasure {
  const isCell = kind === MEASURE_KIND.cell;
  return {
    kind: KIND_NAMES[kind],
    spot_move: isCell ? (spotPpm - PPM) / PPM : null,
    volatility: isCell ? (SHOCK_NAMES[shock] ?? null) : null,
    weight: isCell ? weightPpm / PPM : null,
  };
}

function currencyName(mirror: MarketMirror, id: UnderlyingId): string {
  const underlying = mirror.underlyings.get(id);
  return underlying === undefined ? String(id) : nameOf(underlying);
}

function present(mirror: MarketMirror, height: number, detail: MarginDetail): MarginDetailInfo {
  return {
    height,
    margin_mode: modeText(detail.ownMode),
    explained: modeText(detail.mode),
    cash: moneyText(detail.cash),
    variation: moneyText(detail.variation),
    equity: moneyText(detail.equity),
    standard: balances(detail.standard),
    portfolio: balances(detail.portfolio),
    underlyings: detail.groups.map((group) => ({
      currency: currencyName(mirror, group.underlying),
      mark_value: moneyText(group.mark),
      worst: worstOf(group),
      worst_loss: moneyText(group.worst),
      confidence_charge: moneyText(group.confidence),
    })),
    expiries: detail.expiries.map(({ underlying, expiry, positions, charges, total }) => ({
      currency: currencyName(mirror, underlying),
      expiration_timestamp: expiry,
      positions: moneyText(positions),
      charges: moneyText(charges),
      other: moneyText(total - positions - charges),
      total: moneyText(total),
    })),
    positions: detail.positions.flatMap(({ instrument: id, lots, value, change }) => {
      const instrument = mirror.instruments.get(id);
      if (instrument === undefined) return [];
      return {
        instrument_name: instrument.name,
        size: lots / lotsPerCoin(instrument),
        size_lots: lots,
        value: moneyText(value),
        change: moneyText(change),
      };
    }),
    liquidation_prices: detail.liquidation.map(({ underlying, index, below, above }) => ({
      currency: currencyName(mirror, underlying),
      index_price: usd(index),
      below: below === 0 ? null : usd(below),
      above: above === 0 ? null : usd(above),
    })),
  };
}

async function detailOf(
  { ask, feed }: RpcContext,
  value: MarginQuestion,
): Promise<MarginDetailInfo> {
  const mirror = await feed.market();
  const answer = await ask({ selector: QUESTION.margin, value });
  const detail = answer.detail[0];
  if (detail === undefined) {
    throw failure('no_mark_yet', {
      field: 'simulated_positions',
      allowed: 'instruments that have a mark',
    });
  }
  return present(mirror, answer.height, detail);
}

function changesOf(
  mirror: MarketMirror,
  given: SimulatePortfolioParams['simulated_positions'] = {},
): MarginQuestion['changes'] {
  const entries = Object.entries(given);
  if (entries.length > MAX_SIMULATED_POSITIONS) {
    throw failure('invalid_params', {
      field: 'simulated_positions',
      given: entries.length,
      allowed: `at most ${MAX_SIMULATED_POSITIONS}`,
    });
  }
  return entries.map(([name, coins]) => {
    const instrument = instrumentOf(mirror, name, 'simulated_positions');
    const lots = Math.round(coins * lotsPerCoin(instrument));
    const isWhole = Math.abs(lots - coins * lotsPerCoin(instrument)) < LOT_TOLERANCE;
    if (!isWhole || !Number.isSafeInteger(lots)) {
      throw failure('invalid_params', {
        field: `simulated_positions.${name}`,
        given: coins,
        allowed: `a multiple of ${1 / lotsPerCoin(instrument)} coins`,
      });
    }
    return { instrument: instrument.row.id, lots };
  });
}

/** Micro-USD of decimal text that the schema accepted. */
function microOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const micro = BigInt(whole) * BigInt(PPM) + BigInt(fraction.padEnd(6, '0'));
  return text.startsWith('-') ? -micro : micro;
}

function parameterSet(stored: StoredParameters): RiskParameterSet {
  const { scenarios } = modelParameters(stored);
  return {
    parameters: Object.fromEntries(PARAMETER_NAMES.map((name) => [name, stored[name]])),
    scenarios: scenarios.map((cell) => ({ ...cell })),
  };
}

export const marginMethods: Handlers<
  'private/get_margin_detail' | 'private/simulate_portfolio' | 'public/get_risk_parameters'
> = {
  'private/get_margin_detail'({ account, sub_account = 0, margin_mode }, context) {
    return detailOf(context, {
      address: addressOf('account', account).raw,
      subAccount: subAccount(sub_account),
      from: SIMULATED_FROM.account,
      mode: modeNumber(margin_mode),
      cash: 0n,
      changes: [],
    });
  },

  async 'private/simulate_portfolio'(params, context) {
    const { account, sub_account = 0, add_positions = true, cash = '0', margin_mode } = params;
    const mirror = await context.feed.market();
    const isAdded = account !== undefined && add_positions;
    return detailOf(context, {
      address: account === undefined ? NO_ADDRESS : addressOf('account', account).raw,
      subAccount: subAccount(sub_account),
      from: isAdded ? SIMULATED_FROM.account : SIMULATED_FROM.nothing,
      mode: modeNumber(margin_mode),
      cash: microOf(cash),
      changes: changesOf(mirror, params.simulated_positions),
    });
  },

  async 'public/get_risk_parameters'({ currency }, { ask, feed }) {
    const mirror = await feed.market();
    const wanted =
      currency === undefined ? undefined : underlyingOf(mirror, 'currency', currency).id;
    const answer = await ask({ selector: QUESTION.riskParameters, value: { unused: 0 } });
    return answer.rows
      .filter(({ underlying }) => wanted === undefined || underlying === wanted)
      .map((row) => {
        const [change] = row.change;
        const step = phaseStep(row, answer.timestamp);
        return {
          currency: currencyName(mirror, row.underlying),
          height: answer.height,
          in_force: parameterSet(parametersAt(row, answer.timestamp)),
          change:
            change === undefined || step === PHASE_STEPS
              ? null
              : {
                  announced_at: change.announcedAt,
                  starts_at: change.startsAt,
                  ends_at: change.endsAt,
                  step,
                  steps: PHASE_STEPS,
                  target: parameterSet(change.parameters),
                },
        };
      });
  },
};
