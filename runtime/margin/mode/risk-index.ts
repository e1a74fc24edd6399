/**
 * Risk arrays in force: derived, and made only when an account in portfolio mode is looked at.
 *
 * Source: design/exchange.md §3 ("every listed series is priced once per mark under every scenario").
 * Arrays stand per expiry, because expiries are marked apart. They are what `fillExpiry` makes of the
 * rows, whenever that is: a node that loaded a checkpoint has the same numbers.
 *
 * Invariant: what `riskOf` answers belongs to the marks, the parameters, the confidence and the series
 * of this moment; when one of them changes the arrays are another object.
 */
import { assert } from '../../core/result.ts';
import {
  type InstrumentId,
  timestampMs,
  type UnderlyingId,
  underlyingId,
} from '../../core/units.ts';
import { seriesOf } from '../../options/series-index.ts';
import type { MarkInputs } from '../../oracle/price.ts';
import { FULL_CONFIDENCE_BPS } from '../../oracle/vote.ts';
import { expiryKey, metaOf, type State } from '../../state/state.ts';
import { type LotLoss, lotLoss } from '../portfolio/lot-loss.ts';
import type { PortfolioModel } from '../portfolio/portfolio-model.ts';
import { type RiskArrays, setOpenInterest } from '../portfolio/risk-arrays.ts';
import { type ExpirySource, type FilledExpiry, fillExpiry } from './fill-expiry.ts';
import {
  mustModel,
  parametersAt,
  phaseStep,
  type RiskParameters,
  riskParametersOf,
} from './risk-parameters.ts';

/** A model in force, and the row and step that it is of. */
type KnownModel = {
  readonly row: RiskParameters | undefined;
  readonly step: number;
  readonly model: PortfolioModel;
};

/** Arrays of an expiry, and what they were made of. */
export type ExpiryRisk = FilledExpiry & {
  readonly inputs: MarkInputs;
  readonly series: number;
  readonly confidenceBps: number;
  /** Of initial margin, by row, where asked for. */
  readonly losses: (LotLoss | undefined)[];
  /** Version of the marks and height at which it was last found in force. */
  checkedAt: number;
  checkedHeight: number;
};

export type RiskIndex = {
  readonly models: Map<UnderlyingId, KnownModel>;
  /** By `expiryKey`. */
  readonly expiries: Map<number, ExpiryRisk>;
};

export function riskIndex(): RiskIndex {
  return { models: new Map(), expiries: new Map() };
}

/** The model of an underlying at the time of the last block. O(1) but when it changed. */
export function modelOf(state: State, underlying: UnderlyingId): PortfolioModel {
  const { models } = state.derived.risk;
  const row = state.riskParameters.get(underlying);
  const time = metaOf(state).timestamp;
  const step = row === undefined ? 0 : phaseStep(row, time);
  const known = models.get(underlying);
  if (known !== undefined && known.row === row && known.step === step) return known.model;
  const model = mustModel(parametersAt(riskParametersOf(state, underlying), time));
  models.set(underlying, { row, step, model });
  return model;
}

/** Confidence of an index as far as the model looks at it: full from the threshold on. */
function confidenceOf(state: State, underlying: UnderlyingId, model: PortfolioModel): number {
  const bps = state.indexPrices.get(underlying)?.confidenceBps ?? FULL_CONFIDENCE_BPS;
  return bps >= model.confidence.threshold * FULL_CONFIDENCE_BPS ? FULL_CONFIDENCE_BPS : bps;
}

/** What the arrays of an expiry are made of now, with `model`. */
export function sourceOf(state: State, key: number, model: PortfolioModel): ExpirySource {
  const underlying = underlyingId(expiryKey.high(key));
  const inputs = state.markInputs.get(key);
  assert(inputs !== undefined, 'an expiry that is traded or held has marks');
  const listed = seriesOf(state, underlying, timestampMs(expiryKey.low(key)));
  return {
    model,
    underlying: state.underlyings.must(underlying),
    inputs,
    confidence: confidenceOf(state, underlying, model) / FULL_CONFIDENCE_BPS,
    instruments: listed.map((id) => state.instruments.must(id)),
  };
}

function isInForce(state: State, key: number, known: ExpiryRisk, model: PortfolioModel): boolean {
  const underlying = underlyingId(expiryKey.high(key));
  return (
    known.arrays.model === model &&
    known.inputs === state.markInputs.get(key) &&
    known.series === seriesOf(state, underlying, timestampMs(expiryKey.low(key))).length &&
    known.confidenceBps === confidenceOf(state, underlying, model)
  );
}

/** Forgets arrays of expiries that are gone. */
function forgetPast(state: State): void {
  const { expiries } = state.derived.risk;
  for (const key of expiries.keys()) {
    if (!state.derived.series.byExpiry.has(key)) expiries.delete(key);
  }
}

/**
 * The risk arrays of an expiry (an `expiryKey`) in force. Throws `InvariantViolation` where it has no
 * marks. Cost: ~2.5 µs a strike when the marks are new, else O(1).
 */
export function riskOf(state: State, key: number): ExpiryRisk {
  const { expiries } = state.derived.risk;
  const { version } = state.derived.marks;
  const { height } = metaOf(state);
  const known = expiries.get(key);
  if (known?.checkedAt === version && known.checkedHeight === height) return known;
  const underlying = underlyingId(expiryKey.high(key));
  const model = modelOf(state, underlying);
  if (known !== undefined && isInForce(state, key, known, model)) {
    known.checkedAt = version;
    known.checkedHeight = height;
    return known;
  }
  if (known === undefined) forgetPast(state);
  const source = sourceOf(state, key, model);
  const made: ExpiryRisk = {
    ...fillExpiry(source, known?.arrays),
    inputs: source.inputs,
    series: source.instruments.length,
    confidenceBps: confidenceOf(state, underlying, model),
    losses: [],
    checkedAt: version,
    checkedHeight: height,
  };
  expiries.set(key, made);
  return made;
}

/** Row of a series in the arrays of its expiry. */
export function rowOf({ rows }: Pick<ExpiryRisk, 'rows'>, instrument: InstrumentId): number {
  const row = rows.get(instrument);
  assert(row !== undefined, `instrument ${instrument} stands in the arrays of its expiry`);
  return row;
}

/** The most that a lot of a row can take from initial margin, at worst. O(1) after the first time. */
export function initialLoss({ arrays, losses }: ExpiryRisk, row: number): LotLoss {
  const known = losses[row];
  if (known !== undefined) return known;
  const loss = lotLoss(arrays, row, 'initial');
  losses[row] = loss;
  return loss;
}

/** Brings the open interest that shares are measured by to that of now. A series is never without. */
export function noteOpenInterest(
  state: State,
  { arrays, rows }: { readonly arrays: RiskArrays; readonly rows: ExpiryRisk['rows'] },
  instrument: InstrumentId,
): void {
  const row = rows.get(instrument);
  if (row === undefined) return;
  setOpenInterest(arrays, row, Math.max(1, state.instruments.must(instrument).openInterest));
}
