/** Questions about margin and what-if, and their answers, as SSZ. Money in micro-USD. */
import {
  bytes,
  type Codec,
  container,
  i64,
  i128,
  list,
  u8,
  u32,
  u64,
} from '../../runtime/core/ssz.ts';
import type {
  Height,
  InstrumentId,
  SubAccount,
  TimestampMs,
  UnderlyingId,
} from '../../runtime/core/units.ts';
import {
  type RiskParameters,
  RiskParametersCodec,
} from '../../runtime/margin/mode/risk-parameters.ts';

/** Most positions added in one question. */
export const MAX_SIMULATED = 256;
const MAX_ROWS = 65_536;
const MAX_UNDERLYINGS = 256;

/** Where a simulation starts. */
export const SIMULATED_FROM = { account: 0, nothing: 1 } as const;
export type SimulatedFrom = (typeof SIMULATED_FROM)[keyof typeof SIMULATED_FROM];
/** Which mode an answer explains: a number of `MARGIN_MODE`, or the account's own. */
export const OWN_MODE = 255;

export type MarginQuestion = {
  readonly address: Uint8Array;
  readonly subAccount: SubAccount;
  readonly from: SimulatedFrom;
  readonly mode: number;
  /** Cash that is added. */
  readonly cash: bigint;
  /** Lots that are added, negative for shorts. */
  readonly changes: { readonly instrument: InstrumentId; readonly lots: number }[];
};

/** What is beyond initial margin, maintenance with orders, and maintenance. */
export type MarginNumbers = {
  readonly initial: bigint;
  readonly orderMaintenance: bigint;
  readonly maintenance: bigint;
};

/** What a worst measure is. */
export const MEASURE_KIND = {
  cell: 0,
  linearSkew: 1,
  absoluteSkew: 2,
  forward: 3,
  concentration: 4,
} as const;
export type MeasureKind = (typeof MEASURE_KIND)[keyof typeof MEASURE_KIND];

/** One underlying under portfolio margin: excess = mark + worst − confidence, beside cash. */
export type MarginGroup = {
  readonly underlying: UnderlyingId;
  readonly mark: bigint;
  readonly kind: MeasureKind;
  /** Of a cell: spot multiplier, shock (a number of `SHOCK`) and weight; else 0. */
  readonly spotPpm: number;
  readonly shock: number;
  readonly weightPpm: number;
  readonly worst: bigint;
  readonly confidence: bigint;
};

/** What an expiry adds to the initial excess: positions and charges, and the rest to `total`. */
export type MarginExpiry = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  readonly positions: bigint;
  readonly charges: bigint;
  readonly total: bigint;
};

/** What a position adds: its value at mark and its change in the worst measure. */
export type MarginPosition = {
  readonly instrument: InstrumentId;
  readonly lots: number;
  readonly value: bigint;
  readonly change: bigint;
};

/** Indexes at which the account would be at its maintenance margin; 0: none within range. */
export type LiquidationPrices = {
  readonly underlying: UnderlyingId;
  readonly index: number;
  readonly below: number;
  readonly above: number;
};

export type MarginAnswer = {
  readonly height: Height;
  /** Empty where an instrument has no mark. */
  readonly detail: MarginDetail[];
};

export type MarginDetail = {
  readonly ownMode: number;
  readonly mode: number;
  readonly cash: bigint;
  /** Gain of futures and perpetuals at mark, not yet realised. */
  readonly variation: bigint;
  readonly equity: bigint;
  readonly standard: MarginNumbers;
  readonly portfolio: MarginNumbers;
  readonly groups: MarginGroup[];
  readonly expiries: MarginExpiry[];
  readonly positions: MarginPosition[];
  readonly liquidation: LiquidationPrices[];
};

export type RiskAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly rows: RiskParameters[];
};

export const MarginQuestionCodec: Codec<MarginQuestion> = container<MarginQuestion>(
  'MarginQuestion',
  {
    address: bytes(20),
    subAccount: u8<SubAccount>(),
    from: u8<SimulatedFrom>(),
    mode: u8(),
    cash: i128(),
    changes: list(
      container<MarginQuestion['changes'][number]>('SimulatedPosition', {
        instrument: u32<InstrumentId>(),
        lots: i64(),
      }),
      MAX_SIMULATED,
    ),
  },
);

const MarginNumbersCodec: Codec<MarginNumbers> = container<MarginNumbers>('MarginNumbers', {
  initial: i128(),
  orderMaintenance: i128(),
  maintenance: i128(),
});

const MarginDetailCodec: Codec<MarginDetail> = container<MarginDetail>('MarginDetail', {
  ownMode: u8(),
  mode: u8(),
  cash: i128(),
  variation: i128(),
  equity: i128(),
  standard: MarginNumbersCodec,
  portfolio: MarginNumbersCodec,
  groups: list(
    container<MarginGroup>('MarginGroup', {
      underlying: u8<UnderlyingId>(),
      mark: i128(),
      kind: u8<MeasureKind>(),
      spotPpm: u32(),
      shock: u8(),
      weightPpm: u32(),
      worst: i128(),
      confidence: i128(),
    }),
    MAX_UNDERLYINGS,
  ),
  expiries: list(
    container<MarginExpiry>('MarginExpiry', {
      underlying: u8<UnderlyingId>(),
      expiry: u64<TimestampMs>(),
      positions: i128(),
      charges: i128(),
      total: i128(),
    }),
    MAX_ROWS,
  ),
  positions: list(
    container<MarginPosition>('MarginPosition', {
      instrument: u32<InstrumentId>(),
      lots: i64(),
      value: i128(),
      change: i128(),
    }),
    MAX_ROWS,
  ),
  liquidation: list(
    container<LiquidationPrices>('LiquidationPrices', {
      underlying: u8<UnderlyingId>(),
      index: u64(),
      below: u64(),
      above: u64(),
    }),
    MAX_UNDERLYINGS,
  ),
});

export const MarginAnswerCodec: Codec<MarginAnswer> = container<MarginAnswer>('MarginAnswer', {
  height: u64<Height>(),
  detail: list(MarginDetailCodec, 1),
});

export const RiskAnswerCodec: Codec<RiskAnswer> = container<RiskAnswer>('RiskAnswer', {
  height: u64<Height>(),
  timestamp: u64<TimestampMs>(),
  rows: list(RiskParametersCodec, MAX_UNDERLYINGS),
});
