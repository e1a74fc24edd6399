/**
 * A node for tests of the RPC server: a real state and real queries behind a `NodeApi` whose blocks
 * are made by hand. Signatures are checked; `finalize` makes what was submitted final.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Certificate } from '../../consensus/messages.ts';
import { KIND } from '../../consensus/messages.ts';
import type {
  BlockNotice,
  NodeApi,
  NodeStatus,
  SubmitError,
  SubmitErrorCode,
  Submitted,
  TransactionStatus,
} from '../../node/api.ts';
import { answerQuery } from '../../node/query/answer-query.ts';
import { EvidenceRecordsCodec } from '../../node/storage/evidence-record.ts';
import { FinalizedBlockCodec } from '../../p2p/messages.ts';
import { type Block, BlockCodec, blockHash, wireId } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { epoch, height, timestampMs, validatorIndex, view } from '../../runtime/core/units.ts';
import { EpochConfigCodec } from '../../runtime/epoch-config.ts';
import { RUNTIME_ERRORS, type RuntimeErrorCode } from '../../runtime/error.ts';
import { type Event, EventsCodec } from '../../runtime/event.ts';
import {
  ACTION_RESULT,
  RECEIPT_STATUS,
  type Receipt,
  ReceiptCodec,
  ReceiptsCodec,
} from '../../runtime/receipt.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import { createCommitment, latestCheckpoint } from '../../runtime/state/commitment.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec, transactionId } from '../../runtime/transaction.ts';
import { testState } from '../fixtures/state.ts';

export type FakeNode = {
  readonly api: NodeApi;
  readonly state: State;
  /** Payloads submitted and not yet final. */
  readonly pending: Uint8Array[];
  /** Makes a block of what is pending, with these events; rows are for the test to change. */
  finalize(events?: readonly Event[]): BlockNotice;
  /** Commits the rows as they are: what proofs are made against. */
  checkpoint(): void;
  /** Every submission is refused so until it is undefined. */
  refusal: RuntimeErrorCode | Exclude<SubmitErrorCode, 'refused'> | undefined;
  /** Listeners of blocks now. */
  readonly listeners: Set<(notice: BlockNotice) => void>;
  halted: string | undefined;
};

const noFinalization = (block: Block): Certificate => ({
  subject: {
    selector: KIND.finalize,
    value: {
      epoch: block.header.epoch,
      view: block.header.view,
      parentView: view(0),
      payload: blockHash(block.header),
    },
  },
  signers: new Uint8Array([0b111]),
  signatures: [new Uint8Array(64), new Uint8Array(64), new Uint8Array(64)],
});

function submitError(code: SubmitErrorCode, facts: Partial<SubmitError> = {}) {
  return err({ code, field: '', given: '', allowed: '', number: 0, ...facts });
}

export function fakeNode(state: State = testState()): FakeNode {
  const commitment = createCommitment(portablePairHasher);
  let checkpointHeight = height(0);
  makeCheckpoint(state.stores, commitment);
  const listeners = new Set<(notice: BlockNotice) => void>();
  const pending: Uint8Array[] = [];
  const statuses = new Map<string, TransactionStatus>();
  const blocks = new Map<number, Uint8Array>();
  const results = new Map<number, { receipts: Uint8Array; events: Uint8Array }>();
  let parent = state.chainId;

  const submit = (payload: Uint8Array): Result<Submitted, SubmitError> => {
    const decoded = PayloadCodec.decode(payload);
    if (!decoded.ok) return submitError('malformed_bytes', { field: 'payload' });
    const { refusal } = node;
    if (refusal !== undefined) {
      const entry = RUNTIME_ERRORS[refusal as RuntimeErrorCode];
      return entry === undefined
        ? submitError(refusal as SubmitErrorCode)
        : submitError('refused', { number: entry.number, given: '5', allowed: '9' });
    }
    const ids = { wireId: wireId(payload), transactionId: wireId(payload) };
    if (decoded.value.selector === PAYLOAD.transaction) {
      const { body, signatures } = decoded.value.value;
      ids.transactionId = transactionId(state.chainId, body);
      if (signatures.length !== body.signers.length) {
        return submitError('wrong_signature_count', { field: 'signatures' });
      }
      for (const [index, signer] of body.signers.entries()) {
        const signature = signatures[index] ?? new Uint8Array(0);
        const isValid =
          signature.length === 64 && ed25519.verify(signature, ids.transactionId, signer.publicKey);
        if (!isValid) return submitError('bad_signature', { field: `signatures[${index}]` });
      }
      if (body.expiresAt < metaOf(state).timestamp) {
        return submitError('refused', { number: RUNTIME_ERRORS.expired.number });
      }
      if (statuses.has(toHex(ids.transactionId))) return submitError('duplicate');
    }
    pending.push(payload);
    statuses.set(toHex(ids.transactionId), { kind: 'accepted' });
    return ok(ids);
  };

  const finalize = (events: readonly Event[] = []): BlockNotice => {
    const meta = metaOf(state);
    meta.height = height(meta.height + 1);
    meta.timestamp = timestampMs(meta.timestamp + 500);
    state.meta.touch(SINGLETON_KEY);
    const block: Block = {
      header: {
        height: meta.height,
        view: view(meta.height),
        epoch: epoch(0),
        parent,
        timestamp: meta.timestamp,
        proposer: validatorIndex(meta.height % 4),
        transactionsRoot: new Uint8Array(32),
        executed: {
          height: checkpointHeight,
          stateRoot: latestCheckpoint(commitment)?.stateRoot ?? new Uint8Array(32),
          receiptsRoot: new Uint8Array(32),
        },
        config: new Uint8Array(32),
        nextConfig: new Uint8Array(32),
      },
      payloads: pending.splice(0),
    };
    const receipts: Receipt[] = [];
    for (const [index, payload] of block.payloads.entries()) {
      const decoded = PayloadCodec.decode(payload);
      if (!decoded.ok || decoded.value.selector !== PAYLOAD.transaction) continue;
      const { body } = decoded.value.value;
      receipts.push({
        transactionId: transactionId(state.chainId, body),
        index,
        status: RECEIPT_STATUS.applied,
        results: body.actions.map(() => ({
          selector: ACTION_RESULT.transferred,
          value: { amount: 1_500_000n },
        })),
      });
    }
    const hash = blockHash(block.header);
    parent = hash;
    const notice: BlockNotice = {
      height: meta.height,
      hash,
      block: BlockCodec.encode(block),
      receipts: ReceiptsCodec.encode(receipts),
      events: EventsCodec.encode([...events]),
      finalizedAt: meta.timestamp,
    };
    for (const receipt of receipts) {
      statuses.set(toHex(receipt.transactionId), {
        kind: 'final',
        height: meta.height,
        receipt: ReceiptCodec.encode(receipt),
      });
    }
    const finalized = { block, finalization: noFinalization(block) };
    blocks.set(meta.height, FinalizedBlockCodec.encode(finalized));
    results.set(meta.height, { receipts: notice.receipts, events: notice.events });
    for (const listener of [...listeners]) listener(notice);
    return notice;
  };

  const status = (): NodeStatus => {
    const meta = metaOf(state);
    return {
      chainId: state.chainId,
      finalizedHeight: meta.height,
      executedHeight: meta.height,
      epoch: meta.epoch,
      view: view(meta.height + 1),
      timestamp: meta.timestamp,
      syncing: false,
      validator: undefined,
      halted: node.halted,
      mempoolSize: pending.length,
      peers: 1,
    };
  };

  const node: FakeNode = {
    state,
    pending,
    listeners,
    refusal: undefined,
    halted: undefined,
    finalize,
    checkpoint() {
      makeCheckpoint(state.stores, commitment);
      checkpointHeight = metaOf(state).height;
    },
    api: {
      submit: async (payload) => submit(payload),
      status,
      peers: () => [
        {
          peer: '12D3KooWfake',
          address: '/ip4/127.0.0.1/tcp/1',
          direction: 'inbound',
          consensusKey: undefined,
          nodeVersion: '26.10.0',
          score: 0,
        },
      ],
      configs: () => [state.epochConfigs.must(epoch(0))],
      genesis: () => new Uint8Array(1),
      epoch: async (number) => {
        const config = state.epochConfigs.get(number);
        if (config === undefined) return undefined;
        const raw = EpochConfigCodec.encode(config);
        return { config: raw, header: undefined, finalization: undefined };
      },
      block: async (at) => blocks.get(at),
      results: async (at) => results.get(at),
      evidence: async () => EvidenceRecordsCodec.encode([]),
      transaction: async (id) => statuses.get(toHex(id)) ?? { kind: 'unknown' },
      query: async (request) =>
        answerQuery(
          { state, commitment, checkpointHeight, checkpointRow: () => undefined },
          request,
        ),
      onBlock(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  return node;
}
