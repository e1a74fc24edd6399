/**
 * What this wallet sent: one JSON object a line, the newest last. It is a convenience, kept beside the
 * keys and read by nobody else: a line that cannot be written stops no transaction.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { localPath, readLocal, writeLocal } from './local-file.ts';

export type HistoryEntry = {
  /** When it was submitted, ms. */
  readonly at: number;
  readonly chain_id: string;
  readonly transaction_id: string;
  readonly account: string;
  /** Name of the key, or of the file that was broadcast. */
  readonly key: string;
  readonly summary: string;
  readonly status: string;
  readonly height: number | null;
  /** What came of each action, in words. */
  readonly results: readonly string[];
};

/** Lines kept; beyond a tenth more, the oldest go. */
const MAX_ENTRIES = 10_000;

export const historyPath = (): string => localPath('history.jsonl', 'MILETUS_HISTORY');

/** Oldest first; lines that are none are left out. */
export function readHistory(): HistoryEntry[] {
  const lines = (readLocal(historyPath()) ?? '').split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as HistoryEntry];
    } catch {
      return [];
    }
  });
}

export function writeHistory(entries: readonly HistoryEntry[]): void {
  const kept = entries.slice(-MAX_ENTRIES).map((entry) => `${JSON.stringify(entry)}\n`);
  writeLocal(historyPath(), kept.join(''));
}

/** Appends a line; whether it could be written. */
export function noteSent(entry: HistoryEntry): boolean {
  const path = historyPath();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    const entries = readHistory();
    if (entries.length > MAX_ENTRIES * 1.1) writeHistory(entries);
    return true;
  } catch {
    return false;
  }
}
