/** The largest files and functions: shown so that someone looks, never a failure. */
import { lineOf, type SourceFile, walk } from './syntax.ts';

export type Size = { readonly where: string; readonly lines: number };

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

export function largestFiles(files: readonly SourceFile[], count: number): Size[] {
  return files
    .map(({ path, text }) => ({ where: path, lines: text.split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines)
    .slice(0, count);
}

export function largestFunctions(files: readonly SourceFile[], count: number): Size[] {
  const sizes: Size[] = [];
  for (const file of files) {
    walk(file.program, (node) => {
      if (!FUNCTIONS.has(node.type)) return;
      const first = lineOf(file, node.start);
      sizes.push({ where: `${file.path}:${first}`, lines: lineOf(file, node.end) - first + 1 });
    });
  }
  return sizes.sort((a, b) => b.lines - a.lines).slice(0, count);
}
