/**
 * Fits the simulated market's surface to recorded chains: one eSSVI slice per expiry and chain,
 * each surface read at fixed maturities, and there the median over all chains.
 */
import { UNDERLYING_NAMES, type UnderlyingName } from '../price-source.ts';
import { type ChainFile, readSurfaces } from '../recorded-data.ts';
import { knotAt, type Surface } from '../surface.ts';

/** Maturities kept, in days: the devnet reads one expiry interval as a day. */
const MATURITY_DAYS = [0.5, 1, 2, 3, 5, 7, 14, 30, 60, 90, 180];

export type SurfaceFit = {
  readonly method: string;
  /** Root mean square error of the slices in volatility points: median and worst over all. */
  readonly fit: Record<
    UnderlyingName,
    { readonly slices: number; readonly medianError: number; readonly worstError: number }
  >;
  readonly surfaces: Record<UnderlyingName, Surface>;
};

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function fitSurface(chains: readonly ChainFile[]): SurfaceFit {
  const recorded = chains.map(readSurfaces);
  const surfaceOf = (name: UnderlyingName): Surface =>
    MATURITY_DAYS.map((days) => {
      const knots = recorded.map((chain) => knotAt(chain[name].surface, days));
      return {
        days,
        volatility: middle(knots.map((knot) => knot.volatility)),
        upWing: middle(knots.map((knot) => knot.upWing)),
        downWing: middle(knots.map((knot) => knot.downWing)),
      };
    });
  const errorsOf = (name: UnderlyingName) => {
    const errors = recorded.flatMap((chain) =>
      chain[name].errors.map(({ volatilityPoints }) => volatilityPoints),
    );
    return {
      slices: errors.length,
      medianError: middle(errors),
      worstError: Math.max(...errors),
    };
  };
  const [btc, eth] = UNDERLYING_NAMES;
  return {
    method:
      'eSSVI per expiry by vega-weighted least squares in total variance on out-of-the-money ' +
      'mark volatilities; median over the chains of volatility and wings (u/√θ, l/√θ) by maturity',
    fit: { BTC: errorsOf(btc), ETH: errorsOf(eth) },
    surfaces: { BTC: surfaceOf(btc), ETH: surfaceOf(eth) },
  };
}
