/**
 * Blocks: bodies by hash from before their notarize vote on; which of them are final, with proof;
 * what executing them gave; certificates of every view; evidence. All SSZ.
 *
 * Source: design/chain.md §6. Order on disk: body synced → vote synced → sent; finality synced →
 * executed. A body is written once, under its hash; finality adds an index by height.
 *
 * Invariants: heights of final blocks have no gap from 1 up; the body of a final block is stored.
 */
import { type Certificate, CertificateCodec } from '../../consensus/messages.ts';
import { type Block, BlockCodec, type Header, HeaderCodec } from '../../runtime/block.ts';
import { assert } from '../../runtime/core/result.ts';
import { type Epoch, type Height, height } from '../../runtime/core/units.ts';
import { type EpochConfig, EpochConfigCodec } from '../../runtime/epoch-config.ts';
import { ReceiptsCodec } from '../../runtime/receipt.ts';
import type { Store, StoreOperation } from '../ports.ts';
import { type EvidenceRecord, EvidenceRecordCodec, MAX_EVIDENCE_SHOWN } from './evidence-record.ts';
import { be64, readBe64, storeKey } from './keys.ts';

const TAG = {
  body: 1,
  final: 2,
  finalization: 3,
  receipts: 4,
  events: 5,
  transaction: 6,
  certificate: 7,
  epochEnd: 8,
  // 9 was evidence without its key.
  endHeader: 10,
  endCertificate: 11,
  epochConfig: 12,
  evidence: 13,
} as const;

/** A block and its bytes. */
export type StoredBlock = {
  readonly hash: Uint8Array;
  readonly block: Block;
  readonly bytes: Uint8Array;
};

/** Blocks that became final together: ascending, the last certified by `finalization`. */
export type FinalBatch = {
  readonly blocks: readonly { readonly hash: Uint8Array; readonly height: Height }[];
  readonly finalization: Certificate;
  readonly archive: readonly Certificate[];
  /** Bodies that are not stored yet: block sync has them all, consensus none. */
  readonly bodies: readonly { readonly hash: Uint8Array; readonly bytes: Uint8Array }[];
  /** Hashes of stored blocks of these heights that lost: their bodies are of no use any more. */
  readonly lost?: readonly Uint8Array[];
  /** Epochs whose last block is among them, with its header for those who walk the epochs. */
  readonly epochEnds: readonly {
    readonly epoch: Epoch;
    readonly height: Height;
    readonly header?: Header;
  }[];
};

export type ExecutionResult = {
  readonly height: Height;
  readonly receipts: Uint8Array;
  readonly events: Uint8Array;
  /** Ids in the order of the receipts, and whether each was applied. */
  readonly transactions: readonly { readonly id: Uint8Array; readonly applied: boolean }[];
};

export interface BlockStore {
  /** Stores a body; on disk when the promise resolves. */
  putBody(hash: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** SSZ of a block. */
  body(hash: Uint8Array): Promise<Uint8Array | undefined>;
  block(hash: Uint8Array): Promise<StoredBlock | undefined>;
  /** Synced. */
  putFinal(batch: FinalBatch): Promise<void>;
  finalHash(at: Height): Promise<Uint8Array | undefined>;
  /** Highest final block, if any. */
  tip(): Promise<{ readonly height: Height; readonly hash: Uint8Array } | undefined>;
  /** The certificate that made the block at `at` final: its own or that of a descendant. */
  finalization(
    at: Height,
  ): Promise<{ readonly height: Height; readonly certificate: Certificate } | undefined>;
  /** Highest height from `from` to `to` that has a finalization of its own. */
  lastFinalization(
    from: Height,
    to: Height,
  ): Promise<{ readonly height: Height; readonly certificate: Certificate } | undefined>;
  /** Buffered: a lost one is made again by execution. */
  putExecution(result: ExecutionResult): Promise<void>;
  results(
    at: Height,
  ): Promise<{ readonly receipts: Uint8Array; readonly events: Uint8Array } | undefined>;
  /** Where a transaction was executed: the first time, if it was tried more than once. */
  transaction(
    id: Uint8Array,
  ): Promise<{ readonly height: Height; readonly position: number } | undefined>;
  /** Last height of an epoch that is over. */
  epochEnd(of: Epoch): Promise<Height | undefined>;
  /**
   * Header of an epoch's last block and the certificate of that block itself, as SSZ; never pruned.
   * `undefined` while the epoch goes on, or where this node had no certificate of its own for it.
   */
  epochProof(
    of: Epoch,
  ): Promise<{ readonly header: Uint8Array; readonly finalization: Uint8Array } | undefined>;
  /** Keeps the config of an epoch for ever: who walks the epochs needs each. Synced. */
  putConfig(config: EpochConfig): Promise<void>;
  /** SSZ of the config of an epoch. */
  config(of: Epoch): Promise<Uint8Array | undefined>;
  /** Certificates of the views `from` to `to` of an epoch, ascending, at most `limit`. */
  certificates(
    of: Epoch,
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<Certificate[]>;
  /** Lowest height that is stored; 0 when none is. Cost: one seek. */
  lowest(): Promise<Height>;
  /** Forgets blocks below `height`, with results and proofs, at most `PRUNED_BLOCKS` a call. */
  prune(below: Height): Promise<void>;
  /** Synced. `key`: by epoch, view, signer, fault. */
  putEvidence(key: Uint8Array, record: EvidenceRecord): Promise<void>;
  /** The newest evidence, newest first, at most `MAX_EVIDENCE_SHOWN`. */
  evidence(): Promise<EvidenceRecord[]>;
  close(): Promise<void>;
}

/** Blocks forgotten in one call: a few ms. */
const PRUNED_BLOCKS = 64;

function decodeCertificate(bytes: Uint8Array): Certificate {
  const certificate = CertificateCodec.decode(bytes);
  assert(certificate.ok, 'a stored certificate decodes');
  return certificate.value;
}

function archiveKey(certificate: Certificate): Uint8Array {
  const { epoch, view } = certificate.subject.value;
  return storeKey(TAG.certificate, be64(epoch), be64(view));
}

function finalOperations(batch: FinalBatch): StoreOperation[] {
  const operations: StoreOperation[] = [];
  for (const { hash, bytes } of batch.bodies) {
    operations.push({ type: 'put', key: storeKey(TAG.body, hash), value: bytes });
  }
  for (const { hash, height: at } of batch.blocks) {
    operations.push({ type: 'put', key: storeKey(TAG.final, be64(at)), value: hash });
  }
  const last = batch.blocks.at(-1);
  if (last) {
    operations.push({
      type: 'put',
      key: storeKey(TAG.finalization, be64(last.height)),
      value: CertificateCodec.encode(batch.finalization),
    });
  }
  for (const certificate of batch.archive) {
    const value = CertificateCodec.encode(certificate);
    operations.push({ type: 'put', key: archiveKey(certificate), value });
  }
  for (const hash of batch.lost ?? []) {
    operations.push({ type: 'del', key: storeKey(TAG.body, hash) });
  }
  for (const { epoch, height: at, header } of batch.epochEnds) {
    operations.push({ type: 'put', key: storeKey(TAG.epochEnd, be64(epoch)), value: be64(at) });
    // Of another block, the certificate would prove it only by the headers between.
    if (header === undefined || at !== last?.height) continue;
    const kept = [
      [TAG.endHeader, HeaderCodec.encode(header)],
      [TAG.endCertificate, CertificateCodec.encode(batch.finalization)],
    ] as const;
    for (const [tag, value] of kept) {
      operations.push({ type: 'put', key: storeKey(tag, be64(epoch)), value });
    }
  }
  return operations;
}

export function createBlockStore(store: Store): BlockStore {
  const finalizationIn = async (
    from: number,
    to: number,
    reverse: boolean,
  ): Promise<{ height: Height; certificate: Certificate } | undefined> => {
    const range = {
      from: storeKey(TAG.finalization, be64(from)),
      to: storeKey(TAG.finalization, be64(to)),
      limit: 1,
      reverse,
    };
    for await (const [key, value] of store.range(range)) {
      return { height: height(readBe64(key, 1)), certificate: decodeCertificate(value) };
    }
    return undefined;
  };

  const lowest = async (): Promise<Height> => {
    const range = { from: storeKey(TAG.final), to: storeKey(TAG.final + 1), limit: 1 };
    for await (const [key] of store.range(range)) return height(readBe64(key, 1));
    return height(0);
  };

  return {
    putBody: (hash, bytes) =>
      store.batch([{ type: 'put', key: storeKey(TAG.body, hash), value: bytes }], 'sync'),
    body: (hash) => store.get(storeKey(TAG.body, hash)),
    async block(hash) {
      const bytes = await store.get(storeKey(TAG.body, hash));
      if (!bytes) return undefined;
      const block = BlockCodec.decode(bytes);
      assert(block.ok, 'a stored block decodes');
      return { hash, block: block.value, bytes };
    },
    putFinal: (batch) => store.batch(finalOperations(batch), 'sync'),
    finalHash: (at) => store.get(storeKey(TAG.final, be64(at))),
    async tip() {
      const range = {
        from: storeKey(TAG.final),
        to: storeKey(TAG.final + 1),
        limit: 1,
        reverse: true,
      };
      for await (const [key, hash] of store.range(range)) {
        return { height: height(readBe64(key, 1)), hash };
      }
      return undefined;
    },
    finalization: (at) => finalizationIn(at, Number.MAX_SAFE_INTEGER, false),
    lastFinalization: (from, to) => finalizationIn(from, to + 1, true),
    async putExecution({ height: at, receipts, events, transactions }) {
      const operations: StoreOperation[] = [
        { type: 'put', key: storeKey(TAG.receipts, be64(at)), value: receipts },
        { type: 'put', key: storeKey(TAG.events, be64(at)), value: events },
      ];
      // Of two with one id the first that succeeds wins, so an invalid one is only noted where
      // nothing is; it is written before the applied ones of its block.
      const ordered = [...transactions.entries()].sort(
        ([, a], [, b]) => Number(a.applied) - Number(b.applied),
      );
      for (const [position, { id, applied }] of ordered) {
        const key = storeKey(TAG.transaction, id);
        if (!applied && (await store.get(key))) continue;
        const value = new Uint8Array(10);
        value.set(be64(at));
        value[8] = Math.floor(position / 256);
        value[9] = position % 256;
        operations.push({ type: 'put', key, value });
      }
      await store.batch(operations, 'buffered');
    },
    async results(at) {
      const receipts = await store.get(storeKey(TAG.receipts, be64(at)));
      const events = await store.get(storeKey(TAG.events, be64(at)));
      return receipts && events && { receipts, events };
    },
    async transaction(id) {
      const place = await store.get(storeKey(TAG.transaction, id));
      if (!place) return undefined;
      const position = (place[8] ?? 0) * 256 + (place[9] ?? 0);
      return { height: height(readBe64(place, 0)), position };
    },
    async epochEnd(of) {
      const found = await store.get(storeKey(TAG.epochEnd, be64(of)));
      return found && height(readBe64(found, 0));
    },
    async epochProof(of) {
      const header = await store.get(storeKey(TAG.endHeader, be64(of)));
      const finalization = await store.get(storeKey(TAG.endCertificate, be64(of)));
      return header && finalization && { header, finalization };
    },
    putConfig: (config) =>
      store.batch(
        [
          {
            type: 'put',
            key: storeKey(TAG.epochConfig, be64(config.epoch)),
            value: EpochConfigCodec.encode(config),
          },
        ],
        'sync',
      ),
    config: (of) => store.get(storeKey(TAG.epochConfig, be64(of))),
    async certificates(of, { from, to, limit }) {
      const found: Certificate[] = [];
      const range = {
        from: storeKey(TAG.certificate, be64(of), be64(from)),
        to: storeKey(TAG.certificate, be64(of), be64(to + 1)),
        limit,
      };
      for await (const [, value] of store.range(range)) found.push(decodeCertificate(value));
      return found;
    },
    lowest,
    async prune(below) {
      const from = await lowest();
      const to = Math.min(below, from + PRUNED_BLOCKS);
      const operations: StoreOperation[] = [];
      for (let at = from; at < to; at++) {
        const hash = await store.get(storeKey(TAG.final, be64(at)));
        if (hash) operations.push({ type: 'del', key: storeKey(TAG.body, hash) });
        const receipts = await store.get(storeKey(TAG.receipts, be64(at)));
        const decoded = receipts && ReceiptsCodec.decode(receipts);
        for (const { transactionId } of decoded?.ok ? decoded.value : []) {
          operations.push({ type: 'del', key: storeKey(TAG.transaction, transactionId) });
        }
        for (const tag of [TAG.final, TAG.finalization, TAG.receipts, TAG.events]) {
          operations.push({ type: 'del', key: storeKey(tag, be64(at)) });
        }
      }
      await store.batch(operations, 'buffered');
    },
    putEvidence: (key, record) =>
      store.batch(
        [
          {
            type: 'put',
            key: storeKey(TAG.evidence, key),
            value: EvidenceRecordCodec.encode(record),
          },
        ],
        'sync',
      ),
    async evidence() {
      const found: EvidenceRecord[] = [];
      const range = {
        from: storeKey(TAG.evidence),
        to: storeKey(TAG.evidence + 1),
        limit: MAX_EVIDENCE_SHOWN,
        reverse: true,
      };
      for await (const [, value] of store.range(range)) {
        const record = EvidenceRecordCodec.decode(value);
        assert(record.ok, 'stored evidence decodes');
        found.push(record.value);
      }
      return found;
    },
    close: () => store.close(),
  };
}
