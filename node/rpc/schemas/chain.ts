/** Blocks, validators, epochs, parameters, proofs, status. Browser-safe. */
import * as z from 'zod';
import {
  AnyHex,
  BigText,
  Count,
  HeightSchema,
  Hex32,
  HexBytes,
  Millis,
  Money,
  Safe,
} from './common.ts';
import { type StakedValidatorInfo, StakedValidatorSchema } from './staking.ts';
import { type ReceiptInfo, ReceiptInfoSchema } from './transaction.ts';

/** Most blocks of one `get_blocks`. */
export const MAX_BLOCKS = 100;

export type StatusInfo = {
  chain_id: string;
  node_version: string;
  height: number;
  executed_height: number;
  epoch: number;
  view: number;
  timestamp: number;
  syncing: boolean;
  validator: string | null;
  halted: string | null;
  mempool_size: number;
  peers: number;
};
export const StatusInfoSchema: z.ZodType<StatusInfo> = z.strictObject({
  chain_id: Hex32,
  node_version: z.string(),
  height: HeightSchema,
  executed_height: HeightSchema,
  epoch: Count,
  view: Count,
  timestamp: Millis,
  syncing: z.boolean(),
  validator: z.string().nullable(),
  halted: z.string().nullable(),
  mempool_size: Count,
  peers: Count,
});

/** Header fields as in `docs/spec/rpc.md`; `payloads` counts transactions and oracle votes. */
export type BlockSummary = {
  height: number;
  hash: string;
  parent: string;
  epoch: number;
  view: number;
  timestamp: number;
  proposer: number;
  transactions: number;
  oracle_votes: number;
  executed_height: number;
  state_root: string;
  receipts_root: string;
};
const summaryShape = {
  height: HeightSchema,
  hash: Hex32,
  parent: Hex32,
  epoch: Count,
  view: Count,
  timestamp: Millis,
  proposer: Count,
  transactions: Count,
  oracle_votes: Count,
  executed_height: HeightSchema,
  state_root: Hex32,
  receipts_root: Hex32,
};
export const BlockSummarySchema: z.ZodType<BlockSummary> = z.strictObject(summaryShape);

/** A block as pushed. `received_at`: this node's clock when it saw the finalization. */
export type BlockData = BlockSummary & { received_at: number };
export const BlockDataSchema: z.ZodType<BlockData> = z.strictObject({
  ...summaryShape,
  received_at: Millis,
});

/** One transaction of a block, with its receipt when the node still has it. */
export type BlockTransaction = {
  transaction_id: string;
  wire_id: string;
  account: string;
  nonce: number;
  actions: number;
  receipt: ReceiptInfo | null;
};
export const BlockTransactionSchema: z.ZodType<BlockTransaction> = z.strictObject({
  transaction_id: Hex32,
  wire_id: Hex32,
  account: z.string(),
  nonce: Safe,
  actions: Count,
  receipt: ReceiptInfoSchema.nullable(),
});

/** `raw`: hex of the SSZ of `FinalizedBlock` (block and certificate), when asked for. */
export type BlockInfo = BlockSummary & {
  finalization: { view: number; signers: number[] };
  body: BlockTransaction[];
  raw?: string | undefined;
};
export const BlockInfoSchema: z.ZodType<BlockInfo> = z.strictObject({
  ...summaryShape,
  finalization: z.strictObject({ view: Count, signers: z.array(Count) }),
  body: z.array(BlockTransactionSchema),
  raw: AnyHex.optional(),
});

export type GetBlockParams = { height?: number | undefined; raw?: boolean | undefined };
export const GetBlockParamsSchema: z.ZodType<GetBlockParams> = z.strictObject({
  height: z.int().min(1).optional(),
  raw: z.boolean().optional(),
});

/** Ascending from `from`; fewer than `count` (20 unless told) where the chain ends. */
export type GetBlocksParams = { from: number; count?: number | undefined };
export const GetBlocksParamsSchema: z.ZodType<GetBlocksParams> = z.strictObject({
  from: z.int().min(1),
  count: z.int().min(1).max(MAX_BLOCKS).optional(),
});

export type ValidatorInfo = {
  index: number;
  operator: string;
  consensus_key: string;
  oracle_key: string;
  peer_key: string;
  weight: string;
  addresses: string[];
};
export const ValidatorInfoSchema: z.ZodType<ValidatorInfo> = z.strictObject({
  index: Count,
  operator: z.string(),
  consensus_key: Hex32,
  oracle_key: Hex32,
  peer_key: Hex32,
  weight: BigText,
  addresses: z.array(z.string()),
});

/** Without an epoch: the one in force. Known are the previous, the current and the next. */
export type EpochParams = { epoch?: number | undefined };
export const EpochParamsSchema: z.ZodType<EpochParams> = z.strictObject({
  epoch: z.int().min(0).optional(),
});
export type ValidatorsAnswer = {
  epoch: number;
  total_weight: string;
  quorum_weight: string;
  validators: ValidatorInfo[];
  /** Every validator there is by number, as the state has it now; empty where an epoch was asked for. */
  registered: StakedValidatorInfo[];
};
export const ValidatorsAnswerSchema: z.ZodType<ValidatorsAnswer> = z.strictObject({
  epoch: Count,
  total_weight: BigText,
  quorum_weight: BigText,
  validators: z.array(ValidatorInfoSchema),
  registered: z.array(StakedValidatorSchema),
});

export type EpochInfo = {
  epoch: number;
  ends_at: number;
  leader_seed: string;
  config_hash: string;
  validators: number;
  limits: { max_bytes: number; max_payloads: number; max_weight: number };
  pacing: {
    min_block_interval_ms: number;
    idle_block_ms: number;
    delta_ms: number;
    timeout_growth_percent: number;
    timeout_cap_ms: number;
  };
};
export const EpochInfoSchema: z.ZodType<EpochInfo> = z.strictObject({
  epoch: Count,
  ends_at: Millis,
  leader_seed: Hex32,
  config_hash: Hex32,
  validators: Count,
  limits: z.strictObject({ max_bytes: Count, max_payloads: Count, max_weight: Count }),
  pacing: z.strictObject({
    min_block_interval_ms: Count,
    idle_block_ms: Count,
    delta_ms: Count,
    timeout_growth_percent: Count,
    timeout_cap_ms: Count,
  }),
});

/** Each parameter with its unit and range. */
export type ParameterInfo = { value: number; unit: string; min: number; max: number };
export type ParametersAnswer = { height: number; parameters: Record<string, ParameterInfo> };
export const ParametersAnswerSchema: z.ZodType<ParametersAnswer> = z.strictObject({
  height: HeightSchema,
  parameters: z.record(
    z.string(),
    z.strictObject({ value: z.number(), unit: z.string(), min: z.number(), max: z.number() }),
  ),
});

export type PeerInfoAnswer = {
  peer: string;
  address: string;
  direction: 'inbound' | 'outbound';
  consensus_key: string | null;
  node_version: string;
  score: number;
};
export const PeerInfoSchema: z.ZodType<PeerInfoAnswer> = z.strictObject({
  peer: z.string(),
  address: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  consensus_key: z.string().nullable(),
  node_version: z.string(),
  score: z.number(),
});

/** `table`: id or name of a state table; `key`: hex of the key's bytes (docs/spec/state.md). */
export type GetProofParams = { table: string | number; key: string };
export const GetProofParamsSchema: z.ZodType<GetProofParams> = z.strictObject({
  table: z.union([z.int().min(0).max(127), z.string().min(1).max(32)]),
  key: HexBytes,
});

/**
 * A row, or its absence (`value` null), with the proof against `state_root`, the state after block
 * `height`; headers from `carried_at` on carry that root. `row`: the decoded value by the chain's names,
 * big integers as text, bytes as hex. `proof`: hex of the SSZ of `StateProof`.
 */
export type ProofInfo = {
  table: string;
  table_id: number;
  key: string;
  value: string | null;
  row: Record<string, unknown> | null;
  height: number;
  carried_at: number;
  state_root: string;
  proof: string;
};
export const ProofInfoSchema: z.ZodType<ProofInfo> = z.strictObject({
  table: z.string(),
  table_id: Count,
  key: AnyHex,
  value: AnyHex.nullable(),
  row: z.record(z.string(), z.unknown()).nullable(),
  height: HeightSchema,
  carried_at: HeightSchema,
  state_root: Hex32,
  proof: HexBytes,
});

/** `problems` is empty when balances sum to the supply and positions of each series to zero. */
export type SupplyInfo = {
  height: number;
  usd: string;
  mil: string;
  modules: { name: string; usd: string; mil: string }[];
  problems: string[];
};
export const SupplyInfoSchema: z.ZodType<SupplyInfo> = z.strictObject({
  height: HeightSchema,
  usd: Money,
  mil: Money,
  modules: z.array(z.strictObject({ name: z.string(), usd: Money, mil: Money })),
  problems: z.array(z.string()),
});

/** Root of the newest checkpoint and of each table: to compare nodes. */
export type StateRootInfo = {
  height: number;
  state_root: string;
  tables: { name: string; root: string }[];
};
export const StateRootInfoSchema: z.ZodType<StateRootInfo> = z.strictObject({
  height: HeightSchema,
  state_root: Hex32,
  tables: z.array(z.strictObject({ name: z.string(), root: Hex32 })),
});
