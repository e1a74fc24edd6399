/**
 * Strategy "mark pump by quotes": quote both sides of a series away from what it is worth, so that the
 * books pull the surface and with it the mark of a position.
 *
 * Arithmetic, per point of volatility (0.01) and an edge of e points beyond the fair volatility:
 *   cost: whoever trades at fair value hits the quote each time it has stood `hitAfterMs`. Each hit costs
 *     e × vega of the lots that must be shown for N USD, and the maker's fee.
 *   pace: only orders that rested `restMs` pull, so of every `hitAfterMs` the last `hitAfterMs − restMs`
 *     count; none when others are faster than that.
 *   paper gain: offset × vega of the position, at most `maxOffset` points. Nobody buys at the mark: it
 *     turns into money only through margin.
 *   extractable: a long option's value is not withdrawable. A short's requirement falls with its mark by
 *     the paper gain, which can be withdrawn; to walk away from the rest pays only what is missing of it:
 *     max(0, paper gain − what remains of the initial margin at fair value). The initial margin of a short
 *     at the money is 15 % of the index (docs/spec/margin.md).
 *
 * Prices and offsets are those of the runtime's own functions.
 */
import { movedOffset } from '../../runtime/oracle/book-pull.ts';
import { callPrice } from '../../runtime/pricing/black76.ts';
import { impliedVolatility } from '../../runtime/pricing/implied-volatility.ts';
import { deviationVega } from '../../runtime/pricing/vega.ts';

export type PullStrategy = {
  readonly forwardUsd: number;
  readonly years: number;
  /** Fair volatility, 0.5 = 50 %. */
  readonly volatility: number;
  /** Points beyond it at which the nearer side of the quote stands, up or down. */
  readonly edgePoints: number;
  /** How long a quote stands until somebody trades with it; `Infinity`: nobody does. */
  readonly hitAfterMs: number;
  readonly positionCoins: number;
  /** Length of the attempt. */
  readonly durationMs: number;
};

/** As the chain's parameters have them. */
export type PullRules = {
  readonly minQuoteUsd: number;
  readonly restMs: number;
  readonly stepBps: number;
  readonly maxBps: number;
  readonly makerFee: number;
};

/** The mainnet's. */
export const PULL_RULES: PullRules = {
  minQuoteUsd: 100_000,
  restMs: 5_000,
  stepBps: 50,
  maxBps: 200,
  makerFee: 0.0001,
};

export type PullOutcome = {
  readonly offsetPoints: number;
  readonly hits: number;
  readonly costUsd: number;
  readonly paperGainUsd: number;
  readonly extractableUsd: number;
  /** Coins of position from which the paper gain passes the cost; `undefined` when nothing moves. */
  readonly breakEvenCoins: number | undefined;
};

const MICRO_PER_POINT = 10_000;
const BPS_TO_MICRO = 100;
const LOOK_MS = 1_000;
/** Initial margin of a short option at the money, as a share of the index. */
const SHORT_INITIAL = 0.15;

/** USD that an option at the money gains with a point of volatility, per coin. */
export function vegaPerPoint({ forwardUsd, years, volatility }: PullStrategy): number {
  const root = Math.sqrt(years);
  return (deviationVega(forwardUsd, forwardUsd, volatility * root) * root) / 100;
}

/** Plays one attempt, a look of the chain a second. */
export function playPull(strategy: PullStrategy, rules: PullRules): PullOutcome {
  const { forwardUsd, years, volatility, edgePoints, hitAfterMs, positionCoins } = strategy;
  const deviation = (volatility + edgePoints / 100) * Math.sqrt(years);
  const price = callPrice(forwardUsd, forwardUsd, deviation);
  const quoted = impliedVolatility(
    { kind: 'call', forward: forwardUsd, strike: forwardUsd, price },
    years,
  );
  const residual = quoted.ok ? Math.floor((quoted.value - volatility) * 1e6 + 0.5) : 0;
  const most = rules.maxBps * BPS_TO_MICRO;
  const target = Math.max(-most, Math.min(most, residual));
  const fair = callPrice(forwardUsd, forwardUsd, volatility * Math.sqrt(years));
  const quotedCoins = rules.minQuoteUsd / forwardUsd;

  let [offset, age, hits] = [0, 0, 0];
  for (let now = 0; now < strategy.durationMs; now += LOOK_MS) {
    age += LOOK_MS;
    const counts = age >= rules.restMs && age < hitAfterMs;
    offset = movedOffset(offset, counts ? target : 0, {
      elapsedMs: LOOK_MS,
      stepBps: rules.stepBps,
    });
    if (age < hitAfterMs) continue;
    hits += 1;
    age = 0;
  }
  const perHit = quotedCoins * (Math.abs(price - fair) + rules.makerFee * forwardUsd);
  const costUsd = hits * perHit;
  const vega = vegaPerPoint(strategy);
  const offsetPoints = offset / MICRO_PER_POINT;
  const paperGainUsd = Math.abs(offsetPoints * vega * positionCoins);
  const isShort = positionCoins < 0;
  const marginLeft = Math.abs(positionCoins) * SHORT_INITIAL * forwardUsd;
  const perCoin = Math.abs(offsetPoints) * vega;
  return {
    offsetPoints,
    hits,
    costUsd,
    paperGainUsd,
    extractableUsd: isShort ? Math.max(0, paperGainUsd - marginLeft) : 0,
    breakEvenCoins: perCoin > 0 ? costUsd / perCoin : undefined,
  };
}

/** A grid of attempts that gain as much as can be: what `backtest -- --manipulate` prints. */
export function pullCases(): readonly PullStrategy[] {
  const cases: PullStrategy[] = [];
  for (const years of [1 / 365, 30 / 365, 1]) {
    for (const edgePoints of [-4, -2, -1, 1, 2, 4]) {
      for (const hitAfterMs of [1_000, 5_000, 7_000, 10_000, 60_000, Infinity]) {
        // A mark that rises is good for a long position, one that falls for a short one.
        cases.push({
          forwardUsd: 60_000,
          years,
          volatility: 0.5,
          edgePoints,
          hitAfterMs,
          positionCoins: edgePoints > 0 ? 1_000 : -1_000,
          durationMs: 1_200_000,
        });
      }
    }
  }
  return cases;
}
