/**
 * The sets of parameters that votes change: names, ranges, values, rules between them, and enactment.
 *
 * Source: design/staking-and-keys.md §5 (typed, bounded; the joint set is validated). Numbers of sets, and
 * the position of a parameter in its set, are wire format: both are append-only. `tightens` names the
 * direction in which a value restrains risk without taking anything from anybody: what an expedited
 * proposal may do.
 */

import { STAKING_RANGES, stakingParametersProblem } from '../../staking/parameters.ts';
import { setStakingParameters } from '../../staking/set-parameters.ts';
import { stakingParametersOf } from '../../staking/tables.ts';
import type { BlockContext } from '../block-context.ts';
import { type UnderlyingId, underlyingId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import {
  LIQUIDATION_PARAMETER_RANGES,
  liquidationParametersOf,
  liquidationParametersProblem,
} from '../liquidation/parameters.ts';
import type { Underlying } from '../options/underlying.ts';
import { markExpiry, rebuildMarks } from '../oracle/marks.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { expiryKey, parametersOf, type State } from '../state/state.ts';
import {
  CONSENSUS_RANGES,
  consensusParametersOf,
  consensusParametersProblem,
} from './consensus-parameters.ts';
import { GOVERNANCE_RANGES, governanceParametersProblem } from './governance-parameters.ts';
import { PARAMETER_RANGES } from './parameters.ts';
import { parametersProblem } from './parameters-problem.ts';
import { governanceParametersOf } from './tables.ts';
import {
  UNDERLYING_PARAMETER_NAMES,
  UNDERLYING_RANGES,
  underlyingParametersProblem,
} from './underlying-parameters.ts';

/** Numbers of sets; append-only wire format. */
export const PARAMETER_SET = {
  chain: 0,
  staking: 1,
  liquidation: 2,
  governance: 3,
  underlying: 4,
  consensus: 5,
} as const;
export type ParameterSetName = keyof typeof PARAMETER_SET;

export type ParameterRange = { readonly min: number; readonly max: number; readonly unit: string };
/** Values of a set by name. */
export type ParameterValues = { readonly [name: string]: number };
/** `noLimit`: 0 stands for none, so any other value is lower. */
export type Tightening = 'up' | 'down' | 'noLimit';

export type ParameterSet = {
  readonly name: ParameterSetName;
  readonly ranges: { readonly [name: string]: ParameterRange };
  readonly names: readonly string[];
  readonly tightens: { readonly [name: string]: Tightening };
  /** No proposal changes these. */
  readonly fixed: readonly string[];
  /** What is in force; `undefined` when there is no such scope. */
  readonly values: (state: State, scope: number) => ParameterValues | undefined;
  /** What is wrong with a set whose values are in their ranges. */
  readonly problem: (state: State, scope: number, values: ParameterValues) => string | undefined;
  /** Puts values into force that have no problem. */
  readonly enact: (
    state: State,
    context: BlockContext,
    scope: number,
    values: ParameterValues,
  ) => void;
};

type Of<K extends keyof ParameterSet> = ParameterSet[K];

/** The parts of a set that follow from its ranges. */
function named(
  name: ParameterSetName,
  ranges: Of<'ranges'>,
): Pick<ParameterSet, 'name' | 'ranges' | 'names' | 'fixed' | 'tightens'> {
  return { name, ranges, names: Object.keys(ranges), fixed: [], tightens: {} };
}

/** Values of a set that has no scopes. */
const whole =
  (read: (state: State) => object): Of<'values'> =>
  (state, scope) =>
    scope === 0 ? ({ ...read(state) } as ParameterValues) : undefined;

/** Rules that look at the values alone. */
const rule =
  <T>(check: (values: T) => string | undefined): Of<'problem'> =>
  (_state, _scope, values) =>
    check(values as T);

const chain: ParameterSet = {
  ...named('chain', PARAMETER_RANGES),
  tightens: {
    oracleStaleMs: 'down',
    oracleReduceOnlyMs: 'down',
    oracleFarBps: 'down',
    oracleFarVarianceBps: 'down',
    bandSpotBps: 'down',
    bandVolBps: 'down',
    pullStepBps: 'down',
    pullMaxBps: 'down',
  },
  values: whole(parametersOf),
  problem: rule(parametersProblem),
  enact(state, _context, _scope, values) {
    state.parameters.set(SINGLETON_KEY, values as never);
    // Marks remember the bands that they were asked for: a node that starts now has none of them.
    rebuildMarks(state);
  },
};

const staking: ParameterSet = {
  ...named('staking', STAKING_RANGES),
  values: whole(stakingParametersOf),
  problem: rule(stakingParametersProblem),
  enact(state, context, _scope, values) {
    setStakingParameters(state, context, values as never);
  },
};

const liquidation: ParameterSet = {
  ...named('liquidation', LIQUIDATION_PARAMETER_RANGES),
  values: whole(liquidationParametersOf),
  problem: rule(liquidationParametersProblem),
  enact(state, _context, _scope, values) {
    state.liquidationParameters.set(SINGLETON_KEY, values as never);
  },
};

const governance: ParameterSet = {
  ...named('governance', GOVERNANCE_RANGES),
  tightens: { quorumBps: 'up', thresholdBps: 'up', timelockMs: 'up', maxPauseMs: 'down' },
  fixed: ['timelockFloorMs'],
  values: whole(governanceParametersOf),
  problem: rule(governanceParametersProblem),
  enact({ governance: tables }, _context, _scope, values) {
    tables.governanceParameters.set(SINGLETON_KEY, values as never);
  },
};

const consensus: ParameterSet = {
  ...named('consensus', CONSENSUS_RANGES),
  values: whole(consensusParametersOf),
  problem: rule(consensusParametersProblem),
  enact({ governance: tables }, _context, _scope, values) {
    tables.consensusChange.set(SINGLETON_KEY, values as never);
  },
};

/** The row of a scope, if it is an underlying's. */
function underlyingOf(state: State, scope: number): Underlying | undefined {
  return state.underlyings.get(scope as UnderlyingId);
}

/** Makes the marks of an underlying anew, and lets its series be looked at again. */
function renewUnderlying(state: State, id: UnderlyingId): void {
  const { listedFor } = state.derived.series;
  for (const key of state.markInputs.sortedKeys()) {
    if (expiryKey.high(key) === id) markExpiry(state, state.markInputs.must(key));
  }
  for (const key of [...listedFor.keys()]) if (expiryKey.high(key) === id) listedFor.delete(key);
}

const underlying: ParameterSet = {
  ...named('underlying', UNDERLYING_RANGES),
  tightens: {
    maxSeriesOpenInterestLots: 'noLimit',
    maxOpenInterestLots: 'noLimit',
    maxPositionLots: 'noLimit',
    maxAccountLots: 'noLimit',
    futureMaxPositionLots: 'noLimit',
    futureMaxOpenInterestLots: 'noLimit',
    maxOrderLots: 'down',
    futureMaxOrderLots: 'down',
  },
  values(state, scope) {
    const row = underlyingOf(state, scope);
    if (row === undefined) return undefined;
    return Object.fromEntries(UNDERLYING_PARAMETER_NAMES.map((name) => [name, row[name]]));
  },
  problem(state, scope, values) {
    const row = underlyingOf(state, scope);
    return row === undefined ? undefined : underlyingParametersProblem({ ...row, ...values });
  },
  enact(state, context, scope, values) {
    const id = underlyingId(scope);
    // In place: what holds the row goes on holding it.
    const row: Underlying = Object.assign(state.underlyings.must(id), values);
    state.underlyings.touch(id);
    renewUnderlying(state, id);
    context.events.push({ selector: EVENT.underlyingChanged, value: { ...row } });
  },
};

const SETS: { readonly [N in ParameterSetName]: ParameterSet } = {
  chain,
  staking,
  liquidation,
  governance,
  underlying,
  consensus,
};

const NAMES = Object.keys(PARAMETER_SET) as ParameterSetName[];

/** All sets, by number. */
export const PARAMETER_SETS: readonly ParameterSet[] = NAMES.map((name) => SETS[name]);

/** The set of a number, if there is one. */
export function parameterSet(number: number): ParameterSet | undefined {
  return PARAMETER_SETS[number];
}

/** Whether going from one value to another restrains. */
export function isTightening(
  set: ParameterSet,
  parameter: string,
  { before, after }: { readonly before: number; readonly after: number },
): boolean {
  const direction = set.tightens[parameter];
  if (direction === undefined) return false;
  switch (direction) {
    case 'up':
      return after > before;
    case 'down':
      return after < before;
    case 'noLimit':
      return after > 0 && (before === 0 || after < before);
  }
}
