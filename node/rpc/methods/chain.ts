/** Methods on blocks, epochs, parameters, proofs and the node itself. */

import { type FinalizedBlock, FinalizedBlockCodec } from '../../../p2p/messages.ts';
import { wireId } from '../../../runtime/block.ts';
import { fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { assert } from '../../../runtime/core/result.ts';
import { type Height, height as heightOf } from '../../../runtime/core/units.ts';
import {
  type EpochConfig,
  epochConfigHash,
  quorumWeight,
  totalWeight,
} from '../../../runtime/epoch-config.ts';
import { PARAMETER_RANGES, type Parameters } from '../../../runtime/governance/parameters.ts';
import { CARRIED_ROOT_INTERVAL } from '../../../runtime/limits.ts';
import { type Receipt, ReceiptsCodec } from '../../../runtime/receipt.ts';
import { stateProofCodec } from '../../../runtime/state/proof.ts';
import { PAYLOAD, PayloadCodec, transactionId } from '../../../runtime/transaction.ts';
import { QUESTION } from '../../query/format.ts';
import type { Ask } from '../ask.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import { addressText } from '../lookup.ts';
import { hashedBlockSummary } from '../present-block.ts';
import { moneyText } from '../present-money.ts';
import { receiptInfo } from '../present-receipt.ts';
import type {
  BlockSummary,
  BlockTransaction,
  ParametersAnswer,
  SupplyInfo,
} from '../schemas/chain.ts';
import { rowJson, stateTables, tableIdOf } from '../state-tables.ts';
import { NODE_VERSION } from '../version.ts';
import { stakedValidators } from './staking.ts';

const DEFAULT_BLOCKS = 20;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A final block of this node, with its bytes. */
async function blockAt(
  { backend }: RpcContext,
  height: Height,
): Promise<{ bytes: Uint8Array; final: FinalizedBlock } | undefined> {
  const bytes = await backend.block(height);
  if (bytes === undefined) return undefined;
  const final = FinalizedBlockCodec.decode(bytes);
  assert(final.ok, 'the node keeps blocks in the format of this release');
  return { bytes, final: final.value };
}

/** Positions of the bits set in a signer bitmap. */
function signersOf(bitmap: Uint8Array): number[] {
  const signers: number[] = [];
  for (let i = 0; i < 8 * bitmap.length; i++) {
    if ((((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) === 1) signers.push(i);
  }
  return signers;
}

async function receiptsAt(
  { backend }: RpcContext,
  height: Height,
): Promise<ReadonlyMap<number, Receipt>> {
  const results = await backend.results(height);
  const receipts = results && ReceiptsCodec.decode(results.receipts);
  if (receipts === undefined) return new Map();
  assert(receipts.ok, 'the node keeps receipts in the format of this release');
  return new Map(receipts.value.map((receipt) => [receipt.index, receipt]));
}

function bodyOf(
  { block }: FinalizedBlock,
  chainId: Uint8Array,
  receipts: ReadonlyMap<number, Receipt>,
): BlockTransaction[] {
  return block.payloads.flatMap((bytes, index) => {
    const payload = PayloadCodec.decode(bytes);
    if (!payload.ok || payload.value.selector !== PAYLOAD.transaction) return [];
    const { body } = payload.value.value;
    const receipt = receipts.get(index);
    return {
      transaction_id: toHex(transactionId(chainId, body)),
      wire_id: toHex(wireId(bytes)),
      account: addressText(body.account),
      nonce: body.nonce,
      actions: body.actions.length,
      receipt: receipt === undefined ? null : receiptInfo(receipt),
    };
  });
}

/** Config of an epoch; the one in force unless told. Fails with epoch_not_known. */
async function configOf({ backend }: RpcContext, epoch: number | undefined): Promise<EpochConfig> {
  const [status, configs] = await Promise.all([backend.status(), backend.configs()]);
  const wanted = epoch ?? status.epoch;
  const config = configs.find((candidate) => candidate.epoch === wanted);
  if (config !== undefined) return config;
  const allowed = configs.map((candidate) => candidate.epoch).join(', ');
  throw failure('epoch_not_known', { field: 'epoch', given: wanted, allowed });
}

/** Reading every row is costly, so callers at the same time share one answer. */
const auditsUnderWay = new WeakMap<Ask, Promise<SupplyInfo>>();

async function auditSupply(ask: Ask): Promise<SupplyInfo> {
  try {
    const answer = await ask({ selector: QUESTION.supply, value: { unused: 0 } });
    return {
      height: answer.height,
      usd: moneyText(answer.usd),
      mil: moneyText(answer.mil),
      modules: answer.modules.map(({ name, usd, mil }) => ({
        name: text(name),
        usd: moneyText(usd),
        mil: moneyText(mil),
      })),
      problems: answer.problems.map(text),
    };
  } finally {
    auditsUnderWay.delete(ask);
  }
}

export const chainMethods: Handlers<
  | 'get_status'
  | 'get_block'
  | 'get_blocks'
  | 'get_validators'
  | 'get_epoch'
  | 'get_parameters'
  | 'get_peers'
  | 'get_proof'
  | 'get_supply'
  | 'get_state_root'
  | 'public/test'
  | 'public/get_time'
  | 'public/status'
> = {
  'public/test': () => ({ version: NODE_VERSION }),
  'public/get_time': (_params, { now }) => now(),

  async 'public/status'(_params, { backend }) {
    const { halted, syncing } = await backend.status();
    const reason = halted ?? (syncing ? 'the node is syncing' : null);
    return { locked: reason === null ? 'false' : 'true', reason };
  },

  async get_status(_params, { backend }) {
    const status = await backend.status();
    return {
      chain_id: toHex(status.chainId),
      node_version: NODE_VERSION,
      height: status.finalizedHeight,
      executed_height: status.executedHeight,
      epoch: status.epoch,
      view: status.view,
      timestamp: status.timestamp,
      syncing: status.syncing,
      validator: status.validator ?? null,
      halted: status.halted ?? null,
      mempool_size: status.mempoolSize,
      peers: status.peers,
    };
  },

  async get_block({ height, raw = false }, context) {
    const status = await context.backend.status();
    const at = height === undefined ? status.finalizedHeight : heightOf(height);
    const found = await blockAt(context, at);
    if (found === undefined) {
      const allowed = `1 to ${status.finalizedHeight}, of which this node keeps the newest`;
      throw failure('block_not_found', { field: 'height', given: at, allowed });
    }
    const { final, bytes } = found;
    const { subject, signers } = final.finalization;
    return {
      ...hashedBlockSummary(final.block),
      finalization: { view: subject.value.view, signers: signersOf(signers) },
      body: bodyOf(final, status.chainId, await receiptsAt(context, at)),
      ...(raw ? { raw: toHex(bytes) } : {}),
    };
  },

  async get_blocks({ from, count = DEFAULT_BLOCKS }, context) {
    const blocks: BlockSummary[] = [];
    for (let at = from; at < from + count; at++) {
      const found = await blockAt(context, heightOf(at));
      if (found === undefined) break;
      blocks.push(hashedBlockSummary(found.final.block));
    }
    return blocks;
  },

  async get_validators({ epoch }, context) {
    const config = await configOf(context, epoch);
    return {
      epoch: config.epoch,
      total_weight: totalWeight(config).toString(),
      quorum_weight: quorumWeight(config).toString(),
      validators: config.validators.map((validator, index) => ({
        index,
        operator: addressText(validator.operator),
        consensus_key: toHex(validator.consensusKey),
        oracle_key: toHex(validator.oracleKey),
        peer_key: toHex(validator.peerKey),
        weight: validator.weight.toString(),
        addresses: validator.addresses.map(text),
      })),
      registered: epoch === undefined ? await stakedValidators(context) : [],
    };
  },

  async get_epoch({ epoch }, context) {
    const config = await configOf(context, epoch);
    const { limits, pacing } = config;
    return {
      epoch: config.epoch,
      ends_at: config.endsAt,
      leader_seed: toHex(config.leaderSeed),
      config_hash: toHex(epochConfigHash(config)),
      validators: config.validators.length,
      limits: {
        max_bytes: limits.maxBytes,
        max_payloads: limits.maxPayloads,
        max_weight: limits.maxWeight,
      },
      pacing: {
        min_block_interval_ms: pacing.minBlockIntervalMs,
        idle_block_ms: pacing.idleBlockMs,
        delta_ms: pacing.deltaMs,
        timeout_growth_percent: pacing.timeoutGrowthPercent,
        timeout_cap_ms: pacing.timeoutCapMs,
      },
    };
  },

  async get_parameters(_params, { ask }) {
    const { height, parameters } = await ask({ selector: QUESTION.market, value: { unused: 0 } });
    const answer: ParametersAnswer = { height, parameters: {} };
    for (const name of Object.keys(PARAMETER_RANGES) as (keyof Parameters)[]) {
      answer.parameters[name] = { value: parameters[name], ...PARAMETER_RANGES[name] };
    }
    return answer;
  },

  async get_peers(_params, { backend }) {
    return (await backend.peers()).map((peer) => ({
      peer: peer.peer,
      address: peer.address,
      direction: peer.direction,
      consensus_key: peer.consensusKey ?? null,
      node_version: peer.nodeVersion,
      score: peer.score,
    }));
  },

  async get_proof({ table, key }, { ask }) {
    const tableId = tableIdOf(table);
    const raw = fromHex(key) ?? new Uint8Array(0);
    if (raw.length > 64) {
      const given = `${raw.length} bytes`;
      throw failure('invalid_params', { field: 'key', given, allowed: 'at most 64 bytes' });
    }
    const answer = await ask({ selector: QUESTION.row, value: { tableId, key: raw } });
    const value = answer.value[0];
    return {
      table: stateTables().find(({ id }) => id === tableId)?.name ?? '',
      table_id: tableId,
      key: toHex(raw),
      value: value === undefined ? null : toHex(value),
      row: value === undefined ? null : (rowJson(tableId, value) ?? null),
      height: answer.height,
      carried_at: answer.height + CARRIED_ROOT_INTERVAL,
      state_root: toHex(answer.stateRoot),
      proof: toHex(stateProofCodec.encode(answer.proof)),
    };
  },

  get_supply(_params, { ask }) {
    const underWay = auditsUnderWay.get(ask) ?? auditSupply(ask);
    auditsUnderWay.set(ask, underWay);
    return underWay;
  },

  async get_state_root(_params, { ask }) {
    const answer = await ask({ selector: QUESTION.stateRoot, value: { unused: 0 } });
    const tables = stateTables();
    return {
      height: answer.height,
      state_root: toHex(answer.stateRoot),
      tables: answer.tables.map(({ tableId, root }) => ({
        name: tables.find(({ id }) => id === tableId)?.name ?? String(tableId),
        root: toHex(root),
      })),
    };
  },
};
