/**
 * Margin explained line by line, of an account as it is or with positions added, under both modes, as
 * `answer-query.ts` reports it. Reads the state between two blocks; what it makes is thrown away.
 */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import {
  address,
  type PortfolioId,
  portfolioId,
  type UnderlyingId,
  underlyingId,
} from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import {
  type LinearChange,
  type LinearMargin,
  linearMarginAfter,
} from '../../runtime/linear/linear-margin.ts';
import { linearRequirement } from '../../runtime/linear/standard-requirement.ts';
import {
  bareMaintenance,
  type ExpiryHolding,
  expiryRequirement,
  isolatedRequirement,
  receivable,
} from '../../runtime/margin/expiry-holding.ts';
import { MICRO_USD_PER_UNIT } from '../../runtime/margin/mode/fill-expiry.ts';
import {
  isPortfolioMode,
  MARGIN_MODE,
  type MarginMode,
} from '../../runtime/margin/mode/margin-mode.ts';
import { marginOfGroup, modeMargin, partsOf } from '../../runtime/margin/mode/mode-excess.ts';
import { modelOf, riskOf, rowOf } from '../../runtime/margin/mode/risk-index.ts';
import { riskParametersOf, SHOCK } from '../../runtime/margin/mode/risk-parameters.ts';
import { type AccountSums, chargesOf } from '../../runtime/margin/portfolio/account-sums.ts';
import { CONCENTRATED } from '../../runtime/margin/portfolio/margin-result.ts';
import { SKEWS } from '../../runtime/margin/portfolio/risk-layout.ts';
import type { Portfolio } from '../../runtime/margin/portfolio-index.ts';
import { expiryCharge } from '../../runtime/margin/requirements.ts';
import type { SeriesRisk } from '../../runtime/margin/series-risk.ts';
import { payoff } from '../../runtime/margin/series-risk.ts';
import { isLinearKind, PERPETUAL_EXPIRY } from '../../runtime/options/instrument.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { expiryTime, liquidationPrices } from './liquidation-price.ts';
import {
  type MarginAnswer,
  type MarginDetail,
  type MarginExpiry,
  type MarginGroup,
  type MarginNumbers,
  type MarginPosition,
  type MarginQuestion,
  MEASURE_KIND,
  OWN_MODE,
  type RiskAnswer,
  SIMULATED_FROM,
} from './margin-format.ts';
import { simulatedHolding } from './simulated-holding.ts';

const PPM = 1_000_000;

type Holding = ReadonlyMap<number, ExpiryHolding>;

function micro(units: number): bigint {
  return BigInt(Math.floor(units)) * BigInt(MICRO_USD_PER_UNIT);
}

function standardNumbers(
  state: State,
  expiries: Holding,
  cash: bigint,
  linear: LinearMargin,
): MarginNumbers {
  let initial = 0n;
  let orders = 0n;
  let bare = 0n;
  let due = 0n;
  for (const expiry of expiries.values()) {
    const requirement = expiryRequirement(expiry);
    initial += BigInt(requirement.initial) + BigInt(expiryCharge(state, expiry));
    orders += BigInt(requirement.maintenance);
    bare += BigInt(bareMaintenance(expiry));
    due += BigInt(receivable(expiry));
  }
  const wealth = cash + linear.variation;
  return {
    initial: wealth - initial - linear.initial,
    orderMaintenance: wealth + due - orders - linear.maintenance,
    maintenance: wealth + due - bare - linear.bare,
  };
}

function portfolioNumbers(state: State, expiries: Holding, cash: bigint): MarginNumbers {
  const of = { sums: undefined, expiries };
  return {
    initial: cash + modeMargin(state, of, 'initial').excess,
    orderMaintenance: cash + modeMargin(state, of, 'maintenance').excess,
    maintenance: cash + modeMargin(state, of, 'maintenance', 'positions alone').excess,
  };
}

/** Value of a position at mark, micro-USD; none of futures and perpetuals. */
function valuesAtMark(expiry: ExpiryHolding): Map<number, bigint> {
  const values = new Map<number, bigint>();
  for (const { instrument, position, risk } of expiry.series.values()) {
    const lot = risk.delivery === undefined ? risk.markValue : payoff(risk, risk.delivery);
    values.set(instrument, risk.isLinear ? 0n : BigInt(position) * BigInt(lot));
  }
  return values;
}

type Lines = Pick<MarginDetail, 'groups' | 'expiries' | 'positions'>;

/** What futures and perpetuals are, and what is added to them. */
type LinearHeld = {
  readonly entry: Portfolio | undefined;
  readonly changes: readonly LinearChange[];
};

/** Initial margin of the futures and perpetuals of one underlying. */
function linearNeed(state: State, held: LinearHeld, underlying: UnderlyingId): bigint {
  const holdings = held.entry?.linear?.get(underlying);
  const linear = holdings === undefined ? new Map() : new Map([[underlying, holdings]]);
  const entry = held.entry === undefined ? undefined : { ...held.entry, linear };
  const changes = held.changes.filter(
    ({ instrument }) => state.instruments.must(instrument).underlying === underlying,
  );
  return linearMarginAfter(state, entry, changes).initial;
}

/** What one position needs by itself. */
function needAlone({ isLinear, index, initial }: SeriesRisk, lots: number): bigint {
  const size = Math.abs(lots);
  if (isLinear) return linearRequirement({ net: size, gross: size }, index).initial;
  return BigInt(Math.max(0, -lots * initial));
}

/**
 * Lines under standard margin: what each position needs alone, and what the expiry needs. Futures and
 * perpetuals of an underlying need theirs together: a line at expiry 0.
 */
function standardLines(state: State, expiries: Holding, held: LinearHeld): Lines {
  const positions: MarginPosition[] = [];
  const rows: MarginExpiry[] = [];
  const ordersAtOnce = new Map<UnderlyingId, bigint>();
  for (const expiry of expiries.values()) {
    const values = valuesAtMark(expiry);
    for (const { instrument, position, risk } of expiry.series.values()) {
      const change = -needAlone(risk, position);
      positions.push({ instrument, lots: position, value: values.get(instrument) ?? 0n, change });
    }
    const charges = -BigInt(expiryCharge(state, expiry));
    const underlying = underlyingId(expiryKey.high(expiry.key));
    const alone = -BigInt(isolatedRequirement(expiry).initial);
    const total = charges - BigInt(expiryRequirement(expiry).initial);
    // What orders for the perpetual can lose at once stands in the line of all linear ones.
    if (expiryKey.low(expiry.key) === PERPETUAL_EXPIRY) {
      ordersAtOnce.set(underlying, total);
      continue;
    }
    rows.push({ underlying, expiry: expiryTime(expiry), positions: alone, charges, total });
  }
  for (const underlying of state.underlyings.sortedKeys()) {
    const need = -linearNeed(state, held, underlying);
    const total = need + (ordersAtOnce.get(underlying) ?? 0n);
    if (total === 0n) continue;
    const expiry = PERPETUAL_EXPIRY;
    rows.push({ underlying, expiry, positions: need, charges: 0n, total });
  }
  return { groups: [], expiries: rows, positions };
}

/** What the worst measure of an underlying is. */
function measureOf(
  state: State,
  group: readonly ExpiryHolding[],
  worstMeasure: number,
): Pick<MarginGroup, 'kind' | 'spotPpm' | 'shock' | 'weightPpm'> {
  const none = { spotPpm: 0, shock: 0, weightPpm: 0 };
  const { scenarios } = modelOf(state, underlyingId(expiryKey.high(group[0]?.key ?? 0)));
  const cell = scenarios[worstMeasure];
  if (worstMeasure === CONCENTRATED) return { kind: MEASURE_KIND.concentration, ...none };
  if (cell !== undefined) {
    return {
      kind: MEASURE_KIND.cell,
      spotPpm: Math.round(cell.spot * PPM),
      shock: SHOCK[cell.volatility],
      weightPpm: Math.round(cell.weight * PPM),
    };
  }
  const skew = worstMeasure - scenarios.length;
  const kinds = [MEASURE_KIND.linearSkew, MEASURE_KIND.absoluteSkew] as const;
  return {
    kind: skew < SKEWS ? (kinds[skew] ?? MEASURE_KIND.forward) : MEASURE_KIND.forward,
    ...none,
  };
}

/** Column of the arrays that shows what a position does in a measure. */
function columnOf(sums: AccountSums, worstMeasure: number): number {
  const { layout, values, rows } = sums.arrays;
  if (worstMeasure === CONCENTRATED) return layout.mark;
  if (worstMeasure < layout.cells + SKEWS) return worstMeasure;
  // The forward contingency looks both ways: the one in which the positions lose more.
  let up = 0;
  let down = 0;
  for (const { columns } of sums.groups.values()) {
    up += columns[layout.forwardUp] ?? 0;
    down += columns[layout.forwardDown] ?? 0;
  }
  return up <= down || values.length === 0 || rows === 0 ? layout.forwardUp : layout.forwardDown;
}

/** Lines of one underlying under portfolio margin. */
function groupLines(state: State, expiries: Holding, group: readonly ExpiryHolding[]): Lines {
  const parts = partsOf(state, { sums: undefined, expiries }, group, 'initial');
  const first = group[0];
  if (parts === undefined || first === undefined)
    return { groups: [], expiries: [], positions: [] };
  const margin = marginOfGroup(state, group, parts);
  const underlying = underlyingId(expiryKey.high(first.key));
  const positions: MarginPosition[] = [];
  const rows: MarginExpiry[] = [];
  group.forEach((expiry, at) => {
    const sums = parts[at];
    if (sums === undefined) return;
    const risk = riskOf(state, expiry.key);
    const { values, layout } = risk.arrays;
    const column = columnOf(sums, margin.worstMeasure);
    const worth = valuesAtMark(expiry);
    let changed = 0;
    for (const { instrument, position: lots } of expiry.series.values()) {
      const base = rowOf(risk, instrument) * layout.columns;
      const change = lots * ((values[base + column] ?? 0) - (values[base + layout.mark] ?? 0));
      changed += change;
      positions.push({
        instrument,
        lots,
        value: worth.get(instrument) ?? 0n,
        change: micro(change),
      });
    }
    const total =
      margin.worstMeasure === CONCENTRATED ? 0 : (sums.totals[margin.worstMeasure] ?? 0);
    rows.push({
      underlying,
      expiry: expiryTime(expiry),
      positions: micro(changed),
      charges: micro(chargesOf(sums) - sums.confidence),
      total: micro(total - sums.confidence),
    });
  });
  const { mark, worst, confidence, worstMeasure } = margin;
  const measure = measureOf(state, group, worstMeasure);
  const line = {
    underlying,
    mark: micro(mark),
    worst: micro(worst),
    confidence: micro(confidence),
  };
  return { groups: [{ ...line, ...measure }], expiries: rows, positions };
}

function portfolioLines(state: State, expiries: Holding): Lines {
  const lines: Lines = { groups: [], expiries: [], positions: [] };
  const byUnderlying = new Map<number, ExpiryHolding[]>();
  for (const expiry of expiries.values()) {
    const underlying = expiryKey.high(expiry.key);
    byUnderlying.set(underlying, [...(byUnderlying.get(underlying) ?? []), expiry]);
  }
  for (const group of byUnderlying.values()) {
    const { groups, expiries: rows, positions } = groupLines(state, expiries, group);
    lines.groups.push(...groups);
    lines.expiries.push(...rows);
    lines.positions.push(...positions);
  }
  return lines;
}

function explainedMode(own: MarginMode, asked: number): MarginMode {
  if (asked === OWN_MODE) return own;
  return asked === MARGIN_MODE.portfolio ? MARGIN_MODE.portfolio : MARGIN_MODE.standard;
}

function detailOf(
  state: State,
  expiries: Holding,
  of: {
    readonly cash: bigint;
    readonly linear: LinearMargin;
    readonly held: LinearHeld;
    readonly ownMode: MarginMode;
    readonly mode: MarginMode;
  },
): MarginDetail {
  const { cash, linear, held, ownMode, mode } = of;
  const isPortfolio = mode === MARGIN_MODE.portfolio;
  const lines = isPortfolio
    ? portfolioLines(state, expiries)
    : standardLines(state, expiries, held);
  const standard = standardNumbers(state, expiries, cash, linear);
  const portfolio = portfolioNumbers(state, expiries, cash + linear.variation);
  let equity = cash + linear.variation;
  for (const expiry of expiries.values()) {
    for (const value of valuesAtMark(expiry).values()) equity += value;
  }
  const { maintenance } = isPortfolio ? portfolio : standard;
  return {
    ownMode,
    mode,
    cash,
    variation: linear.variation,
    equity,
    standard,
    portfolio,
    groups: lines.groups.sort((a, b) => a.underlying - b.underlying),
    expiries: lines.expiries.sort((a, b) => a.underlying - b.underlying || a.expiry - b.expiry),
    positions: lines.positions.sort((a, b) => a.instrument - b.instrument),
    liquidation: liquidationPrices(state, expiries, mode, maintenance),
  };
}

function linearChanges(state: State, { changes }: MarginQuestion): LinearChange[] {
  return changes
    .filter(({ instrument }) => isLinearKind(state.instruments.must(instrument).kind))
    .map(({ instrument, lots }) => ({ instrument, position: lots, orders: [] }));
}

/** Margin of an account, with what the question adds. Cost: margin from scratch in both modes, and `liquidationPrices`. */
export function marginRows(state: State, question: MarginQuestion): MarginAnswer {
  const { height } = metaOf(state);
  const account = state.accounts.get(address(toHex(question.address)));
  const own: PortfolioId | undefined =
    account === undefined ? undefined : portfolioId(account.id, question.subAccount);
  const from = question.from === SIMULATED_FROM.account ? own : undefined;
  const expiries = simulatedHolding(state, from, question.changes);
  if (expiries === undefined) return { height, detail: [] };
  const held = from === undefined ? 0n : balanceOf(state, from, DENOMINATION.usd);
  const isOwn = own !== undefined && isPortfolioMode(state, own);
  const ownMode = isOwn ? MARGIN_MODE.portfolio : MARGIN_MODE.standard;
  const mode = explainedMode(ownMode, question.mode);
  const entry = from === undefined ? undefined : state.derived.portfolios.byPortfolio.get(from);
  // What is added is opened at the mark: it has gained nothing.
  const changes = linearChanges(state, question);
  const linear = linearMarginAfter(state, entry, changes);
  const cash = held + question.cash;
  const detail = detailOf(state, expiries, {
    cash,
    linear,
    held: { entry, changes },
    ownMode,
    mode,
  });
  return { height, detail: [detail] };
}

/** Parameters of portfolio margin of every underlying, ascending. */
export function riskRows(state: State): RiskAnswer {
  const { height, timestamp } = metaOf(state);
  const rows = state.underlyings.sortedKeys().map((id) => riskParametersOf(state, id));
  return { height, timestamp, rows };
}
