/** Accounts that are short, and the insurance fund, as `format.ts` carries them. */
import { type Codec, container, i64, i128, list, u8, u32, u64 } from '../../runtime/core/ssz.ts';
import type {
  Height,
  InstrumentId,
  OrderId,
  PortfolioId,
  TimestampMs,
} from '../../runtime/core/units.ts';
import { MAX_POSITIONS_PER_PORTFOLIO } from '../../runtime/limits.ts';
import {
  type InsuranceUse,
  InsuranceUseCodec,
  type LiquidationKind,
  type SharedDebt,
  SharedDebtCodec,
} from '../../runtime/liquidation/liquidation.ts';
import {
  type LiquidationParameters,
  LiquidationParametersCodec,
} from '../../runtime/liquidation/parameters.ts';

/** Most accounts of one answer: those of lowest number. */
export const MAX_LIQUIDATION_ROWS = 1_000;
const MAX_UNDERLYINGS = 256;

/** The accounts that are short: all without positions when `portfolio` is 0, else that one with them. */
export type LiquidationsQuestion = { readonly portfolio: PortfolioId };

export type LiquidationRow = {
  readonly portfolio: PortfolioId;
  readonly kind: LiquidationKind;
  readonly auction: OrderId;
  readonly shortSince: TimestampMs;
  readonly startedAt: TimestampMs;
  readonly pausedAt: TimestampMs;
  readonly value: bigint;
  readonly bare: bigint;
  /** Price of the whole and share that may be taken; 0 before an auction. */
  readonly price: bigint;
  readonly sharePpm: number;
  readonly initialMargin: bigint;
  readonly insured: bigint;
  readonly positions: { readonly instrument: InstrumentId; readonly lots: number }[];
};
/** `deficit`: debt that all bear now; `sums`: empty when nothing was ever shared. */
export type LiquidationsAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly total: number;
  readonly rows: LiquidationRow[];
  readonly fund: bigint;
  readonly uses: InsuranceUse[];
  readonly deficit: bigint;
  /** All USD there is. */
  readonly supply: bigint;
  readonly sums: SharedDebt[];
  readonly parameters: LiquidationParameters;
};

export const LiquidationsQuestionCodec: Codec<LiquidationsQuestion> =
  container<LiquidationsQuestion>('LiquidationsQuestion', { portfolio: u64<PortfolioId>() });

const LiquidationRowCodec: Codec<LiquidationRow> = container<LiquidationRow>('LiquidationRow', {
  portfolio: u64<PortfolioId>(),
  kind: u8<LiquidationKind>(),
  auction: u64<OrderId>(),
  shortSince: u64<TimestampMs>(),
  startedAt: u64<TimestampMs>(),
  pausedAt: u64<TimestampMs>(),
  value: i128(),
  bare: i128(),
  price: i128(),
  sharePpm: u32(),
  initialMargin: i128(),
  insured: i128(),
  positions: list(
    container<LiquidationRow['positions'][number]>('LiquidationPosition', {
      instrument: u32<InstrumentId>(),
      lots: i64(),
    }),
    MAX_POSITIONS_PER_PORTFOLIO,
  ),
});

export const LiquidationsAnswerCodec: Codec<LiquidationsAnswer> = container<LiquidationsAnswer>(
  'LiquidationsAnswer',
  {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    total: u32(),
    rows: list(LiquidationRowCodec, MAX_LIQUIDATION_ROWS),
    fund: i128(),
    uses: list(InsuranceUseCodec, MAX_UNDERLYINGS),
    deficit: i128(),
    supply: i128(),
    sums: list(SharedDebtCodec, 1),
    parameters: LiquidationParametersCodec,
  },
);
