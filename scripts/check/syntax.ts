/** Source files of the project and their syntax trees, for checks of our own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

export const ROOT: string = join(import.meta.dirname, '..', '..');

/** A node of the tree: the ESTree fields plus whatever its type has. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};

export type SourceFile = {
  /** Path from the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
};

/** A breach: where, what, and what to do instead. */
export type Finding = { readonly path: string; readonly line: number; readonly message: string };

export function parseSource(path: string, text: string): SourceFile {
  return { path, text, program: parseAst(text, { lang: 'ts' }) as unknown as SyntaxNode };
}

/** Every `.ts` file below the given top folders, sorted by path. */
export function readSources(folders: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.d.ts')) continue;
      const path = relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      files.push(parseSource(path, readFileSync(join(ROOT, path), 'utf8')));
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Calls `visit` for every node, parents first, with its parent. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
  parent?: SyntaxNode,
): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    const children = Array.isArray(value) ? value : [value];
    for (const child of children) if (isNode(child)) walk(child, visit, node);
  }
}

export function lineOf(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** Module specifiers a file names, types included, with their lines. */
export function importsOf(file: SourceFile): { specifier: string; line: number }[] {
  const found: { specifier: string; line: number }[] = [];
  walk(file.program, (node) => {
    const source = node['source'];
    if (!IMPORTING.has(node.type) || !isNode(source)) return;
    const specifier = source['value'];
    if (typeof specifier === 'string') found.push({ specifier, line: lineOf(file, node.start) });
  });
  return found;
}
