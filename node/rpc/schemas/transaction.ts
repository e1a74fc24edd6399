/** Transactions: submission, status, results of actions. Browser-safe. */
import * as z from 'zod';
import { Count, HeightSchema, Hex32, HexBytes, Millis, Money, SideName } from './common.ts';

/** Longest wait of `submit_transaction` and its default, ms. */
export const MAX_WAIT_MS = 60_000;
export const DEFAULT_WAIT_MS = 10_000;

/** A refusal with its name and number of `runtime/error.ts`; facts as decimal integers. */
export type ActionRefused = {
  type: 'refused';
  code: string;
  number: number;
  field: string;
  message: string;
  given: string;
  allowed: string;
};
/** A side of a quote that was refused; `entry` counts the action's quotes from 0. */
export type QuoteRefused = {
  entry: number;
  side: 'buy' | 'sell';
  code: string;
  number: number;
  field: string;
  message: string;
};
/** Result of one action. `cash` and `fee` in USD: cash received, negative when paid. */
export type ActionResultInfo =
  | ActionRefused
  | { type: 'transferred'; amount: string }
  | {
      type: 'order';
      order_id: number;
      filled_lots: number;
      resting_lots: number;
      cash: string;
      fee: string;
    }
  | { type: 'cancelled'; cancelled: number }
  | { type: 'trigger'; order_id: number }
  | { type: 'linked'; first: number; second: number }
  | {
      type: 'mass_quoted';
      placed: number;
      kept: number;
      withdrawn: number;
      refused: QuoteRefused[];
    }
  | { type: 'rule_set'; frozen_until: number }
  | { type: 'switch_armed'; fires_at: number }
  | { type: 'combo_listed'; instrument_id: number; is_new: boolean }
  | { type: 'numbered'; id: number }
  | { type: 'legs_traded'; reference: number; counterparty_id: number; cash: string; fee: string }
  | { type: 'referrer_set'; referrer_id: number }
  | {
      type: 'liquidation_taken';
      auction: number;
      share_ppm: number;
      price: string;
      fee: string;
      payout: string;
    }
  | { type: 'staked'; amount: string; from_epoch: number }
  | { type: 'leaving'; shares: string; last_epoch: number }
  | { type: 'stake_claimed'; usd: string; mil: string }
  | { type: 'validator'; validator_id: number }
  | { type: 'burned'; burned: string; reward: string }
  | { type: 'proposal'; proposal_id: number; deposited: string }
  | { type: 'voted'; power: string };

export const ActionResultSchema: z.ZodType<ActionResultInfo> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('refused'),
    code: z.string(),
    number: Count,
    field: z.string(),
    message: z.string(),
    given: z.string(),
    allowed: z.string(),
  }),
  z.strictObject({ type: z.literal('transferred'), amount: Money }),
  z.strictObject({
    type: z.literal('order'),
    order_id: Count,
    filled_lots: Count,
    resting_lots: Count,
    cash: Money,
    fee: Money,
  }),
  z.strictObject({ type: z.literal('cancelled'), cancelled: Count }),
  z.strictObject({ type: z.literal('trigger'), order_id: Count }),
  z.strictObject({ type: z.literal('linked'), first: Count, second: Count }),
  z.strictObject({
    type: z.literal('mass_quoted'),
    placed: Count,
    kept: Count,
    withdrawn: Count,
    refused: z.array(
      z.strictObject({
        entry: Count,
        side: SideName,
        code: z.string(),
        number: Count,
        field: z.string(),
        message: z.string(),
      }),
    ),
  }),
  z.strictObject({ type: z.literal('rule_set'), frozen_until: Millis }),
  z.strictObject({ type: z.literal('switch_armed'), fires_at: Millis }),
  z.strictObject({
    type: z.literal('combo_listed'),
    instrument_id: Count,
    is_new: z.boolean(),
  }),
  z.strictObject({ type: z.literal('numbered'), id: Count }),
  z.strictObject({
    type: z.literal('legs_traded'),
    reference: Count,
    counterparty_id: Count,
    cash: Money,
    fee: Money,
  }),
  z.strictObject({ type: z.literal('referrer_set'), referrer_id: Count }),
  z.strictObject({
    type: z.literal('liquidation_taken'),
    auction: Count,
    share_ppm: Count,
    price: Money,
    fee: Money,
    payout: Money,
  }),
  z.strictObject({ type: z.literal('staked'), amount: Money, from_epoch: Count }),
  z.strictObject({ type: z.literal('leaving'), shares: z.string(), last_epoch: Count }),
  z.strictObject({ type: z.literal('stake_claimed'), usd: Money, mil: Money }),
  z.strictObject({ type: z.literal('validator'), validator_id: Count }),
  z.strictObject({ type: z.literal('burned'), burned: Money, reward: Money }),
  z.strictObject({ type: z.literal('proposal'), proposal_id: Count, deposited: Money }),
  z.strictObject({ type: z.literal('voted'), power: Money }),
]);

/** `invalid`: refused whole, used no nonce; `applied`: one result per action, in order. */
export type ReceiptInfo = { outcome: 'invalid' | 'applied'; results: ActionResultInfo[] };
export const ReceiptInfoSchema: z.ZodType<ReceiptInfo> = z.strictObject({
  outcome: z.enum(['invalid', 'applied']),
  results: z.array(ActionResultSchema),
});

/**
 * Where a transaction stands: `unknown` to this node, `accepted` in its mempool, `included` in a
 * final block not yet executed, `final` with its results.
 */
export type TransactionInfo = {
  transaction_id: string;
  status: 'unknown' | 'accepted' | 'included' | 'final';
  height: number | null;
  receipt: ReceiptInfo | null;
};
const transactionShape = {
  transaction_id: Hex32,
  status: z.enum(['unknown', 'accepted', 'included', 'final']),
  height: HeightSchema.nullable(),
  receipt: ReceiptInfoSchema.nullable(),
};
export const TransactionInfoSchema: z.ZodType<TransactionInfo> = z.strictObject(transactionShape);

/**
 * `transaction`: hex of the SSZ of `Transaction`. `wait` `final` answers once it is final, or with
 * the status reached after `timeout_ms`; `accepted` (default) at once.
 */
export type SubmitParams = {
  transaction: string;
  wait?: 'accepted' | 'final' | undefined;
  timeout_ms?: number | undefined;
};
export const SubmitParamsSchema: z.ZodType<SubmitParams> = z.strictObject({
  transaction: HexBytes,
  wait: z.enum(['accepted', 'final']).optional(),
  timeout_ms: z.int().min(1).max(MAX_WAIT_MS).optional(),
});

/** `digest` is what the node computed as the bytes to sign; it is the transaction's id. */
export type SubmitResult = TransactionInfo & { digest: string; wire_id: string };
export const SubmitResultSchema: z.ZodType<SubmitResult> = z.strictObject({
  ...transactionShape,
  digest: Hex32,
  wire_id: Hex32,
});

/** `vote`: hex of the SSZ of `SignedOracleVote`. */
export type SubmitOracleVoteParams = { vote: string };
export const SubmitOracleVoteParamsSchema: z.ZodType<SubmitOracleVoteParams> = z.strictObject({
  vote: HexBytes,
});
export type SubmitOracleVoteResult = { digest: string; wire_id: string };
export const SubmitOracleVoteResultSchema: z.ZodType<SubmitOracleVoteResult> = z.strictObject({
  digest: Hex32,
  wire_id: Hex32,
});

export type GetTransactionParams = { transaction_id: string };
export const GetTransactionParamsSchema: z.ZodType<GetTransactionParams> = z.strictObject({
  transaction_id: Hex32,
});

export type MempoolInfo = { transactions: number; height: number; time: number };
export const MempoolInfoSchema: z.ZodType<MempoolInfo> = z.strictObject({
  transactions: Count,
  height: HeightSchema,
  time: Millis,
});
