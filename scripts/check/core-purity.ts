/**
 * The core is pure: the same input gives the same bytes on every machine. Each ban names what to use
 * instead.
 */
import { type Finding, lineOf, type SourceFile, type SyntaxNode, walk } from './syntax.ts';

export const CORE_FOLDERS = ['runtime', 'staking', 'consensus', 'genesis'] as const;

/** Names that reach outside or differ between machines, and what takes their place. */
const BANNED_GLOBALS: { readonly [name: string]: string } = {
  Date: 'time arrives in the input: block timestamp or `now`',
  Promise: 'the core is synchronous: return an effect',
  setTimeout: 'return the effect `armTimer`',
  setInterval: 'return the effect `armTimer`',
  setImmediate: 'return an effect',
  queueMicrotask: 'return an effect',
  console: 'receipts, events and effects are the observability',
  process: 'pass what is needed as an argument',
  globalThis: 'pass what is needed as an argument',
  performance: 'the core is not timed from inside',
  crypto: 'use runtime/core/hash.ts',
  fetch: 'return an effect',
  Buffer: 'use Uint8Array and runtime/core/bytes.ts',
  Intl: 'locale data differs between machines',
  WeakRef: 'garbage collection is not deterministic',
  FinalizationRegistry: 'garbage collection is not deterministic',
  Float32Array: 'rounding to 32 bits hides errors: use numbers',
};

/** Members of Math that ECMAScript makes exact everywhere. */
const EXACT_MATH = new Set([
  'abs',
  'floor',
  'ceil',
  'trunc',
  'min',
  'max',
  'sign',
  'imul',
  'clz32',
]);
/** Exact too, but only where floating point is allowed. */
const FLOAT_MATH = new Set(['sqrt', 'round', 'fround', 'PI', 'SQRT1_2', 'SQRT2', 'LN2', 'E']);
const FLOAT_FOLDERS = ['runtime/pricing/', 'runtime/margin/'];

const BANNED_METHODS: { readonly [name: string]: string } = {
  toLocaleString: 'locale data differs between machines',
  toLocaleLowerCase: 'use toLowerCase on ASCII',
  toLocaleUpperCase: 'use toUpperCase on ASCII',
  localeCompare: 'compare code units or bytes',
};

function nameOf(node: unknown): string | undefined {
  const candidate = node as SyntaxNode | undefined | null;
  return candidate?.type === 'Identifier' ? String(candidate['name']) : undefined;
}

function isBigintLiteral(node: unknown): boolean {
  const candidate = node as SyntaxNode | undefined;
  return candidate?.type === 'Literal' && typeof candidate['value'] === 'bigint';
}

/** An identifier that is a value, not the name of a property, field or label. */
function isReference(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return true;
  if (parent.type === 'MemberExpression')
    return parent['object'] === node || parent['computed'] === true;
  if (parent.type === 'Property' || parent.type === 'PropertyDefinition')
    return parent['value'] === node;
  return !parent.type.startsWith('TS') || parent.type === 'TSTypeReference';
}

/** Names that the file itself declares: a parameter `fetch` is not the global. */
function declaredNames(file: SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const declare = (pattern: unknown): void => {
    const node = pattern as SyntaxNode | undefined | null;
    const name = nameOf(node);
    if (name !== undefined) names.add(name);
    if (node?.type === 'ObjectPattern') {
      for (const property of node['properties'] as SyntaxNode[]) declare(property['value']);
    }
    if (node?.type === 'ArrayPattern')
      for (const item of node['elements'] as unknown[]) declare(item);
    if (node?.type === 'AssignmentPattern') declare(node['left']);
  };
  walk(file.program, (node) => {
    declare(node['id']);
    declare(node['local']);
    for (const parameter of (node['params'] as unknown[]) ?? []) declare(parameter);
  });
  return names;
}

/** What is impure in one node, or undefined. */
function impurity(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  scope: { readonly floats: 'allowed' | 'banned'; readonly declared: ReadonlySet<string> },
): string | undefined {
  const { floats, declared } = scope;
  switch (node.type) {
    case 'Identifier': {
      const name = String(node['name']);
      const instead = Object.hasOwn(BANNED_GLOBALS, name) ? BANNED_GLOBALS[name] : undefined;
      if (instead === undefined || declared.has(name) || !isReference(node, parent))
        return undefined;
      return `${name}: ${instead}`;
    }
    case 'MemberExpression': {
      const property = nameOf(node['property']);
      if (property === undefined) return undefined;
      if (nameOf(node['object']) === 'Math') {
        if (EXACT_MATH.has(property)) return undefined;
        if (FLOAT_MATH.has(property)) {
          return floats === 'allowed'
            ? undefined
            : `Math.${property}: floating point only in ${FLOAT_FOLDERS.join(' and ')}`;
        }
        return `Math.${property} differs between engines: use runtime/pricing/elementary.ts`;
      }
      const instead = Object.hasOwn(BANNED_METHODS, property)
        ? BANNED_METHODS[property]
        : undefined;
      return instead === undefined ? undefined : `.${property}: ${instead}`;
    }
    case 'BinaryExpression':
    case 'AssignmentExpression': {
      if (node['operator'] !== '**' && node['operator'] !== '**=') return undefined;
      // A bigint literal on either side makes it a bigint power: mixing throws.
      if (isBigintLiteral(node['left']) || isBigintLiteral(node['right'])) return undefined;
      // A power of two integer literals is folded exactly: 2 ** 32.
      const literals = [node['left'], node['right']] as SyntaxNode[];
      const exact = literals.every(
        (side) => side.type === 'Literal' && Number.isSafeInteger(side['value']),
      );
      if (exact && literals[0]?.['value'] === 2) return undefined;
      return '`**` on numbers is inexact: multiply, shift, or use a table';
    }
    case 'Literal':
      return floats === 'banned' &&
        typeof node['value'] === 'number' &&
        !Number.isInteger(node['value'])
        ? `${String(node['raw'])}: a fraction; floating point only in ${FLOAT_FOLDERS.join(' and ')}`
        : undefined;
    case 'AwaitExpression':
      return 'await: the core is synchronous, return an effect';
    case 'ImportExpression':
      return 'import(): the core is synchronous, import statically';
    case 'CallExpression': {
      const callee = node['callee'] as SyntaxNode;
      const isBareSort =
        callee.type === 'MemberExpression' &&
        nameOf(callee['property']) === 'sort' &&
        (node['arguments'] as unknown[]).length === 0;
      return isBareSort
        ? '.sort() without a comparator sorts numbers as text: give one'
        : undefined;
    }
    default:
      return node['async'] === true
        ? 'async: the core is synchronous, return an effect'
        : undefined;
  }
}

/** Everything impure in `files`, which are of the core. */
export function corePurityFindings(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    const floats = FLOAT_FOLDERS.some((folder) => file.path.startsWith(folder))
      ? 'allowed'
      : 'banned';
    const scope = { floats, declared: declaredNames(file) } as const;
    walk(file.program, (node, parent) => {
      const message = impurity(node, parent, scope);
      if (message !== undefined) {
        findings.push({ path: file.path, line: lineOf(file, node.start), message });
      }
    });
  }
  return findings;
}
