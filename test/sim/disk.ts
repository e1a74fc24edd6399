/**
 * A disk that keeps only what was synced, fills up, and flips bits.
 *
 * A `Medium` is one machine's disk: it outlives crashes. Each store on it has a durable layer and a
 * log of writes that have not been synced. Reads see both. A synced write makes everything logged
 * before it durable, after `syncUs`. A crash keeps, of the unsynced writes, a prefix of random
 * length (the operating system may have written some), each batch whole, in order, as one log does:
 * a torn batch is one whose checksum fails, and is dropped with all after it. A flipped bit in a
 * value is left to whoever reads it to find.
 *
 * `attach` gives a process `Disk` of node/ports.ts for one life; `write` and `read` serve code
 * without promises.
 */
import type { Disk, Store, StoreName, StoreOperation } from '../../node/ports.ts';
import { checkedStore } from '../../node/storage/checked-store.ts';
import { compareBytes } from '../../runtime/core/bytes.ts';
import { type Life, never } from './life.ts';
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';

type Entry = readonly [Uint8Array, Uint8Array];
type Batch = readonly StoreOperation[];

type Layers = {
  readonly durable: Map<string, Entry>;
  /** Durable with the unsynced batches applied. */
  visible: Map<string, Entry>;
  unsynced: Batch[];
  /** `visible` in order of keys, until the next write. */
  ordered: readonly Entry[] | undefined;
  /** Syncs under way take their turn: one device. */
  busyUntilUs: number;
};

export type Medium = {
  /** Writes now; `done` is called when the write has the durability asked for. Sync calls may queue. */
  readonly write: (
    store: string,
    batch: Batch,
    options: { readonly durability: 'sync' | 'buffered'; readonly life: Life },
    done: (failed: boolean) => void,
  ) => void;
  /** Entries in ascending order of key, as a running process sees them. */
  readonly read: (store: string) => readonly Entry[];
  /** Whether a key is on disk for good. */
  readonly isDurable: (store: string, key: Uint8Array) => boolean;
  /** Power fails: unsynced writes are lost but for a prefix: of random length, none, or all. */
  readonly crash: (kept?: 'none' | 'all') => void;
  /** From now on every write to this store fails. */
  readonly fail: (store: string) => void;
  /** Whether the disk is full: then every write fails. */
  readonly setFull: (full: boolean) => void;
  /** Flips a bit of a value of this store, on disk and in what is read; false when there is none. */
  readonly flipBit: (store: string) => boolean;
  readonly attach: (life: Life) => Disk;
};

/** A key of a map for a key of a store. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function apply(entries: Map<string, Entry>, batch: Batch): void {
  for (const operation of batch) {
    const key = textOf(operation.key);
    if (operation.type === 'put') entries.set(key, [operation.key, operation.value]);
    else entries.delete(key);
  }
}

function entriesOf(layers: Layers): readonly Entry[] {
  layers.ordered ??= [...layers.visible.values()].sort((a, b) => compareBytes(a[0], b[0]));
  return layers.ordered;
}

export function createMedium(options: {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly syncUs: number;
  /** Told before a write has any effect, and when a synced one is on disk but nobody knows. */
  readonly onPoint?: (what: string) => void;
}): Medium {
  const { scheduler, prng, syncUs, onPoint } = options;
  const stores = new Map<string, Layers>();
  const failing = new Set<string>();
  let isFull = false;
  let generation = 0;

  const layersOf = (name: string): Layers => {
    let layers = stores.get(name);
    if (!layers) {
      layers = {
        durable: new Map(),
        visible: new Map(),
        unsynced: [],
        ordered: undefined,
        busyUntilUs: 0,
      };
      stores.set(name, layers);
    }
    return layers;
  };

  const write: Medium['write'] = (name, batch, { durability, life }, done) => {
    if (!life.alive) return;
    onPoint?.(`before a ${durability} write of ${name}`);
    if (!life.alive) return;
    if (isFull || failing.has(name)) {
      done(true);
      return;
    }
    const layers = layersOf(name);
    layers.unsynced.push(batch);
    apply(layers.visible, batch);
    layers.ordered = undefined;
    if (durability === 'buffered') {
      done(false);
      return;
    }
    const written = layers.unsynced.length;
    const upTo = layers.unsynced[written - 1];
    const born = generation;
    layers.busyUntilUs = Math.max(layers.busyUntilUs, scheduler.nowUs()) + syncUs;
    scheduler.after(layers.busyUntilUs - scheduler.nowUs(), () => {
      if (born !== generation || !upTo) return;
      const index = layers.unsynced.indexOf(upTo);
      for (const one of layers.unsynced.splice(0, index + 1)) apply(layers.durable, one);
      onPoint?.(`after a sync of ${name}`);
      if (life.alive) done(false);
    });
  };

  const medium: Medium = {
    write,
    read: (name) => entriesOf(layersOf(name)),
    isDurable: (name, key) => layersOf(name).durable.has(textOf(key)),
    crash(keep) {
      generation += 1;
      for (const layers of stores.values()) {
        const { length } = layers.unsynced;
        const kept = keep === 'none' ? 0 : keep === 'all' ? length : prng.between(0, length);
        for (const batch of layers.unsynced.slice(0, kept)) apply(layers.durable, batch);
        layers.unsynced = [];
        layers.visible = new Map(layers.durable);
        layers.ordered = undefined;
        layers.busyUntilUs = 0;
      }
    },
    fail(name) {
      failing.add(name);
    },
    setFull(full) {
      isFull = full;
    },
    flipBit(name) {
      const layers = layersOf(name);
      const found = [...layers.durable.entries()].filter(([, [, value]]) => value.length > 0);
      if (found.length === 0) return false;
      const [text, [key, value]] = prng.pick(found);
      const flipped = new Uint8Array(value);
      const at = prng.between(0, flipped.length - 1);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << prng.between(0, 7));
      layers.durable.set(text, [key, flipped]);
      if (layers.visible.get(text)?.[1] === value) layers.visible.set(text, [key, flipped]);
      layers.ordered = undefined;
      return true;
    },
    attach: (life) => ({
      open: (name: StoreName) => Promise.resolve(checkedStore(storeOn(name, life))),
    }),
  };

  const storeOn = (name: StoreName, life: Life): Store => {
    const settled = <T>(value: () => T): Promise<T> =>
      life.alive ? Promise.resolve(value()) : never<T>();
    return {
      get: (key) => settled(() => layersOf(name).visible.get(textOf(key))?.[1]),
      batch: (operations, durability) =>
        new Promise((resolve, reject) => {
          write(name, [...operations], { durability, life }, (failed) => {
            if (failed) reject(new Error(`simulated write failure of ${name}`));
            else resolve();
          });
        }),
      async *range({ from, to, limit = Number.POSITIVE_INFINITY, reverse = false }) {
        if (!life.alive) await never();
        const found = entriesOf(layersOf(name)).filter(
          ([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0,
        );
        yield* (reverse ? found.reverse() : found).slice(0, limit);
      },
      snapshot() {
        const past = new Map(layersOf(name).visible);
        return {
          get: (key) => settled(() => past.get(textOf(key))?.[1]),
          close: () => settled(() => undefined),
        };
      },
      close: () => settled(() => undefined),
    };
  };

  return medium;
}
