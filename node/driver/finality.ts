/**
 * What became final, in order: connected to the tip, synced, handed to the executor.
 *
 * Consensus tells of a certified block and block sync of ranges; both come through here, one after
 * the other, so that heights have no gap and nothing is executed before its finality is on disk.
 */
import type { Certificate } from '../../consensus/messages.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import type { Height, TimestampMs } from '../../runtime/core/units.ts';
import type { Clock } from '../ports.ts';
import { type Chain, type ChainBlock, isLastOfEpoch, isTip, loadBlock, setTip } from './chain.ts';

/** A certificate of finality, and what a node must keep with it. */
export type Finalization = {
  readonly payload: Uint8Array;
  readonly certificate: Certificate;
  /** One certificate for each view since the last final one, as far as known. */
  readonly archive: readonly Certificate[];
};

/** Certificates kept while a finalization waits for its blocks. */
const MAX_ARCHIVE = 4_096;

export type Finality = {
  /** From consensus: the block and its ancestors are final. Waits here when one is missing. */
  certified(finalization: Finalization): void;
  /**
   * From block sync: consecutive proven blocks, the last certified; those that are final already are
   * skipped. Resolves when the last is final.
   */
  range(blocks: readonly ChainBlock[], certificate: Certificate): Promise<void>;
  /** A block was stored, or the tip moved: what waits may connect now. */
  wake(): void;
  /** Whether a finalization waits for blocks that this node lacks. */
  isWaiting(): boolean;
};

export type FinalityOptions = {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly finalizedAt: Map<Height, TimestampMs>;
  /** These blocks are final and on disk; called in order of height. */
  readonly onFinal: (blocks: readonly ChainBlock[], certificate: Certificate) => void;
  /** A finalization does not connect: blocks are missing. */
  readonly onGap: () => void;
  readonly onFailure: (error: unknown) => void;
};

export function createFinality(options: FinalityOptions): Finality {
  const { chain, clock } = options;
  let last: Promise<unknown> = Promise.resolve();
  let waiting: Finalization | undefined;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(options.onFailure);
    return mine;
  };

  /** Blocks above the tip up to `payload`, ascending; undefined when one is missing. */
  const connect = async (payload: Uint8Array): Promise<ChainBlock[] | undefined> => {
    const path: ChainBlock[] = [];
    let hash = payload;
    while (!isTip(chain, hash)) {
      const block = await loadBlock(chain, hash);
      if (!block) return undefined;
      if (block.header.height <= chain.tip.header.height) {
        const final = await chain.store.finalHash(block.header.height);
        assert(
          final !== undefined && equalBytes(final, hash),
          `two blocks are final at ${block.header.height}: more than a third of the weight is faulty`,
        );
        return path.length === 0 ? [] : undefined;
      }
      path.push(block);
      hash = block.header.parent;
    }
    return path.reverse();
  };

  /** Blocks held at the heights that become final, and not among those. */
  const lostAgainst = (blocks: readonly ChainBlock[]): ChainBlock[] => {
    const won = new Set(blocks.map(({ key }) => key));
    const from = chain.tip.header.height + 1;
    const to = blocks.at(-1)?.header.height ?? 0;
    return [...chain.blocks.values()].filter(
      ({ key, header }) => header.height >= from && header.height <= to && !won.has(key),
    );
  };

  const commit = async (
    blocks: readonly ChainBlock[],
    certificate: Certificate,
    archive: readonly Certificate[],
    bodies: readonly ChainBlock[],
  ): Promise<void> => {
    const tip = blocks.at(-1);
    if (!tip) return;
    assert(
      blocks.every((block, i) =>
        equalBytes(block.header.parent, (blocks[i - 1] ?? chain.tip).hash),
      ),
      'final blocks follow each other',
    );
    const lost = lostAgainst(blocks);
    const ends = blocks.filter(({ header }) => isLastOfEpoch(chain, header));
    await chain.store.putFinal({
      blocks: blocks.map(({ hash, header }) => ({ hash, height: header.height })),
      finalization: certificate,
      archive,
      bodies: bodies.flatMap(({ hash, bytes }) => (bytes ? [{ hash, bytes }] : [])),
      lost: lost.map(({ hash }) => hash),
      epochEnds: ends.map(({ header }) => ({ epoch: header.epoch, height: header.height, header })),
    });
    for (const { key } of lost) chain.blocks.delete(key);
    const now = clock.now();
    for (const block of blocks) {
      chain.blocks.set(block.key, block);
      options.finalizedAt.set(block.header.height, now);
    }
    for (const { header } of ends) chain.epochEnds.set(header.epoch, header.height);
    setTip(chain, tip);
    options.onFinal(blocks, certificate);
  };

  const tryWaiting = async (): Promise<void> => {
    const finalization = waiting;
    if (!finalization) return;
    const path = await connect(finalization.payload);
    if (!path) {
      options.onGap();
      return;
    }
    // Set before the write: a newer finalization may have replaced this one meanwhile.
    if (waiting === finalization) waiting = undefined;
    await commit(path, finalization.certificate, finalization.archive, []);
  };

  return {
    certified(finalization) {
      // The newer one proves the older: only its archive would be lost, and views can be fetched.
      const archive = [...(waiting?.archive ?? []), ...finalization.archive].slice(-MAX_ARCHIVE);
      waiting = { ...finalization, archive };
      void inTurn(tryWaiting);
    },
    range: (blocks, certificate) =>
      inTurn(async () => {
        const above = blocks.filter(({ header }) => header.height > chain.tip.header.height);
        await commit(above, certificate, [certificate], above);
        await tryWaiting();
      }),
    wake() {
      if (waiting) void inTurn(tryWaiting);
    },
    isWaiting: () => waiting !== undefined,
  };
}
