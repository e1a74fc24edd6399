/**
 * A simulated market as a price source: one path an underlying, with two-sided quotes of options that
 * expire at multiples of an interval, at strikes by standard deviations.
 */
import type { PriceSource, Quote } from '../sources/price-source.ts';
import { type ModelName, simulatedPath } from './models.ts';
import { type Path, STEP_MS } from './path.ts';
import { mix32 } from './random.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
/** Strikes on each side of the price, about a quarter of a standard deviation apart. */
const STRIKES_A_SIDE = 8;
const STRIKE_DEVIATIONS = 0.25;
/** Half of a quote's spread, as a share of what the option is worth at the money. */
const HALF_SPREAD = 0.01;
const OPTIONS_EVERY_MS = 1_000;

export type SimulationOptions = {
  readonly name: string;
  readonly model: ModelName;
  readonly seed: number;
  /** When the paths began. */
  readonly startedAtMs: number;
  readonly underlyings: readonly { readonly name: string; readonly initialPrice: number }[];
  /** Options expire at multiples of this, `expiries` of them ahead. */
  readonly expiryIntervalMs: number;
  readonly expiries: number;
  /** Between two index quotes, wall clock. */
  readonly everyMs: number;
};

type Market = {
  readonly name: string;
  readonly initialPrice: number;
  readonly path: Path;
};

/**
 * Strikes around `forward` on a grid that stays while prices move: steps are the first price times a
 * power of two.
 */
function strikesAround(market: Market, forward: number, deviation: number): number[] {
  const wanted = (deviation * STRIKE_DEVIATIONS * forward) / market.initialPrice;
  const step = market.initialPrice * 2 ** Math.round(Math.log2(wanted));
  const middle = Math.round(forward / step);
  return Array.from(
    { length: 2 * STRIKES_A_SIDE + 1 },
    (_, i) => (middle + i - STRIKES_A_SIDE) * step,
  ).filter((strike) => strike > 0);
}

function optionQuotes(market: Market, options: SimulationOptions, nowMs: number): Quote[] {
  const { name: underlying, path } = market;
  const forward = path.price();
  const first = Math.floor(nowMs / options.expiryIntervalMs) + 1;
  return Array.from({ length: options.expiries }, (_, i) => i + first).flatMap((n): Quote[] => {
    const expiryMs = n * options.expiryIntervalMs;
    const years = (expiryMs - nowMs) / YEAR_MS;
    const deviation = path.volatility(years) * Math.sqrt(years);
    const strikes = strikesAround(market, forward, deviation);
    const half = HALF_SPREAD * 0.4 * deviation * forward;
    return path.calls(strikes, years).map((call, j): Quote => {
      const strike = strikes[j] ?? forward;
      const right = strike >= forward ? 'call' : 'put';
      const value = right === 'call' ? call : call - (forward - strike);
      const bid = value - half;
      return {
        kind: 'option',
        underlying,
        expiryMs,
        strike,
        right,
        unit: 'usd',
        ...(bid > 0 && { bid }),
        ask: value + half,
        forward,
        observedAtMs: nowMs,
      };
    });
  });
}

export function createSimulatedSource(options: SimulationOptions): PriceSource {
  const { name, model, seed, startedAtMs, everyMs } = options;
  const markets = options.underlyings.map((underlying, i): Market => {
    const { initialPrice } = underlying;
    return {
      name: underlying.name,
      initialPrice,
      path: simulatedPath(model, { initialPrice, seed: mix32(seed, i) }),
    };
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    name,
    citation: `${name}: simulation, ${model}, seed ${seed}`,
    start(sink) {
      let optionsAtMs = 0;
      const emit = (): void => {
        const nowMs = Date.now();
        const areOptionsDue = nowMs - optionsAtMs >= OPTIONS_EVERY_MS;
        if (areOptionsDue) optionsAtMs = nowMs;
        for (const market of markets) {
          market.path.walkTo(Math.max(0, Math.floor((nowMs - startedAtMs) / STEP_MS)));
          const price = market.path.price();
          sink.quote({ kind: 'index', underlying: market.name, price, observedAtMs: nowMs });
          if (!areOptionsDue) continue;
          for (const quote of optionQuotes(market, options, nowMs)) sink.quote(quote);
        }
      };
      sink.state('open', model);
      emit();
      timer = setInterval(emit, everyMs);
    },
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
