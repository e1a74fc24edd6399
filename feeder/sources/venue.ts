/**
 * What an adapter of a venue is: text in, quotes and answers out. Nothing here opens a socket, so
 * recordings go through the same parsers.
 */
import type { Quote } from './price-source.ts';

/** What to read of one underlying at a venue. */
export type VenueMarket = {
  /** Ours: `BTC`. */
  readonly underlying: string;
  /** The venue's name of its spot pair or index: `BTC-USD`. */
  readonly symbol: string;
  /** The venue's name of the option family; no options when left out. */
  readonly options?: string | undefined;
};

export type VenueAnswer = {
  readonly quotes: readonly Quote[];
  /** Messages to send back, in order. */
  readonly replies: readonly string[];
};

/** How a connection is kept: what is sent while it lasts, and how long it may be silent. */
export type KeepAlive = {
  readonly everyMs: number;
  /** A text message, or a WebSocket ping frame. */
  readonly message: 'ping-frame' | { readonly text: string };
  /** Without any message or pong for so long the connection is given up. */
  readonly silenceMs: number;
};

/** One connection's conversation; a new one for each connection. */
export type VenueSession = {
  /** Sent when the connection opens, in order. */
  readonly opening: readonly string[];
  readonly keepAlive: KeepAlive;
  /** Reads one message received at `nowMs`. Throws `MessageFault`. */
  read(text: string, nowMs: number): VenueAnswer;
};

export type Venue = (markets: readonly VenueMarket[]) => VenueSession;

export const NOTHING: VenueAnswer = { quotes: [], replies: [] };

/** 08:00 UTC, when options expire at every venue here. */
const EXPIRY_HOUR = 8;

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

export type OptionName = {
  readonly family: string;
  readonly expiryMs: number;
  readonly strike: number;
  readonly right: 'call' | 'put';
};

function optionName(
  family: string,
  date: readonly [year: number, month: number, day: number],
  rest: { readonly strike: string; readonly right: string },
): OptionName | undefined {
  const [year, month, day] = date;
  const expiryMs = Date.UTC(2000 + year, month, day, EXPIRY_HOUR);
  const { strike, right } = rest;
  // A month of none or a day that it does not have would be taken for one of the next.
  if (month < 0 || month > 11 || new Date(expiryMs).getUTCDate() !== day) return undefined;
  return { family, expiryMs, strike: Number(strike), right: right === 'C' ? 'call' : 'put' };
}

/** Deribit's: `BTC-6FEB26-78000-P`. */
export function parseDeribitOption(name: string): OptionName | undefined {
  const found = /^([A-Z0-9_]+)-(\d{1,2})([A-Z]{3})(\d\d)-(\d{1,9})-([CP])$/.exec(name);
  if (!found) return undefined;
  const [, family = '', day, month = '', year, strike = '', right = ''] = found;
  return optionName(family, [Number(year), MONTHS.indexOf(month), Number(day)], { strike, right });
}

/** OKX's: `BTC-USD-260206-78000-P`. */
export function parseOkxOption(name: string): OptionName | undefined {
  const found = /^([A-Z0-9]+-[A-Z]+)-(\d\d)(\d\d)(\d\d)-(\d{1,9}(?:\.\d+)?)-([CP])$/.exec(name);
  if (!found) return undefined;
  const [, family = '', year, month, day, strike = '', right = ''] = found;
  return optionName(family, [Number(year), Number(month) - 1, Number(day)], { strike, right });
}
