/**
 * `Disk` on LevelDB: one database for each store, in folders of their names.
 *
 * LevelDB holds an operating-system lock on each open database, which a dead process cannot leave
 * behind; that is what keeps two nodes off one data folder. Values carry a checksum of ours
 * (`checked-store.ts`), since LevelDB does not check its tables when it is read.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { Disk, Store, StoreName } from '../ports.ts';
import { checkedStore } from './checked-store.ts';

/** Why a store cannot be opened. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: 'locked' | 'corrupt' | 'failed';
  constructor(code: 'locked' | 'corrupt' | 'failed', detail: string) {
    super(detail);
    this.code = code;
  }
}

type Database = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * Memory of each database, in bytes. The write buffer is how much a log may hold before it becomes
 * a table; the journal's rows are few and short-lived, blocks are written once and seldom read.
 */
const SIZES: Readonly<Record<StoreName, { writeBufferSize: number; cacheSize: number }>> = {
  journal: { writeBufferSize: 2 * 1024 * 1024, cacheSize: 512 * 1024 },
  blocks: { writeBufferSize: 8 * 1024 * 1024, cacheSize: 2 * 1024 * 1024 },
  state: { writeBufferSize: 8 * 1024 * 1024, cacheSize: 2 * 1024 * 1024 },
};

/** LevelDB gives `Buffer`s, whose `slice` shares memory where that of `Uint8Array` copies. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function storeOf(database: Database): Store {
  return {
    async get(key) {
      const value = await database.get(key);
      return value && plain(value);
    },
    async batch(operations, durability) {
      if (operations.length === 0) return;
      // Chained, in a third of the time: of an array, each operation is copied and described twice.
      const batch = database.batch();
      for (const operation of operations) {
        if (operation.type === 'put') batch.put(operation.key, operation.value);
        else batch.del(operation.key);
      }
      await batch.write({ sync: durability === 'sync' });
    },
    async *range({ from, to, limit = -1, reverse = false }) {
      for await (const [key, value] of database.iterator({ gte: from, lt: to, limit, reverse })) {
        yield [plain(key), plain(value)] as const;
      }
    },
    snapshot() {
      const snapshot = database.snapshot();
      return {
        async get(key) {
          const value = await database.get<Uint8Array, Uint8Array>(key, { snapshot });
          return value && plain(value);
        },
        close: () => snapshot.close(),
      };
    },
    close: () => database.close(),
  };
}

/** The cause at the bottom of LevelDB's wrapped errors. */
function rootCause(error: unknown): { code: string; message: string } {
  const cause = error instanceof Error && error.cause ? rootCause(error.cause) : undefined;
  if (cause) return cause;
  const code = (error as { code?: unknown } | undefined)?.code;
  return {
    code: typeof code === 'string' ? code : '',
    message: error instanceof Error ? error.message : String(error),
  };
}

/** A disk in `folder`, made if it is missing. `open` throws `DiskError`. */
export function createLevelDisk(folder: string): Disk {
  return {
    async open(name) {
      const location = join(folder, name);
      await mkdir(location, { recursive: true });
      const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
        keyEncoding: 'view',
        valueEncoding: 'view',
        // Bodies are signatures and hashes, rows are small: compression gains little and costs CPU.
        compression: false,
        ...SIZES[name],
      });
      try {
        await database.open();
      } catch (error) {
        const { code, message } = rootCause(error);
        if (code === 'LEVEL_LOCKED') throw new DiskError('locked', `${location} is in use`);
        if (code === 'LEVEL_CORRUPTION') throw new DiskError('corrupt', `${location}: ${message}`);
        throw new DiskError('failed', `${location}: ${message}`);
      }
      return checkedStore(storeOf(database));
    },
  };
}
