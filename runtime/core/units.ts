/**
 * Branded units and identifiers, and the only casts in the core.
 *
 * A brand keeps a height from being passed for a view, and micro-USD for micro-MIL. Values are built
 * by the checked constructors below or by a codec; arithmetic on them gives a plain number or
 * bigint, which must be wrapped again.
 *
 * Invariants: every `number` here is a safe integer; signed ones say so.
 */
import { assert, InvariantViolation } from './result.ts';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** Block height; genesis is 0, the first block 1. */
export type Height = Branded<number, 'Height'>;
/** Consensus view within an epoch; 0 is the epoch's genesis. */
export type View = Branded<number, 'View'>;
export type Epoch = Branded<number, 'Epoch'>;
/** Milliseconds since 1970-01-01 UTC. */
export type TimestampMs = Branded<number, 'TimestampMs'>;
/** Position of a validator in its epoch's ordered list. */
export type ValidatorIndex = Branded<number, 'ValidatorIndex'>;
/** Voting weight of a validator in an epoch (whole MIL of capped stake). */
export type Weight = Branded<bigint, 'Weight'>;

/** Lower-case hex of the 20 address bytes (40 characters). */
export type Address = Branded<string, 'Address'>;
/** Dense number of an account, given when it is first credited; below 1,024 are module accounts. */
export type AccountId = Branded<number, 'AccountId'>;
/** (account, sub-account): `accountId * 256 + subAccount`. Owns balances, positions and orders. */
export type PortfolioId = Branded<number, 'PortfolioId'>;
/** Sub-account number, 0 to 255. */
export type SubAccount = Branded<number, 'SubAccount'>;

/** USD in millionths, signed. */
export type MicroUsd = Branded<bigint, 'MicroUsd'>;
/** MIL in millionths, signed. */
export type MicroMil = Branded<bigint, 'MicroMil'>;

/** Underlying number, see `runtime/options/underlying.ts`. */
export type UnderlyingId = Branded<number, 'UnderlyingId'>;
/** Instrument number, given when it is listed, never reused. */
export type InstrumentId = Branded<number, 'InstrumentId'>;
/** Order number, given when it is accepted, ascending in time priority, never reused. */
export type OrderId = Branded<number, 'OrderId'>;
/** Price in the instrument's ticks. */
export type PriceTicks = Branded<number, 'PriceTicks'>;
/** Size in the instrument's lots, unsigned. */
export type SizeLots = Branded<number, 'SizeLots'>;
/** Position in the instrument's lots, negative when short. */
export type PositionLots = Branded<number, 'PositionLots'>;

// Words are put together where a check fails, not as an argument of every check: these run many
// times an order.
function outside(value: number | string, name: string, allowed: string): never {
  throw new InvariantViolation(`${name} ${value} is not ${allowed}`);
}

function unsigned(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return outside(value, name, 'an unsigned safe integer');
}

function signed(value: number, name: string): number {
  return Number.isSafeInteger(value) ? value : outside(value, name, 'a safe integer');
}

export const height = (value: number): Height => unsigned(value, 'height') as Height;
export const view = (value: number): View => unsigned(value, 'view') as View;
export const epoch = (value: number): Epoch => unsigned(value, 'epoch') as Epoch;
export const timestampMs = (value: number): TimestampMs =>
  unsigned(value, 'timestampMs') as TimestampMs;
export const validatorIndex = (value: number): ValidatorIndex =>
  unsigned(value, 'validatorIndex') as ValidatorIndex;
export const accountId = (value: number): AccountId => unsigned(value, 'accountId') as AccountId;
export const underlyingId = (value: number): UnderlyingId =>
  unsigned(value, 'underlyingId') as UnderlyingId;
export const instrumentId = (value: number): InstrumentId =>
  unsigned(value, 'instrumentId') as InstrumentId;
export const orderId = (value: number): OrderId => unsigned(value, 'orderId') as OrderId;
export const priceTicks = (value: number): PriceTicks =>
  unsigned(value, 'priceTicks') as PriceTicks;
export const sizeLots = (value: number): SizeLots => unsigned(value, 'sizeLots') as SizeLots;
export const positionLots = (value: number): PositionLots =>
  signed(value, 'positionLots') as PositionLots;
export const microUsd = (value: bigint): MicroUsd => value as MicroUsd;
export const microMil = (value: bigint): MicroMil => value as MicroMil;

export const weight = (value: bigint): Weight => {
  assert(value >= 0n, `weight ${value} is negative`);
  return value as Weight;
};

export const subAccount = (value: number): SubAccount => {
  const isOne = Number.isInteger(value) && value >= 0 && value <= 255;
  return (isOne ? value : outside(value, 'subAccount', 'in 0..255')) as SubAccount;
};

/** Numbers of accounts and sub-accounts packed into one key. */
export const portfolioId = (account: AccountId, sub: SubAccount): PortfolioId =>
  (account * 256 + sub) as PortfolioId;
export const portfolioAccount = (portfolio: PortfolioId): AccountId =>
  Math.floor(portfolio / 256) as AccountId;
export const portfolioSubAccount = (portfolio: PortfolioId): SubAccount =>
  (portfolio % 256) as SubAccount;

/** Checks 40 lower-case hex characters. */
export const address = (hex: string): Address => {
  const isOne = /^[0-9a-f]{40}$/.test(hex);
  return (isOne ? hex : outside(hex, 'address', '40 lower-case hex characters')) as Address;
};
