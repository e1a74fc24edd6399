/** Files of the recordings: text, unpacked where it is gzipped. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A recording that is missing or cannot be used: says which file, and what was expected. */
export class DataError extends Error {
  override readonly name = 'DataError';
}

/** The text of a file. Throws `DataError` when it cannot be read. */
export function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${path} cannot be read: ${detail}`);
  }
}
