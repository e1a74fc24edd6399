/**
 * Portfolio margin in floating point: one portfolio, every cell, from prices alone.
 *
 * Source: Derive PM2 (reference/options.md §2; reference/exchange.md §3). This is the reference that
 * the integer path of the chain (`risk-arrays.ts`, `account-margin.ts`) is tested against, and it
 * reproduces Derive's published cases with their own parameters. Lines for what we do not list
 * (other collateral, a stablecoin's price, rates) are inputs. Concentration is not part of it.
 *
 * Units: USD and coins; time in years of 365 days.
 */
import { callPrice, putPrice } from '../../pricing/black76.ts';
import { ln } from '../../pricing/elementary.ts';
import type { PortfolioModel, Scenario } from './portfolio-model.ts';
import {
  forwardFactor,
  skewMultiplier,
  skewWidth,
  staticDiscounts,
  volatilityMultipliers,
} from './shocks.ts';

export type KernelOption = {
  readonly kind: 'call' | 'put';
  readonly strike: number;
  readonly amount: number;
  readonly volatility: number;
};

export type KernelExpiry = {
  readonly years: number;
  /** Years of variance that are left: `years`, or less when settlement averages. */
  readonly varianceYears: number;
  readonly forward: number;
  /** Share of the forward that moves with spot. */
  readonly openShare: number;
  readonly rate: number;
  readonly discountFactor: number;
  readonly confidence: number;
  readonly options: readonly KernelOption[];
};

export type KernelPerpetual = {
  readonly amount: number;
  readonly price: number;
  readonly confidence: number;
  /** Unrealised profit with funding. */
  readonly unrealised: number;
};

/** Collateral other than cash. */
export type KernelAsset = {
  readonly value: number;
  /** Whether its value moves with spot in the cells. */
  readonly movesWithSpot: boolean;
  readonly maintenanceHaircut: number;
  readonly initialAddHaircut: number;
  readonly confidence: number;
};

export type KernelPortfolio = {
  readonly cash: number;
  readonly spot: number;
  readonly spotConfidence: number;
  /** Price of the currency that margin is reckoned in. */
  readonly pegPrice: number;
  readonly perpetual: KernelPerpetual;
  readonly expiries: readonly KernelExpiry[];
  readonly assets: readonly KernelAsset[];
};

export type KernelMargin = {
  /** Change of value per scenario, in the order of the model; then the two skew cells. */
  readonly cells: readonly number[];
  readonly linearSkew: number;
  readonly absoluteSkew: number;
  readonly forwardContingency: number;
  readonly worst: number;
  readonly optionValues: readonly number[];
  readonly markToMarket: number;
  readonly perpetual: Charge;
  readonly option: Charge;
  readonly assets: Charge;
  /** Initial only. */
  readonly confidence: number;
  readonly initialFactor: number;
  readonly initial: number;
  readonly maintenance: number;
};

/** USD, not negative; `initialAdd` is on top. */
export type Charge = { readonly maintenance: number; readonly initialAdd: number };

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

type Shock = { readonly spot: number; readonly volatilityOf: (option: KernelOption) => number };

function expiryValue(expiry: KernelExpiry, { spot, volatilityOf }: Shock): number {
  const forward = expiry.forward * (1 + expiry.openShare * (spot - 1));
  const root = Math.sqrt(expiry.varianceYears);
  return sum(
    expiry.options.map((option) => {
      const price = option.kind === 'call' ? callPrice : putPrice;
      const deviation = volatilityOf(option) * root;
      return option.amount * expiry.discountFactor * price(forward, option.strike, deviation);
    }),
  );
}

/** One expiry: value at the mark and the change in each cell, discounted and weighted. */
function shockedExpiry(model: PortfolioModel, expiry: KernelExpiry) {
  const marked = (option: KernelOption) => option.volatility;
  const mark = expiryValue(expiry, { spot: 1, volatilityOf: marked });
  const discounts = staticDiscounts(model, expiry.years, expiry);
  const change = (value: number, weight: number) =>
    ((value >= 0 ? discounts.long : discounts.short) * value - mark) * weight;
  const { up, down } = volatilityMultipliers(model, expiry.years);
  const shocked: Record<Scenario['volatility'], Shock['volatilityOf']> = {
    up: ({ volatility }) => Math.max(model.volatility.upFloor, volatility * up),
    none: marked,
    down: ({ volatility }) => volatility * down,
  };
  const skewed = (kind: 'linear' | 'absolute') => {
    const shock = model.skew[kind];
    const width = skewWidth(model, shock, expiry.years);
    const volatilityOf = ({ strike, volatility }: KernelOption) => {
      const k = ln(strike / expiry.forward);
      return volatility * skewMultiplier(width, kind === 'linear' ? k : Math.abs(k));
    };
    return -Math.abs(change(expiryValue(expiry, { spot: 1, volatilityOf }), shock.weight));
  };
  const plain = (spot: number) => expiryValue(expiry, { spot, volatilityOf: marked }) - mark;
  const forward = Math.min(0, plain(model.forward.up), plain(model.forward.down));
  return {
    mark,
    cells: model.scenarios.map(({ spot, volatility, weight }) =>
      change(expiryValue(expiry, { spot, volatilityOf: shocked[volatility] }), weight),
    ),
    linear: skewed('linear'),
    absolute: skewed('absolute'),
    forward: forward * forwardFactor(model, expiry.years),
  };
}

/** Net short options, strike by strike: max(0, −(calls + puts)). */
function nakedShorts(options: readonly KernelOption[]): number {
  const strikes = [...new Set(options.map(({ strike }) => strike))];
  return sum(
    strikes.map((strike) => {
      const held = options.filter((option) => option.strike === strike);
      return Math.max(0, -sum(held.map(({ amount }) => amount)));
    }),
  );
}

function confidenceCharge(model: PortfolioModel, confidence: number, notional: number): number {
  const { threshold, factor } = model.confidence;
  return confidence < threshold ? (1 - confidence) * factor * notional : 0;
}

/** Margin of a portfolio. O(options × scenarios × price of an option). */
export function kernelMargin(model: PortfolioModel, portfolio: KernelPortfolio): KernelMargin {
  const { perpetual, expiries, assets, spot } = portfolio;
  const shocked = expiries.map((expiry) => shockedExpiry(model, expiry));
  const moving = sum(assets.map(({ value, movesWithSpot }) => (movesWithSpot ? value : 0)));
  const linearValue = perpetual.amount * perpetual.price + moving;
  const cells = model.scenarios.map(
    ({ spot: shock, weight }, index) =>
      sum(shocked.map((expiry) => expiry.cells[index] ?? 0)) + linearValue * (shock - 1) * weight,
  );
  const linearSkew = sum(shocked.map(({ linear }) => linear));
  const absoluteSkew = sum(shocked.map(({ absolute }) => absolute));
  const forwardContingency = sum(shocked.map(({ forward }) => forward));
  const worst = Math.min(forwardContingency, linearSkew, absoluteSkew, ...cells);

  const held = Math.abs(perpetual.amount) * spot;
  const base =
    perpetual.amount === 0
      ? portfolio.spotConfidence
      : Math.min(portfolio.spotConfidence, perpetual.confidence);
  const naked = sum(expiries.map(({ options }) => nakedShorts(options))) * spot;
  const charge = (notional: number, of: Charge): Charge => ({
    maintenance: notional * of.maintenance,
    initialAdd: notional * of.initialAdd,
  });
  const charges = {
    perpetual: charge(held, model.perpetual),
    option: charge(naked, model.option),
    assets: {
      maintenance: sum(assets.map(({ value, maintenanceHaircut }) => value * maintenanceHaircut)),
      initialAdd: sum(assets.map(({ value, initialAddHaircut }) => value * initialAddHaircut)),
    },
  };
  const confidence =
    confidenceCharge(model, base, held) +
    sum(
      expiries.map(({ options, confidence: own }) => {
        const gross = sum(options.map(({ amount }) => Math.abs(amount)));
        return confidenceCharge(model, Math.min(base, own), gross * spot);
      }),
    ) +
    sum(
      assets.map(({ value, confidence: own }) =>
        confidenceCharge(model, Math.min(portfolio.spotConfidence, own), value),
      ),
    );

  const optionValues = shocked.map(({ mark }) => mark);
  const markToMarket =
    sum(optionValues) + perpetual.unrealised + sum(assets.map(({ value }) => value));
  const { peg, factor } = model;
  const initialFactor =
    factor.initial + Math.max(0, peg.threshold - portfolio.pegPrice) * peg.factor;
  const all = Object.values(charges);
  const maintained = sum(all.map(({ maintenance }) => maintenance));
  const equity = markToMarket + portfolio.cash;
  return {
    cells,
    linearSkew,
    absoluteSkew,
    forwardContingency,
    worst,
    optionValues,
    markToMarket,
    ...charges,
    confidence,
    initialFactor,
    initial:
      equity +
      initialFactor * worst -
      maintained -
      sum(all.map(({ initialAdd }) => initialAdd)) -
      confidence,
    maintenance: equity + factor.maintenance * worst - maintained,
  };
}
