/** What light clients ask: genesis, epochs, headers, rows and receipts, each with what proves it. */
import { CertificateCodec, KIND } from '../../../consensus/messages.ts';
import { type FinalizedBlock, FinalizedBlockCodec } from '../../../p2p/messages.ts';
import { blockHash, type Header, HeaderCodec } from '../../../runtime/block.ts';
import { equalBytes, fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import { assert } from '../../../runtime/core/result.ts';
import { epoch, type Height, height as heightOf } from '../../../runtime/core/units.ts';
import { CARRIED_ROOT_INTERVAL } from '../../../runtime/limits.ts';
import { stateProofCodec } from '../../../runtime/state/proof.ts';
import { QUESTION, type RowQuestion } from '../../query/format.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import type {
  EpochProofInfo,
  FinalHeadersInfo,
  ProofsInfo,
  RowKeyParams,
} from '../schemas/light.ts';
import { tableIdOf } from '../state-tables.ts';

/** Blocks from one to the one that its certificate is of, at most: a burst after a stall. */
const MAX_ANCESTRY = 64;
const R = CARRIED_ROOT_INTERVAL;

async function finalBlock({ backend }: RpcContext, at: Height): Promise<FinalizedBlock> {
  const bytes = await backend.block(at);
  if (bytes === undefined) {
    const { finalizedHeight } = await backend.status();
    const allowed = `1 to ${finalizedHeight}, of which this node keeps the newest`;
    throw failure('block_not_found', { field: 'height', given: at, allowed });
  }
  const decoded = FinalizedBlockCodec.decode(bytes);
  assert(decoded.ok, 'the node keeps blocks in the format of this release');
  return decoded.value;
}

/** Headers from `at` up to the one certified. Fails with block_not_found. */
async function finalHeaders(
  context: RpcContext,
  at: Height,
): Promise<{ readonly first: Header; readonly info: FinalHeadersInfo }> {
  const { block, finalization } = await finalBlock(context, at);
  const { subject } = finalization;
  assert(subject.selector === KIND.finalize, 'a final block has a certificate of its finality');
  const headers = [block.header];
  let last = block.header;
  while (!equalBytes(blockHash(last), subject.value.payload) && headers.length < MAX_ANCESTRY) {
    last = (await finalBlock(context, heightOf(last.height + 1))).block.header;
    headers.push(last);
  }
  return {
    first: block.header,
    info: {
      headers: headers.map((header) => toHex(HeaderCodec.encode(header))),
      finalization: toHex(CertificateCodec.encode(finalization)),
    },
  };
}

function rowQuestions(rows: readonly RowKeyParams[]): RowQuestion[] {
  return rows.map(({ table, key }, at) => {
    const raw = fromHex(key) ?? new Uint8Array(0);
    if (raw.length > 64) {
      const given = `${raw.length} bytes`;
      throw failure('invalid_params', { field: `rows[${at}].key`, given, allowed: 'at most 64' });
    }
    return { tableId: tableIdOf(table), key: raw };
  });
}

async function provenRows(
  { ask }: RpcContext,
  stateRoot: Uint8Array,
  rows: RowQuestion[],
): Promise<ProofsInfo['rows']> {
  const answer = await ask({ selector: QUESTION.rows, value: { stateRoot, rows } });
  return answer.rows.map(({ tableId, key, value: [value], proof }) => ({
    table_id: tableId,
    key: toHex(key),
    value: value === undefined ? null : toHex(value),
    proof: toHex(stateProofCodec.encode(proof)),
  }));
}

async function receiptsOf({ backend }: RpcContext, at: number): Promise<Uint8Array> {
  const results = await backend.results(heightOf(at));
  if (results !== undefined) return results.receipts;
  const allowed = 'receipts that this node still keeps';
  throw failure('proof_not_available', { field: 'height', given: at, allowed });
}

export const lightMethods: Handlers<
  'get_genesis' | 'get_epoch_proofs' | 'get_final_headers' | 'get_proofs' | 'get_receipt_proof'
> = {
  async get_genesis(_params, { backend, chainId }) {
    return { chain_id: toHex(await chainId()), genesis: toHex(await backend.genesis()) };
  },

  async get_epoch_proofs({ from, count = 1 }, { backend }) {
    const epochs: EpochProofInfo[] = [];
    const status = await backend.status();
    for (let at = from; at < from + count && at <= status.epoch; at++) {
      const record = await backend.epoch(epoch(at));
      if (record === undefined) break;
      const { config, header, finalization } = record;
      const isOver = header !== undefined && finalization !== undefined;
      epochs.push({
        epoch: at,
        config: toHex(config),
        header: isOver ? toHex(header) : null,
        finalization: isOver ? toHex(finalization) : null,
      });
    }
    if (epochs.length > 0) return epochs;
    const allowed = `an epoch up to ${status.epoch} that this node keeps`;
    throw failure('epoch_not_known', { field: 'from', given: from, allowed });
  },

  async get_final_headers({ height }, context) {
    const at = height ?? (await context.backend.status()).finalizedHeight;
    return (await finalHeaders(context, heightOf(at))).info;
  },

  async get_proofs({ rows, state_root }, context) {
    const questions = rowQuestions(rows);
    if (state_root !== undefined) {
      const stateRoot = fromHex(state_root);
      assert(stateRoot !== undefined, 'the schema checked the root');
      const proven = await provenRows(context, stateRoot, questions);
      return { state_root, rows: proven, final: null };
    }
    const { finalizedHeight } = await context.backend.status();
    if (finalizedHeight === 0) {
      throw failure('proof_not_available', { given: 'height 0', allowed: 'a final block' });
    }
    const { first, info } = await finalHeaders(context, finalizedHeight);
    const { stateRoot } = first.executed;
    const proven = await provenRows(context, stateRoot, questions);
    return { state_root: toHex(stateRoot), rows: proven, final: info };
  },

  async get_receipt_proof({ transaction_id }, context) {
    const { backend } = context;
    const found = await backend.transaction(fromHex(transaction_id) ?? new Uint8Array(0));
    const field = 'transaction_id';
    if (found.kind !== 'final') {
      const given = `${transaction_id}, ${found.kind}`;
      throw failure('proof_not_available', { field, given, allowed: 'a final transaction' });
    }
    const { height } = found;
    // Receipts are chained block by block; headers carry the chain's root at multiples of R.
    const from = R * Math.floor((height - 1) / R);
    const carriedAt = from + 2 * R;
    const status = await backend.status();
    if (status.finalizedHeight < carriedAt) {
      const given = `${transaction_id}, at height ${height}`;
      const allowed = `after height ${carriedAt}: now ${status.finalizedHeight}`;
      throw failure('proof_not_available', { field, given, allowed });
    }
    const { first, info } = await finalHeaders(context, heightOf(carriedAt));
    assert(first.executed.height === from + R, 'a header carries the root of its height');
    const before =
      from === 0
        ? new Uint8Array(32)
        : (await finalBlock(context, heightOf(from + R))).block.header.executed.receiptsRoot;
    const hashes: string[] = [];
    for (let at = from + 1; at <= from + R; at++) {
      hashes.push(toHex(sha256(await receiptsOf(context, at))));
    }
    return {
      transaction_id,
      height,
      receipts: toHex(await receiptsOf(context, height)),
      root: toHex(before),
      hashes,
      final: info,
    };
  },
};
