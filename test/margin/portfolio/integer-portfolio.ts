/**
 * A kernel portfolio in whole lots, on risk arrays: the same account for both paths.
 */
import type { Account, OrderTerm } from '../../../runtime/margin/portfolio/account.ts';
import type { KernelPortfolio } from '../../../runtime/margin/portfolio/margin-kernel.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import {
  beginExpiry,
  fillPerpetual,
  fillStrike,
  type RiskArrays,
  riskArrays,
} from '../../../runtime/margin/portfolio/risk-arrays.ts';

/** 10⁻⁵ USD, options in lots of 0.01 coin, the perpetual in lots of 0.001. */
export const USD_UNITS = 100_000;
export const OPTION_LOTS = 100;
export const LINEAR_LOTS = 1_000;

/** The portfolio with its amounts rounded to lots, options of one series merged, strikes ascending. */
export function inLots(portfolio: KernelPortfolio): KernelPortfolio {
  const { perpetual, expiries } = portfolio;
  return {
    ...portfolio,
    perpetual: { ...perpetual, amount: Math.round(perpetual.amount * LINEAR_LOTS) / LINEAR_LOTS },
    expiries: expiries.map((expiry) => {
      const merged = new Map<string, (typeof expiry.options)[number]>();
      for (const option of expiry.options) {
        const name = `${option.strike} ${option.kind}`;
        const lots = Math.round(option.amount * OPTION_LOTS);
        const before = Math.round((merged.get(name)?.amount ?? 0) * OPTION_LOTS);
        merged.set(name, { ...option, amount: (before + lots) / OPTION_LOTS });
      }
      const options = [...merged.values()].sort(
        (a, b) => a.strike - b.strike || (a.kind < b.kind ? -1 : 1),
      );
      return { ...expiry, options };
    }),
  };
}

/** Risk arrays of all that the portfolio holds, and it as an account on them, without orders. */
export function integerPortfolio(
  model: PortfolioModel,
  portfolio: KernelPortfolio,
): { readonly arrays: RiskArrays; readonly account: Account; readonly gross: number } {
  const { perpetual, expiries, spot } = portfolio;
  const doubt = perpetual.amount === 0 ? 1 : perpetual.confidence;
  const market = {
    spot,
    confidence: Math.min(portfolio.spotConfidence, doubt),
    pegPrice: portfolio.pegPrice,
    usdUnits: USD_UNITS,
    optionUnits: USD_UNITS / OPTION_LOTS,
    linearUnits: USD_UNITS / LINEAR_LOTS,
  };
  const arrays = riskArrays(model, market, 1_000);
  const rows: number[] = [];
  const lots: number[] = [];
  for (const expiry of expiries) {
    const shocks = beginExpiry(arrays, expiry);
    for (const strike of new Set(expiry.options.map((option) => option.strike))) {
      const held = expiry.options.filter((option) => option.strike === strike);
      const first = arrays.rows;
      const volatility = held[0]?.volatility ?? 0;
      fillStrike(arrays, shocks, strike, volatility * Math.sqrt(expiry.varianceYears), 'both');
      for (const { kind, amount } of held) {
        rows.push(first + (kind === 'call' ? 0 : 1));
        lots.push(Math.round(amount * OPTION_LOTS));
      }
    }
  }
  if (perpetual.amount !== 0) {
    rows.push(arrays.rows);
    lots.push(Math.round(perpetual.amount * LINEAR_LOTS));
    fillPerpetual(arrays, perpetual.price);
  }
  const orders: readonly OrderTerm[] = [];
  const positions = { rows: Int32Array.from(rows), lots: Float64Array.from(lots) };
  const gross = lots.reduce((sum, size) => sum + Math.abs(size), 0);
  return { arrays, account: { positions, orders }, gross };
}
