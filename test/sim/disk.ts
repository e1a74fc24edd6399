/**
 * A disk that keeps only what was synced.
 *
 * A `Medium` is one machine's disk: it outlives crashes. Each store on it has a durable layer and a
 * log of writes that have not been synced. Reads see both. A synced write makes everything logged
 * before it durable, after `syncUs`. A crash keeps, of the unsynced writes, a prefix of random
 * length (the operating system may have written some), each batch whole, in order, as one log does.
 *
 * `attach` gives a process `Disk` of node/ports.ts for one life; `write` and `read` serve code
 * without promises.
 */
import type { Disk, Store, StoreName, StoreOperation } from '../../node/ports.ts';
import { compareBytes, toHex } from '../../runtime/core/bytes.ts';
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
  /** Power fails: unsynced writes are lost but for a random prefix. */
  readonly crash: () => void;
  /** From now on every write to this store fails. */
  readonly fail: (store: string) => void;
  readonly attach: (life: Life) => Disk;
};

function apply(entries: Map<string, Entry>, batch: Batch): void {
  for (const operation of batch) {
    const key = toHex(operation.key);
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
}): Medium {
  const { scheduler, prng, syncUs } = options;
  const stores = new Map<string, Layers>();
  const failing = new Set<string>();
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
    if (failing.has(name)) {
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
      if (life.alive) done(false);
    });
  };

  const medium: Medium = {
    write,
    read: (name) => entriesOf(layersOf(name)),
    isDurable: (name, key) => layersOf(name).durable.has(toHex(key)),
    crash() {
      generation += 1;
      for (const layers of stores.values()) {
        const kept = prng.between(0, layers.unsynced.length);
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
    attach: (life) => ({
      open: (name: StoreName) => Promise.resolve(storeOn(name, life)),
    }),
  };

  const storeOn = (name: StoreName, life: Life): Store => {
    const settled = <T>(value: () => T): Promise<T> =>
      life.alive ? Promise.resolve(value()) : never<T>();
    return {
      get: (key) => settled(() => layersOf(name).visible.get(toHex(key))?.[1]),
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
          get: (key) => settled(() => past.get(toHex(key))?.[1]),
          close: () => settled(() => undefined),
        };
      },
      close: () => settled(() => undefined),
    };
  };

  return medium;
}
