/**
 * Receipts: what each transaction of a block came to, one result per action.
 *
 * Source: design/chain.md §2. `receiptsRoot` chains the receipts of all blocks: root' =
 * SHA-256(domain ‖ root ‖ SHA-256(SSZ(receipts of the block))).
 */
import {
  BurnedResultCodec,
  ClaimedResultCodec,
  LeavingResultCodec,
  StakedResultCodec,
  type StakingResult,
  ValidatorResultCodec,
} from '../staking/events.ts';
import type { Side } from './actions/order-terms.ts';
import { MAX_QUOTES } from './actions/quoting.ts';
import { readI128, readU32, readU64, writeI128, writeU32, writeU64 } from './core/byte-cursor.ts';
import { asciiBytes, concatBytes } from './core/bytes.ts';
import { DOMAIN, type Sha256, sha256 } from './core/hash.ts';
import {
  bool,
  bytes,
  type Codec,
  container,
  i128,
  list,
  u8,
  u16,
  u32,
  u64,
  union,
  type Variant,
} from './core/ssz.ts';
import type { AccountId, InstrumentId, OrderId, PortfolioId, TimestampMs } from './core/units.ts';
import { type RefusalRecord, RefusalRecordCodec } from './error.ts';
import {
  type GovernanceResult,
  ProposalResultCodec,
  VotedResultCodec,
} from './governance/events.ts';
import { MAX_ACTIONS, MAX_BLOCK_PAYLOADS } from './limits.ts';

/** `resting`: lots left in the book. `cash`: micro-USD received (negative: paid), fees not included. */
export type OrderResult = {
  readonly orderId: OrderId;
  readonly filledLots: number;
  readonly restingLots: number;
  readonly cash: bigint;
  readonly fee: bigint;
};
export type TransferResult = { readonly amount: bigint };
/** The number of a trigger, which its order has when it fires. */
export type TriggerResult = { readonly orderId: OrderId };
export type LinkResult = { readonly first: OrderId; readonly second: OrderId };
/** Orders and triggers cancelled. */
export type CancelResult = { readonly cancelled: number };

/** A side of a quote that was refused: `entry` counts from 0, `number` is the error's. */
export type QuoteRefusal = { readonly entry: number; readonly side: Side; readonly number: number };
/** Sides of quotes: `placed` are new in the book, `kept` kept their place, `withdrawn` are gone. */
export type MassQuoteResult = {
  readonly placed: number;
  readonly kept: number;
  readonly withdrawn: number;
  readonly refused: QuoteRefusal[];
};
/** A rule of the account that is in force; `frozenUntil` of a protection, else 0. */
export type RuleSetResult = { readonly frozenUntil: TimestampMs };
/** 0: disarmed. */
export type SwitchArmedResult = { readonly firesAt: TimestampMs };

/** The combo of these legs; `isNew`: it was listed now. */
export type ComboResult = { readonly instrument: InstrumentId; readonly isNew: boolean };
/** The number given to a request for quote or a quote. */
export type NumberedResult = { readonly id: OrderId };
/** Legs traded with one counterparty. `cash`: micro-USD received, fees not included. */
export type LegsTradedResult = {
  /** Number of the quote, or of the block. */
  readonly reference: OrderId;
  readonly counterparty: PortfolioId;
  readonly cash: bigint;
  readonly fee: bigint;
};
/** A share taken: `price` paid by the taker (negative: received), `fee` and `payout` of insurance. */
export type LiquidationTakenResult = {
  readonly auction: OrderId;
  readonly sharePpm: number;
  readonly price: bigint;
  readonly fee: bigint;
  readonly payout: bigint;
};
export type ReferrerResult = { readonly referrer: AccountId };

/** Selectors of action results; append-only wire format. */
export const ACTION_RESULT = {
  refused: 0,
  transferred: 1,
  order: 2,
  cancelled: 3,
  trigger: 4,
  linked: 5,
  massQuoted: 6,
  ruleSet: 7,
  switchArmed: 8,
  comboListed: 9,
  numbered: 10,
  legsTraded: 11,
  referrerSet: 14,
  staked: 16,
  leaving: 17,
  stakeClaimed: 18,
  validator: 19,
  burned: 20,
  liquidationTaken: 21,
  proposal: 23,
  voted: 24,
} as const;
export type ActionResult =
  | Variant<typeof ACTION_RESULT.refused, RefusalRecord>
  | Variant<typeof ACTION_RESULT.transferred, TransferResult>
  | Variant<typeof ACTION_RESULT.order, OrderResult>
  | Variant<typeof ACTION_RESULT.cancelled, CancelResult>
  | Variant<typeof ACTION_RESULT.trigger, TriggerResult>
  | Variant<typeof ACTION_RESULT.linked, LinkResult>
  | Variant<typeof ACTION_RESULT.massQuoted, MassQuoteResult>
  | Variant<typeof ACTION_RESULT.ruleSet, RuleSetResult>
  | Variant<typeof ACTION_RESULT.switchArmed, SwitchArmedResult>
  | Variant<typeof ACTION_RESULT.comboListed, ComboResult>
  | Variant<typeof ACTION_RESULT.numbered, NumberedResult>
  | Variant<typeof ACTION_RESULT.legsTraded, LegsTradedResult>
  | Variant<typeof ACTION_RESULT.referrerSet, ReferrerResult>
  | Variant<typeof ACTION_RESULT.liquidationTaken, LiquidationTakenResult>
  | StakingResult
  | GovernanceResult;

export const ActionResultCodec: Codec<ActionResult> = union<ActionResult>('ActionResult', {
  [ACTION_RESULT.refused]: RefusalRecordCodec,
  [ACTION_RESULT.transferred]: container<TransferResult>('TransferResult', { amount: i128() }),
  [ACTION_RESULT.order]: container<OrderResult>(
    'OrderResult',
    {
      orderId: u64<OrderId>(),
      filledLots: u64(),
      restingLots: u64(),
      cash: i128(),
      fee: i128(),
    },
    {
      read: (from) => ({
        orderId: readU64(from),
        filledLots: readU64(from),
        restingLots: readU64(from),
        cash: readI128(from),
        fee: readI128(from),
      }),
      write(to, value) {
        writeU64(to, value.orderId);
        writeU64(to, value.filledLots);
        writeU64(to, value.restingLots);
        writeI128(to, value.cash);
        writeI128(to, value.fee);
      },
    },
  ),
  [ACTION_RESULT.cancelled]: container<CancelResult>(
    'CancelResult',
    { cancelled: u32() },
    {
      read: (from) => ({
        cancelled: readU32(from),
      }),
      write(to, value) {
        writeU32(to, value.cancelled);
      },
    },
  ),
  [ACTION_RESULT.trigger]: container<TriggerResult>('TriggerResult', { orderId: u64<OrderId>() }),
  [ACTION_RESULT.linked]: container<LinkResult>('LinkResult', {
    first: u64<OrderId>(),
    second: u64<OrderId>(),
  }),
  [ACTION_RESULT.massQuoted]: container<MassQuoteResult>('MassQuoteResult', {
    placed: u16(),
    kept: u16(),
    withdrawn: u16(),
    refused: list(
      container<QuoteRefusal>('QuoteRefusal', { entry: u8(), side: u8<Side>(), number: u16() }),
      2 * MAX_QUOTES,
    ),
  }),
  [ACTION_RESULT.ruleSet]: container<RuleSetResult>('RuleSetResult', {
    frozenUntil: u64<TimestampMs>(),
  }),
  [ACTION_RESULT.switchArmed]: container<SwitchArmedResult>('SwitchArmedResult', {
    firesAt: u64<TimestampMs>(),
  }),
  [ACTION_RESULT.comboListed]: container<ComboResult>('ComboResult', {
    instrument: u32<InstrumentId>(),
    isNew: bool(),
  }),
  [ACTION_RESULT.numbered]: container<NumberedResult>('NumberedResult', { id: u64<OrderId>() }),
  [ACTION_RESULT.legsTraded]: container<LegsTradedResult>('LegsTradedResult', {
    reference: u64<OrderId>(),
    counterparty: u64<PortfolioId>(),
    cash: i128(),
    fee: i128(),
  }),
  [ACTION_RESULT.referrerSet]: container<ReferrerResult>('ReferrerResult', {
    referrer: u64<AccountId>(),
  }),
  [ACTION_RESULT.staked]: StakedResultCodec,
  [ACTION_RESULT.leaving]: LeavingResultCodec,
  [ACTION_RESULT.stakeClaimed]: ClaimedResultCodec,
  [ACTION_RESULT.validator]: ValidatorResultCodec,
  [ACTION_RESULT.burned]: BurnedResultCodec,
  [ACTION_RESULT.proposal]: ProposalResultCodec,
  [ACTION_RESULT.voted]: VotedResultCodec,
  [ACTION_RESULT.liquidationTaken]: container<LiquidationTakenResult>('LiquidationTakenResult', {
    auction: u64<OrderId>(),
    sharePpm: u32(),
    price: i128(),
    fee: i128(),
    payout: i128(),
  }),
});

/** `invalid`: refused whole in the first pass, paid nothing, used no nonce. */
export const RECEIPT_STATUS = { invalid: 0, applied: 1 } as const;
export type ReceiptStatus = (typeof RECEIPT_STATUS)[keyof typeof RECEIPT_STATUS];

export type Receipt = {
  readonly transactionId: Uint8Array;
  /** Position in the block's payloads. */
  readonly index: number;
  readonly status: ReceiptStatus;
  /** One refusal when invalid, else one result per action. */
  readonly results: ActionResult[];
};

export const ReceiptCodec: Codec<Receipt> = container<Receipt>('Receipt', {
  transactionId: bytes(32),
  index: u16(),
  status: u8<ReceiptStatus>(),
  results: list(ActionResultCodec, MAX_ACTIONS),
});

/** Receipts of one block, ascending by index; oracle votes have none. */
export const ReceiptsCodec: Codec<Receipt[]> = list(ReceiptCodec, MAX_BLOCK_PAYLOADS);

/** The chained root after a block with these receipts (their SSZ). */
export function nextReceiptsRoot(
  previous: Uint8Array,
  receipts: Uint8Array,
  hash: Sha256 = sha256,
): Uint8Array {
  return chainReceiptsHash(previous, hash(receipts), hash);
}

/** The same from the SHA-256 of the SSZ: whoever follows the chain of receipts needs no others. */
export function chainReceiptsHash(
  previous: Uint8Array,
  receiptsHash: Uint8Array,
  hash: Sha256 = sha256,
): Uint8Array {
  return hash(concatBytes(asciiBytes(DOMAIN.receipts), previous, receiptsHash));
}
