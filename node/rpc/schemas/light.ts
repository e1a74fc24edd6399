/**
 * What a light client asks: the genesis, epochs with their certificates, rows and receipts with what
 * proves them down to a certificate. Browser-safe.
 *
 * Headers, certificates, configs and receipts are hex of their SSZ. `headers` begins with the block that
 * is meant and ends with the one that `finalization` is of: one header, mostly.
 */
import * as z from 'zod';
import { AnyHex, Count, HeightSchema, Hex32, HexBytes } from './common.ts';

/** `genesis`: hex of the document's SSZ, whose SHA-256 is `chain_id`. */
export type GenesisInfo = { chain_id: string; genesis: string };
export const GenesisInfoSchema: z.ZodType<GenesisInfo> = z.strictObject({
  chain_id: Hex32,
  genesis: HexBytes,
});

/** Most epochs of one `get_epoch_proofs`: at 128 validators 30 KB each. */
export const MAX_EPOCH_PROOFS = 16;

export type GetEpochProofsParams = { from: number; count?: number | undefined };
export const GetEpochProofsParamsSchema: z.ZodType<GetEpochProofsParams> = z.strictObject({
  from: Count,
  count: z.int().min(1).max(MAX_EPOCH_PROOFS).optional(),
});

/** `header`: of the last block, which names the next config; null with its certificate until then. */
export type EpochProofInfo = {
  epoch: number;
  config: string;
  header: string | null;
  finalization: string | null;
};
export const EpochProofInfoSchema: z.ZodType<EpochProofInfo> = z.strictObject({
  epoch: Count,
  config: HexBytes,
  header: HexBytes.nullable(),
  finalization: HexBytes.nullable(),
});

/** Headers from a block up to the one that the certificate is of. */
export type FinalHeadersInfo = { headers: string[]; finalization: string };
export const FinalHeadersInfoSchema: z.ZodType<FinalHeadersInfo> = z.strictObject({
  headers: z.array(HexBytes),
  finalization: HexBytes,
});

export type GetHeadersParams = { height?: number | undefined };
export const GetHeadersParamsSchema: z.ZodType<GetHeadersParams> = z.strictObject({
  height: z.int().min(1).optional(),
});

/** Most rows of one `get_proofs`. */
export const MAX_PROOFS = 256;

export type RowKeyParams = { table: string | number; key: string };
/** `state_root`: to stay with the root of an earlier answer; the one that the tip carries unless told. */
export type GetProofsParams = { rows: RowKeyParams[]; state_root?: string | undefined };
export const GetProofsParamsSchema: z.ZodType<GetProofsParams> = z.strictObject({
  rows: z
    .array(
      z.strictObject({
        table: z.union([z.int().min(0).max(127), z.string().min(1).max(32)]),
        key: HexBytes,
      }),
    )
    .min(1)
    .max(MAX_PROOFS),
  state_root: Hex32.optional(),
});

export type ProvenRowInfo = {
  table_id: number;
  key: string;
  /** Null: there is no such row. */
  value: string | null;
  proof: string;
};
/** Rows in the order they were asked for; `final` without a `state_root` shows the root in a header. */
export type ProofsInfo = {
  state_root: string;
  rows: ProvenRowInfo[];
  final: FinalHeadersInfo | null;
};
export const ProofsInfoSchema: z.ZodType<ProofsInfo> = z.strictObject({
  state_root: Hex32,
  rows: z.array(
    z.strictObject({
      table_id: Count,
      key: AnyHex,
      value: AnyHex.nullable(),
      proof: HexBytes,
    }),
  ),
  final: FinalHeadersInfoSchema.nullable(),
});

export type GetReceiptProofParams = { transaction_id: string };
export const GetReceiptProofParamsSchema: z.ZodType<GetReceiptProofParams> = z.strictObject({
  transaction_id: Hex32,
});

/**
 * The receipts of the block at `height` in the chain of receipts: from `root`, that after the carried
 * height before, by the hash of each block's receipts (`hashes`, in order, the block's own among them)
 * to the `receiptsRoot` that the first header of `final` carries.
 */
export type ReceiptProofInfo = {
  transaction_id: string;
  height: number;
  receipts: string;
  root: string;
  hashes: string[];
  final: FinalHeadersInfo;
};
export const ReceiptProofInfoSchema: z.ZodType<ReceiptProofInfo> = z.strictObject({
  transaction_id: Hex32,
  height: HeightSchema,
  receipts: AnyHex,
  root: Hex32,
  hashes: z.array(Hex32),
  final: FinalHeadersInfoSchema,
});
