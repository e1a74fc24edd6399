/** What a disk flips is found: values carry a checksum where LevelDB's tables are not checked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DamagedValueError, openValue, sealValue } from '../../node/storage/checked-store.ts';
import { createLevelDisk } from '../../node/storage/level-disk.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';

const KEY = asciiBytes('a key');

describe('a sealed value', () => {
  test('opens to what was sealed, also when empty', () => {
    for (const text of ['', 'x', 'a longer value']) {
      expect(openValue(KEY, sealValue(KEY, asciiBytes(text)))).toEqual(asciiBytes(text));
    }
  });

  test('with any one bit flipped, cut short, or under another key, it does not open', () => {
    const sealed = sealValue(KEY, asciiBytes('value'));
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const flipped = new Uint8Array(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openValue(KEY, flipped), `bit ${bit}`).toThrow(DamagedValueError);
    }
    expect(() => openValue(KEY, sealed.subarray(1))).toThrow(DamagedValueError);
    expect(() => openValue(KEY, new Uint8Array(3))).toThrow(DamagedValueError);
    expect(() => openValue(asciiBytes('b key'), sealed)).toThrow(DamagedValueError);
  });
});

test('a bit flipped in a table of LevelDB is an error to whoever reads it, not another value', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miletus-checked-'));
  try {
    const value = asciiBytes('the vote that this node signed');
    const store = await createLevelDisk(folder).open('journal');
    await store.batch([{ type: 'put', key: KEY, value }], 'sync');
    await store.close();
    // Opening it again moves the row from the log, which LevelDB checks, to a table.
    await (await createLevelDisk(folder).open('journal')).close();
    const tables = readdirSync(join(folder, 'journal')).filter((name) => name.endsWith('.ldb'));
    expect(tables).toHaveLength(1);
    const path = join(folder, 'journal', tables[0] ?? '');
    const bytes = readFileSync(path);
    const at = bytes.indexOf(Buffer.from(value));
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const damaged = await createLevelDisk(folder).open('journal');
    await expect(damaged.get(KEY)).rejects.toThrow(DamagedValueError);
    const all = async (): Promise<void> => {
      for await (const _ of damaged.range({ from: KEY, to: asciiBytes('b') }));
    };
    await expect(all()).rejects.toThrow(DamagedValueError);
    await damaged.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
