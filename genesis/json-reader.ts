/**
 * Reads fields out of untrusted JSON and collects what is wrong, so that a person who edits a file
 * sees all of it at once. Every problem names the field, what was given and what is allowed.
 */

export type JsonProblem = {
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
};

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A JSON value with its path. Readers return a harmless stand-in after noting a problem. */
export type JsonNode = {
  readonly path: string;
  readonly value: unknown;
  readonly problems: JsonProblem[];
};

export function rootNode(value: unknown): JsonNode {
  return { path: '', value, problems: [] };
}

/** Notes a problem with a node. */
export function note(node: JsonNode, allowed: string): void {
  node.problems.push({ field: node.path || '(document)', given: show(node.value), allowed });
}

/** The node's fields; a field not in `names` is a problem: a typing error must not be ignored. */
export function fields<N extends string>(
  node: JsonNode,
  names: readonly N[],
): { readonly [K in N]: JsonNode } {
  const { value, problems } = node;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isObject ? (value as Record<string, unknown>) : {};
  if (!isObject) note(node, 'an object');
  const path = (name: string): string => (node.path === '' ? name : `${node.path}.${name}`);
  for (const name of Object.keys(entries)) {
    if (!(names as readonly string[]).includes(name)) {
      problems.push({ field: path(name), given: 'an unknown field', allowed: names.join(', ') });
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, { path: path(name), value: entries[name], problems }]),
  ) as { readonly [K in N]: JsonNode };
}

export function items(node: JsonNode, bounds: { min: number; max: number }): JsonNode[] {
  const { value, problems } = node;
  if (!Array.isArray(value) || value.length < bounds.min || value.length > bounds.max) {
    note(node, `a list of ${bounds.min} to ${bounds.max}`);
    return [];
  }
  return value.map((item, index) => ({ path: `${node.path}[${index}]`, value: item, problems }));
}

export function integer(node: JsonNode, bounds: { min: number; max: number }, unit = ''): number {
  const { value } = node;
  if (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= bounds.min &&
    value <= bounds.max
  ) {
    return value;
  }
  note(node, `an integer ${bounds.min} to ${bounds.max}${unit === '' ? '' : ` ${unit}`}`);
  return bounds.min;
}

/** ASCII text. */
export function text(node: JsonNode, bounds: { min: number; max: number }): string {
  const { value } = node;
  if (
    typeof value === 'string' &&
    value.length >= bounds.min &&
    value.length <= bounds.max &&
    /^[\x20-\x7e]*$/.test(value)
  ) {
    return value;
  }
  note(node, `ASCII text of ${bounds.min} to ${bounds.max} characters`);
  return '';
}

/** Decimal text with at most six decimals, in millionths; surplus decimals are refused. */
export function micro(node: JsonNode): bigint {
  const { value } = node;
  const match = typeof value === 'string' ? /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(value) : null;
  if (match === null) {
    note(node, 'decimal text with at most 12 digits before and 6 after the point');
    return 0n;
  }
  return BigInt(match[1] ?? '0') * 1_000_000n + BigInt((match[2] ?? '').padEnd(6, '0'));
}
