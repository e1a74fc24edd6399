/** What commands print: for people as lines and tables, with `--json` as one document. */

/** What of an answer was proven; `verification` of JSON documents. */
export type Statement =
  | {
      readonly verified: true;
      readonly epoch: number;
      /** Of the header that carries the root, and of the state under it. */
      readonly height: number;
      readonly state_height: number;
      readonly timestamp: number;
      /** Methods, and fields of them, that are the node's word. */
      readonly not_proven: readonly string[];
      readonly notes: readonly string[];
    }
  | { readonly verified: false; readonly reason: string };

let statement: (() => Statement) | undefined;
/** Nothing is trusted: said to people alone, since scripts know what they configured. */
let isUntrusted = false;

/** From now on documents say what was proven; `undefined`: they no longer do. */
export function stateVerification(state: (() => Statement) | undefined): void {
  statement = state;
  isUntrusted = false;
}

/** From now on people at a terminal are told that nothing is trusted. */
export function noteUntrusted(): void {
  isUntrusted = true;
}

/** The line that says what was proven. */
export function statementLines(stated: Statement): string[] {
  if (!stated.verified) return [`unverified: ${stated.reason}`];
  const age = Math.max(0, Math.round((Date.now() - stated.timestamp) / 1000));
  return [
    `verified against epoch ${stated.epoch}, height ${stated.height} (state of height ${stated.state_height}, ${age} s ago)`,
    ...(stated.not_proven.length === 0 ? [] : [`not proven: ${stated.not_proven.join(', ')}`]),
    ...stated.notes.map((note) => `note: ${note}`),
  ];
}

/** Prints `document` as JSON, or `lines` for people; either with what was proven of it. */
export function print(isJson: boolean, document: unknown, lines: readonly string[]): void {
  const stated = statement?.();
  if (!isJson) {
    const all = stated === undefined ? lines : [...lines, ...statementLines(stated)];
    process.stdout.write(`${all.join('\n')}\n`);
    if (isUntrusted && process.stderr.isTTY) {
      process.stderr.write('unverified: nothing is trusted yet (see `miletus trust --help`)\n');
    }
    return;
  }
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const whole = stated && isObject ? { ...document, verification: stated } : document;
  process.stdout.write(`${JSON.stringify(whole)}\n`);
  // A list has no place for it.
  if (stated && !isObject) {
    process.stderr.write(`${JSON.stringify({ verification: stated })}\n`);
  }
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
