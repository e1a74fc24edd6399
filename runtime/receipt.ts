/**
 * Receipts: what each transaction of a block came to, one result per action.
 *
 * Source: design/chain.md §2. `receiptsRoot` chains the receipts of all blocks: root' =
 * SHA-256(domain ‖ root ‖ SHA-256(SSZ(receipts of the block))).
 */
import { readI128, readU32, readU64, writeI128, writeU32, writeU64 } from './core/byte-cursor.ts';
import { asciiBytes, concatBytes } from './core/bytes.ts';
import { DOMAIN, sha256 } from './core/hash.ts';
import {
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
import type { OrderId } from './core/units.ts';
import { type RefusalRecord, RefusalRecordCodec } from './error.ts';
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
export type CancelResult = { readonly cancelled: number };

/** Selectors of action results; append-only wire format. */
export const ACTION_RESULT = { refused: 0, transferred: 1, order: 2, cancelled: 3 } as const;
export type ActionResult =
  | Variant<typeof ACTION_RESULT.refused, RefusalRecord>
  | Variant<typeof ACTION_RESULT.transferred, TransferResult>
  | Variant<typeof ACTION_RESULT.order, OrderResult>
  | Variant<typeof ACTION_RESULT.cancelled, CancelResult>;

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
export function nextReceiptsRoot(previous: Uint8Array, receipts: Uint8Array): Uint8Array {
  return sha256(concatBytes(asciiBytes(DOMAIN.receipts), previous, sha256(receipts)));
}
