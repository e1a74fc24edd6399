/**
 * Asks a node for a settlement and verifies everything that it answers: proofs against a state root, the
 * root against a final header, the header against the validators' signatures, the price against the
 * samples. Browser-safe.
 *
 * What is taken on trust is the validators' config of one epoch: pinned by `configHash`, else as the node
 * gives it, which then proves no more than that the node is consistent.
 */
import type { FinalizedBlock } from '../../p2p/messages.ts';
import { blockHash } from '../../runtime/block.ts';
import { equalBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { type TimestampMs, type UnderlyingId, underlyingId } from '../../runtime/core/units.ts';
import { type EpochConfig, EpochConfigCodec, epochConfigHash } from '../../runtime/epoch-config.ts';
import { u64Key } from '../../runtime/state/key-codec.ts';
import type { Client } from './client.ts';
import { decodeFinalizedBlock, type FinalHeader, verifyFinality } from './verify-finality.ts';
import { type VerifiedSettlement, verifySettlement } from './verify-settlement.ts';

/** Which check failed, and how. */
export type SettlementProofError = {
  readonly step: 'proof' | 'header' | 'config' | 'finality' | 'root' | 'settlement';
  readonly code: string;
  readonly detail: string;
};

export type ProvenSettlement = VerifiedSettlement & {
  readonly underlyingId: UnderlyingId;
  readonly expiry: TimestampMs;
  readonly chainId: string;
  readonly config: EpochConfig;
  readonly configHash: Uint8Array;
  readonly final: FinalHeader;
};

export type ProveOptions = {
  readonly currency: string;
  readonly expiry: TimestampMs;
  /** Hash of the config of the epoch now, 32 bytes, from a source that is trusted. */
  readonly configHash?: Uint8Array | undefined;
  /** Longest wait for the header that carries the root; 60 s unless told. */
  readonly timeoutMs?: number;
};

/** Blocks between a block and the one that its certificate is of, at most. */
const MAX_ANCESTRY = 64;
const POLL_MS = 250;
const DEFAULT_TIMEOUT_MS = 60_000;

function failed(
  step: SettlementProofError['step'],
  code: string,
  detail: string,
): Result<never, SettlementProofError> {
  return err({ step, code, detail });
}

async function isFinalAt(client: Client, height: number, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    if ((await client.call('get_status', {})).height >= height) return true;
    if (waitedMs >= timeoutMs) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The block at a height, and those after it up to the one that its certificate is of. */
async function withAncestry(
  client: Client,
  height: number,
): Promise<Result<FinalizedBlock[], SettlementProofError>> {
  const blocks: FinalizedBlock[] = [];
  for (let at = height; at <= height + MAX_ANCESTRY; at++) {
    const { raw } = await client.call('get_block', { height: at, raw: true });
    const decoded = decodeFinalizedBlock(fromHex(raw ?? '') ?? new Uint8Array(0));
    if (!decoded.ok) return failed('header', decoded.error.code, decoded.error.detail);
    blocks.push(decoded.value);
    const certified = blocks[0]?.finalization.subject.value;
    const hash = blockHash(decoded.value.block.header);
    const isLast = certified !== undefined && 'payload' in certified;
    if (isLast && equalBytes(certified.payload, hash)) break;
  }
  return ok(blocks);
}

/** The config of an epoch as the node has it, if its hash is the pinned one. */
async function configOf(
  client: Client,
  epoch: number,
  pinned: Uint8Array | undefined,
): Promise<Result<EpochConfig, SettlementProofError>> {
  const key = toHex(u64Key().encode(epoch));
  const { value } = await client.call('get_proof', { table: 'epochConfigs', key });
  const decoded = EpochConfigCodec.decode(fromHex(value ?? '') ?? new Uint8Array(0));
  if (!decoded.ok) return failed('config', 'malformed_config', decoded.error.detail);
  const hash = epochConfigHash(decoded.value);
  if (pinned !== undefined && !equalBytes(hash, pinned)) {
    return failed('config', 'other_config', `epoch ${epoch} has config ${toHex(hash)}`);
  }
  return decoded;
}

/**
 * Proves the settlement of an expiry. Fails with the first check that fails; rejects as `client.call`
 * does when the node does not answer. Cost: one answer of up to 60 proofs, a few blocks, ~1 ms for each
 * signature of a certificate.
 */
export async function proveSettlement(
  client: Client,
  { currency, expiry, configHash: pinned, timeoutMs = DEFAULT_TIMEOUT_MS }: ProveOptions,
): Promise<Result<ProvenSettlement, SettlementProofError>> {
  const { chain_id: chainId } = await client.call('get_status', {});
  const answer = await client.call('public/get_settlement_proof', { currency, expiry });
  if (!(await isFinalAt(client, answer.carried_at, timeoutMs))) {
    return failed('header', 'not_yet', `no final block at height ${answer.carried_at}`);
  }
  const blocks = await withAncestry(client, answer.carried_at);
  if (!blocks.ok) return blocks;
  const epoch = blocks.value[0]?.block.header.epoch ?? 0;
  const config = await configOf(client, epoch, pinned);
  if (!config.ok) return config;
  const final = verifyFinality(blocks.value, config.value, fromHex(chainId) ?? new Uint8Array(32));
  if (!final.ok) return failed('finality', final.error.code, final.error.detail);
  const { executed } = final.value.header;
  if (executed.height !== answer.height || toHex(executed.stateRoot) !== answer.state_root) {
    const detail = `the header carries the root of height ${executed.height}`;
    return failed('root', 'other_root', detail);
  }
  const place = { underlying: underlyingId(answer.underlying), expiry };
  const verified = verifySettlement(answer, place, executed.stateRoot);
  if (!verified.ok) return failed('settlement', verified.error.code, verified.error.detail);
  const name = new TextDecoder().decode(verified.value.underlying.name);
  if (name !== currency) return failed('settlement', 'other_underlying', name);
  return ok({
    ...verified.value,
    underlyingId: place.underlying,
    expiry,
    chainId,
    config: config.value,
    configHash: epochConfigHash(config.value),
    final: final.value,
  });
}
