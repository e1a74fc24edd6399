/**
 * Rows of liquidation: the accounts that are short, what the insurance fund paid, and the debt that
 * withdrawals bear. Tables 62, 63 and 65 of the state; 64 are the parameters.
 */
import { type Codec, container, i128, u8, u32, u64 } from '../core/ssz.ts';
import type { Height, OrderId, PortfolioId, TimestampMs, UnderlyingId } from '../core/units.ts';

/**
 * `watched`: short at one mark; `waiting`: short at two, and its turn has not come; `solvent` and
 * `insolvent`: under auction. Numbers are state format.
 */
export const LIQUIDATION_KIND = { watched: 0, waiting: 1, solvent: 2, insolvent: 3 } as const;
export type LiquidationKind = (typeof LIQUIDATION_KIND)[keyof typeof LIQUIDATION_KIND];

export type Liquidation = {
  readonly portfolio: PortfolioId;
  kind: LiquidationKind;
  /** Mark at which it was found short. */
  readonly shortSince: TimestampMs;
  /** Number of the auction; 0 before it. */
  auction: OrderId;
  /** Where the auction's price is counted from; moved on by outages of the oracle. */
  startedAt: TimestampMs;
  /** Since when the oracle is out; 0 while it is not. */
  pausedAt: TimestampMs;
  /** Initial margin of the positions when the auction began: the most that insurance pays. */
  initialMargin: bigint;
  /** What takers have paid in. */
  reserved: bigint;
  /** What insurance has paid. */
  insured: bigint;
  /** Share taken in the block `takenAt`, in ppm of what there was. */
  takenAt: Height;
  takenPpm: number;
};

export const LiquidationCodec: Codec<Liquidation> = container<Liquidation>('Liquidation', {
  portfolio: u64<PortfolioId>(),
  kind: u8<LiquidationKind>(),
  shortSince: u64<TimestampMs>(),
  auction: u64<OrderId>(),
  startedAt: u64<TimestampMs>(),
  pausedAt: u64<TimestampMs>(),
  initialMargin: i128(),
  reserved: i128(),
  insured: i128(),
  takenAt: u64<Height>(),
  takenPpm: u32(),
});

/** Use of the insurance fund for one underlying in one hour. */
export type InsuranceUse = {
  readonly underlying: UnderlyingId;
  /** Hours since 1970. */
  hour: number;
  /** What the fund held at its first use in the hour. */
  fund: bigint;
  used: bigint;
};

export const InsuranceUseCodec: Codec<InsuranceUse> = container<InsuranceUse>('InsuranceUse', {
  underlying: u8<UnderlyingId>(),
  hour: u64(),
  fund: i128(),
  used: i128(),
});

/** Sums since genesis of what was shared by all. The debt in force is a balance: `MODULE.deficit`. */
export type SharedDebt = {
  /** Debts of accounts with nothing left that neither insurance nor counterparties bore. */
  shared: bigint;
  /** Paid by haircuts on withdrawals, and by the insurance fund since. */
  haircuts: bigint;
  insured: bigint;
};

export const SharedDebtCodec: Codec<SharedDebt> = container<SharedDebt>('SharedDebt', {
  shared: i128(),
  haircuts: i128(),
  insured: i128(),
});

/** Whether an auction runs on the account. */
export function isUnderAuction({ kind }: Liquidation): boolean {
  return kind === LIQUIDATION_KIND.solvent || kind === LIQUIDATION_KIND.insolvent;
}
