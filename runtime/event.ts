/**
 * Events: what a block did, for market data, wallets and indexers. Derived, not committed: every
 * node that executes the block emits the same list in the same order.
 *
 * Order events are enough to rebuild every book: `opened` adds at the end of its price's queue,
 * `reduced` lowers open and shown lots by a fill, `refreshed` shows more of an iceberg at the end of
 * the queue, `amended` replaces price and lots, `closed` removes. Public market data shows `shown`
 * alone: `remaining`, `size` and `displaySize` are the owner's.
 */

import {
  DelegatedEventCodec,
  LienPaidEventCodec,
  RedelegatedEventCodec,
  RewardsClaimedEventCodec,
  RewardsDistributedEventCodec,
  SlashedEventCodec,
  type StakingEvent,
  UnbondedEventCodec,
  UndelegatedEventCodec,
  ValidatorChangedEventCodec,
} from '../staking/events.ts';
import {
  type FrozenEvent,
  FrozenEventCodec,
  type KeyChangedEvent,
  KeyChangedEventCodec,
  type PendingAskedEvent,
  PendingAskedEventCodec,
  type PendingEndedEvent,
  PendingEndedEventCodec,
  type PolicyChangedEvent,
  PolicyChangedEventCodec,
  type RecoveryEvent,
  RecoveryEventCodec,
} from './accounts/security/events.ts';
import type { Side } from './actions/order-terms.ts';
import type { SwitchScope } from './actions/quoting.ts';
import type { Denomination } from './actions/transfer.ts';
import { type TradingStatus, TradingStatusCodec } from './auction/phase.ts';
import {
  readI128,
  readU8,
  readU32,
  readU64,
  writeI128,
  writeU8,
  writeU32,
  writeU64,
} from './core/byte-cursor.ts';
import {
  bool,
  bytes,
  type Codec,
  container,
  i64,
  i128,
  list,
  u8,
  u16,
  u32,
  u64,
  union,
  type Variant,
} from './core/ssz.ts';
import type {
  AccountId,
  Epoch,
  InstrumentId,
  OrderId,
  PortfolioId,
  PriceTicks,
  SizeLots,
  SubAccount,
  TimestampMs,
  UnderlyingId,
} from './core/units.ts';
import { GOVERNANCE_EVENT_CODECS, type GovernanceEvent } from './governance/events.ts';
import {
  type DebtSharedEvent,
  DebtSharedEventCodec,
  type HaircutEvent,
  HaircutEventCodec,
  type InsurancePaidEvent,
  InsurancePaidEventCodec,
  type LiquidationEndedEvent,
  LiquidationEndedEventCodec,
  type LiquidationStartedEvent,
  LiquidationStartedEventCodec,
  type LiquidationTakenEvent,
  LiquidationTakenEventCodec,
  type PositionMovedEvent,
  PositionMovedEventCodec,
} from './liquidation/events.ts';
import type { MarginMode } from './margin/mode/margin-mode.ts';
import { type Order, OrderCodec } from './matching/order.ts';
import { type Trigger, TriggerCodec } from './matching/trigger.ts';
import { type Combo, ComboCodec } from './multileg/combo.ts';
import {
  type LegTradeEvent,
  LegTradeEventCodec,
  type QuoteClosedEvent,
  QuoteClosedEventCodec,
} from './multileg/events.ts';
import {
  type LiveQuote,
  LiveQuoteCodec,
  type LiveRequest,
  LiveRequestCodec,
} from './multileg/live-quote.ts';
import { type Instrument, InstrumentCodec, type InstrumentState } from './options/instrument.ts';
import { type OracleConductEvent, OracleConductEventCodec } from './oracle/conduct-row.ts';
import { type MarkInputs, MarkInputsCodec } from './oracle/price.ts';
import {
  type UpgradeChangedEvent,
  UpgradeChangedEventCodec,
  type UpgradeReadyEvent,
  UpgradeReadyEventCodec,
} from './upgrade/upgrade.ts';

/** Why an order left the book; numbers are wire format. */
export const CLOSE_REASON = {
  filled: 0,
  cancelled: 1,
  margin: 2,
  expired: 3,
  /** It would have traded with an order of the same owner. */
  selfTrade: 4,
  /** Its `expiresAt` came. */
  time: 5,
  /** The order linked with it traded or fired. */
  oco: 6,
  /** Reduce-only, and no position is left that it could reduce. */
  reduceOnly: 7,
  quoteReplaced: 8,
  protection: 9,
  deadMan: 10,
  /** It took part in one auction only, or could not stay when that began or ended. */
  auctionEnd: 11,
  /** An order of a combo that was to trade at a net price outside the bands of its legs. */
  band: 12,
} as const;
export type CloseReason = (typeof CLOSE_REASON)[keyof typeof CLOSE_REASON];

export type TradeEvent = {
  readonly instrument: InstrumentId;
  readonly price: PriceTicks;
  readonly lots: SizeLots;
  /** Side of the taker. */
  readonly side: Side;
  readonly makerOrder: OrderId;
  readonly takerOrder: OrderId;
  readonly maker: PortfolioId;
  readonly taker: PortfolioId;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
};
/** A fill of a resting order: its open lots and its shown lots are lower by `lots`. */
export type OrderReducedEvent = { readonly orderId: OrderId; readonly lots: SizeLots };
/**
 * A resting order as it is from here on, after an amendment or a decrement against its owner's other
 * order. With another `priority` than before it stands at the end of its price's queue.
 */
export type OrderAmendedEvent = {
  readonly orderId: OrderId;
  readonly price: PriceTicks;
  readonly size: SizeLots;
  readonly remaining: SizeLots;
  readonly shown: SizeLots;
  readonly priority: OrderId;
};
/** The shown lots of an iceberg were filled: the next are shown, at the end of its price's queue. */
export type OrderRefreshedEvent = {
  readonly orderId: OrderId;
  readonly shown: SizeLots;
  readonly priority: OrderId;
};

/** Why a trigger waits no more; numbers are wire format. */
export const TRIGGER_END = {
  /** Its order was accepted under the trigger's number. */
  fired: 0,
  /** It fired, and its order was refused: `error` says why. */
  refused: 1,
  cancelled: 2,
  /** The instrument expired. */
  expired: 3,
  /** Its order's `expiresAt` came. */
  time: 4,
  /** The order linked with it traded or fired. */
  oco: 5,
} as const;
export type TriggerEnd = (typeof TRIGGER_END)[keyof typeof TRIGGER_END];
/** `error`: wire number of the refusal, 0 but for `refused`. */
export type TriggerClosedEvent = {
  readonly orderId: OrderId;
  readonly reason: TriggerEnd;
  readonly error: number;
};
export type OrderClosedEvent = { readonly orderId: OrderId; readonly reason: CloseReason };
export type TransferEvent = {
  readonly from: PortfolioId;
  readonly to: PortfolioId;
  readonly denomination: Denomination;
  readonly amount: bigint;
};
export type AccountCreatedEvent = { readonly account: AccountId; readonly address: Uint8Array };
export type IndexEvent = { readonly underlying: UnderlyingId; readonly index: number };
export type DeliveryEvent = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  readonly deliveryPrice: number;
};
/** Payment of one position at delivery; `cash` negative: paid by the holder. */
export type SettledEvent = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly cash: bigint;
  readonly fee: bigint;
};
/** A perpetual at its mark: premium and rate per 8 hours in 10⁻⁹, micro-USD per lot paid since the start. */
export type FundingEvent = {
  readonly underlying: UnderlyingId;
  readonly instrument: InstrumentId;
  readonly premium: number;
  readonly rate: number;
  readonly cumulative: number;
};
/** Cash of a holder of a future or a perpetual, negative when paid: realised, and funding. */
export type VariationEvent = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly realised: bigint;
  readonly funding: bigint;
};
export type InstrumentClosedEvent = { readonly instrument: InstrumentId };
export type EpochEvent = { readonly epoch: Epoch };
/** What happened to a market-maker protection; numbers are wire format. */
export const PROTECTION_CHANGE = { set: 0, removed: 1, triggered: 2, reset: 3 } as const;
export type ProtectionChange = (typeof PROTECTION_CHANGE)[keyof typeof PROTECTION_CHANGE];
/** `frozenUntil` 0: not frozen; 2⁵³ − 1: until reset. The quotes it closes follow when triggered. */
export type ProtectionEvent = {
  readonly portfolio: PortfolioId;
  readonly underlying: UnderlyingId;
  readonly change: ProtectionChange;
  readonly frozenUntil: TimestampMs;
};
/** A dead-man switch closed orders in this block; `isDone`: none of those that were due are left. */
export type DeadManEvent = {
  readonly account: AccountId;
  readonly scope: SwitchScope;
  readonly subAccount: SubAccount;
  readonly closed: number;
  readonly isDone: boolean;
};

export type MarginModeSetEvent = { readonly portfolio: PortfolioId; readonly mode: MarginMode };
/** New parameters of portfolio margin were announced: they come in steps over this time. */
export type RiskChangeEvent = {
  readonly underlying: UnderlyingId;
  readonly startsAt: TimestampMs;
  readonly endsAt: TimestampMs;
};
export type ReferrerSetEvent = { readonly account: AccountId; readonly referrer: AccountId };
/** The fees of an epoch, shared out: micro-USD. */
export type FeesDistributedEvent = {
  readonly insurance: bigint;
  readonly community: bigint;
  readonly stake: bigint;
};
/** The share of a fee of `account` that its referrer got: micro-USD. */
export type ReferralPaidEvent = {
  readonly account: AccountId;
  readonly referrer: AccountId;
  readonly amount: bigint;
};

/** An instrument's own state from here on; `until` 0: it ends by no clock. */
export type InstrumentStateEvent = {
  readonly instrument: InstrumentId;
  readonly state: InstrumentState;
  readonly until: TimestampMs;
};
/**
 * An auction: where a running one would clear now, or where it did. `imbalance`: lots bid less lots
 * offered at the price; all 0 when nothing trades.
 */
export type AuctionEvent = {
  readonly instrument: InstrumentId;
  readonly price: PriceTicks;
  readonly lots: number;
  readonly imbalance: number;
};

/** Selectors of events; append-only wire format. */
export const EVENT = {
  trade: 0,
  orderOpened: 1,
  orderReduced: 2,
  orderClosed: 3,
  transfer: 4,
  accountCreated: 5,
  index: 6,
  marks: 7,
  instrumentListed: 8,
  delivery: 9,
  settled: 10,
  instrumentSettled: 11,
  epochStarted: 12,
  protection: 17,
  deadManFired: 18,
  orderAmended: 13,
  orderRefreshed: 14,
  triggerPlaced: 15,
  triggerClosed: 16,
  legTrade: 20,
  quoteRequested: 21,
  requestClosed: 22,
  requestQuoted: 23,
  quoteClosed: 24,
  comboCreated: 25,
  instrumentState: 26,
  tradingStatus: 27,
  auctionIndicative: 28,
  auctionCleared: 29,
  referrerSet: 30,
  feesDistributed: 31,
  referralPaid: 32,
  validatorChanged: 36,
  delegated: 37,
  undelegated: 38,
  redelegated: 39,
  rewardsClaimed: 40,
  unbonded: 41,
  slashed: 42,
  rewardsDistributed: 43,
  lienPaid: 44,
  liquidationStarted: 52,
  liquidationTaken: 53,
  liquidationEnded: 54,
  positionMoved: 55,
  insurancePaid: 56,
  haircut: 57,
  debtShared: 58,
  marginModeSet: 50,
  riskChange: 51,
  funding: 59,
  variation: 60,
  oracleConduct: 62,
  pendingAsked: 70,
  pendingEnded: 71,
  keyChanged: 72,
  policyChanged: 73,
  frozen: 74,
  recovery: 75,
  proposalSubmitted: 64,
  proposalDeposited: 65,
  proposalChanged: 66,
  voted: 67,
  parameterChanged: 68,
  underlyingChanged: 69,
  upgradeReady: 76,
  upgradeChanged: 77,
} as const;

export type Event =
  | Variant<typeof EVENT.trade, TradeEvent>
  | Variant<typeof EVENT.orderOpened, Order>
  | Variant<typeof EVENT.orderReduced, OrderReducedEvent>
  | Variant<typeof EVENT.orderClosed, OrderClosedEvent>
  | Variant<typeof EVENT.transfer, TransferEvent>
  | Variant<typeof EVENT.accountCreated, AccountCreatedEvent>
  | Variant<typeof EVENT.index, IndexEvent>
  | Variant<typeof EVENT.marks, MarkInputs>
  | Variant<typeof EVENT.instrumentListed, Instrument>
  | Variant<typeof EVENT.delivery, DeliveryEvent>
  | Variant<typeof EVENT.settled, SettledEvent>
  | Variant<typeof EVENT.instrumentSettled, InstrumentClosedEvent>
  | Variant<typeof EVENT.epochStarted, EpochEvent>
  | Variant<typeof EVENT.instrumentState, InstrumentStateEvent>
  | Variant<typeof EVENT.tradingStatus, TradingStatus>
  | Variant<typeof EVENT.auctionIndicative, AuctionEvent>
  | Variant<typeof EVENT.auctionCleared, AuctionEvent>
  | Variant<typeof EVENT.protection, ProtectionEvent>
  | Variant<typeof EVENT.deadManFired, DeadManEvent>
  | Variant<typeof EVENT.orderAmended, OrderAmendedEvent>
  | Variant<typeof EVENT.orderRefreshed, OrderRefreshedEvent>
  | Variant<typeof EVENT.triggerPlaced, Trigger>
  | Variant<typeof EVENT.triggerClosed, TriggerClosedEvent>
  | Variant<typeof EVENT.legTrade, LegTradeEvent>
  | Variant<typeof EVENT.quoteRequested, LiveRequest>
  | Variant<typeof EVENT.requestClosed, QuoteClosedEvent>
  | Variant<typeof EVENT.requestQuoted, LiveQuote>
  | Variant<typeof EVENT.quoteClosed, QuoteClosedEvent>
  | Variant<typeof EVENT.comboCreated, Combo>
  | Variant<typeof EVENT.referrerSet, ReferrerSetEvent>
  | Variant<typeof EVENT.feesDistributed, FeesDistributedEvent>
  | Variant<typeof EVENT.referralPaid, ReferralPaidEvent>
  | Variant<typeof EVENT.liquidationStarted, LiquidationStartedEvent>
  | Variant<typeof EVENT.liquidationTaken, LiquidationTakenEvent>
  | Variant<typeof EVENT.liquidationEnded, LiquidationEndedEvent>
  | Variant<typeof EVENT.positionMoved, PositionMovedEvent>
  | Variant<typeof EVENT.insurancePaid, InsurancePaidEvent>
  | Variant<typeof EVENT.haircut, HaircutEvent>
  | Variant<typeof EVENT.debtShared, DebtSharedEvent>
  | Variant<typeof EVENT.marginModeSet, MarginModeSetEvent>
  | Variant<typeof EVENT.riskChange, RiskChangeEvent>
  | Variant<typeof EVENT.funding, FundingEvent>
  | Variant<typeof EVENT.variation, VariationEvent>
  | Variant<typeof EVENT.oracleConduct, OracleConductEvent>
  | Variant<typeof EVENT.pendingAsked, PendingAskedEvent>
  | Variant<typeof EVENT.pendingEnded, PendingEndedEvent>
  | Variant<typeof EVENT.keyChanged, KeyChangedEvent>
  | Variant<typeof EVENT.policyChanged, PolicyChangedEvent>
  | Variant<typeof EVENT.frozen, FrozenEvent>
  | Variant<typeof EVENT.recovery, RecoveryEvent>
  | StakingEvent
  | GovernanceEvent
  | Variant<typeof EVENT.upgradeReady, UpgradeReadyEvent>
  | Variant<typeof EVENT.upgradeChanged, UpgradeChangedEvent>;

const AuctionEventCodec: Codec<AuctionEvent> = container<AuctionEvent>('AuctionEvent', {
  instrument: u32<InstrumentId>(),
  price: u32<PriceTicks>(),
  lots: u64(),
  imbalance: i64(),
});

export const EventCodec: Codec<Event> = union<Event>('Event', {
  [EVENT.trade]: container<TradeEvent>(
    'TradeEvent',
    {
      instrument: u32<InstrumentId>(),
      price: u32<PriceTicks>(),
      lots: u32<SizeLots>(),
      side: u8<Side>(),
      makerOrder: u64<OrderId>(),
      takerOrder: u64<OrderId>(),
      maker: u64<PortfolioId>(),
      taker: u64<PortfolioId>(),
      makerFee: i128(),
      takerFee: i128(),
    },
    {
      read: (from) => ({
        instrument: readU32(from),
        price: readU32(from),
        lots: readU32(from),
        side: readU8(from),
        makerOrder: readU64(from),
        takerOrder: readU64(from),
        maker: readU64(from),
        taker: readU64(from),
        makerFee: readI128(from),
        takerFee: readI128(from),
      }),
      write(to, value) {
        writeU32(to, value.instrument);
        writeU32(to, value.price);
        writeU32(to, value.lots);
        writeU8(to, value.side);
        writeU64(to, value.makerOrder);
        writeU64(to, value.takerOrder);
        writeU64(to, value.maker);
        writeU64(to, value.taker);
        writeI128(to, value.makerFee);
        writeI128(to, value.takerFee);
      },
    },
  ),
  [EVENT.orderOpened]: OrderCodec,
  [EVENT.orderReduced]: container<OrderReducedEvent>(
    'OrderReducedEvent',
    {
      orderId: u64<OrderId>(),
      lots: u32<SizeLots>(),
    },
    {
      read: (from) => ({
        orderId: readU64(from),
        lots: readU32(from),
      }),
      write(to, value) {
        writeU64(to, value.orderId);
        writeU32(to, value.lots);
      },
    },
  ),
  [EVENT.orderClosed]: container<OrderClosedEvent>(
    'OrderClosedEvent',
    {
      orderId: u64<OrderId>(),
      reason: u8<CloseReason>(),
    },
    {
      read: (from) => ({
        orderId: readU64(from),
        reason: readU8(from),
      }),
      write(to, value) {
        writeU64(to, value.orderId);
        writeU8(to, value.reason);
      },
    },
  ),
  [EVENT.transfer]: container<TransferEvent>('TransferEvent', {
    from: u64<PortfolioId>(),
    to: u64<PortfolioId>(),
    denomination: u8<Denomination>(),
    amount: i128(),
  }),
  [EVENT.accountCreated]: container<AccountCreatedEvent>('AccountCreatedEvent', {
    account: u64<AccountId>(),
    address: bytes(20),
  }),
  [EVENT.index]: container<IndexEvent>('IndexEvent', {
    underlying: u8<UnderlyingId>(),
    index: u64(),
  }),
  [EVENT.marks]: MarkInputsCodec,
  [EVENT.instrumentListed]: InstrumentCodec,
  [EVENT.delivery]: container<DeliveryEvent>('DeliveryEvent', {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
    deliveryPrice: u64(),
  }),
  [EVENT.settled]: container<SettledEvent>('SettledEvent', {
    portfolio: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    cash: i128(),
    fee: i128(),
  }),
  [EVENT.funding]: container<FundingEvent>('FundingEvent', {
    underlying: u8<UnderlyingId>(),
    instrument: u32<InstrumentId>(),
    premium: i64(),
    rate: i64(),
    cumulative: i64(),
  }),
  [EVENT.variation]: container<VariationEvent>('VariationEvent', {
    portfolio: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    realised: i128(),
    funding: i128(),
  }),
  [EVENT.instrumentSettled]: container<InstrumentClosedEvent>('InstrumentClosedEvent', {
    instrument: u32<InstrumentId>(),
  }),
  [EVENT.epochStarted]: container<EpochEvent>('EpochEvent', { epoch: u64<Epoch>() }),
  [EVENT.instrumentState]: container<InstrumentStateEvent>('InstrumentStateEvent', {
    instrument: u32<InstrumentId>(),
    state: u8<InstrumentState>(),
    until: u64<TimestampMs>(),
  }),
  [EVENT.tradingStatus]: TradingStatusCodec,
  [EVENT.auctionIndicative]: AuctionEventCodec,
  [EVENT.auctionCleared]: AuctionEventCodec,
  [EVENT.protection]: container<ProtectionEvent>('ProtectionEvent', {
    portfolio: u64<PortfolioId>(),
    underlying: u8<UnderlyingId>(),
    change: u8<ProtectionChange>(),
    frozenUntil: u64<TimestampMs>(),
  }),
  [EVENT.deadManFired]: container<DeadManEvent>('DeadManEvent', {
    account: u64<AccountId>(),
    scope: u8<SwitchScope>(),
    subAccount: u8<SubAccount>(),
    closed: u32(),
    isDone: bool(),
  }),
  [EVENT.orderAmended]: container<OrderAmendedEvent>('OrderAmendedEvent', {
    orderId: u64<OrderId>(),
    price: u32<PriceTicks>(),
    size: u32<SizeLots>(),
    remaining: u32<SizeLots>(),
    shown: u32<SizeLots>(),
    priority: u64<OrderId>(),
  }),
  [EVENT.orderRefreshed]: container<OrderRefreshedEvent>('OrderRefreshedEvent', {
    orderId: u64<OrderId>(),
    shown: u32<SizeLots>(),
    priority: u64<OrderId>(),
  }),
  [EVENT.triggerPlaced]: TriggerCodec,
  [EVENT.triggerClosed]: container<TriggerClosedEvent>('TriggerClosedEvent', {
    orderId: u64<OrderId>(),
    reason: u8<TriggerEnd>(),
    error: u16(),
  }),
  [EVENT.legTrade]: LegTradeEventCodec,
  [EVENT.quoteRequested]: LiveRequestCodec,
  [EVENT.requestClosed]: QuoteClosedEventCodec,
  [EVENT.requestQuoted]: LiveQuoteCodec,
  [EVENT.quoteClosed]: QuoteClosedEventCodec,
  [EVENT.comboCreated]: ComboCodec,
  [EVENT.referrerSet]: container<ReferrerSetEvent>('ReferrerSetEvent', {
    account: u64<AccountId>(),
    referrer: u64<AccountId>(),
  }),
  [EVENT.feesDistributed]: container<FeesDistributedEvent>('FeesDistributedEvent', {
    insurance: i128(),
    community: i128(),
    stake: i128(),
  }),
  [EVENT.referralPaid]: container<ReferralPaidEvent>('ReferralPaidEvent', {
    account: u64<AccountId>(),
    referrer: u64<AccountId>(),
    amount: i128(),
  }),
  [EVENT.validatorChanged]: ValidatorChangedEventCodec,
  [EVENT.delegated]: DelegatedEventCodec,
  [EVENT.undelegated]: UndelegatedEventCodec,
  [EVENT.redelegated]: RedelegatedEventCodec,
  [EVENT.rewardsClaimed]: RewardsClaimedEventCodec,
  [EVENT.unbonded]: UnbondedEventCodec,
  [EVENT.slashed]: SlashedEventCodec,
  [EVENT.rewardsDistributed]: RewardsDistributedEventCodec,
  [EVENT.lienPaid]: LienPaidEventCodec,
  [EVENT.liquidationStarted]: LiquidationStartedEventCodec,
  [EVENT.liquidationTaken]: LiquidationTakenEventCodec,
  [EVENT.liquidationEnded]: LiquidationEndedEventCodec,
  [EVENT.positionMoved]: PositionMovedEventCodec,
  [EVENT.insurancePaid]: InsurancePaidEventCodec,
  [EVENT.haircut]: HaircutEventCodec,
  [EVENT.debtShared]: DebtSharedEventCodec,
  [EVENT.marginModeSet]: container<MarginModeSetEvent>('MarginModeSetEvent', {
    portfolio: u64<PortfolioId>(),
    mode: u8<MarginMode>(),
  }),
  [EVENT.riskChange]: container<RiskChangeEvent>('RiskChangeEvent', {
    underlying: u8<UnderlyingId>(),
    startsAt: u64<TimestampMs>(),
    endsAt: u64<TimestampMs>(),
  }),
  [EVENT.oracleConduct]: OracleConductEventCodec,
  [EVENT.pendingAsked]: PendingAskedEventCodec,
  [EVENT.pendingEnded]: PendingEndedEventCodec,
  [EVENT.keyChanged]: KeyChangedEventCodec,
  [EVENT.policyChanged]: PolicyChangedEventCodec,
  [EVENT.frozen]: FrozenEventCodec,
  [EVENT.recovery]: RecoveryEventCodec,
  ...GOVERNANCE_EVENT_CODECS,
  [EVENT.upgradeReady]: UpgradeReadyEventCodec,
  [EVENT.upgradeChanged]: UpgradeChangedEventCodec,
});

/** Most events of one block: fills and order events of a full block, several times over. */
export const MAX_BLOCK_EVENTS: number = 4 * 1024 * 1024;
export const EventsCodec: Codec<Event[]> = list(EventCodec, MAX_BLOCK_EVENTS);
