/**
 * Questions to the state and their answers, as SSZ: what crosses to the executor's thread and back.
 *
 * Both ends are the same release in one process, so selectors may change between releases. Every
 * answer says at which height it holds: the state after the last whole block.
 */
import { type Account, AccountCodec } from '../../runtime/accounts/account.ts';
import {
  type InstrumentPhase,
  InstrumentPhaseCodec,
  type TradingStatus,
  TradingStatusCodec,
} from '../../runtime/auction/phase.ts';
import {
  byteList,
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
} from '../../runtime/core/ssz.ts';
import type {
  AccountId,
  Height,
  InstrumentId,
  OrderId,
  PortfolioId,
  PositionLots,
  SubAccount,
  TimestampMs,
  UnderlyingId,
} from '../../runtime/core/units.ts';
import { type EpochConfig, EpochConfigCodec } from '../../runtime/epoch-config.ts';
import { type Parameters, ParametersCodec } from '../../runtime/governance/parameters.ts';
import { MAX_VALIDATORS } from '../../runtime/limits.ts';
import { type Perpetual, PerpetualCodec } from '../../runtime/linear/perpetual.ts';
import { type Order, OrderCodec } from '../../runtime/matching/order.ts';
import { type Trigger, TriggerCodec } from '../../runtime/matching/trigger.ts';
import { type Combo, ComboCodec } from '../../runtime/multileg/combo.ts';
import { type Instrument, InstrumentCodec } from '../../runtime/options/instrument.ts';
import { type Underlying, UnderlyingCodec } from '../../runtime/options/underlying.ts';
import { type OracleConduct, OracleConductCodec } from '../../runtime/oracle/conduct-row.ts';
import {
  type IndexPrice,
  IndexPriceCodec,
  type MarkInputs,
  MarkInputsCodec,
  type SurfaceSlice,
  SurfaceSliceCodec,
} from '../../runtime/oracle/price.ts';
import { type SurfaceOffset, SurfaceOffsetCodec } from '../../runtime/oracle/surface-offset.ts';
import { MAX_TABLES } from '../../runtime/state/merkle-format.ts';
import { type StateProof, stateProofCodec } from '../../runtime/state/proof.ts';
import {
  type ParameterSetsAnswer,
  ParameterSetsAnswerCodec,
  type ProposalsAnswer,
  ProposalsAnswerCodec,
  type ProposalsQuestion,
  ProposalsQuestionCodec,
  type SimulationAnswer,
  SimulationAnswerCodec,
  type SimulationQuestion,
  SimulationQuestionCodec,
  type VotesAnswer,
  VotesAnswerCodec,
  type VotesQuestion,
  VotesQuestionCodec,
} from './governance-format.ts';
import {
  type LiquidationsAnswer,
  LiquidationsAnswerCodec,
  type LiquidationsQuestion,
  LiquidationsQuestionCodec,
} from './liquidation-format.ts';
import {
  type MarginAnswer,
  MarginAnswerCodec,
  type MarginQuestion,
  MarginQuestionCodec,
  type RiskAnswer,
  RiskAnswerCodec,
} from './margin-format.ts';
import { type SecurityAnswer, SecurityAnswerCodec } from './security-format.ts';
import {
  type DelegationsAnswer,
  DelegationsAnswerCodec,
  type DelegationsQuestion,
  DelegationsQuestionCodec,
  type ValidatorsAnswer,
  ValidatorsAnswerCodec,
  type ValidatorsQuestion,
  ValidatorsQuestionCodec,
} from './staking-format.ts';
import {
  type RequestsAnswer,
  RequestsAnswerCodec,
  type TradingAnswer,
  TradingAnswerCodec,
} from './trading-format.ts';

/** Most orders and triggers of one page; a page is at most 2 MB. */
export const MAX_ORDERS_PAGE = 10_000;
/** Most account numbers of one question. */
export const MAX_ADDRESSES = 4_096;
const MAX_INSTRUMENT_ROWS = 65_536;
const MAX_EXPIRY_ROWS = 16_384;
const MAX_UNDERLYINGS = 256;
const MAX_POSITIONS = 65_536;
const MAX_KEY_BYTES = 64;
/** A row's SSZ: the longest are oracle votes and settlement windows, below 64 KiB. */
const MAX_ROW_BYTES: number = 128 * 1024;
const MAX_TEXT_BYTES = 256;
/** Underlying, window, and 57 rows of samples. */
const MAX_SETTLEMENT_ROWS = 64;

export type AccountQuestion = { readonly address: Uint8Array };
export type PortfolioQuestion = { readonly address: Uint8Array; readonly subAccount: SubAccount };
export type OrderQuestion = { readonly orderId: OrderId };
export type NoQuestion = { readonly unused: number };
/** Orders with number ≥ `from`, ascending, at most `limit`. */
export type OrdersQuestion = { readonly from: OrderId; readonly limit: number };
/** A row of the newest checkpoint. */
export type RowQuestion = { readonly tableId: number; readonly key: Uint8Array };
/** Rows one question may ask for: a proof is ~10 µs and ~1 KB, so 3 ms and 256 KB. */
export const MAX_PROVED_ROWS = 256;
/** Rows under one retained state root. */
export type RowsQuestion = { readonly stateRoot: Uint8Array; readonly rows: RowQuestion[] };
/** Live requests for quote: the one of this number with its quotes, or all without when 0. */
export type RequestsQuestion = { readonly request: OrderId };
/** A settlement window, by its place. */
export type SettlementQuestion = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
};
export type AddressesQuestion = { readonly accounts: AccountId[] };

/** Selectors of questions. */
export const QUESTION = {
  account: 0,
  portfolio: 1,
  order: 2,
  market: 3,
  orders: 4,
  row: 5,
  supply: 6,
  stateRoot: 7,
  addresses: 8,
  trading: 9,
  requests: 10,
  margin: 15,
  riskParameters: 16,
  liquidations: 14,
  settlement: 12,
  oracle: 13,
  validators: 17,
  delegations: 18,
  rows: 30,
  proposals: 31,
  votes: 32,
  parameterSets: 33,
  simulation: 34,
  security: 35,
} as const;

export type Question =
  | Variant<typeof QUESTION.account, AccountQuestion>
  | Variant<typeof QUESTION.portfolio, PortfolioQuestion>
  | Variant<typeof QUESTION.order, OrderQuestion>
  | Variant<typeof QUESTION.market, NoQuestion>
  | Variant<typeof QUESTION.orders, OrdersQuestion>
  | Variant<typeof QUESTION.row, RowQuestion>
  | Variant<typeof QUESTION.supply, NoQuestion>
  | Variant<typeof QUESTION.stateRoot, NoQuestion>
  | Variant<typeof QUESTION.addresses, AddressesQuestion>
  | Variant<typeof QUESTION.trading, AccountQuestion>
  | Variant<typeof QUESTION.margin, MarginQuestion>
  | Variant<typeof QUESTION.riskParameters, NoQuestion>
  | Variant<typeof QUESTION.liquidations, LiquidationsQuestion>
  | Variant<typeof QUESTION.requests, RequestsQuestion>
  | Variant<typeof QUESTION.settlement, SettlementQuestion>
  | Variant<typeof QUESTION.oracle, NoQuestion>
  | Variant<typeof QUESTION.validators, ValidatorsQuestion>
  | Variant<typeof QUESTION.delegations, DelegationsQuestion>
  | Variant<typeof QUESTION.rows, RowsQuestion>
  | Variant<typeof QUESTION.security, AccountQuestion>
  | Variant<typeof QUESTION.proposals, ProposalsQuestion>
  | Variant<typeof QUESTION.votes, VotesQuestion>
  | Variant<typeof QUESTION.parameterSets, NoQuestion>
  | Variant<typeof QUESTION.simulation, SimulationQuestion>;

const NoQuestionCodec: Codec<NoQuestion> = container<NoQuestion>('NoQuestion', { unused: u8() });

const RowQuestionCodec: Codec<RowQuestion> = container<RowQuestion>('RowQuestion', {
  tableId: u8(),
  key: byteList(MAX_KEY_BYTES),
});

export const QuestionCodec: Codec<Question> = union<Question>('Question', {
  [QUESTION.account]: container<AccountQuestion>('AccountQuestion', { address: bytes(20) }),
  [QUESTION.portfolio]: container<PortfolioQuestion>('PortfolioQuestion', {
    address: bytes(20),
    subAccount: u8<SubAccount>(),
  }),
  [QUESTION.order]: container<OrderQuestion>('OrderQuestion', { orderId: u64<OrderId>() }),
  [QUESTION.market]: NoQuestionCodec,
  [QUESTION.margin]: MarginQuestionCodec,
  [QUESTION.riskParameters]: NoQuestionCodec,
  [QUESTION.orders]: container<OrdersQuestion>('OrdersQuestion', {
    from: u64<OrderId>(),
    limit: u16(),
  }),
  [QUESTION.row]: RowQuestionCodec,
  [QUESTION.supply]: NoQuestionCodec,
  [QUESTION.stateRoot]: NoQuestionCodec,
  [QUESTION.liquidations]: LiquidationsQuestionCodec,
  [QUESTION.addresses]: container<AddressesQuestion>('AddressesQuestion', {
    accounts: list(u64<AccountId>(), MAX_ADDRESSES),
  }),
  [QUESTION.trading]: container<AccountQuestion>('TradingQuestion', { address: bytes(20) }),
  [QUESTION.requests]: container<RequestsQuestion>('RequestsQuestion', {
    request: u64<OrderId>(),
  }),
  [QUESTION.settlement]: container<SettlementQuestion>('SettlementQuestion', {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
  }),
  [QUESTION.oracle]: NoQuestionCodec,
  [QUESTION.validators]: ValidatorsQuestionCodec,
  [QUESTION.delegations]: DelegationsQuestionCodec,
  [QUESTION.rows]: container<RowsQuestion>('RowsQuestion', {
    stateRoot: bytes(32),
    rows: list(RowQuestionCodec, MAX_PROVED_ROWS, 1),
  }),
  [QUESTION.security]: container<AccountQuestion>('SecurityQuestion', { address: bytes(20) }),
  [QUESTION.proposals]: ProposalsQuestionCodec,
  [QUESTION.votes]: VotesQuestionCodec,
  [QUESTION.parameterSets]: NoQuestionCodec,
  [QUESTION.simulation]: SimulationQuestionCodec,
});

/** USD and MIL of one sub-account, in micro-units. */
export type SubBalance = {
  readonly subAccount: SubAccount;
  readonly usd: bigint;
  readonly mil: bigint;
};
/** `account` is empty for an address that was never credited. */
export type AccountAnswer = {
  readonly height: Height;
  readonly account: Account[];
  readonly balances: SubBalance[];
};
export type PositionRow = { readonly instrument: InstrumentId; readonly lots: PositionLots };
/** A position in a future or a perpetual that has a mark, in micro-USD; see `heldLinear`. */
export type LinearRow = {
  readonly instrument: InstrumentId;
  readonly cost: bigint;
  readonly fundingOwed: bigint;
  readonly variation: bigint;
};
/** What is above each requirement, in micro-USD; negative below it. */
export type MarginRow = {
  readonly equity: bigint;
  readonly initial: bigint;
  readonly orderMaintenance: bigint;
  readonly maintenance: bigint;
};
/** `margin` is empty where it cannot be told: no account, or a mark is missing. */
export type PortfolioAnswer = {
  readonly height: Height;
  readonly exists: number;
  readonly portfolio: PortfolioId;
  readonly usd: bigint;
  readonly mil: bigint;
  readonly withdrawable: bigint;
  readonly positions: PositionRow[];
  /** Of the positions those in futures and perpetuals; empty while a mark is missing. */
  readonly linear: LinearRow[];
  readonly orders: Order[];
  readonly margin: MarginRow[];
};
/** At most one of the two. */
export type OrderAnswer = {
  readonly height: Height;
  readonly order: Order[];
  readonly trigger: Trigger[];
};
export type Delivery = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  readonly deliveryPrice: number;
};
export type MarketAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly parameters: Parameters;
  readonly underlyings: Underlying[];
  readonly instruments: Instrument[];
  readonly indexPrices: IndexPrice[];
  readonly markInputs: MarkInputs[];
  readonly deliveries: Delivery[];
  readonly combos: Combo[];
  readonly statuses: TradingStatus[];
  readonly phases: InstrumentPhase[];
  readonly perpetuals: Perpetual[];
};
/** `next` is the first number not covered by the page; 0 when there is none. */
export type OrdersAnswer = {
  readonly height: Height;
  readonly orders: Order[];
  /** Waiting triggers of the same numbers. */
  readonly triggers: Trigger[];
  readonly next: OrderId;
};
/** `value` is empty when the proof shows absence. */
export type RowAnswer = {
  readonly height: Height;
  readonly stateRoot: Uint8Array;
  readonly value: Uint8Array[];
  readonly proof: StateProof;
};
/** A row with its proof. */
export type ProvedRow = {
  readonly tableId: number;
  readonly key: Uint8Array;
  /** Empty when the proof shows absence. */
  readonly value: Uint8Array[];
  readonly proof: StateProof;
};
/** Rows with proofs against one root, in the order of the question. */
export type RowsAnswer = { readonly rows: ProvedRow[] };
/** Rows with proofs against one root, in the order of `settlementRowKeys`. */
export type SettlementAnswer = {
  readonly height: Height;
  readonly stateRoot: Uint8Array;
  readonly rows: ProvedRow[];
};
/** How a key votes; `lastVoteAt` 0: never. */
export type VoterRow = {
  readonly oracleKey: Uint8Array;
  readonly lastVoteAt: TimestampMs;
  readonly conduct: OracleConduct[];
};
export type OracleAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly config: EpochConfig;
  readonly oracleStaleMs: number;
  readonly oracleReduceOnlyMs: number;
  readonly indexPrices: IndexPrice[];
  readonly slices: SurfaceSlice[];
  readonly offsets: SurfaceOffset[];
  /** In the order of the config's validators. */
  readonly voters: VoterRow[];
};
export type ModuleBalance = {
  readonly name: Uint8Array;
  readonly usd: bigint;
  readonly mil: bigint;
};
export type SupplyAnswer = {
  readonly height: Height;
  readonly usd: bigint;
  readonly mil: bigint;
  readonly modules: ModuleBalance[];
  /** ASCII, at most 256 bytes each. */
  readonly problems: Uint8Array[];
};
/** Roots by table id, of the tables there are. */
export type StateRootAnswer = {
  readonly height: Height;
  readonly stateRoot: Uint8Array;
  readonly tables: { readonly tableId: number; readonly root: Uint8Array }[];
};
export type AddressRow = { readonly account: AccountId; readonly address: Uint8Array };
export type AddressesAnswer = { readonly addresses: AddressRow[] };

/** Why there is no answer; numbers are selectors' neighbours, append-only. */
export const REFUSAL = {
  malformedQuestion: 0,
  unknownTable: 1,
  malformedKey: 2,
  noCheckpoint: 3,
  rowMovedOn: 4,
} as const;
export type RefusalNumber = (typeof REFUSAL)[keyof typeof REFUSAL];
export type RefusedAnswer = { readonly refusal: RefusalNumber; readonly detail: Uint8Array };

/** Selectors of answers: those of the questions, then the refusal. */
export const ANSWER = {
  account: 0,
  portfolio: 1,
  order: 2,
  market: 3,
  orders: 4,
  row: 5,
  supply: 6,
  stateRoot: 7,
  addresses: 8,
  trading: 9,
  requests: 10,
  refused: 11,
  margin: 15,
  riskParameters: 16,
  liquidations: 14,
  settlement: 12,
  oracle: 13,
  validators: 17,
  delegations: 18,
  rows: 30,
  proposals: 31,
  votes: 32,
  parameterSets: 33,
  simulation: 34,
  security: 35,
} as const;

export type Answer =
  | Variant<typeof ANSWER.account, AccountAnswer>
  | Variant<typeof ANSWER.portfolio, PortfolioAnswer>
  | Variant<typeof ANSWER.order, OrderAnswer>
  | Variant<typeof ANSWER.market, MarketAnswer>
  | Variant<typeof ANSWER.orders, OrdersAnswer>
  | Variant<typeof ANSWER.row, RowAnswer>
  | Variant<typeof ANSWER.supply, SupplyAnswer>
  | Variant<typeof ANSWER.stateRoot, StateRootAnswer>
  | Variant<typeof ANSWER.addresses, AddressesAnswer>
  | Variant<typeof ANSWER.trading, TradingAnswer>
  | Variant<typeof ANSWER.margin, MarginAnswer>
  | Variant<typeof ANSWER.riskParameters, RiskAnswer>
  | Variant<typeof ANSWER.liquidations, LiquidationsAnswer>
  | Variant<typeof ANSWER.requests, RequestsAnswer>
  | Variant<typeof ANSWER.settlement, SettlementAnswer>
  | Variant<typeof ANSWER.oracle, OracleAnswer>
  | Variant<typeof ANSWER.validators, ValidatorsAnswer>
  | Variant<typeof ANSWER.delegations, DelegationsAnswer>
  | Variant<typeof ANSWER.security, SecurityAnswer>
  | Variant<typeof ANSWER.proposals, ProposalsAnswer>
  | Variant<typeof ANSWER.votes, VotesAnswer>
  | Variant<typeof ANSWER.parameterSets, ParameterSetsAnswer>
  | Variant<typeof ANSWER.simulation, SimulationAnswer>
  | Variant<typeof ANSWER.rows, RowsAnswer>
  | Variant<typeof ANSWER.refused, RefusedAnswer>;

const ProvedRowCodec: Codec<ProvedRow> = container<ProvedRow>('ProvedRow', {
  tableId: u8(),
  key: byteList(MAX_KEY_BYTES),
  value: list(byteList(MAX_ROW_BYTES), 1),
  proof: stateProofCodec,
});

export const AnswerCodec: Codec<Answer> = union<Answer>('Answer', {
  [ANSWER.account]: container<AccountAnswer>('AccountAnswer', {
    height: u64<Height>(),
    account: list(AccountCodec, 1),
    balances: list(
      container<SubBalance>('SubBalance', {
        subAccount: u8<SubAccount>(),
        usd: i128(),
        mil: i128(),
      }),
      256,
    ),
  }),
  [ANSWER.portfolio]: container<PortfolioAnswer>('PortfolioAnswer', {
    height: u64<Height>(),
    exists: u8(),
    portfolio: u64<PortfolioId>(),
    usd: i128(),
    mil: i128(),
    withdrawable: i128(),
    positions: list(
      container<PositionRow>('PositionRow', {
        instrument: u32<InstrumentId>(),
        lots: i64<PositionLots>(),
      }),
      MAX_POSITIONS,
    ),
    linear: list(
      container<LinearRow>('LinearRow', {
        instrument: u32<InstrumentId>(),
        cost: i128(),
        fundingOwed: i128(),
        variation: i128(),
      }),
      MAX_POSITIONS,
    ),
    orders: list(OrderCodec, MAX_ORDERS_PAGE),
    margin: list(
      container<MarginRow>('MarginRow', {
        equity: i128(),
        initial: i128(),
        orderMaintenance: i128(),
        maintenance: i128(),
      }),
      1,
    ),
  }),
  [ANSWER.order]: container<OrderAnswer>('OrderAnswer', {
    height: u64<Height>(),
    order: list(OrderCodec, 1),
    trigger: list(TriggerCodec, 1),
  }),
  [ANSWER.market]: container<MarketAnswer>('MarketAnswer', {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    parameters: ParametersCodec,
    underlyings: list(UnderlyingCodec, MAX_UNDERLYINGS),
    instruments: list(InstrumentCodec, MAX_INSTRUMENT_ROWS),
    indexPrices: list(IndexPriceCodec, MAX_UNDERLYINGS),
    markInputs: list(MarkInputsCodec, MAX_EXPIRY_ROWS),
    deliveries: list(
      container<Delivery>('Delivery', {
        underlying: u8<UnderlyingId>(),
        expiry: u64<TimestampMs>(),
        deliveryPrice: u64(),
      }),
      MAX_EXPIRY_ROWS,
    ),
    combos: list(ComboCodec, MAX_INSTRUMENT_ROWS),
    statuses: list(TradingStatusCodec, MAX_UNDERLYINGS),
    phases: list(InstrumentPhaseCodec, MAX_INSTRUMENT_ROWS),
    perpetuals: list(PerpetualCodec, MAX_UNDERLYINGS),
  }),
  [ANSWER.orders]: container<OrdersAnswer>('OrdersAnswer', {
    height: u64<Height>(),
    orders: list(OrderCodec, MAX_ORDERS_PAGE),
    triggers: list(TriggerCodec, MAX_ORDERS_PAGE),
    next: u64<OrderId>(),
  }),
  [ANSWER.row]: container<RowAnswer>('RowAnswer', {
    height: u64<Height>(),
    stateRoot: bytes(32),
    value: list(byteList(MAX_ROW_BYTES), 1),
    proof: stateProofCodec,
  }),
  [ANSWER.supply]: container<SupplyAnswer>('SupplyAnswer', {
    height: u64<Height>(),
    usd: i128(),
    mil: i128(),
    modules: list(
      container<ModuleBalance>('ModuleBalance', { name: byteList(32), usd: i128(), mil: i128() }),
      64,
    ),
    problems: list(byteList(MAX_TEXT_BYTES), 256),
  }),
  [ANSWER.stateRoot]: container<StateRootAnswer>('StateRootAnswer', {
    height: u64<Height>(),
    stateRoot: bytes(32),
    tables: list(
      container<StateRootAnswer['tables'][number]>('TableRoot', { tableId: u8(), root: bytes(32) }),
      MAX_TABLES,
    ),
  }),
  [ANSWER.addresses]: container<AddressesAnswer>('AddressesAnswer', {
    addresses: list(
      container<AddressRow>('AddressRow', { account: u64<AccountId>(), address: bytes(20) }),
      MAX_ADDRESSES,
    ),
  }),
  [ANSWER.trading]: TradingAnswerCodec,
  [ANSWER.margin]: MarginAnswerCodec,
  [ANSWER.riskParameters]: RiskAnswerCodec,
  [ANSWER.liquidations]: LiquidationsAnswerCodec,
  [ANSWER.requests]: RequestsAnswerCodec,
  [ANSWER.settlement]: container<SettlementAnswer>('SettlementAnswer', {
    height: u64<Height>(),
    stateRoot: bytes(32),
    rows: list(ProvedRowCodec, MAX_SETTLEMENT_ROWS),
  }),
  [ANSWER.oracle]: container<OracleAnswer>('OracleAnswer', {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    config: EpochConfigCodec,
    oracleStaleMs: u32(),
    oracleReduceOnlyMs: u32(),
    indexPrices: list(IndexPriceCodec, MAX_UNDERLYINGS),
    slices: list(SurfaceSliceCodec, MAX_EXPIRY_ROWS),
    offsets: list(SurfaceOffsetCodec, MAX_EXPIRY_ROWS),
    voters: list(
      container<VoterRow>('VoterRow', {
        oracleKey: bytes(32),
        lastVoteAt: u64<TimestampMs>(),
        conduct: list(OracleConductCodec, 1),
      }),
      MAX_VALIDATORS,
    ),
  }),
  [ANSWER.validators]: ValidatorsAnswerCodec,
  [ANSWER.delegations]: DelegationsAnswerCodec,
  [ANSWER.security]: SecurityAnswerCodec,
  [ANSWER.proposals]: ProposalsAnswerCodec,
  [ANSWER.votes]: VotesAnswerCodec,
  [ANSWER.parameterSets]: ParameterSetsAnswerCodec,
  [ANSWER.simulation]: SimulationAnswerCodec,
  [ANSWER.rows]: container<RowsAnswer>('RowsAnswer', {
    rows: list(ProvedRowCodec, MAX_PROVED_ROWS),
  }),
  [ANSWER.refused]: container<RefusedAnswer>('RefusedAnswer', {
    refusal: u8<RefusalNumber>(),
    detail: byteList(MAX_TEXT_BYTES),
  }),
});
