/**
 * Recordings as lists of quotes in the order in which they were observed.
 *
 * Formats, told apart by their first line (`.gz` is unpacked): bars (`ts,open,high,low,close,volume`,
 * the underlying by the pair in the file's name), whole chains four times a day
 * (`timestamp,instrument_name,…`), daily chains of Deribit or OKX (`snapshot_utc,exchange,…`), and
 * captures of a WebSocket (`<unix s>: {json}` of Deribit, `<unix ns> {json}` of Binance), which go
 * through the parsers of live messages.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { binance } from '../sources/binance.ts';
import { deribit } from '../sources/deribit.ts';
import { readMessage } from '../sources/message-fields.ts';
import type { OptionQuote, Quote } from '../sources/price-source.ts';
import { parseDeribitOption, parseOkxOption, type VenueSession } from '../sources/venue.ts';

/** Why a recording cannot be used: the file, and what was expected. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

export type Recording = {
  readonly file: string;
  /** Ascending by `observedAtMs`; never empty. */
  readonly quotes: readonly Quote[];
  /** Lines that could not be used, and the first problem among them. */
  readonly faults: number;
  readonly firstFault: string | undefined;
};

type Read = { quotes: Quote[]; faults: number; firstFault: string | undefined };

const CAPTURED_UNDERLYINGS = ['BTC', 'ETH', 'SOL'] as const;

function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new RecordingError(`${path} cannot be read: ${detail}`);
  }
}

type Row = (column: string) => string;

/** Rows of a CSV without quoted fields. */
function csvRows(file: string, lines: readonly string[]): Row[] {
  const names = (lines[0] ?? '').trim().split(',');
  const at = new Map(names.map((name, i) => [name, i]));
  return lines.slice(1).map((line) => {
    const cells = line.trim().split(',');
    return (column) => {
      const i = at.get(column);
      if (i === undefined) throw new RecordingError(`${file} has no column ${column}`);
      return cells[i] ?? '';
    };
  });
}

function add(read: Read, quote: Quote | undefined, problem: string): void {
  if (quote) {
    read.quotes.push(quote);
    return;
  }
  read.faults++;
  read.firstFault ??= problem;
}

function readBars(file: string, lines: readonly string[], read: Read): void {
  const underlying = /(?:^|_)([A-Z]{3,5})USD[TC]?_/.exec(file)?.[1];
  if (!underlying) throw new RecordingError(`${file}: no pair such as BTCUSDT in its name`);
  const rows = csvRows(file, lines);
  const opens = rows.slice(0, 2).map((row) => Number(row('ts')));
  const barMs = (opens[1] ?? 60_000) - (opens[0] ?? 0);
  for (const row of rows) {
    // A bar's close is known when it ends.
    const observedAtMs = Number(row('ts')) + barMs;
    const price = Number(row('close'));
    const isGood = price > 0 && Number.isFinite(observedAtMs);
    const quote = { kind: 'index', underlying, price, observedAtMs } as const;
    add(read, isGood ? quote : undefined, `${file}: close ${row('close')} at ${row('ts')}`);
  }
}

function optionOf(
  name: string,
  facts: { readonly bid: string; readonly ask: string; readonly forward: string },
  observedAtMs: number,
): OptionQuote | undefined {
  const option = parseDeribitOption(name) ?? parseOkxOption(name);
  const [bid, ask, forward] = [Number(facts.bid), Number(facts.ask), Number(facts.forward)];
  if (!option || !Number.isFinite(observedAtMs) || !(forward > 0)) return undefined;
  return {
    kind: 'option',
    underlying: option.family.replace(/-.*/, ''),
    expiryMs: option.expiryMs,
    strike: option.strike,
    right: option.right,
    unit: 'coin',
    ...(bid > 0 && { bid }),
    ...(ask > 0 && { ask }),
    forward,
    observedAtMs,
  };
}

function readChains(file: string, lines: readonly string[], read: Read): void {
  const indices = new Map<string, Quote>();
  for (const row of csvRows(file, lines)) {
    const observedAtMs = Date.parse(row('timestamp'));
    const name = row('instrument_name');
    const facts = { bid: row('bid_price'), ask: row('ask_price'), forward: row('futures_price') };
    add(read, optionOf(name, facts, observedAtMs), `${file}: row of ${name}`);
    const price = Number(row('index_price'));
    const underlying = row('currency');
    if (price > 0) indices.set(underlying, { kind: 'index', underlying, price, observedAtMs });
  }
  read.quotes.push(...indices.values());
}

function readDailyChains(file: string, lines: readonly string[], read: Read): void {
  const nearest = new Map<string, OptionQuote>();
  for (const row of csvRows(file, lines)) {
    const observedAtMs = Date.parse(`${row('snapshot_utc').replace(' ', 'T')}Z`);
    const facts = { bid: row('bid'), ask: row('ask'), forward: row('underlying_price') };
    const name = row('instrument');
    const quote = optionOf(name, facts, observedAtMs);
    add(read, quote, `${file}: row of ${name}`);
    const known = quote && nearest.get(quote.underlying);
    if (quote && (!known || quote.expiryMs < known.expiryMs)) nearest.set(quote.underlying, quote);
  }
  // These carry no index: the shortest forward is nearest to it.
  for (const { underlying, forward = 0, observedAtMs } of nearest.values()) {
    read.quotes.push({ kind: 'index', underlying, price: forward, observedAtMs });
  }
}

/** Messages of a capture through the parser of live ones. */
function readCapture(
  lines: readonly string[],
  read: Read,
  format: {
    readonly session: VenueSession;
    readonly line: RegExp;
    readonly perMs: number;
  },
): void {
  for (const line of lines) {
    const found = format.line.exec(line);
    if (!found) continue;
    const [, time = '', message = ''] = found;
    const atMs = Math.round(Number(time) / format.perMs);
    const answer = readMessage(() => format.session.read(message, atMs));
    if (answer.ok) read.quotes.push(...answer.value.quotes);
    else add(read, undefined, answer.error);
  }
}

function deribitSession(): VenueSession {
  return deribit(
    CAPTURED_UNDERLYINGS.map((name) => ({
      underlying: name,
      symbol: `${name.toLowerCase()}_usd`,
      options: name,
    })),
  );
}

function binanceSession(): VenueSession {
  return binance(
    CAPTURED_UNDERLYINGS.flatMap((name) =>
      [`${name}USDT`, `${name}USD_PERP`].map((symbol) => ({ underlying: name, symbol })),
    ),
  );
}

/** Index prices that a capture of options alone implies: the forwards of the shortest expiry. */
function withIndex(quotes: readonly Quote[]): readonly Quote[] {
  if (quotes.some(({ kind }) => kind === 'index')) return quotes;
  const shortest = new Map<string, number>();
  for (const quote of quotes) {
    if (quote.kind !== 'option') continue;
    const known = shortest.get(quote.underlying) ?? Infinity;
    shortest.set(quote.underlying, Math.min(known, quote.expiryMs));
  }
  return quotes.flatMap((quote): Quote[] => {
    if (quote.kind !== 'option' || quote.forward === undefined) return [quote];
    const { underlying, expiryMs, forward: price, observedAtMs } = quote;
    const implied: Quote = { kind: 'index', underlying, price, observedAtMs };
    return expiryMs === shortest.get(underlying) ? [quote, implied] : [quote];
  });
}

/** Reads a recording. Throws `RecordingError` when it has no known format or no quote. */
export function readRecording(path: string): Recording {
  const file = basename(path);
  const lines = textOf(path).trim().split('\n');
  const first = lines.slice(0, 3).join('\n');
  const read: Read = { quotes: [], faults: 0, firstFault: undefined };
  if (first.startsWith('ts,open')) readBars(file, lines, read);
  else if (first.startsWith('timestamp,instrument_name')) readChains(file, lines, read);
  else if (first.startsWith('snapshot_utc,exchange')) readDailyChains(file, lines, read);
  else if (/^\d{19} \{/m.test(first)) {
    const line = /^(\d{19}) (\{.*)$/;
    readCapture(lines, read, { session: binanceSession(), line, perMs: 1e6 });
  } else if (/^\d{10}\.\d+: \{/m.test(first)) {
    const line = /^(\d{10}\.\d+): (\{.*)$/;
    readCapture(lines, read, { session: deribitSession(), line, perMs: 1e-3 });
  } else {
    throw new RecordingError(
      `${path} has no known format: bars, chains, or a capture of Deribit or Binance`,
    );
  }
  const { faults, firstFault } = read;
  const quotes = withIndex(read.quotes).toSorted((a, b) => a.observedAtMs - b.observedAtMs);
  if (quotes.length === 0) {
    throw new RecordingError(`${path} holds no quote${firstFault ? `: ${firstFault}` : ''}`);
  }
  return { file, quotes, faults, firstFault };
}
