/**
 * Reads fields of a venue's message strictly: each reader names the field, what it held and what is
 * allowed. They throw `MessageFault`, which `readMessage` turns into a result, so that a parser reads
 * like the format it parses and no message can end the process.
 */
import { err, ok, type Result } from '../../runtime/core/result.ts';

export class MessageFault extends Error {
  override readonly name = 'MessageFault';
}

export type JsonObject = { readonly [field: string]: unknown };

/** Text of a message that a fault may show. */
const SHOWN = 80;

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The fault of a field. */
export function fieldFault(field: string, given: unknown, allowed: string): MessageFault {
  return new MessageFault(`${field}: given ${show(given)}; allowed: ${allowed}`);
}

/** Runs a parser; its faults become a result, everything else is a fault of ours and is thrown. */
export function readMessage<T>(parse: () => T): Result<T, string> {
  try {
    return ok(parse());
  } catch (cause) {
    if (cause instanceof MessageFault) return err(cause.message);
    throw cause;
  }
}

export function jsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fieldFault('message', text, 'JSON');
  }
  return asObject(value, 'message');
}

export function asObject(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fieldFault(field, value, 'an object');
  }
  return value as JsonObject;
}

export function asList(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw fieldFault(field, value, 'a list');
  return value;
}

export function asText(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw fieldFault(field, value, 'text');
  return value;
}

/** A JSON number or plain decimal text: venues write both. */
function asNumber(value: unknown, field: string, allowed: string): number {
  const isDecimal = typeof value === 'string' && /^\d{1,20}(?:\.\d{1,20})?$/.test(value);
  const number = isDecimal ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw fieldFault(field, value, allowed);
  }
  return number;
}

/** A price: a number above 0. */
export function asPrice(value: unknown, field: string): number {
  const price = asNumber(value, field, 'a number above 0');
  if (!(price > 0)) throw fieldFault(field, value, 'a number above 0');
  return price;
}

/** A price that may be missing: undefined for null, empty text and 0, which venues write for none. */
export function asOptionalPrice(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const price = asNumber(value, field, 'a number not below 0');
  if (price < 0) throw fieldFault(field, value, 'a number not below 0');
  return price === 0 ? undefined : price;
}

/** The middle of a book's best prices, which may not be crossed. */
export function middle(bid: number, ask: number, field: string): number {
  if (bid > ask) throw fieldFault(field, { bid, ask }, 'a bid not above the ask');
  return (bid + ask) / 2;
}

/** Milliseconds since 1970, as a number or digits. */
export function asMillis(value: unknown, field: string): number {
  const time = asNumber(value, field, 'milliseconds since 1970');
  if (time < 1e12 || time > 1e14) throw fieldFault(field, value, 'milliseconds since 1970');
  return time;
}

/** RFC 3339 text. */
export function asTime(value: unknown, field: string): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(time)) throw fieldFault(field, value, 'a time such as 2026-01-02T03:04:05Z');
  return time;
}
