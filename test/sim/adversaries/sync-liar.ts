/** Answers whoever lags with other blocks than asked for, and with certificates of nothing or none. */
import { sha256 } from '../../../runtime/core/hash.ts';
import { height, timestampMs } from '../../../runtime/core/units.ts';
import type { Adversary } from './adversary.ts';

export const syncLiar: Adversary = ({ prng }) => ({
  certificates(_to, held) {
    switch (prng.between(0, 3)) {
      case 0:
        return [];
      case 1:
        return held.slice(0, 1);
      case 2:
        return held.map((one) => ({ ...one, signatures: [...one.signatures].reverse() }));
      default: {
        // Subjects and signatures of different views.
        const subjects = held.map(({ subject }) => subject).reverse();
        return held.map((one, index) => ({ ...one, subject: subjects[index] ?? one.subject }));
      }
    }
  },
  header(_to, held) {
    switch (prng.between(0, 3)) {
      case 0:
        return undefined;
      case 1:
        return { ...held, timestamp: timestampMs(held.timestamp + 1) };
      case 2:
        return { ...held, height: height(held.height + 1) };
      default:
        return { ...held, transactionsRoot: sha256(held.transactionsRoot) };
    }
  },
});
