/**
 * A disk in memory that keeps only what was synced, and a life that ends at once: after `kill` no
 * timer fires, no promise of the disk settles, and nothing more is written.
 */
import type { Clock, Disk, Store, StoreName, StoreOperation } from '../../node/ports.ts';
import { compareBytes, toHex } from '../../runtime/core/bytes.ts';
import { timestampMs } from '../../runtime/core/units.ts';

type Rows = Map<string, readonly [Uint8Array, Uint8Array]>;
type Layers = { durable: Rows; visible: Rows; unsynced: StoreOperation[][] };

function apply(rows: Rows, batch: readonly StoreOperation[]): void {
  for (const operation of batch) {
    const key = toHex(operation.key);
    if (operation.type === 'put') rows.set(key, [operation.key, operation.value]);
    else rows.delete(key);
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

export type Life = { readonly disk: Disk; readonly clock: Clock; readonly kill: () => void };

/** One machine: what its disk holds outlives its processes. */
export function createMachine(random: () => number): { begin(): Life } {
  const stores = new Map<StoreName, Layers>();

  const layersOf = (name: StoreName): Layers => {
    const known = stores.get(name);
    if (known) return known;
    const layers: Layers = { durable: new Map(), visible: new Map(), unsynced: [] };
    stores.set(name, layers);
    return layers;
  };

  /** Power fails: of what was not synced a random prefix has reached the disk. */
  const crash = (): void => {
    for (const layers of stores.values()) {
      const kept = Math.floor(random() * (layers.unsynced.length + 1));
      for (const batch of layers.unsynced.slice(0, kept)) apply(layers.durable, batch);
      layers.unsynced = [];
      layers.visible = new Map(layers.durable);
    }
  };

  const begin = (): Life => {
    let alive = true;
    const later = <T>(value: () => T): Promise<T> =>
      new Promise((resolve) => {
        setImmediate(() => {
          if (alive) resolve(value());
        });
      });
    const storeOf = (name: StoreName): Store => {
      const layers = layersOf(name);
      return {
        get: (key) => (alive ? later(() => layers.visible.get(toHex(key))?.[1]) : never()),
        batch(operations, durability) {
          if (!alive) return never();
          const batch = [...operations];
          layers.unsynced.push(batch);
          apply(layers.visible, batch);
          const upTo = layers.unsynced.length;
          return later(() => {
            if (durability === 'buffered') return;
            for (const one of layers.unsynced.splice(0, upTo)) apply(layers.durable, one);
          });
        },
        async *range({ from, to, limit = Number.POSITIVE_INFINITY, reverse = false }) {
          if (!alive) await never();
          const found = [...layers.visible.values()]
            .filter(([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
            .sort((a, b) => compareBytes(a[0], b[0]));
          if (reverse) found.reverse();
          for (const row of found.slice(0, limit)) yield row;
        },
        snapshot() {
          const past = new Map(layers.visible);
          return {
            get: (key) => later(() => past.get(toHex(key))?.[1]),
            close: () => Promise.resolve(),
          };
        },
        close: () => Promise.resolve(),
      };
    };
    return {
      disk: { open: (name) => Promise.resolve(storeOf(name)) },
      clock: {
        now: () => timestampMs(Date.now()),
        setTimer(delayMs, fire) {
          const timer = setTimeout(() => {
            if (alive) fire();
          }, delayMs);
          return { cancel: () => clearTimeout(timer) };
        },
      },
      kill() {
        alive = false;
        crash();
      },
    };
  };
  return { begin };
}
