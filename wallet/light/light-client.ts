/**
 * A light client: from a genesis hash or a checkpoint to what a node says now, each step by signatures of
 * validators that the step before named. The node is never believed.
 *
 * Epochs are walked with one certificate each; the newest header carries the state root, under which rows
 * are proved present or absent, and the root of receipts. Runs in browsers: `fetch` of the client alone.
 */

import { genesisConfigs } from '../../genesis/build-state.ts';
import { GenesisCodec } from '../../genesis/document.ts';
import type { FinalHeadersInfo, ProofsInfo, RowKeyParams } from '../../node/rpc/schemas/light.ts';
import { HeaderCodec } from '../../runtime/block.ts';
import { equalBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { epochConfigHash } from '../../runtime/epoch-config.ts';
import type { Receipt } from '../../runtime/receipt.ts';
import type { Client } from '../client/client.ts';
import { RpcError } from '../client/rpc-error.ts';
import type { FinalHeader } from '../client/verify-finality.ts';
import { verifyProofAnswer } from '../client/verify-proof.ts';
import {
  type Anchor,
  checkTrustPeriod,
  DEFAULT_TRUST_MS,
  type LightError,
  lightError,
  type TrustedEpoch,
} from './trust.ts';
import { verifyReceipt } from './verify-receipts.ts';
import { nextConfigHash, trustConfig, verifyHeaders } from './walk-epochs.ts';

export type LightClientOptions = {
  readonly client: Client;
  readonly anchor: Anchor;
  /** Wall time, ms. */
  readonly now?: () => number;
  /** Instead of the genesis' own, or the default of a checkpoint. */
  readonly trustMs?: number | undefined;
  /** A newest header older than this proves nothing about now; 10 minutes unless told. */
  readonly maxAgeMs?: number;
};

/** A header that everything since stands on. */
export type VerifiedAt = {
  readonly epoch: number;
  /** Of the header; the state under it is that after `stateHeight`. */
  readonly height: number;
  readonly stateHeight: number;
  readonly timestamp: number;
};

/** Rows under one root: SSZ, or `undefined` where absence is proved, in the order asked. */
export type ProvenRows = {
  readonly at: VerifiedAt;
  readonly stateRoot: string;
  readonly values: readonly (Uint8Array | undefined)[];
};

export interface LightClient {
  /** Walks to the newest epoch; again, later, from where it was. */
  sync(): Promise<Result<TrustedEpoch, LightError>>;
  /** Genesis hash, 32 bytes. Known after the first `sync`. */
  chainId(): Uint8Array | undefined;
  /** A config that was walked through. */
  epochConfig(of: number): TrustedEpoch | undefined;
  /** The newest epoch that was reached. */
  newest(): TrustedEpoch | undefined;
  /** A final header, the newest unless told. */
  header(height?: number): Promise<Result<FinalHeader, LightError>>;
  /** Rows under the newest carried root, or under that of an earlier answer. */
  rows(
    keys: readonly RowKeyParams[],
    under?: Pick<ProvenRows, 'stateRoot' | 'at'>,
  ): Promise<Result<ProvenRows, LightError>>;
  /**
   * The receipt of a final transaction, with its height. `not_yet` until a header carries its root, 8 to
   * 23 blocks later.
   */
  receipt(
    transactionId: string,
  ): Promise<
    Result<
      { readonly receipt: Receipt; readonly height: number; readonly at: VerifiedAt },
      LightError
    >
  >;
}

/** The place of a header, for those who say where they stand. */
export function placeOf({ header }: FinalHeader): VerifiedAt {
  return {
    epoch: header.epoch,
    height: header.height,
    stateHeight: header.executed.height,
    timestamp: header.timestamp,
  };
}

const DEFAULT_MAX_AGE_MS = 600_000;
const EPOCHS_A_CALL = 16;
/** `get_proofs` takes so many. */
const ROWS_A_CALL = 256;
/** The root a node was asked for may have gone meanwhile. */
const ATTEMPTS = 4;

/** A light client; nothing is asked before the first call. */
export function createLightClient(options: LightClientOptions): LightClient {
  const { client, anchor, now = Date.now, maxAgeMs = DEFAULT_MAX_AGE_MS } = options;
  const epochs = new Map<number, TrustedEpoch>();
  let newest: TrustedEpoch | undefined;
  let chainId: Uint8Array | undefined;
  let trustMs = options.trustMs ?? DEFAULT_TRUST_MS;

  const trust = (epoch: TrustedEpoch): void => {
    epochs.set(epoch.config.epoch, epoch);
    newest = epoch;
  };

  const startAtGenesis = async (id: Uint8Array): Promise<Result<TrustedEpoch, LightError>> => {
    const answer = await client.call('get_genesis', {});
    const bytes = fromHex(answer.genesis) ?? new Uint8Array(0);
    if (!equalBytes(sha256(bytes), id)) {
      const detail = `the node's chain is ${toHex(sha256(bytes))}, trusted is ${toHex(id)}`;
      return lightError('genesis', 'other_chain', detail);
    }
    const genesis = GenesisCodec.decode(bytes);
    if (!genesis.ok) return lightError('genesis', 'malformed_genesis', genesis.error.detail);
    trustMs = options.trustMs ?? genesis.value.staking.trustMs;
    chainId = id;
    const [config] = genesisConfigs(genesis.value);
    return ok({ config, configHash: epochConfigHash(config) });
  };

  const startAtCheckpoint = async (
    from: Extract<Anchor, { kind: 'checkpoint' }>,
  ): Promise<Result<TrustedEpoch, LightError>> => {
    const { chain_id } = await client.call('get_status', {});
    const said = fromHex(chain_id) ?? new Uint8Array(0);
    if (from.chainId !== undefined && !equalBytes(said, from.chainId)) {
      return lightError('trust', 'other_chain', `the node says its chain is ${chain_id}`);
    }
    const [answer] = await client.call('get_epoch_proofs', { from: from.epoch, count: 1 });
    const config = trustConfig(answer?.config ?? '', from);
    // Signatures contain the chain id, so a wrong one fails with the first certificate.
    if (config.ok) chainId = said;
    return config;
  };

  const start = async (): Promise<Result<TrustedEpoch, LightError>> => {
    if (newest !== undefined) return ok(newest);
    const started = await (anchor.kind === 'genesis'
      ? startAtGenesis(anchor.chainId)
      : startAtCheckpoint(anchor));
    if (!started.ok) return started;
    const inTime = checkTrustPeriod(started.value, { now: now(), trustMs });
    if (!inTime.ok) return inTime;
    trust(started.value);
    return started;
  };

  const sync = async (): Promise<Result<TrustedEpoch, LightError>> => {
    const started = await start();
    if (!started.ok) return started;
    let current = started.value;
    for (;;) {
      const from = current.config.epoch;
      const answers = await client.call('get_epoch_proofs', { from, count: EPOCHS_A_CALL });
      let configHash = current.configHash;
      for (const [index, proof] of answers.entries()) {
        const epoch = trustConfig(proof.config, { epoch: from + index, configHash });
        if (!epoch.ok) return epoch;
        current = epoch.value;
        trust(current);
        const { header, finalization } = proof;
        if (header === null || finalization === null) return ok(current);
        const id = chainId ?? new Uint8Array(32);
        const next = nextConfigHash({ ...proof, header, finalization }, current, id);
        if (!next.ok) return next;
        configHash = next.value;
      }
      // The last one is over, or the node says nothing: without progress there is nothing to wait for.
      if (current.config.epoch === from) return ok(current);
    }
  };

  /** The config that a header is of: walked to, if it is newer than what is known. */
  const configFor = async (epoch: number): Promise<Result<TrustedEpoch, LightError>> => {
    const known = epochs.get(epoch);
    if (known !== undefined) return ok(known);
    const synced = await sync();
    if (!synced.ok) return synced;
    const found = epochs.get(epoch);
    if (found !== undefined) return ok(found);
    const detail = `the header is of epoch ${epoch}; certificates lead to epoch ${synced.value.config.epoch}`;
    return lightError('epoch', 'not_reached', detail);
  };

  const verified = async (info: FinalHeadersInfo): Promise<Result<FinalHeader, LightError>> => {
    const first = HeaderCodec.decode(fromHex(info.headers[0] ?? '') ?? new Uint8Array(0));
    if (!first.ok) return lightError('header', 'malformed_header', first.error.detail);
    const config = await configFor(first.value.epoch);
    if (!config.ok) return config;
    return verifyHeaders(info, config.value, chainId ?? new Uint8Array(32));
  };

  const fresh = (final: FinalHeader): Result<FinalHeader, LightError> => {
    const age = now() - final.header.timestamp;
    if (age <= maxAgeMs) return ok(final);
    const detail = `the newest final header, of height ${final.header.height}, is ${Math.round(age / 1000)} s old`;
    return lightError('header', 'stale', detail);
  };

  /** Checks an answer's rows against a root: they are those asked for, and each proof leads there. */
  const checkRows = (
    answer: ProofsInfo,
    asked: readonly RowKeyParams[],
    stateRoot: Uint8Array,
  ): Result<(Uint8Array | undefined)[], LightError> => {
    const values: (Uint8Array | undefined)[] = [];
    if (answer.rows.length !== asked.length) {
      return lightError('proof', 'other_rows', `${answer.rows.length} rows for ${asked.length}`);
    }
    for (const [index, row] of answer.rows.entries()) {
      const { table, key } = asked[index] ?? { table: -1, key: '' };
      if (row.table_id !== table || row.key !== key) {
        return lightError('proof', 'other_rows', `row ${index} is not the one asked for`);
      }
      const checked = verifyProofAnswer(row, stateRoot);
      if (!checked.ok) return lightError('proof', checked.error.code, `table ${table} key ${key}`);
      values.push(row.value === null ? undefined : (fromHex(row.value) ?? new Uint8Array(0)));
    }
    return ok(values);
  };

  const rowsOnce = async (
    keys: readonly RowKeyParams[],
    under: Pick<ProvenRows, 'stateRoot' | 'at'> | undefined,
  ): Promise<Result<ProvenRows, LightError>> => {
    let place = under;
    const values: (Uint8Array | undefined)[] = [];
    for (let from = 0; from < keys.length; from += ROWS_A_CALL) {
      const rows = keys.slice(from, from + ROWS_A_CALL);
      const pinned = place === undefined ? {} : { state_root: place.stateRoot };
      const answer = await client.call('get_proofs', { rows, ...pinned });
      if (place === undefined) {
        const final = await verified(answer.final ?? { headers: [], finalization: '' });
        const newestHeader = final.ok ? fresh(final.value) : final;
        if (!newestHeader.ok) return newestHeader;
        const { stateRoot } = newestHeader.value.header.executed;
        place = { stateRoot: toHex(stateRoot), at: placeOf(newestHeader.value) };
      }
      const root = fromHex(place.stateRoot) ?? new Uint8Array(32);
      const checked = checkRows(answer, rows, root);
      if (!checked.ok) return checked;
      values.push(...checked.value);
    }
    if (place === undefined) return lightError('proof', 'no_rows', 'no row was asked for');
    return ok({ ...place, values });
  };

  return {
    sync,
    chainId: () => chainId,
    epochConfig: (of) => epochs.get(of),
    newest: () => newest,
    async header(height) {
      const started = await start();
      if (!started.ok) return started;
      const info = await client.call('get_final_headers', height === undefined ? {} : { height });
      const final = await verified(info);
      if (!final.ok) return final;
      if (height === undefined) return fresh(final.value);
      if (final.value.header.height === height) return final;
      return lightError('header', 'other_height', `${final.value.header.height} for ${height}`);
    },
    async rows(keys, under) {
      const started = await start();
      if (!started.ok) return started;
      for (let attempt = 1; ; attempt++) {
        try {
          return await rowsOnce(keys, under);
        } catch (cause) {
          const isGone = cause instanceof RpcError && cause.data.code === 'proof_not_available';
          if (!isGone || attempt === ATTEMPTS || under !== undefined) throw cause;
        }
      }
    },
    async receipt(transactionId) {
      const started = await start();
      if (!started.ok) return started;
      try {
        const proof = await client.call('get_receipt_proof', { transaction_id: transactionId });
        const final = await verified(proof.final);
        if (!final.ok) return final;
        const receipt = verifyReceipt(proof, final.value, transactionId);
        if (!receipt.ok) return receipt;
        return ok({ receipt: receipt.value, height: proof.height, at: placeOf(final.value) });
      } catch (cause) {
        if (!(cause instanceof RpcError) || cause.data.code !== 'proof_not_available') throw cause;
        return lightError('receipt', 'not_yet', cause.data.allowed);
      }
    },
  };
}
