/**
 * At which index an account would be at its maintenance margin: an estimate by bisection, for people.
 * Never part of consensus.
 *
 * Index and forwards of one underlying move together, volatility stays as it is marked, orders are not
 * filled; what a settlement window has fixed does not move. Shares of open interest are left out.
 */
import {
  type TimestampMs,
  timestampMs,
  type UnderlyingId,
  underlyingId,
} from '../../runtime/core/units.ts';
import {
  bareMaintenance,
  type ExpiryHolding,
  receivable,
} from '../../runtime/margin/expiry-holding.ts';
import { fillExpiry, MICRO_USD_PER_UNIT } from '../../runtime/margin/mode/fill-expiry.ts';
import { MARGIN_MODE, type MarginMode } from '../../runtime/margin/mode/margin-mode.ts';
import { freshSums } from '../../runtime/margin/mode/mode-sums.ts';
import { modelOf, sourceOf } from '../../runtime/margin/mode/risk-index.ts';
import { marginOfParts, withoutOrders } from '../../runtime/margin/portfolio/account-sums.ts';
import { riskLayout } from '../../runtime/margin/portfolio/risk-layout.ts';
import { riskAt, type SeriesRisk, seriesRisk } from '../../runtime/margin/series-risk.ts';
import { isLinearKind, optionKind } from '../../runtime/options/instrument.ts';
import type { MarkInputs } from '../../runtime/oracle/price.ts';
import { expiryPricing, priceSeries } from '../../runtime/pricing/price-series.ts';
import { openShare } from '../../runtime/pricing/settlement-variance.ts';
import { expiryKey, type State } from '../../runtime/state/state.ts';
import type { LiquidationPrices } from './margin-format.ts';

/** Range that is looked at, steps over it, and halvings of the step in which the excess turns. */
const LOWEST_RATIO = 0.05;
const HIGHEST_RATIO = 5;
const STEPS = 24;
const HALVINGS = 18;

/** The inputs of an expiry's marks at a moved index. */
function movedInputs(inputs: MarkInputs, ratio: number): MarkInputs {
  const { expiry, markedAt, windowMs, forward } = inputs;
  const isPerpetual = expiry === 0;
  const open = isPerpetual ? 1 : openShare(expiry - markedAt, windowMs);
  return {
    ...inputs,
    index: Math.max(1, Math.floor(inputs.index * ratio)),
    forward: Math.max(1, Math.floor(forward * (1 + (ratio - 1) * open))),
  };
}

/** Gain of futures and perpetuals when their expiry's forward moves, micro-USD. */
function linearGain(
  state: State,
  expiry: ExpiryHolding,
  inputs: MarkInputs,
  ratio: number,
): number {
  const moved = movedInputs(inputs, ratio).forward / inputs.forward - 1;
  let gain = 0;
  for (const { instrument, position, risk } of expiry.series.values()) {
    const { kind } = state.instruments.must(instrument);
    if (isLinearKind(kind) && risk.delivery === undefined)
      gain += position * risk.markValue * moved;
  }
  return gain;
}

/** Maintenance excess of positions under portfolio margin, but for cash. */
function portfolioExcess(state: State, group: readonly ExpiryHolding[], ratio: number): number {
  const [first] = group;
  if (first === undefined) return 0;
  const model = modelOf(state, underlyingId(expiryKey.high(first.key)));
  const parts = group.map((expiry) => {
    const source = sourceOf(state, expiry.key, model);
    const instruments = source.instruments.filter(({ id }) => expiry.series.has(id));
    const inputs = movedInputs(source.inputs, ratio);
    return withoutOrders(
      freshSums(fillExpiry({ ...source, inputs, instruments }), expiry, 'maintenance'),
    );
  });
  return marginOfParts(riskLayout(model), parts).excess * MICRO_USD_PER_UNIT;
}

/** The risk of an option at a moved index. */
function movedRisk(state: State, risk: SeriesRisk, inputs: MarkInputs): SeriesRisk {
  const instrument = state.instruments.must(risk.mark.instrument);
  const kind = optionKind(instrument);
  if (kind === undefined || risk.delivery !== undefined) return risk;
  const value = priceSeries(expiryPricing(inputs), kind, instrument.strike);
  const { index, forward } = inputs;
  return riskAt(state, instrument.id, { ...risk.mark, ...value, index, forward });
}

/** The same under standard margin: what delivered series pay, less what is required. */
function standardExcess(state: State, group: readonly ExpiryHolding[], ratio: number): number {
  let excess = 0;
  for (const expiry of group) {
    const inputs = movedInputs(state.markInputs.must(expiry.key), ratio);
    const series = new Map(
      [...expiry.series].map(([id, holding]) => {
        const risk = movedRisk(state, seriesRisk(state, id), inputs);
        return [id, { ...holding, risk }] as const;
      }),
    );
    const moved: ExpiryHolding = { ...expiry, series };
    excess += receivable(moved) - bareMaintenance(moved);
  }
  return excess;
}

type Excess = (ratio: number) => number;

/** The ratio at which an excess turns negative on the way to `last`; 0: it does not. */
function turn(excess: Excess, last: number): number {
  let kept = 1;
  for (let step = 1; step <= STEPS; step++) {
    const next = Math.exp((Math.log(last) * step) / STEPS);
    if (excess(next) >= 0) {
      kept = next;
      continue;
    }
    let short = next;
    for (let halving = 0; halving < HALVINGS; halving++) {
      const middle = (kept + short) / 2;
      if (excess(middle) >= 0) kept = middle;
      else short = middle;
    }
    return kept;
  }
  return 0;
}

/**
 * Liquidation indexes of an account by underlying, ascending: `bare` is its excess now, in micro-USD.
 * Both are the index itself where it is below maintenance already. Cost: about 80 margins of what is
 * held, each with its own prices: some ms.
 */
export function liquidationPrices(
  state: State,
  expiries: ReadonlyMap<number, ExpiryHolding>,
  mode: MarginMode,
  bare: bigint,
): LiquidationPrices[] {
  const groups = new Map<UnderlyingId, ExpiryHolding[]>();
  for (const expiry of expiries.values()) {
    const underlying = underlyingId(expiryKey.high(expiry.key));
    groups.set(underlying, [...(groups.get(underlying) ?? []), expiry]);
  }
  const now = Number(bare);
  const of = mode === MARGIN_MODE.portfolio ? portfolioExcess : standardExcess;
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([underlying, group]) => {
      const index = state.indexPrices.get(underlying)?.index ?? 0;
      if (now < 0) return { underlying, index, below: index, above: index };
      const base = of(state, group, 1);
      const excess: Excess = (ratio) => {
        let gain = 0;
        for (const expiry of group) {
          gain += linearGain(state, expiry, state.markInputs.must(expiry.key), ratio);
        }
        return now + of(state, group, ratio) - base + gain;
      };
      const below = Math.floor(index * turn(excess, LOWEST_RATIO));
      const above = Math.floor(index * turn(excess, HIGHEST_RATIO));
      return { underlying, index, below, above };
    });
}

/** Expiry of an expiry holding. */
export function expiryTime({ key }: ExpiryHolding): TimestampMs {
  return timestampMs(expiryKey.low(key));
}
