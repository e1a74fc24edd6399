/**
 * Portfolio margin's parameters of an underlying as the chain holds them, and their announced change.
 *
 * Source: design/exchange.md (risk parameters are announced, replayed on current accounts, phased in).
 * Table `riskParameters`: what was in force when the last change was announced, and that change. A
 * change comes in `PHASE_STEPS` equal steps over its phase, each parameter interpolated and rounded
 * down; cells whose number or shocks change do so with the last step. Every step is a model that is
 * accepted, which `announceRiskChange` sees to. Times are those of blocks.
 */
import type { BlockContext } from '../../block-context.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type Codec, container, i64, list, u8, u32, u64 } from '../../core/ssz.ts';
import { type TimestampMs, timestampMs, type UnderlyingId } from '../../core/units.ts';
import { EVENT } from '../../event.ts';
import type { State } from '../../state/state.ts';
import type { PortfolioModel } from '../portfolio/portfolio-model.ts';
import {
  defaultPortfolioParameters,
  MAX_SCENARIOS,
  PORTFOLIO_PARAMETER_RANGES,
  type PortfolioParameterError,
  type PortfolioParameterName,
  type PortfolioParameters,
  portfolioModel,
  type ScenarioParameters,
} from '../portfolio/portfolio-parameters.ts';

/** Shocks of volatility as stored; numbers are state format. */
export const SHOCK = { none: 0, up: 1, down: 2 } as const;
export type ShockNumber = (typeof SHOCK)[keyof typeof SHOCK];

/** A cell as stored. */
export type StoredScenario = {
  readonly spotPpm: number;
  readonly shock: ShockNumber;
  readonly weightPpm: number;
};

/** Parameters as stored: `PortfolioParameters` with shocks as numbers. */
export type StoredParameters = { readonly [name in PortfolioParameterName]: number } & {
  readonly scenarios: StoredScenario[];
};

/** A change on its way: steps from `startsAt`, the last at `endsAt`. */
export type RiskChange = {
  readonly parameters: StoredParameters;
  readonly announcedAt: TimestampMs;
  readonly startsAt: TimestampMs;
  readonly endsAt: TimestampMs;
};

export type RiskParameters = {
  readonly underlying: UnderlyingId;
  readonly parameters: StoredParameters;
  /** None, or one; when it is complete it is what is in force. */
  readonly change: RiskChange[];
};

/** Names of the scalars, in the order of their format. */
export const PARAMETER_NAMES: readonly PortfolioParameterName[] = Object.keys(
  PORTFOLIO_PARAMETER_RANGES,
).filter((name): name is PortfolioParameterName => Object.hasOwn(PORTFOLIO_PARAMETER_RANGES, name));

function scalarFields(): { readonly [name in PortfolioParameterName]: Codec<number> } {
  return Object.fromEntries(PARAMETER_NAMES.map((name) => [name, i64()])) as {
    readonly [name in PortfolioParameterName]: Codec<number>;
  };
}

/** Codec of the parameters of one underlying. */
export const StoredParametersCodec: Codec<StoredParameters> = container<StoredParameters>(
  'StoredParameters',
  {
    ...scalarFields(),
    scenarios: list(
      container<StoredScenario>('StoredScenario', {
        spotPpm: u32(),
        shock: u8<ShockNumber>(),
        weightPpm: u32(),
      }),
      MAX_SCENARIOS,
      1,
    ),
  },
);

export const RiskParametersCodec: Codec<RiskParameters> = container<RiskParameters>(
  'RiskParameters',
  {
    underlying: u8<UnderlyingId>(),
    parameters: StoredParametersCodec,
    change: list(
      container<RiskChange>('RiskChange', {
        parameters: StoredParametersCodec,
        announcedAt: u64<TimestampMs>(),
        startsAt: u64<TimestampMs>(),
        endsAt: u64<TimestampMs>(),
      }),
      1,
    ),
  },
);

/** Steps in which a change comes. */
export const PHASE_STEPS = 20;
/** Least time from an announcement to its first step, and greatest length of its phase. */
export const MIN_RISK_NOTICE_MS: number = 24 * 3_600_000;
export const MAX_RISK_PHASE_MS: number = 30 * 24 * 3_600_000;

const SHOCK_NAMES = ['none', 'up', 'down'] as const;

/** As the model reads them. */
export function modelParameters(stored: StoredParameters): PortfolioParameters {
  const scenarios: ScenarioParameters[] = stored.scenarios.map(({ spotPpm, shock, weightPpm }) => ({
    spotPpm,
    volatility: SHOCK_NAMES[shock],
    weightPpm,
  }));
  return { ...stored, scenarios };
}

/** As they are stored. */
export function storedParameters(parameters: PortfolioParameters): StoredParameters {
  const scenarios = parameters.scenarios.map(({ spotPpm, volatility, weightPpm }) => ({
    spotPpm,
    shock: SHOCK[volatility],
    weightPpm,
  }));
  return { ...parameters, scenarios };
}

/** The row of an underlying whose genesis says nothing else. */
export function defaultRiskParameters(underlying: UnderlyingId): RiskParameters {
  return { underlying, parameters: storedParameters(defaultPortfolioParameters()), change: [] };
}

/** How many steps of a change have come by a time. */
function stepsBy({ startsAt, endsAt }: RiskChange, time: TimestampMs): number {
  if (time >= endsAt) return PHASE_STEPS;
  if (time < startsAt) return 0;
  return Math.floor(((time - startsAt) * PHASE_STEPS) / (endsAt - startsAt));
}

function between(from: number, to: number, step: number): number {
  return from + Math.floor(((to - from) * step) / PHASE_STEPS);
}

/** Whether cells can be interpolated one by one. */
function sameShocks(a: readonly StoredScenario[], b: readonly StoredScenario[]): boolean {
  return a.length === b.length && a.every(({ shock }, index) => shock === b[index]?.shock);
}

/** The parameters after some steps from one set to another. */
function interpolated(
  from: StoredParameters,
  to: StoredParameters,
  step: number,
): StoredParameters {
  if (step === 0) return from;
  if (step === PHASE_STEPS) return to;
  const scalars = Object.fromEntries(
    PARAMETER_NAMES.map((name) => [name, between(from[name], to[name], step)]),
  ) as { readonly [name in PortfolioParameterName]: number };
  const scenarios = sameShocks(from.scenarios, to.scenarios)
    ? from.scenarios.map((cell, index) => {
        const last = to.scenarios[index] ?? cell;
        return {
          spotPpm: between(cell.spotPpm, last.spotPpm, step),
          shock: cell.shock,
          weightPpm: between(cell.weightPpm, last.weightPpm, step),
        };
      })
    : from.scenarios;
  return { ...scalars, scenarios };
}

/** Steps of the row's change that have come by a time; 0 without a change. O(1). */
export function phaseStep({ change: [change] }: RiskParameters, time: TimestampMs): number {
  return change === undefined ? 0 : stepsBy(change, time);
}

/** The parameters in force at a time. O(parameters) within a phase, else O(1). */
export function parametersAt(row: RiskParameters, time: TimestampMs): StoredParameters {
  const [change] = row.change;
  return change === undefined
    ? row.parameters
    : interpolated(row.parameters, change.parameters, stepsBy(change, time));
}

/** The row of an underlying: from genesis on there is one; else the values of genesis. */
export function riskParametersOf(state: State, underlying: UnderlyingId): RiskParameters {
  return state.riskParameters.get(underlying) ?? defaultRiskParameters(underlying);
}

/** The model of parameters that were accepted. */
export function mustModel(stored: StoredParameters): PortfolioModel {
  const model = portfolioModel(modelParameters(stored));
  assert(model.ok, 'stored parameters are accepted by the model');
  return model.value;
}

/** Why a change is not announced, in this order. */
export type RiskChangeError =
  | { readonly code: 'unknown_underlying' }
  | { readonly code: 'notice_too_short'; readonly given: number; readonly allowed: number }
  | { readonly code: 'bad_phase'; readonly given: number; readonly allowed: number }
  /** `step` counts from 1; the last is the new parameters themselves. */
  | {
      readonly code: 'parameters_refused';
      readonly step: number;
      readonly error: PortfolioParameterError;
    };

/** New parameters of an underlying, as they are announced. */
export type RiskAnnouncement = {
  readonly underlying: UnderlyingId;
  readonly parameters: PortfolioParameters;
  readonly startsAt: TimestampMs;
  readonly phaseMs: number;
};

/**
 * The row that an announcement at `now` would leave. Errors in order: unknown_underlying,
 * notice_too_short (given, allowed: ms), bad_phase (ms), parameters_refused. Changes nothing. Cost:
 * `PHASE_STEPS` models, ~1 ms.
 */
export function planRiskChange(
  state: State,
  now: TimestampMs,
  announced: RiskAnnouncement,
): Result<{ readonly row: RiskParameters; readonly change: RiskChange }, RiskChangeError> {
  const { underlying, startsAt, phaseMs } = announced;
  if (!state.underlyings.has(underlying)) return err({ code: 'unknown_underlying' });
  const notice = startsAt - now;
  if (!(notice >= MIN_RISK_NOTICE_MS)) {
    return err({ code: 'notice_too_short', given: notice, allowed: MIN_RISK_NOTICE_MS });
  }
  if (!(phaseMs >= 0 && phaseMs <= MAX_RISK_PHASE_MS)) {
    return err({ code: 'bad_phase', given: phaseMs, allowed: MAX_RISK_PHASE_MS });
  }
  const last = portfolioModel(announced.parameters);
  if (!last.ok) return err({ code: 'parameters_refused', step: PHASE_STEPS, error: last.error });
  const parameters = parametersAt(riskParametersOf(state, underlying), now);
  const target = storedParameters(announced.parameters);
  for (let step = 1; step < PHASE_STEPS; step++) {
    const model = portfolioModel(modelParameters(interpolated(parameters, target, step)));
    if (!model.ok) return err({ code: 'parameters_refused', step, error: model.error });
  }
  const endsAt = timestampMs(startsAt + phaseMs);
  const change: RiskChange = { parameters: target, announcedAt: now, startsAt, endsAt };
  return ok({ row: { underlying, parameters, change: [change] }, change });
}

/**
 * Announces new parameters of an underlying: for governance. What is in force stays until
 * `startsAt`, also where it is a step of an earlier change, which ends there. Errors and cost: those
 * of `planRiskChange`. Changes nothing on error.
 */
export function announceRiskChange(
  state: State,
  context: BlockContext,
  announced: RiskAnnouncement,
): Result<RiskChange, RiskChangeError> {
  const planned = planRiskChange(state, context.timestamp, announced);
  if (!planned.ok) return planned;

  // From here it must succeed.
  const { row, change } = planned.value;
  const { underlying, startsAt } = announced;
  state.riskParameters.set(underlying, row);
  const { endsAt } = change;
  context.events.push({ selector: EVENT.riskChange, value: { underlying, startsAt, endsAt } });
  return ok(change);
}
