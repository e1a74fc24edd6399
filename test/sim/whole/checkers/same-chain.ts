/**
 * One chain: at each height all nodes, in all their lives, have the same final block, the same
 * receipts and events, and the same state root; a header carries the roots that nodes computed; what
 * was final before a crash is final after it; and nothing is executed before it is final on disk.
 */
import { be64, storeKey } from '../../../../node/storage/keys.ts';
import { BlockCodec } from '../../../../runtime/block.ts';
import { toHex } from '../../../../runtime/core/bytes.ts';
import { sha256 } from '../../../../runtime/core/hash.ts';
import type { WholeChecker } from '../watch.ts';

/** Tag of the index of final blocks by height (node/storage/block-store.ts). */
const TAG_FINAL = 2;

export type SameChain = WholeChecker & {
  readonly height: () => number;
  /** Highest epoch of a final block. */
  readonly epoch: () => number;
};

export function sameChain(): SameChain {
  const violations: string[] = [];
  const known = new Map<string, string>();
  const carried = new Map<number, string>();
  const roots = new Map<number, string>();
  const reached = new Map<number, number>();
  let highest = 0;
  let epoch = 0;

  /** The first to say is believed; everyone after it must say the same. */
  const agree = (what: string, machine: number, value: string): void => {
    const before = known.get(what);
    if (before === undefined) known.set(what, value);
    else if (before !== value)
      violations.push(`${what}: node ${machine} ${value}, before ${before}`);
  };

  const compareRoot = (at: number): void => {
    const own = roots.get(at);
    const header = carried.get(at);
    if (own && header && own !== header) {
      violations.push(`height ${at}: root ${own}, a final header carries ${header}`);
    }
  };

  return {
    name: 'same chain',
    violations,
    height: () => highest,
    epoch: () => epoch,
    watch: {
      onExecuted(machine, { height, hash, block: bytes, receipts, events }, stateRoot) {
        const { index } = machine;
        agree(`block ${height}`, index, toHex(hash));
        agree(`receipts ${height}`, index, toHex(sha256(receipts)));
        agree(`events ${height}`, index, toHex(sha256(events)));
        if (!machine.isDurable('blocks', storeKey(TAG_FINAL, be64(height)))) {
          violations.push(`node ${index} executed ${height} before its finality was on disk`);
        }
        const block = BlockCodec.decode(bytes);
        if (!block.ok) {
          violations.push(`node ${index}: block ${height} does not decode`);
          return;
        }
        const { executed } = block.value.header;
        if (executed.height > 0) {
          carried.set(executed.height, toHex(executed.stateRoot));
          compareRoot(executed.height);
        }
        if (stateRoot) {
          agree(`state root ${height}`, index, toHex(stateRoot));
          roots.set(height, toHex(stateRoot));
          compareRoot(height);
        }
        reached.set(index, Math.max(reached.get(index) ?? 0, height));
        highest = Math.max(highest, height);
        epoch = Math.max(epoch, block.value.header.epoch);
      },
      onStarted({ index }, finalHeight) {
        const before = reached.get(index) ?? 0;
        if (finalHeight < before) {
          violations.push(`node ${index} came back at ${finalHeight}, had executed ${before}`);
        }
      },
    },
  };
}
