/**
 * What a proposal on parameters would change, or why it cannot: the same at submission, in a simulation
 * and when it is carried out.
 */
import { err, ok, type Result } from '../core/result.ts';
import { type Refusal, refusal } from '../error.ts';
import type { State } from '../state/state.ts';
import type { ParametersContent } from './content.ts';
import { type ParameterSet, type ParameterValues, parameterSet } from './parameter-sets.ts';

/** A value that changes. */
export type PlannedChange = {
  readonly set: number;
  readonly scope: number;
  readonly parameter: number;
  readonly before: number;
  readonly after: number;
};
/** One set as it would be. */
export type PlannedSet = {
  readonly set: ParameterSet;
  readonly scope: number;
  readonly values: ParameterValues;
};
export type ParametersPlan = {
  readonly changes: readonly PlannedChange[];
  readonly sets: readonly PlannedSet[];
};

/** The first rule between values that the sets as they would be break, as text. */
export function planProblem(state: State, { sets }: ParametersPlan): string | undefined {
  for (const { set, scope, values } of sets) {
    const problem = set.problem(state, scope, values);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Plans changes without judging what they come to together. Errors in order, change by change: bad_content
 * (unknown set, scope or parameter, one named twice, one that is fixed; given: its position),
 * parameter_range (given: the value, allowed: the bound), parameter_expected (given: what it expects,
 * allowed: what is in force).
 */
export function planChanges(
  state: State,
  { changes }: ParametersContent,
): Result<ParametersPlan, Refusal> {
  const planned: PlannedChange[] = [];
  const sets = new Map<string, { set: ParameterSet; scope: number; values: ParameterValues }>();
  const seen = new Set<string>();
  for (const [position, { set: number, scope, parameter, expected, value }] of changes.entries()) {
    const set = parameterSet(number);
    const name = set?.names[parameter];
    const key = `${number} ${scope}`;
    const values = sets.get(key)?.values ?? set?.values(state, scope);
    const place = `${key} ${parameter}`;
    if (set === undefined || name === undefined || values === undefined || seen.has(place)) {
      return err(refusal('bad_content', { given: position }));
    }
    if (set.fixed.includes(name)) return err(refusal('bad_content', { given: position }));
    seen.add(place);
    const range = set.ranges[name];
    if (range === undefined || value < range.min || value > range.max) {
      const bound = range !== undefined && value > range.max ? range.max : range?.min;
      return err(refusal('parameter_range', { given: value, allowed: bound ?? 0 }));
    }
    const before = values[name] ?? 0;
    if (before !== expected) {
      return err(refusal('parameter_expected', { given: expected, allowed: before }));
    }
    sets.set(key, { set, scope, values: { ...values, [name]: value } });
    planned.push({ set: number, scope, parameter, before, after: value });
  }
  return ok({ changes: planned, sets: [...sets.values()] });
}

/** As `planChanges`, and then parameters_conflict: the sets as they would be break a rule. */
export function planParameters(
  state: State,
  content: ParametersContent,
): Result<ParametersPlan, Refusal> {
  const plan = planChanges(state, content);
  if (!plan.ok) return plan;
  return planProblem(state, plan.value) === undefined ? plan : err(refusal('parameters_conflict'));
}
