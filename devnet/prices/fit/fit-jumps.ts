/**
 * Fits Merton's jump diffusion to one-minute closes of BTC and ETH.
 *
 * A minute holds a jump when its return exceeds THRESHOLD times the local volatility by bipower
 * variation over the two hours before (Lee and Mykland 2008; Barndorff-Nielsen and Shephard 2004:
 * bipower variation is not moved by jumps). Jump moments are those of the jump minutes, the
 * diffusion's volatility and correlation those of the others. The kurtosis that the model gives is
 * kept beside the recorded one: a constant volatility does not reproduce all of it.
 */
import { YEAR_MS } from '../price-source.ts';
import type { BarSeries } from '../recorded-data.ts';

const MINUTE_MS = 60_000;
const MINUTES_PER_YEAR = YEAR_MS / MINUTE_MS;
/** Local window: long enough for a stable volatility, short enough to follow the day. */
const WINDOW = 120;
/** In local standard deviations: a diffusion exceeds 6 once in a thousand years of minutes. */
const THRESHOLD = 6;

type Moments = {
  readonly minutes: number;
  readonly annualisedVolatility: number;
  readonly excessKurtosis: number;
  readonly jumps: number;
  readonly largestMove: number;
  /** Of the fitted model over one minute, for comparison. */
  readonly modelAnnualisedVolatility: number;
  readonly modelExcessKurtosis: number;
};

type Fit = {
  readonly initialPrice: number;
  readonly volatility: number;
  readonly jumpsPerYear: number;
  readonly jumpMean: number;
  readonly jumpDeviation: number;
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const centralMoment = (values: readonly number[], order: number): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** order));
};

/** Log returns of consecutive minutes, by minute; none across a gap. */
function returnsByMinute({ endsMs, closes }: BarSeries): Map<number, number> {
  const returns = new Map<number, number>();
  for (let i = 1; i < closes.length; i++) {
    const at = endsMs[i] ?? 0;
    if (at - (endsMs[i - 1] ?? 0) !== MINUTE_MS) continue;
    returns.set(at, Math.log((closes[i] ?? 1) / (closes[i - 1] ?? 1)));
  }
  return returns;
}

/** Minutes whose return is a jump against the local bipower volatility. */
function jumpMinutes(returns: ReadonlyMap<number, number>): Set<number> {
  const found = new Set<number>();
  const entries = [...returns];
  for (let i = WINDOW; i < entries.length; i++) {
    let bipower = 0;
    for (let j = i - WINDOW + 1; j < i; j++) {
      bipower += Math.abs((entries[j]?.[1] ?? 0) * (entries[j - 1]?.[1] ?? 0));
    }
    const localDeviation = Math.sqrt(((Math.PI / 2) * bipower) / (WINDOW - 1));
    const [at = 0, value = 0] = entries[i] ?? [];
    if (Math.abs(value) > THRESHOLD * localDeviation) found.add(at);
  }
  return found;
}

function fitOne(
  series: BarSeries,
  returns: ReadonlyMap<number, number>,
  jumps: ReadonlySet<number>,
): { fit: Fit; moments: Moments } {
  const all = [...returns.values()];
  const sizes = [...jumps].map((at) => returns.get(at) ?? 0);
  const rest = [...returns].filter(([at]) => !jumps.has(at)).map(([, value]) => value);
  const perMinute = sizes.length / all.length;
  const fit: Fit = {
    initialPrice: series.closes.at(-1) ?? 0,
    volatility: Math.sqrt(centralMoment(rest, 2) * MINUTES_PER_YEAR),
    jumpsPerYear: perMinute * MINUTES_PER_YEAR,
    jumpMean: mean(sizes),
    jumpDeviation: Math.sqrt(centralMoment(sizes, 2)),
  };
  // Cumulants of a compound Poisson sum: λ E[J²], λ E[J⁴]; E of the powers of a normal J.
  const { jumpMean: m, jumpDeviation: s } = fit;
  const second = m ** 2 + s ** 2;
  const fourth = m ** 4 + 6 * m ** 2 * s ** 2 + 3 * s ** 4;
  const variance = fit.volatility ** 2 / MINUTES_PER_YEAR + perMinute * second;
  return {
    fit,
    moments: {
      minutes: all.length,
      annualisedVolatility: Math.sqrt(centralMoment(all, 2) * MINUTES_PER_YEAR),
      excessKurtosis: centralMoment(all, 4) / centralMoment(all, 2) ** 2 - 3,
      jumps: sizes.length,
      largestMove: sizes.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0),
      modelAnnualisedVolatility: Math.sqrt(variance * MINUTES_PER_YEAR),
      modelExcessKurtosis: (perMinute * fourth) / variance ** 2,
    },
  };
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const [x, y] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  const [mx, my] = [mean(x), mean(y)];
  const covariance = mean(pairs.map(([a, b]) => (a - mx) * (b - my)));
  return covariance / Math.sqrt(centralMoment(x, 2) * centralMoment(y, 2));
}

export type JumpFit = {
  readonly method: string;
  readonly moments: { readonly BTC: Moments; readonly ETH: Moments };
  readonly model: {
    readonly underlyings: { readonly BTC: Fit; readonly ETH: Fit };
    readonly correlation: number;
    readonly commonJumpsPerYear: number;
    readonly commonJumpCorrelation: number;
  };
};

export function fitJumps(bars: { readonly BTC: BarSeries; readonly ETH: BarSeries }): JumpFit {
  const returns = { BTC: returnsByMinute(bars.BTC), ETH: returnsByMinute(bars.ETH) };
  const jumps = { BTC: jumpMinutes(returns.BTC), ETH: jumpMinutes(returns.ETH) };
  const btc = fitOne(bars.BTC, returns.BTC, jumps.BTC);
  const eth = fitOne(bars.ETH, returns.ETH, jumps.ETH);
  const pairOf = (at: number): readonly [number, number] => [
    returns.BTC.get(at) ?? 0,
    returns.ETH.get(at) ?? 0,
  ];
  const calm = [...returns.BTC.keys()].filter(
    (at) => returns.ETH.has(at) && !jumps.BTC.has(at) && !jumps.ETH.has(at),
  );
  const common = [...jumps.BTC].filter((at) => jumps.ETH.has(at));
  return {
    method:
      `jump minutes: |return| > ${THRESHOLD} local deviations by bipower variation over ` +
      `${WINDOW} min (Lee and Mykland 2008); jump mean and deviation from those, volatility and ` +
      'correlation from the other minutes; initial price: last close',
    moments: { BTC: btc.moments, ETH: eth.moments },
    model: {
      underlyings: { BTC: btc.fit, ETH: eth.fit },
      correlation: correlation(calm.map(pairOf)),
      commonJumpsPerYear: (common.length / returns.BTC.size) * MINUTES_PER_YEAR,
      commonJumpCorrelation: correlation(common.map(pairOf)),
    },
  };
}
