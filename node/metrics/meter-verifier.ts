/** A verifier whose work is counted: signatures by purpose, and how many wait. */
import type { Verifier } from '../crypto/verifier.ts';
import type { Metrics } from '../metrics.ts';

export function meterVerifier(verifier: Verifier, metrics: Metrics): Verifier {
  let waiting = 0;
  const wait = (change: number): void => {
    waiting += change;
    metrics.set('verifications_waiting', waiting);
  };
  return {
    verifyNow(publicKey, digest, signature) {
      metrics.count('signatures_verified', 1, 'consensus');
      return verifier.verifyNow(publicKey, digest, signature);
    },
    async verify(checks, priority) {
      wait(checks.length);
      try {
        const good = await verifier.verify(checks, priority);
        metrics.count('signatures_verified', checks.length, priority);
        return good;
      } finally {
        wait(-checks.length);
      }
    },
    close: () => verifier.close(),
  };
}
