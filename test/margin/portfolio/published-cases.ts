/**
 * Derive's published portfolio margin cases (PMRM_2) as inputs of the float kernel.
 *
 * They lie beside the project, in `../shared/data/portfolio-margin-cases`; a checkout without them
 * tests by vectors of its own.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type {
  KernelExpiry,
  KernelPortfolio,
} from '../../../runtime/margin/portfolio/margin-kernel.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';

const FOLDER = new URL('../../../../shared/data/portfolio-margin-cases/', import.meta.url);
const SECONDS_PER_YEAR = 365 * 86_400;
/** The forward of the last half hour is fixed in the share of it that is over. */
const WINDOW_SECONDS = 1_800;

type Numbers<K extends string> = { readonly [key in K]: number };

export type PublishedCase = {
  readonly Scenario: Numbers<
    | 'Cash'
    | 'SpotPrice'
    | 'SpotConfidence'
    | 'NumPerps'
    | 'PerpPrice'
    | 'PerpConfidence'
    | 'UnrealisedPerpPNL'
    | 'UnrealisedFunding'
    | 'StablePrice'
  > & {
    readonly Collaterals: readonly (Numbers<
      'Amount' | 'Price' | 'Confidence' | 'IMHaircut' | 'MMHaircut'
    > & { readonly IsRiskCancelling: boolean })[];
    readonly Options: readonly Numbers<'Expiry' | 'Strike' | 'IsCall' | 'Amount' | 'MarkVol'>[];
    readonly OptionFeeds: readonly Numbers<
      | 'FeedExpiry'
      | 'Forward'
      | 'ForwardConfidence'
      | 'Rate'
      | 'RateConfidence'
      | 'OptionVolConfidences'
    >[];
  };
  readonly Parameters: {
    readonly Scenarios: readonly {
      readonly SpotShock: number;
      readonly VolShockDirection: 'Up' | 'None' | 'Down' | 'LINEAR' | 'ABS';
      readonly DampeningFactor: number;
    }[];
    readonly SkewShock: Numbers<
      | 'LINEAR_SCALE_CAP'
      | 'LINEAR_CBASE'
      | 'ABS_SCALE_CAP'
      | 'ABS_CBASE'
      | 'MIN_K_STAR'
      | 'MIN_WIDTH_SCALE'
      | 'VOL_PARAM_STATIC'
      | 'VOL_PARAM_SCALE'
    >;
    readonly VolShock: Numbers<
      | 'VOLRANGEUP'
      | 'MIN_VOL_EVAL_SHOCKED'
      | 'VOLRANGEDOWN'
      | 'SHORTTERMPOWER'
      | 'LONGTERMPOWER'
      | 'DTE_FLOOR'
    >;
    readonly Margin: Numbers<
      | 'MM_LOSS_FACTOR'
      | 'IM_LOSS_FACTOR'
      | 'SHORT_RATE_MULTSCALE'
      | 'LONG_RATE_MULTSCALE'
      | 'SHORT_RATE_ADDSCALE'
      | 'LONG_RATE_ADDSCALE'
      | 'BASE_STATIC_DISCOUNT'
      | 'BASE_STATIC_DISCOUNT_NEG'
    >;
    readonly BasisContingency: Numbers<
      'SCENARIO_SPOT_UP' | 'SCENARIO_SPOT_DOWN' | 'BASIS_CONT_ADD_FACTOR' | 'BASIS_CONT_MULT_FACTOR'
    >;
    readonly OtherContingency: Numbers<
      | 'PEG_LOSS_THRESHOLD'
      | 'PEG_LOSS_FACTOR'
      | 'CONF_THRESHOLD'
      | 'CONF_MARGIN'
      | 'MM_PERP_PERCENT'
      | 'IM_PERP_PERCENT'
      | 'MM_OPTION_PERCENT'
      | 'IM_OPTION_PERCENT'
    >;
  };
  readonly Result: Numbers<
    | 'ForwardContingency'
    | 'PortfolioMTM'
    | 'OptionMTM'
    | 'MMPerpCont'
    | 'IMPerpCont'
    | 'MMBaseCont'
    | 'IMBaseCont'
    | 'MMOptionCont'
    | 'IMOptionCont'
    | 'OracleCont'
    | 'IM'
    | 'MM'
    | 'im_loss_factor'
    | 'worst_reg_loss'
    | 'worst_tail_loss'
    | 'worst_skew_loss'
  > & {
    readonly reg_losses: readonly (readonly [unknown, unknown, string])[];
    readonly tail_losses: readonly (readonly [unknown, unknown, string])[];
    readonly skew_losses: readonly (readonly [unknown, string])[];
    readonly OptionMTMPerExpiry: readonly number[];
    readonly discount_factors: readonly (readonly [number, number])[];
  };
};

/** The cases by name, or none where the data is not there. */
export function publishedCases(): readonly (readonly [string, PublishedCase])[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))] as const);
}

const VOLATILITY = { Up: 'up', None: 'none', Down: 'down' } as const;

export function modelOf({ Parameters }: PublishedCase): PortfolioModel {
  const { Scenarios, SkewShock, VolShock, Margin, BasisContingency, OtherContingency } = Parameters;
  const weightOf = (kind: 'LINEAR' | 'ABS') =>
    Scenarios.find(({ VolShockDirection }) => VolShockDirection === kind)?.DampeningFactor ?? 0;
  return {
    scenarios: Scenarios.flatMap(({ SpotShock, VolShockDirection, DampeningFactor }) =>
      VolShockDirection === 'LINEAR' || VolShockDirection === 'ABS'
        ? []
        : [
            {
              spot: SpotShock,
              volatility: VOLATILITY[VolShockDirection],
              weight: DampeningFactor,
            },
          ],
    ),
    volatility: {
      up: VolShock.VOLRANGEUP,
      down: VolShock.VOLRANGEDOWN,
      upFloor: VolShock.MIN_VOL_EVAL_SHOCKED,
      shortPower: VolShock.SHORTTERMPOWER,
      longPower: VolShock.LONGTERMPOWER,
      leastDays: VolShock.DTE_FLOOR,
    },
    skew: {
      linear: {
        cap: SkewShock.LINEAR_SCALE_CAP,
        capSlope: SkewShock.LINEAR_CBASE,
        weight: weightOf('LINEAR'),
      },
      absolute: {
        cap: SkewShock.ABS_SCALE_CAP,
        capSlope: SkewShock.ABS_CBASE,
        weight: weightOf('ABS'),
      },
      leastKStar: SkewShock.MIN_K_STAR,
      width: SkewShock.MIN_WIDTH_SCALE,
      widthVolatility: SkewShock.VOL_PARAM_STATIC,
      widthVolatilitySlope: SkewShock.VOL_PARAM_SCALE,
    },
    discount: {
      long: {
        base: Margin.BASE_STATIC_DISCOUNT,
        rateScale: Margin.LONG_RATE_MULTSCALE,
        rateAdd: Margin.LONG_RATE_ADDSCALE,
      },
      short: {
        base: Margin.BASE_STATIC_DISCOUNT_NEG,
        rateScale: Margin.SHORT_RATE_MULTSCALE,
        rateAdd: Margin.SHORT_RATE_ADDSCALE,
      },
    },
    forward: {
      up: BasisContingency.SCENARIO_SPOT_UP,
      down: BasisContingency.SCENARIO_SPOT_DOWN,
      add: BasisContingency.BASIS_CONT_ADD_FACTOR,
      perYear: BasisContingency.BASIS_CONT_MULT_FACTOR,
    },
    factor: { initial: Margin.IM_LOSS_FACTOR, maintenance: Margin.MM_LOSS_FACTOR },
    perpetual: {
      maintenance: OtherContingency.MM_PERP_PERCENT,
      initialAdd: OtherContingency.IM_PERP_PERCENT,
    },
    option: {
      maintenance: OtherContingency.MM_OPTION_PERCENT,
      initialAdd: OtherContingency.IM_OPTION_PERCENT,
    },
    confidence: {
      threshold: OtherContingency.CONF_THRESHOLD,
      factor: OtherContingency.CONF_MARGIN,
    },
    peg: {
      threshold: OtherContingency.PEG_LOSS_THRESHOLD,
      factor: OtherContingency.PEG_LOSS_FACTOR,
    },
    concentration: { freeDeltaUsd: 1e15, widthUsd: 1e15, openInterestShare: 1 },
  };
}

/** The expiries in the order in which the options first name them, as the results are. */
function expiriesOf({ Scenario }: PublishedCase): readonly KernelExpiry[] {
  const named = [...new Set(Scenario.Options.map(({ Expiry }) => Expiry))];
  return named.map((seconds) => {
    const feed = Scenario.OptionFeeds.find(({ FeedExpiry }) => FeedExpiry === seconds);
    if (feed === undefined) throw new Error(`no feed of expiry ${seconds}`);
    const years = seconds / SECONDS_PER_YEAR;
    const rate = Math.max(0, feed.Rate);
    return {
      years,
      varianceYears: years,
      forward: feed.Forward,
      openShare: Math.min(1, seconds / WINDOW_SECONDS),
      rate,
      discountFactor: Math.exp(-rate * years),
      confidence: Math.min(feed.ForwardConfidence, feed.RateConfidence, feed.OptionVolConfidences),
      options: Scenario.Options.filter(({ Expiry }) => Expiry === seconds).map((option) => ({
        kind: option.IsCall === 1 ? 'call' : 'put',
        strike: option.Strike,
        amount: option.Amount,
        volatility: option.MarkVol,
      })),
    };
  });
}

export function portfolioOf(published: PublishedCase): KernelPortfolio {
  const { Scenario } = published;
  return {
    cash: Scenario.Cash,
    spot: Scenario.SpotPrice,
    spotConfidence: Scenario.SpotConfidence,
    pegPrice: Scenario.StablePrice,
    perpetual: {
      amount: Scenario.NumPerps,
      price: Scenario.PerpPrice,
      confidence: Scenario.PerpConfidence,
      unrealised: Scenario.UnrealisedPerpPNL + Scenario.UnrealisedFunding,
    },
    expiries: expiriesOf(published),
    assets: Scenario.Collaterals.map((asset) => ({
      value: (asset.Amount * asset.Price) / Scenario.StablePrice,
      movesWithSpot: asset.IsRiskCancelling,
      maintenanceHaircut: asset.MMHaircut,
      initialAddHaircut: asset.IMHaircut,
      confidence: asset.Confidence,
    })),
  };
}
