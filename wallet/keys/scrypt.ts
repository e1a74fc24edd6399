/** Scrypt of Node (0.7 s at N = 2¹⁸; the portable one takes 1 s). */
import { scrypt } from 'node:crypto';
import type { Scrypt } from './keystore.ts';

/** 128·N·r bytes and some room: the library refuses to use more. */
const memoryOf = (n: number): number => 128 * n * 8 + 32 * 1024 * 1024;

export const nodeScrypt: Scrypt = (password, salt, { n, r, p, dklen }) =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, dklen, { N: n, r, p, maxmem: memoryOf(n) }, (cause, key) => {
      if (cause === null) resolve(new Uint8Array(key));
      else reject(cause);
    });
  });
