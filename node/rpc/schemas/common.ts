/**
 * Parts that the schemas of several methods share. Browser-safe: types and zod schemas only.
 *
 * Conventions of the whole interface: names in snake_case as Deribit's; times in ms; money as
 * decimal strings with up to 6 decimals (`"-12.5"`); prices and amounts as numbers for people,
 * always beside the integers they come from (`*_ticks`, `*_lots`), which are exact; hashes, keys and
 * SSZ in lower-case hex without a prefix; accounts as `mil1…` (40 hex characters are accepted too).
 */
import * as z from 'zod';

/** 64 lower-case hex characters. */
export const Hex32: z.ZodType<string> = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex characters');

/** Whole bytes in hex, not empty. Length limits are those of what the bytes stand for. */
export const HexBytes: z.ZodType<string> = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2})+$/, 'must be whole bytes in hex, without a prefix');

/** Possibly empty bytes in hex, in results. */
export const AnyHex: z.ZodType<string> = z.string().regex(/^(?:[0-9a-f]{2})*$/);

/** `mil1…` or 40 hex characters; which of the two, and its checksum, is checked by the method. */
export const AccountText: z.ZodType<string> = z
  .string()
  .min(4)
  .max(90)
  .regex(/^(?:mil1[02-9ac-hj-np-z]+|[0-9a-fA-F]{40})$/, 'must be mil1… or 40 hex characters');

export const HeightSchema: z.ZodType<number> = z.int().min(0);
export const Count: z.ZodType<number> = z.int().min(0);
export const Safe: z.ZodType<number> = z.int();
export const Millis: z.ZodType<number> = z.int().min(0);

/** Sub-account number; 0 where a method takes none. */
export const SubAccountSchema: z.ZodType<number> = z.int().min(0).max(255);

/** Micro-units as a decimal string of units, e.g. `"1000.25"`. */
export const Money: z.ZodType<string> = z.string().regex(/^-?[0-9]+(?:\.[0-9]{1,6})?$/);

/** A signed integer of any size as a decimal string. */
export const BigText: z.ZodType<string> = z.string().regex(/^-?[0-9]+$/);

export const InstrumentName: z.ZodType<string> = z
  .string()
  .min(3)
  .max(96)
  .regex(
    /^[A-Z0-9]+(?:-[0-9A-Za-z]+(?:_[0-9A-Za-z]+)*)+$/,
    'must be a name such as BTC-25DEC26-100000-C',
  );

/** Name of an underlying, e.g. `BTC`. */
export const CurrencyName: z.ZodType<string> = z.string().regex(/^[A-Z0-9]{1,8}$/);

export const SideName: z.ZodType<'buy' | 'sell'> = z.enum(['buy', 'sell']);

export type NoParams = Record<string, never>;
export const NoParamsSchema: z.ZodType<NoParams> = z.strictObject({}) as z.ZodType<NoParams>;
