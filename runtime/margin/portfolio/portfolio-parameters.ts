/**
 * The parameters of portfolio margin as the chain holds them: integers with a unit and a range.
 *
 * Source: design/exchange.md §3 (defaults, long ≤ short); Derive PM2 (reference/options.md §2). Units:
 * `Ppm` millionths, `Ms` milliseconds, `Usd` whole USD. Set per underlying.
 */
import { err, ok, type Result } from '../../core/result.ts';
import { regularRange } from './concentration.ts';
import { isFlat, type PortfolioModel, type VolatilityShock } from './portfolio-model.ts';

/** A cell: spot multiplier and weight in millionths. */
export type ScenarioParameters = {
  readonly spotPpm: number;
  readonly volatility: VolatilityShock;
  readonly weightPpm: number;
};

export type PortfolioParameterName =
  | 'volatilityUpPpm'
  | 'volatilityDownPpm'
  | 'volatilityUpFloorPpm'
  | 'shortPowerPpm'
  | 'longPowerPpm'
  | 'leastTermMs'
  | 'linearSkewCapPpm'
  | 'linearSkewCapSlopePpm'
  | 'linearSkewWeightPpm'
  | 'absoluteSkewCapPpm'
  | 'absoluteSkewCapSlopePpm'
  | 'absoluteSkewWeightPpm'
  | 'leastKStarPpm'
  | 'skewWidthPpm'
  | 'skewWidthVolatilityPpm'
  | 'skewWidthVolatilitySlopePpm'
  | 'longDiscountPpm'
  | 'longRateScalePpm'
  | 'longRateAddPpm'
  | 'shortDiscountPpm'
  | 'shortRateScalePpm'
  | 'shortRateAddPpm'
  | 'forwardUpPpm'
  | 'forwardDownPpm'
  | 'forwardAddPpm'
  | 'forwardPerYearPpm'
  | 'initialFactorPpm'
  | 'maintenanceFactorPpm'
  | 'perpetualMaintenancePpm'
  | 'perpetualInitialAddPpm'
  | 'optionMaintenancePpm'
  | 'optionInitialAddPpm'
  | 'confidenceThresholdPpm'
  | 'confidenceFactorPpm'
  | 'pegThresholdPpm'
  | 'pegFactorPpm'
  | 'concentrationFreeDeltaUsd'
  | 'concentrationWidthUsd'
  | 'openInterestSharePpm';

export type PortfolioParameters = { readonly [name in PortfolioParameterName]: number } & {
  readonly scenarios: readonly ScenarioParameters[];
};

export type ParameterRange = {
  readonly initial: number;
  readonly least: number;
  readonly most: number;
};

const ONE = 1_000_000;
const DAY_MS: number = 24 * 3_600_000;

/** A range and the value at genesis. */
function range(initial: number, least: number, most: number): ParameterRange {
  return { initial, least, most };
}

/** Every scalar parameter: its value at genesis, least and most. */
export const PORTFOLIO_PARAMETER_RANGES: {
  readonly [n in PortfolioParameterName]: ParameterRange;
} = {
  volatilityUpPpm: range(500_000, 0, 10 * ONE),
  volatilityDownPpm: range(300_000, 0, ONE),
  volatilityUpFloorPpm: range(400_000, 0, 10 * ONE),
  shortPowerPpm: range(300_000, 0, ONE),
  longPowerPpm: range(130_000, 0, ONE),
  leastTermMs: range(DAY_MS, 60_000, 30 * DAY_MS),
  linearSkewCapPpm: range(250_000, 0, ONE),
  linearSkewCapSlopePpm: range(-100_000, -ONE, ONE),
  linearSkewWeightPpm: range(ONE, 0, 5 * ONE),
  absoluteSkewCapPpm: range(250_000, 0, ONE),
  absoluteSkewCapSlopePpm: range(-100_000, -ONE, ONE),
  absoluteSkewWeightPpm: range(ONE, 0, 5 * ONE),
  leastKStarPpm: range(10_000, 1_000, ONE),
  skewWidthPpm: range(4 * ONE, 0, 10 * ONE),
  skewWidthVolatilityPpm: range(600_000, 0, 10 * ONE),
  skewWidthVolatilitySlopePpm: range(0, -ONE, ONE),
  longDiscountPpm: range(950_000, 500_000, ONE),
  longRateScalePpm: range(ONE, 0, 10 * ONE),
  longRateAddPpm: range(160_000, 0, ONE),
  shortDiscountPpm: range(1_050_000, ONE, 2 * ONE),
  shortRateScalePpm: range(ONE, 0, 10 * ONE),
  shortRateAddPpm: range(160_000, 0, ONE),
  forwardUpPpm: range(1_045_000, ONE + 1, 2 * ONE),
  forwardDownPpm: range(955_000, ONE / 2, ONE - 1),
  forwardAddPpm: range(500_000, 0, 10 * ONE),
  forwardPerYearPpm: range(2 * ONE, 0, 10 * ONE),
  initialFactorPpm: range(ONE, ONE / 2, 5 * ONE),
  maintenanceFactorPpm: range(800_000, ONE / 2, 5 * ONE),
  perpetualMaintenancePpm: range(30_000, 0, ONE),
  perpetualInitialAddPpm: range(10_000, 0, ONE),
  optionMaintenancePpm: range(3_000, 0, ONE),
  optionInitialAddPpm: range(2_000, 0, ONE),
  confidenceThresholdPpm: range(550_000, 0, ONE),
  confidenceFactorPpm: range(ONE, 0, 5 * ONE),
  pegThresholdPpm: range(990_000, 0, ONE),
  pegFactorPpm: range(4 * ONE, 0, 10 * ONE),
  concentrationFreeDeltaUsd: range(20_000_000, 100_000, 1_000_000_000_000),
  concentrationWidthUsd: range(100_000_000, 100_000, 1_000_000_000_000),
  openInterestSharePpm: range(200_000, 10_000, ONE),
};

/** Most cells of a model. */
export const MAX_SCENARIOS = 40;
const MIN_SPOT_PPM = 10_000;
const MAX_SPOT_PPM: number = 10 * ONE;
const MAX_WEIGHT_PPM: number = 5 * ONE;

const SHOCKS: readonly VolatilityShock[] = ['up', 'none', 'down'];

/** 23 regular cells and eight tails, whose weights dampen them to about the range's own loss. */
function defaultScenarios(): readonly ScenarioParameters[] {
  const inner = [-135_000, -90_000, -45_000, 0, 45_000, 90_000, 135_000];
  const regular = inner.flatMap((move) =>
    SHOCKS.map((volatility) => ({ spotPpm: ONE + move, volatility, weightPpm: ONE })),
  );
  const up = (move: number, weightPpm: number): ScenarioParameters => ({
    spotPpm: ONE + move,
    volatility: 'up',
    weightPpm,
  });
  return [
    up(-180_000, ONE),
    ...regular,
    up(180_000, ONE),
    up(-660_000, 210_000),
    up(-330_000, 420_000),
    up(500_000, 277_200),
    up(1_000_000, 138_600),
    up(2_000_000, 69_300),
    up(3_000_000, 46_200),
    up(4_000_000, 34_650),
    up(5_000_000, 27_720),
  ];
}

/** The parameters at genesis. */
export function defaultPortfolioParameters(): PortfolioParameters {
  const r = PORTFOLIO_PARAMETER_RANGES;
  return {
    volatilityUpPpm: r.volatilityUpPpm.initial,
    volatilityDownPpm: r.volatilityDownPpm.initial,
    volatilityUpFloorPpm: r.volatilityUpFloorPpm.initial,
    shortPowerPpm: r.shortPowerPpm.initial,
    longPowerPpm: r.longPowerPpm.initial,
    leastTermMs: r.leastTermMs.initial,
    linearSkewCapPpm: r.linearSkewCapPpm.initial,
    linearSkewCapSlopePpm: r.linearSkewCapSlopePpm.initial,
    linearSkewWeightPpm: r.linearSkewWeightPpm.initial,
    absoluteSkewCapPpm: r.absoluteSkewCapPpm.initial,
    absoluteSkewCapSlopePpm: r.absoluteSkewCapSlopePpm.initial,
    absoluteSkewWeightPpm: r.absoluteSkewWeightPpm.initial,
    leastKStarPpm: r.leastKStarPpm.initial,
    skewWidthPpm: r.skewWidthPpm.initial,
    skewWidthVolatilityPpm: r.skewWidthVolatilityPpm.initial,
    skewWidthVolatilitySlopePpm: r.skewWidthVolatilitySlopePpm.initial,
    longDiscountPpm: r.longDiscountPpm.initial,
    longRateScalePpm: r.longRateScalePpm.initial,
    longRateAddPpm: r.longRateAddPpm.initial,
    shortDiscountPpm: r.shortDiscountPpm.initial,
    shortRateScalePpm: r.shortRateScalePpm.initial,
    shortRateAddPpm: r.shortRateAddPpm.initial,
    forwardUpPpm: r.forwardUpPpm.initial,
    forwardDownPpm: r.forwardDownPpm.initial,
    forwardAddPpm: r.forwardAddPpm.initial,
    forwardPerYearPpm: r.forwardPerYearPpm.initial,
    initialFactorPpm: r.initialFactorPpm.initial,
    maintenanceFactorPpm: r.maintenanceFactorPpm.initial,
    perpetualMaintenancePpm: r.perpetualMaintenancePpm.initial,
    perpetualInitialAddPpm: r.perpetualInitialAddPpm.initial,
    optionMaintenancePpm: r.optionMaintenancePpm.initial,
    optionInitialAddPpm: r.optionInitialAddPpm.initial,
    confidenceThresholdPpm: r.confidenceThresholdPpm.initial,
    confidenceFactorPpm: r.confidenceFactorPpm.initial,
    pegThresholdPpm: r.pegThresholdPpm.initial,
    pegFactorPpm: r.pegFactorPpm.initial,
    concentrationFreeDeltaUsd: r.concentrationFreeDeltaUsd.initial,
    concentrationWidthUsd: r.concentrationWidthUsd.initial,
    openInterestSharePpm: r.openInterestSharePpm.initial,
    scenarios: defaultScenarios(),
  };
}

/** Why parameters are refused, in the order in which they are looked at. */
export type PortfolioParameterError =
  | {
      readonly code: 'parameter_out_of_range';
      readonly name: PortfolioParameterName;
      readonly value: number;
    }
  | { readonly code: 'initial_below_maintenance' }
  | { readonly code: 'too_many_scenarios'; readonly count: number }
  | { readonly code: 'scenario_out_of_range'; readonly index: number }
  | { readonly code: 'not_one_flat_scenario'; readonly count: number }
  /** Cells with volatility up must reach twice the regular range, both ways. */
  | { readonly code: 'wider_range_not_covered' };

function names(): readonly PortfolioParameterName[] {
  const known = (name: string): name is PortfolioParameterName =>
    Object.hasOwn(PORTFOLIO_PARAMETER_RANGES, name);
  return Object.keys(PORTFOLIO_PARAMETER_RANGES).filter(known);
}

function isScenarioInRange({ spotPpm, weightPpm }: ScenarioParameters): boolean {
  return (
    Number.isInteger(spotPpm) &&
    Number.isInteger(weightPpm) &&
    spotPpm >= MIN_SPOT_PPM &&
    spotPpm <= MAX_SPOT_PPM &&
    weightPpm >= 0 &&
    weightPpm <= MAX_WEIGHT_PPM
  );
}

/**
 * The model of checked parameters. The ranges keep the long discount at or below 1 and the short one
 * at or above it, so long ≤ short whatever the term.
 */
export function portfolioModel(
  parameters: PortfolioParameters,
): Result<PortfolioModel, PortfolioParameterError> {
  for (const name of names()) {
    const value = parameters[name];
    const { least, most } = PORTFOLIO_PARAMETER_RANGES[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      return err({ code: 'parameter_out_of_range', name, value });
    }
  }
  if (parameters.initialFactorPpm < parameters.maintenanceFactorPpm) {
    return err({ code: 'initial_below_maintenance' });
  }
  const { scenarios } = parameters;
  if (scenarios.length > MAX_SCENARIOS) {
    return err({ code: 'too_many_scenarios', count: scenarios.length });
  }
  const bad = scenarios.findIndex((scenario) => !isScenarioInRange(scenario));
  if (bad >= 0) return err({ code: 'scenario_out_of_range', index: bad });
  const model = convert(parameters);
  const flat = model.scenarios.filter(isFlat).length;
  if (flat !== 1) return err({ code: 'not_one_flat_scenario', count: flat });
  const { least, greatest } = regularRange(model);
  const ups = model.scenarios.filter(({ volatility }) => volatility === 'up');
  const isCovered =
    ups.some(({ spot }) => spot <= 1 - 2 * (1 - least)) &&
    ups.some(({ spot }) => spot >= 1 + 2 * (greatest - 1));
  return isCovered ? ok(model) : err({ code: 'wider_range_not_covered' });
}

function convert(p: PortfolioParameters): PortfolioModel {
  return {
    scenarios: p.scenarios.map(({ spotPpm, volatility, weightPpm }) => ({
      spot: spotPpm / ONE,
      volatility,
      weight: weightPpm / ONE,
    })),
    volatility: {
      up: p.volatilityUpPpm / ONE,
      down: p.volatilityDownPpm / ONE,
      upFloor: p.volatilityUpFloorPpm / ONE,
      shortPower: p.shortPowerPpm / ONE,
      longPower: p.longPowerPpm / ONE,
      leastDays: p.leastTermMs / DAY_MS,
    },
    skew: {
      linear: {
        cap: p.linearSkewCapPpm / ONE,
        capSlope: p.linearSkewCapSlopePpm / ONE,
        weight: p.linearSkewWeightPpm / ONE,
      },
      absolute: {
        cap: p.absoluteSkewCapPpm / ONE,
        capSlope: p.absoluteSkewCapSlopePpm / ONE,
        weight: p.absoluteSkewWeightPpm / ONE,
      },
      leastKStar: p.leastKStarPpm / ONE,
      width: p.skewWidthPpm / ONE,
      widthVolatility: p.skewWidthVolatilityPpm / ONE,
      widthVolatilitySlope: p.skewWidthVolatilitySlopePpm / ONE,
    },
    discount: {
      long: {
        base: p.longDiscountPpm / ONE,
        rateScale: p.longRateScalePpm / ONE,
        rateAdd: p.longRateAddPpm / ONE,
      },
      short: {
        base: p.shortDiscountPpm / ONE,
        rateScale: p.shortRateScalePpm / ONE,
        rateAdd: p.shortRateAddPpm / ONE,
      },
    },
    forward: {
      up: p.forwardUpPpm / ONE,
      down: p.forwardDownPpm / ONE,
      add: p.forwardAddPpm / ONE,
      perYear: p.forwardPerYearPpm / ONE,
    },
    factor: {
      initial: p.initialFactorPpm / ONE,
      maintenance: p.maintenanceFactorPpm / ONE,
    },
    perpetual: {
      maintenance: p.perpetualMaintenancePpm / ONE,
      initialAdd: p.perpetualInitialAddPpm / ONE,
    },
    option: { maintenance: p.optionMaintenancePpm / ONE, initialAdd: p.optionInitialAddPpm / ONE },
    confidence: {
      threshold: p.confidenceThresholdPpm / ONE,
      factor: p.confidenceFactorPpm / ONE,
    },
    peg: { threshold: p.pegThresholdPpm / ONE, factor: p.pegFactorPpm / ONE },
    concentration: {
      freeDeltaUsd: p.concentrationFreeDeltaUsd,
      widthUsd: p.concentrationWidthUsd,
      openInterestShare: p.openInterestSharePpm / ONE,
    },
  };
}
