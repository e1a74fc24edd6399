/** The actions of market makers and on what an account may do at which pace: formats. */
import { type Codec, container, list, u8, u32, u64 } from '../core/ssz.ts';
import type {
  InstrumentId,
  PriceTicks,
  SizeLots,
  SubAccount,
  UnderlyingId,
} from '../core/units.ts';

/** Quotes of one action: two sides each, as many orders as ten transactions of twenty hold. */
export const MAX_QUOTES = 100;

/** A two-sided quote on one series. A size of 0: no quote on that side, an old one is withdrawn. */
export type Quote = {
  readonly instrument: InstrumentId;
  readonly bidPrice: PriceTicks;
  readonly bidSize: SizeLots;
  readonly askPrice: PriceTicks;
  readonly askSize: SizeLots;
};

/** Replaces the sub-account's quotes on the series named; others stay. */
export type MassQuote = { readonly subAccount: SubAccount; readonly quotes: Quote[] };

/**
 * Limits on what a sub-account's quotes on one underlying may trade in a window; 0 of a limit: none.
 * `windowMs` 0 takes the protection away, `frozenMs` 0 freezes until reset.
 */
export type ProtectionLimits = {
  readonly windowMs: number;
  readonly frozenMs: number;
  /** Lots bought and sold. */
  readonly quantityLimit: number;
  /** |Net delta| in 10⁻⁶ lots of underlying. */
  readonly deltaLimit: number;
  /** |Net vega| in micro-USD per point of volatility. */
  readonly vegaLimit: number;
  /** Fills. */
  readonly fillsLimit: number;
};

export type SetProtection = ProtectionLimits & {
  readonly subAccount: SubAccount;
  readonly underlying: UnderlyingId;
};

/** Ends a freeze and starts a new window. */
export type ResetProtection = {
  readonly subAccount: SubAccount;
  readonly underlying: UnderlyingId;
};

/** What a dead-man switch closes; numbers are wire and state format. */
export const SWITCH_SCOPE = { subAccount: 0, account: 1 } as const;
export type SwitchScope = (typeof SWITCH_SCOPE)[keyof typeof SWITCH_SCOPE];

/** Arms, renews or (`timeoutMs` 0) disarms a dead-man switch. */
export type CancelAfter = {
  readonly scope: SwitchScope;
  /** 0 where the scope is the account. */
  readonly subAccount: SubAccount;
  readonly timeoutMs: number;
};

/** What a trading key may do; 0 of a budget: none. Both 0 take it away. */
export type SetAgentBudget = {
  /** Position of the key in the account's list. */
  readonly keyPosition: number;
  readonly actionsPerMinute: number;
  /** Whole USD of notional ordered in a UTC day. */
  readonly notionalPerDayUsd: number;
};

export const MassQuoteCodec: Codec<MassQuote> = container<MassQuote>('MassQuote', {
  subAccount: u8<SubAccount>(),
  quotes: list(
    container<Quote>('Quote', {
      instrument: u32<InstrumentId>(),
      bidPrice: u32<PriceTicks>(),
      bidSize: u32<SizeLots>(),
      askPrice: u32<PriceTicks>(),
      askSize: u32<SizeLots>(),
    }),
    MAX_QUOTES,
    1,
  ),
});
export const SetProtectionCodec: Codec<SetProtection> = container<SetProtection>('SetProtection', {
  subAccount: u8<SubAccount>(),
  underlying: u8<UnderlyingId>(),
  windowMs: u32(),
  frozenMs: u32(),
  quantityLimit: u64(),
  deltaLimit: u64(),
  vegaLimit: u64(),
  fillsLimit: u32(),
});
export const ResetProtectionCodec: Codec<ResetProtection> = container<ResetProtection>(
  'ResetProtection',
  { subAccount: u8<SubAccount>(), underlying: u8<UnderlyingId>() },
);
export const CancelAfterCodec: Codec<CancelAfter> = container<CancelAfter>('CancelAfter', {
  scope: u8<SwitchScope>(),
  subAccount: u8<SubAccount>(),
  timeoutMs: u32(),
});
export const SetAgentBudgetCodec: Codec<SetAgentBudget> = container<SetAgentBudget>(
  'SetAgentBudget',
  { keyPosition: u8(), actionsPerMinute: u32(), notionalPerDayUsd: u64() },
);
