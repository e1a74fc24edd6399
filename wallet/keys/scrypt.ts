/** Scrypt of Node (0.7 s at N = 2¹⁸; the portable one takes 1 s). */
import { scrypt } from 'node:crypto';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Scrypt } from './keystore.ts';

/** 128·N·r bytes and some room: the library refuses to use more. */
const memoryOf = (n: number): number => 128 * n * 8 + 32 * 1024 * 1024;

/**
 * A scrypt that computes a key once for files with the same salt, as those of one backup are: each
 * has its own nonce, so sharing a key gives nothing away, and ten keys take the time of one.
 */
export function scryptOnce(scrypt: Scrypt): Scrypt {
  const known = new Map<string, Promise<Uint8Array>>();
  return (password, salt, cost) => {
    const id = `${toHex(password)}/${toHex(salt)}/${cost.n}`;
    const key = known.get(id) ?? scrypt(password, salt, cost);
    known.set(id, key);
    return key;
  };
}

export const nodeScrypt: Scrypt = (password, salt, { n, r, p, dklen }) =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, dklen, { N: n, r, p, maxmem: memoryOf(n) }, (cause, key) => {
      if (cause === null) resolve(new Uint8Array(key));
      else reject(cause);
    });
  });
