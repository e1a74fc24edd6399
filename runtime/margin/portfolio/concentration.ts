/**
 * Concentration: an account that moves the market when it is closed is tested over a wider range.
 *
 * Source: design/exchange.md §3: above $20M of net delta or 20 % of a series' open interest, the
 * price range × (1 + min(1, (Δ$ − 20M)/100M)). Positions above their share of the open interest have a
 * twentieth of the free delta among them, as whoever opens a series holds all of it: the excess is
 * max(|Δ$| − free, Σ |Δ$ of such positions| − free/20), which is continuous in both.
 *
 * The wider range is two more cells, volatility up, at its ends. Their values are read between the
 * cells that the model has with volatility up (regular ones and tails, undampened), linearly: at or
 * below the true value where the portfolio is short gamma. They are linear in lots like all others.
 *
 * With open orders Δ$ is a range, so the multiplier is one. Between two neighbouring cells a
 * portfolio's value is concave in it (linear, then the lesser discount), so the least is at the ends
 * of the range or at a cell inside it; those are what is looked at. Never unsafe; exact without orders.
 */
import type { PortfolioModel } from './portfolio-model.ts';
import type { RiskArrays, RiskMarket } from './risk-arrays.ts';

/** Dollar deltas of an account, risk units. */
export type DeltaExposure = {
  /** Least and greatest net delta over all fills. */
  readonly least: number;
  readonly greatest: number;
  /** Σ |delta| of series above their share of open interest: positions alone, and over all fills. */
  readonly concentratedLeast: number;
  readonly concentratedGreatest: number;
};

/** A value between two cells: (1 − share)·first + share·second. */
export type MixedCell = { readonly first: number; readonly second: number; readonly share: number };

type Rung = { readonly cell: number; readonly spot: number };

/** Cells with volatility up, by spot. */
function ladder({ scenarios }: PortfolioModel): readonly Rung[] {
  return scenarios
    .map(({ spot, volatility }, cell) => ({ spot, volatility, cell }))
    .filter(({ volatility }) => volatility === 'up')
    .sort((a, b) => a.spot - b.spot);
}

/** Ends of the regular range: least and greatest spot of the undampened cells with volatility up. */
export function regularRange({ scenarios }: PortfolioModel): { least: number; greatest: number } {
  let least = 1;
  let greatest = 1;
  for (const { spot, volatility, weight } of scenarios) {
    if (volatility !== 'up' || weight !== 1) continue;
    least = Math.min(least, spot);
    greatest = Math.max(greatest, spot);
  }
  return { least, greatest };
}

function mixedAt(rungs: readonly Rung[], spot: number): MixedCell {
  const above = rungs.findIndex((rung) => rung.spot >= spot);
  const last = rungs.at(-1);
  const high = above < 0 ? last : rungs[above];
  const low = above < 0 ? last : rungs[Math.max(0, above - 1)];
  if (high === undefined || low === undefined) return { first: 0, second: 0, share: 0 };
  const width = high.spot - low.spot;
  const share = width > 0 ? (spot - low.spot) / width : 0;
  return { first: low.cell, second: high.cell, share };
}

/** Part of the free delta that positions above their share of the open interest have. */
const CONCENTRATED_FREE_SHARE = 0.05;

function freeOf(model: PortfolioModel, market: RiskMarket): number {
  return model.concentration.freeDeltaUsd * market.usdUnits;
}

/** Σ |delta| up to which shares of the open interest do not matter, in risk units. */
export function freeConcentration({ model, market }: Pick<RiskArrays, 'model' | 'market'>): number {
  return CONCENTRATED_FREE_SHARE * freeOf(model, market);
}

/** Multiplier of the range for an excess in risk units: 1 to 2. */
function multiplier(model: PortfolioModel, market: RiskMarket, excess: number): number {
  const width = model.concentration.widthUsd * market.usdUnits;
  return 1 + Math.min(1, Math.max(0, excess) / width);
}

/**
 * The cells to look at beside the regular ones; none for an account that is not concentrated. Spots
 * beyond the outermost cell count as it. ~1 µs when concentrated.
 */
export function concentratedCells(
  model: PortfolioModel,
  market: RiskMarket,
  exposure: DeltaExposure,
): readonly MixedCell[] {
  const free = freeOf(model, market);
  const freeHeld = freeConcentration({ model, market });
  const { least, greatest } = exposure;
  const most = Math.max(Math.abs(least), Math.abs(greatest));
  const excess = Math.max(most - free, exposure.concentratedGreatest - freeHeld);
  if (!(excess > 0)) return [];
  const fewest = least <= 0 && greatest >= 0 ? 0 : Math.min(Math.abs(least), Math.abs(greatest));
  const wide = multiplier(model, market, excess);
  const narrow = multiplier(
    model,
    market,
    Math.max(fewest - free, exposure.concentratedLeast - freeHeld),
  );
  const rungs = ladder(model);
  const range = regularRange(model);
  const spots = [1 + (range.least - 1) * wide, 1 + (range.greatest - 1) * wide];
  if (narrow < wide) {
    spots.push(1 + (range.least - 1) * narrow, 1 + (range.greatest - 1) * narrow);
    for (const { spot } of rungs) {
      const from = spot < 1 ? range.least - 1 : range.greatest - 1;
      const at = from === 0 ? 0 : (spot - 1) / from;
      if (at > narrow && at < wide) spots.push(spot);
    }
  }
  return spots.map((spot) => mixedAt(rungs, spot));
}
