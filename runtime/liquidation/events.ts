/** Events of liquidation, selectors 52 to 58; append-only. Amounts are micro-USD. */
import { type Codec, container, i64, i128, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, OrderId, PortfolioId } from '../core/units.ts';
import type { LiquidationKind } from './liquidation.ts';

/** An auction began, or goes on as the other kind: `value` at mark, `bare` excess. */
export type LiquidationStartedEvent = {
  readonly portfolio: PortfolioId;
  readonly auction: OrderId;
  readonly kind: LiquidationKind;
  readonly value: bigint;
  readonly bare: bigint;
};
/** A share was taken: `price` paid by the taker (negative: received), `fee` and `payout` of insurance. */
export type LiquidationTakenEvent = {
  readonly portfolio: PortfolioId;
  readonly auction: OrderId;
  readonly taker: PortfolioId;
  readonly sharePpm: number;
  readonly price: bigint;
  readonly fee: bigint;
  readonly payout: bigint;
};

/** Why an auction is over; numbers are wire format. */
export const LIQUIDATION_END = { recovered: 0, closed: 1 } as const;
export type LiquidationEnd = (typeof LIQUIDATION_END)[keyof typeof LIQUIDATION_END];
export type LiquidationEndedEvent = {
  readonly portfolio: PortfolioId;
  readonly auction: OrderId;
  readonly reason: LiquidationEnd;
};

/** What moved a position; numbers are wire format. */
export const MOVE_CAUSE = { taken: 0, deleveraged: 1 } as const;
export type MoveCause = (typeof MOVE_CAUSE)[keyof typeof MOVE_CAUSE];
/** `to` got signed lots of `from` and paid `cash` for them (negative: was paid). */
export type PositionMovedEvent = {
  readonly from: PortfolioId;
  readonly to: PortfolioId;
  readonly instrument: InstrumentId;
  readonly lots: number;
  readonly cash: bigint;
  readonly cause: MoveCause;
};
/** Paid by the insurance fund for an account; 0: towards the debt shared by all. */
export type InsurancePaidEvent = { readonly portfolio: PortfolioId; readonly amount: bigint };
/** Kept back from what left a portfolio; `debt`: what is shared by all after it. */
export type HaircutEvent = {
  readonly portfolio: PortfolioId;
  readonly amount: bigint;
  readonly debt: bigint;
};
/** Debt of a portfolio with nothing left that is now shared by all. */
export type DebtSharedEvent = {
  readonly portfolio: PortfolioId;
  readonly amount: bigint;
  readonly debt: bigint;
};

export const LiquidationStartedEventCodec: Codec<LiquidationStartedEvent> =
  container<LiquidationStartedEvent>('LiquidationStartedEvent', {
    portfolio: u64<PortfolioId>(),
    auction: u64<OrderId>(),
    kind: u8<LiquidationKind>(),
    value: i128(),
    bare: i128(),
  });
export const LiquidationTakenEventCodec: Codec<LiquidationTakenEvent> =
  container<LiquidationTakenEvent>('LiquidationTakenEvent', {
    portfolio: u64<PortfolioId>(),
    auction: u64<OrderId>(),
    taker: u64<PortfolioId>(),
    sharePpm: u32(),
    price: i128(),
    fee: i128(),
    payout: i128(),
  });
export const LiquidationEndedEventCodec: Codec<LiquidationEndedEvent> =
  container<LiquidationEndedEvent>('LiquidationEndedEvent', {
    portfolio: u64<PortfolioId>(),
    auction: u64<OrderId>(),
    reason: u8<LiquidationEnd>(),
  });
export const PositionMovedEventCodec: Codec<PositionMovedEvent> = container<PositionMovedEvent>(
  'PositionMovedEvent',
  {
    from: u64<PortfolioId>(),
    to: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    lots: i64(),
    cash: i128(),
    cause: u8<MoveCause>(),
  },
);
export const InsurancePaidEventCodec: Codec<InsurancePaidEvent> = container<InsurancePaidEvent>(
  'InsurancePaidEvent',
  { portfolio: u64<PortfolioId>(), amount: i128() },
);
export const HaircutEventCodec: Codec<HaircutEvent> = container<HaircutEvent>('HaircutEvent', {
  portfolio: u64<PortfolioId>(),
  amount: i128(),
  debt: i128(),
});
export const DebtSharedEventCodec: Codec<DebtSharedEvent> = container<DebtSharedEvent>(
  'DebtSharedEvent',
  { portfolio: u64<PortfolioId>(), amount: i128(), debt: i128() },
);
