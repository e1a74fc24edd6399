/**
 * The state of the chain: every table in one place, and the indexes derived from them.
 *
 * Source: design/chain.md §5. Table ids are state format, append-only. `derived` holds nothing that
 * the tables do not say: it is rebuilt from them when a node starts, so a node that ran since
 * genesis and one that loaded a checkpoint behave alike.
 */
import { emptyStaking, type Staking } from '../../staking/tables.ts';
import {
  type Account,
  AccountCodec,
  type NonceWindow,
  NonceWindowCodec,
} from '../accounts/account.ts';
import { type AccountIndex, accountIndex } from '../accounts/account-index.ts';
import { type AgentBudget, AgentBudgetCodec } from '../accounts/agent-budget.ts';
import { type RateCredits, RateCreditsCodec } from '../accounts/rate-credits.ts';
import {
  type AccountSecurity,
  AccountSecurityCodec,
  type Agent,
  AgentCodec,
  type OrderKey,
  OrderKeyCodec,
  type OutflowMeter,
  OutflowMeterCodec,
  type PendingChange,
  PendingChangeCodec,
  type PendingWithdrawal,
  PendingWithdrawalCodec,
} from '../accounts/security/rows.ts';
import { type SecurityIndex, securityIndex } from '../accounts/security/security-index.ts';
import { type AuctionIndex, auctionIndex } from '../auction/auction-index.ts';
import {
  type Indicative,
  IndicativeCodec,
  type InstrumentPhase,
  InstrumentPhaseCodec,
  type TradingStatus,
  TradingStatusCodec,
} from '../auction/phase.ts';
import { readI128, writeI128 } from '../core/byte-cursor.ts';
import { ZERO_32 } from '../core/bytes.ts';
import { type Sha256, sha256 } from '../core/hash.ts';
import { type Codec, container, i128, u32, u64 } from '../core/ssz.ts';
import type {
  AccountId,
  Address,
  Epoch,
  Height,
  InstrumentId,
  OrderId,
  PortfolioId,
  TimestampMs,
  UnderlyingId,
} from '../core/units.ts';
import { type EpochConfig, EpochConfigCodec } from '../epoch-config.ts';
import { type FeeSchedule, FeeScheduleCodec } from '../fees/fee-tiers.ts';
import { type Referral, ReferralCodec } from '../fees/referral.ts';
import { type TradingVolume, TradingVolumeCodec } from '../fees/trading-volume.ts';
import { type Parameters, ParametersCodec } from '../governance/parameters.ts';
import { emptyGovernance, type Governance } from '../governance/tables.ts';
import { type LinearPosition, LinearPositionCodec } from '../linear/linear-position.ts';
import { type Perpetual, PerpetualCodec } from '../linear/perpetual.ts';
import { type HealthIndex, healthIndex } from '../liquidation/health-index.ts';
import {
  type InsuranceUse,
  InsuranceUseCodec,
  type Liquidation,
  LiquidationCodec,
  type SharedDebt,
  SharedDebtCodec,
} from '../liquidation/liquidation.ts';
import { type LiquidationIndex, liquidationIndex } from '../liquidation/liquidation-index.ts';
import {
  type LiquidationParameters,
  LiquidationParametersCodec,
} from '../liquidation/parameters.ts';
import { type MarginModeRow, MarginModeRowCodec } from '../margin/mode/margin-mode.ts';
import { type RiskIndex, riskIndex } from '../margin/mode/risk-index.ts';
import { type RiskParameters, RiskParametersCodec } from '../margin/mode/risk-parameters.ts';
import { type PortfolioIndex, portfolioIndex } from '../margin/portfolio-index.ts';
import { type Position, PositionCodec } from '../margin/position.ts';
import { type Books, books } from '../matching/books.ts';
import { type RestingOrder, RestingOrderCodec } from '../matching/order.ts';
import { type OrderIndex, orderIndex } from '../matching/order-index.ts';
import { type LastTrade, LastTradeCodec, type Trigger, TriggerCodec } from '../matching/trigger.ts';
import { type TriggerIndex, triggerIndex } from '../matching/trigger-index.ts';
import { type Combo, ComboCodec } from '../multileg/combo.ts';
import { type ComboIndex, comboIndex } from '../multileg/combo-index.ts';
import {
  type LiveQuote,
  LiveQuoteCodec,
  type LiveRequest,
  LiveRequestCodec,
} from '../multileg/live-quote.ts';
import { type RequestIndex, requestIndex } from '../multileg/request-index.ts';
import { type Instrument, InstrumentCodec } from '../options/instrument.ts';
import { type SeriesIndex, seriesIndex } from '../options/series-index.ts';
import { type SettlementWindow, SettlementWindowCodec } from '../options/settlement.ts';
import { type SettlementSamples, SettlementSamplesCodec } from '../options/settlement-samples.ts';
import { type Underlying, UnderlyingCodec } from '../options/underlying.ts';
import { type OracleConduct, OracleConductCodec } from '../oracle/conduct-row.ts';
import { type Marks, marks } from '../oracle/marks.ts';
import {
  type IndexPrice,
  IndexPriceCodec,
  type MarkInputs,
  MarkInputsCodec,
  type SurfaceSlice,
  SurfaceSliceCodec,
} from '../oracle/price.ts';
import { type SurfaceOffset, SurfaceOffsetCodec } from '../oracle/surface-offset.ts';
import { type OracleVote, OracleVoteCodec } from '../oracle/vote.ts';
import {
  type DeadManSwitch,
  DeadManSwitchCodec,
  type SwitchIndex,
  switchIndex,
} from '../quoting/dead-man-switch.ts';
import { type Protection, ProtectionCodec } from '../quoting/protection.ts';
import { type MakerQuotes, makerQuotes } from '../quoting/quote-index.ts';
import { type Exposures, exposures } from '../rules/exposure.ts';
import type { VersionOverride } from '../upgrade/migrate-modules.ts';
import { expiryKey } from './expiry-key.ts';
import { hexKey, type PairKeyCodec, pairKey, SINGLETON_KEY, u32Key, u64Key } from './key-codec.ts';
import { type AnyTableStore, type TableStore, table, tableStore } from './table.ts';

/** Counters and the place in the chain: one row. */
export type Meta = {
  height: Height;
  timestamp: TimestampMs;
  /** Epoch of the block last executed. */
  epoch: Epoch;
  /** Height of the last block of the epoch before; 0 in epoch 0. */
  previousEpochLastHeight: Height;
  nextAccountId: AccountId;
  nextInstrumentId: InstrumentId;
  nextOrderId: OrderId;
};

export const MetaCodec: Codec<Meta> = container<Meta>('Meta', {
  height: u64<Height>(),
  timestamp: u64<TimestampMs>(),
  epoch: u64<Epoch>(),
  previousEpochLastHeight: u64<Height>(),
  nextAccountId: u64<AccountId>(),
  nextInstrumentId: u32<InstrumentId>(),
  nextOrderId: u64<OrderId>(),
});

/** A balance or a supply, in micro-units; balances may be negative. */
export type Amount = { amount: bigint };
export const AmountCodec: Codec<Amount> = container<Amount>(
  'Amount',
  { amount: i128() },
  {
    read: (from) => ({
      amount: readI128(from),
    }),
    write(to, value) {
      writeI128(to, value.amount);
    },
  },
);

/** (portfolio, denomination). */
export const balanceKey: PairKeyCodec<number> = pairKey({ highBits: 40, lowBits: 2 });
/** (account, position of the key in its list). */
export const nonceKey: PairKeyCodec<number> = pairKey({ highBits: 32, lowBits: 8 });
/** Instruments that may be unsettled at a time, or lie between two of them in a position key. */
export const POSITION_INSTRUMENTS: number = 2 ** 21;
const positionPair = pairKey({ highBits: 32, lowBits: 21 });
/**
 * (portfolio, instrument modulo 2²¹): 16 million accounts. Only unsettled instruments have positions,
 * and listing gives no number that is another's modulo 2²¹, so a key means one position.
 */
export const positionKey: PairKeyCodec<number> = {
  ...positionPair,
  pack: (portfolio, instrument) => positionPair.pack(portfolio, instrument % POSITION_INSTRUMENTS),
};
export { expiryKey };

/** (portfolio, underlying). */
export const protectionKey: PairKeyCodec<number> = pairKey({ highBits: 40, lowBits: 8 });
/** (account, sub-account or 256 for all). */
export const switchKey: PairKeyCodec<number> = pairKey({ highBits: 40, lowBits: 9 });

/** Indexes derived from the tables, each owned by the module that reads it. */
export type Derived = {
  readonly accounts: AccountIndex;
  readonly series: SeriesIndex;
  readonly marks: Marks;
  readonly books: Books;
  readonly portfolios: PortfolioIndex;
  readonly risk: RiskIndex;
  readonly auctions: AuctionIndex;
  readonly orders: OrderIndex;
  readonly triggers: TriggerIndex;
  readonly makerQuotes: MakerQuotes;
  readonly switches: SwitchIndex;
  readonly requests: RequestIndex;
  readonly combos: ComboIndex;
  readonly exposures: Exposures;
  readonly liquidations: LiquidationIndex;
  readonly health: HealthIndex;
  readonly security: SecurityIndex;
};

export type State = {
  /** Genesis hash, 32 bytes. */
  readonly chainId: Uint8Array;
  /** The portable one, until the shell puts its own here. */
  sha256: Sha256;
  /** Versions of modules that stand for those of configs: of the node, not of the chain. */
  overrides: readonly VersionOverride[];
  /**
   * Chain of the receipts so far. No row: headers commit to it beside the state root, since receipts
   * name the positions of their transactions in the block and the state must not depend on them.
   */
  readonly receiptsChain: { root: Uint8Array };
  readonly meta: TableStore<number, Meta>;
  readonly accounts: TableStore<Address, Account>;
  readonly nonces: TableStore<number, NonceWindow>;
  readonly balances: TableStore<number, Amount>;
  /** Supply by denomination. */
  readonly supply: TableStore<number, Amount>;
  readonly parameters: TableStore<number, Parameters>;
  readonly epochConfigs: TableStore<Epoch, EpochConfig>;
  readonly underlyings: TableStore<UnderlyingId, Underlying>;
  readonly instruments: TableStore<InstrumentId, Instrument>;
  readonly orders: TableStore<OrderId, RestingOrder>;
  readonly positions: TableStore<number, Position>;
  /** Last vote of each validator, by the hex of its oracle key. */
  readonly oracleVotes: TableStore<string, OracleVote>;
  readonly indexPrices: TableStore<UnderlyingId, IndexPrice>;
  /** How validators vote, by the hex of their oracle keys. */
  readonly oracleConduct: TableStore<string, OracleConduct>;
  readonly surfaceSlices: TableStore<number, SurfaceSlice>;
  readonly markInputs: TableStore<number, MarkInputs>;
  /** How far the books have pulled the surface, by `expiryKey`. */
  readonly surfaceOffsets: TableStore<number, SurfaceOffset>;
  readonly settlements: TableStore<number, SettlementWindow>;
  /** Samples of settlement windows by `samplesKey`. */
  readonly settlementSamples: TableStore<string, SettlementSamples>;
  /** Underlyings that are not open, and why. */
  readonly tradingStatus: TableStore<UnderlyingId, TradingStatus>;
  /** Instruments whose own state ends by time or by their first mark. */
  readonly phases: TableStore<InstrumentId, InstrumentPhase>;
  /** Series in a call auction that published, or are to publish, an indicative price. */
  readonly indicatives: TableStore<InstrumentId, Indicative>;
  /** Orders that wait for a price, and those whose price has come and turn has not. */
  readonly triggers: TableStore<OrderId, Trigger>;
  readonly lastTrades: TableStore<InstrumentId, LastTrade>;
  /** Market-maker protections by `protectionKey`. */
  readonly protections: TableStore<number, Protection>;
  /** Dead-man switches by `switchKey`. */
  readonly deadManSwitches: TableStore<number, DeadManSwitch>;
  readonly rateCredits: TableStore<AccountId, RateCredits>;
  /** Budgets of trading keys by `nonceKey`. */
  readonly agentBudgets: TableStore<number, AgentBudget>;
  readonly tradingVolumes: TableStore<AccountId, TradingVolume>;
  /** By the account that was referred. */
  readonly referrals: TableStore<AccountId, Referral>;
  /** One row, or none: then every account is in the base tier. */
  readonly feeSchedule: TableStore<number, FeeSchedule>;
  /** Live requests for quote, and quotes on them, by number. */
  readonly quoteRequests: TableStore<OrderId, LiveRequest>;
  readonly requestQuotes: TableStore<OrderId, LiveQuote>;
  /** Legs of listed combos, by the combos' instruments. */
  readonly combos: TableStore<InstrumentId, Combo>;
  /** Costs of positions in futures and perpetuals, by `positionKey`. */
  readonly linearPositions: TableStore<number, LinearPosition>;
  readonly perpetuals: TableStore<UnderlyingId, Perpetual>;
  /** Portfolios in portfolio mode; the others have no row. */
  readonly marginModes: TableStore<PortfolioId, MarginModeRow>;
  /** Parameters of portfolio margin, with an announced change. */
  readonly riskParameters: TableStore<UnderlyingId, RiskParameters>;
  /** Accounts short of maintenance, and their auctions. */
  readonly liquidations: TableStore<PortfolioId, Liquidation>;
  readonly insuranceUse: TableStore<UnderlyingId, InsuranceUse>;
  /** One row, or none: then the defaults hold. */
  readonly liquidationParameters: TableStore<number, LiquidationParameters>;
  /** One row, or none while nothing was ever shared. */
  readonly sharedDebt: TableStore<number, SharedDebt>;
  /** Rules that accounts have given themselves; the others have no row. */
  readonly accountSecurity: TableStore<AccountId, AccountSecurity>;
  /** Which keys of such accounts open orders are of. */
  readonly orderKeys: TableStore<OrderId, OrderKey>;
  /** What waits, by number. */
  readonly pendingChanges: TableStore<OrderId, PendingChange>;
  readonly pendingWithdrawals: TableStore<OrderId, PendingWithdrawal>;
  /** Scopes of agents, by `nonceKey`. */
  readonly agents: TableStore<number, Agent>;
  /** By `nonceKey` of an agent, or of `WHOLE_ACCOUNT`. */
  readonly outflowMeters: TableStore<number, OutflowMeter>;
  /** Validators, delegations, rewards: tables 40 to 59. */
  readonly staking: Staking;
  /** Proposals, votes, pauses: tables 73 to 79. */
  readonly governance: Governance;
  /** Every table, in id order. */
  readonly stores: readonly AnyTableStore[];
  readonly derived: Derived;
};

/** The one row of `meta`. */
export function metaOf(state: State): Meta {
  return state.meta.must(SINGLETON_KEY);
}

/** The one row of `parameters`. */
export function parametersOf(state: State): Parameters {
  return state.parameters.must(SINGLETON_KEY);
}

/** Empty tables and indexes of the chain `chainId`. */
export function emptyState(chainId: Uint8Array): State {
  const tables = {
    meta: tableStore(table({ id: 0, name: 'meta', key: u32Key(), value: MetaCodec })),
    accounts: tableStore(
      table({ id: 1, name: 'accounts', key: hexKey<Address>(20), value: AccountCodec }),
    ),
    nonces: tableStore(table({ id: 2, name: 'nonces', key: nonceKey, value: NonceWindowCodec })),
    balances: tableStore(table({ id: 3, name: 'balances', key: balanceKey, value: AmountCodec })),
    supply: tableStore(table({ id: 4, name: 'supply', key: u32Key(), value: AmountCodec })),
    parameters: tableStore(
      table({ id: 5, name: 'parameters', key: u32Key(), value: ParametersCodec }),
    ),
    epochConfigs: tableStore(
      table({ id: 6, name: 'epochConfigs', key: u64Key<Epoch>(), value: EpochConfigCodec }),
    ),
    underlyings: tableStore(
      table({ id: 7, name: 'underlyings', key: u32Key<UnderlyingId>(), value: UnderlyingCodec }),
    ),
    instruments: tableStore(
      table({ id: 8, name: 'instruments', key: u32Key<InstrumentId>(), value: InstrumentCodec }),
    ),
    orders: tableStore(
      table({ id: 9, name: 'orders', key: u64Key<OrderId>(), value: RestingOrderCodec }),
    ),
    positions: tableStore(
      table({ id: 10, name: 'positions', key: positionKey, value: PositionCodec }),
    ),
    oracleVotes: tableStore(
      table({ id: 11, name: 'oracleVotes', key: hexKey(32), value: OracleVoteCodec }),
    ),
    indexPrices: tableStore(
      table({ id: 12, name: 'indexPrices', key: u32Key<UnderlyingId>(), value: IndexPriceCodec }),
    ),
    surfaceSlices: tableStore(
      table({ id: 13, name: 'surfaceSlices', key: expiryKey, value: SurfaceSliceCodec }),
    ),
    markInputs: tableStore(
      table({ id: 14, name: 'markInputs', key: expiryKey, value: MarkInputsCodec }),
    ),
    settlements: tableStore(
      table({ id: 15, name: 'settlements', key: expiryKey, value: SettlementWindowCodec }),
    ),
    settlementSamples: tableStore(
      table({ id: 70, name: 'settlementSamples', key: hexKey(10), value: SettlementSamplesCodec }),
    ),
    surfaceOffsets: tableStore(
      table({ id: 69, name: 'surfaceOffsets', key: expiryKey, value: SurfaceOffsetCodec }),
    ),
    oracleConduct: tableStore(
      table({ id: 71, name: 'oracleConduct', key: hexKey(32), value: OracleConductCodec }),
    ),
    tradingStatus: tableStore(
      table({
        id: 26,
        name: 'tradingStatus',
        key: u32Key<UnderlyingId>(),
        value: TradingStatusCodec,
      }),
    ),
    phases: tableStore(
      table({ id: 27, name: 'phases', key: u32Key<InstrumentId>(), value: InstrumentPhaseCodec }),
    ),
    indicatives: tableStore(
      table({ id: 28, name: 'indicatives', key: u32Key<InstrumentId>(), value: IndicativeCodec }),
    ),
    triggers: tableStore(
      table({ id: 16, name: 'triggers', key: u64Key<OrderId>(), value: TriggerCodec }),
    ),
    lastTrades: tableStore(
      table({ id: 17, name: 'lastTrades', key: u32Key<InstrumentId>(), value: LastTradeCodec }),
    ),
    tradingVolumes: tableStore(
      table({
        id: 29,
        name: 'tradingVolumes',
        key: u64Key<AccountId>(),
        value: TradingVolumeCodec,
      }),
    ),
    referrals: tableStore(
      table({ id: 30, name: 'referrals', key: u64Key<AccountId>(), value: ReferralCodec }),
    ),
    feeSchedule: tableStore(
      table({ id: 31, name: 'feeSchedule', key: u32Key(), value: FeeScheduleCodec }),
    ),
    protections: tableStore(
      table({ id: 18, name: 'protections', key: protectionKey, value: ProtectionCodec }),
    ),
    deadManSwitches: tableStore(
      table({ id: 19, name: 'deadManSwitches', key: switchKey, value: DeadManSwitchCodec }),
    ),
    rateCredits: tableStore(
      table({ id: 20, name: 'rateCredits', key: u64Key<AccountId>(), value: RateCreditsCodec }),
    ),
    agentBudgets: tableStore(
      table({ id: 21, name: 'agentBudgets', key: nonceKey, value: AgentBudgetCodec }),
    ),
    quoteRequests: tableStore(
      table({ id: 22, name: 'quoteRequests', key: u64Key<OrderId>(), value: LiveRequestCodec }),
    ),
    requestQuotes: tableStore(
      table({ id: 23, name: 'requestQuotes', key: u64Key<OrderId>(), value: LiveQuoteCodec }),
    ),
    liquidations: tableStore(
      table({ id: 62, name: 'liquidations', key: u64Key<PortfolioId>(), value: LiquidationCodec }),
    ),
    insuranceUse: tableStore(
      table({
        id: 63,
        name: 'insuranceUse',
        key: u32Key<UnderlyingId>(),
        value: InsuranceUseCodec,
      }),
    ),
    liquidationParameters: tableStore(
      table({
        id: 64,
        name: 'liquidationParameters',
        key: u32Key(),
        value: LiquidationParametersCodec,
      }),
    ),
    sharedDebt: tableStore(
      table({ id: 65, name: 'sharedDebt', key: u32Key(), value: SharedDebtCodec }),
    ),
    combos: tableStore(
      table({ id: 24, name: 'combos', key: u32Key<InstrumentId>(), value: ComboCodec }),
    ),
    marginModes: tableStore(
      table({ id: 60, name: 'marginModes', key: u64Key<PortfolioId>(), value: MarginModeRowCodec }),
    ),
    riskParameters: tableStore(
      table({
        id: 61,
        name: 'riskParameters',
        key: u32Key<UnderlyingId>(),
        value: RiskParametersCodec,
      }),
    ),
    linearPositions: tableStore(
      table({ id: 66, name: 'linearPositions', key: positionKey, value: LinearPositionCodec }),
    ),
    accountSecurity: tableStore(
      table({
        id: 80,
        name: 'accountSecurity',
        key: u64Key<AccountId>(),
        value: AccountSecurityCodec,
      }),
    ),
    orderKeys: tableStore(
      table({ id: 81, name: 'orderKeys', key: u64Key<OrderId>(), value: OrderKeyCodec }),
    ),
    pendingChanges: tableStore(
      table({ id: 82, name: 'pendingChanges', key: u64Key<OrderId>(), value: PendingChangeCodec }),
    ),
    pendingWithdrawals: tableStore(
      table({
        id: 83,
        name: 'pendingWithdrawals',
        key: u64Key<OrderId>(),
        value: PendingWithdrawalCodec,
      }),
    ),
    agents: tableStore(table({ id: 84, name: 'agents', key: nonceKey, value: AgentCodec })),
    outflowMeters: tableStore(
      table({ id: 85, name: 'outflowMeters', key: nonceKey, value: OutflowMeterCodec }),
    ),
    perpetuals: tableStore(
      table({ id: 67, name: 'perpetuals', key: u32Key<UnderlyingId>(), value: PerpetualCodec }),
    ),
  };
  const staking = emptyStaking();
  const governance = emptyGovernance();
  return {
    chainId,
    sha256,
    overrides: [],
    receiptsChain: { root: ZERO_32 },
    ...tables,
    staking,
    governance,
    stores: [...Object.values(tables), ...staking.stores, ...governance.stores].sort(
      (a, b) => a.id - b.id,
    ),
    derived: {
      accounts: accountIndex(),
      series: seriesIndex(),
      marks: marks(),
      books: books(),
      portfolios: portfolioIndex(),
      risk: riskIndex(),
      exposures: exposures(),
      auctions: auctionIndex(),
      orders: orderIndex(),
      triggers: triggerIndex(),
      makerQuotes: makerQuotes(),
      switches: switchIndex(),
      requests: requestIndex(),
      combos: comboIndex(),
      liquidations: liquidationIndex(),
      health: healthIndex(),
      security: securityIndex(),
    },
  };
}
