/** Turns what zod found into the field, what was given and what is allowed. */
import type * as z from 'zod';
import { type ErrorFacts, echo } from './errors.ts';

type Issue = z.core.$ZodIssue;

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}]` : String(key))).join('.');
}

function allowedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' items' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' items' : ''}`;
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    default:
      return issue.message;
  }
}

/** The first problem of `params`. `known` are the names of the method's parameters. */
export function paramsProblem(
  issues: readonly Issue[],
  params: unknown,
  known: readonly string[],
): ErrorFacts {
  const issue = issues[0];
  if (issue === undefined) return {};
  if (issue.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? '';
    const given = echo(valueAt(params, [...issue.path, field]));
    return { field, given, allowed: `parameters: ${known.join(', ') || 'none'}` };
  }
  const given = valueAt(params, issue.path);
  return {
    field: fieldOf(issue.path),
    given: given === undefined ? 'nothing' : given,
    allowed: allowedOf(issue),
  };
}
