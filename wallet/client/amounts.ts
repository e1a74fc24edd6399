/**
 * Decimal text to integers and back. Surplus decimals are refused, never rounded: a wallet that
 * rounds sends another amount than was typed.
 */
import { err, ok, type Result } from '../../runtime/core/result.ts';

/** Why input cannot become a transaction: the field, what was given, what is allowed. */
export type InputError = {
  readonly code: 'invalid_input';
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
};

export function inputError<T>(
  field: string,
  given: string,
  allowed: string,
): Result<T, InputError> {
  return err({ code: 'invalid_input', field, given, allowed });
}

/** Decimals of USD and MIL. */
export const MONEY_DECIMALS = 6;

/**
 * `text` × 10^decimals as an integer. Takes plain decimals only (`12`, `0.5`, `-3.25`): no sign `+`,
 * exponent, separator or bare point.
 */
export function parseDecimal(
  field: string,
  text: string,
  decimals: number,
): Result<bigint, InputError> {
  const match = /^(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?$/.exec(text);
  if (!match) return inputError(field, text, 'a decimal number such as 12.5');
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.replace(/0+$/, '').length > decimals) {
    return inputError(field, text, `at most ${decimals} decimals`);
  }
  const digits = fraction.slice(0, decimals).padEnd(decimals, '0');
  const value = BigInt(whole + digits);
  return ok(sign === '-' ? -value : value);
}

/** `value` ÷ 10^decimals as text, without trailing zeros: the inverse of `parseDecimal`. */
export function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Micro-units of an amount of USD or MIL, above 0. */
export function parseMoney(field: string, text: string): Result<bigint, InputError> {
  const value = parseDecimal(field, text, MONEY_DECIMALS);
  if (value.ok && value.value <= 0n) return inputError(field, text, 'an amount above 0');
  if (value.ok && value.value >= 1n << 64n) {
    return inputError(field, text, `at most ${formatDecimal((1n << 64n) - 1n, MONEY_DECIMALS)}`);
  }
  return value;
}

/** Micro-units as text. */
export function formatMoney(value: bigint): string {
  return formatDecimal(value, MONEY_DECIMALS);
}
