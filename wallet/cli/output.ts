/** What commands print: for people as lines and tables, with `--json` as one document. */

/** Prints `document` as JSON, or `lines` for people. */
export function print(isJson: boolean, document: unknown, lines: readonly string[]): void {
  const text = isJson ? JSON.stringify(document) : lines.join('\n');
  process.stdout.write(`${text}\n`);
}

/** Columns padded to their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `name value` lines of an object's scalar fields. */
export function fields(document: object): string[] {
  return table(
    Object.entries(document).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value),
    ]),
  );
}

/** UTC, to the second. */
export function time(timestampMs: number): string {
  return new Date(timestampMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
