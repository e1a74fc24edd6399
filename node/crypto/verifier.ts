/**
 * Checking signatures: at once, for the few of consensus, and in batches, for those of
 * transactions. A process does the batches in a thread; the simulator in place.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import type { SignatureCheck } from '../../runtime/validity.ts';
import { verifySignature } from './verify-signature.ts';

/** `proposal`: a vote waits for it. `admission`: a mempool does. */
export type VerifyPriority = 'proposal' | 'admission';

export interface Verifier {
  /** On the caller's thread: 50 µs. For votes and certificates. */
  readonly verifyNow: VerifySignature;
  /**
   * One answer for each check, in order. Rejects only when the verifier is closed. Batches of the
   * first priority overtake those of the second.
   */
  verify(checks: readonly SignatureCheck[], priority: VerifyPriority): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

/** A verifier without a thread. `verifyNow` is for ed25519 alone. */
export function createInlineVerifier(verifyNow: VerifySignature): Verifier {
  return {
    verifyNow,
    verify: (checks) =>
      Promise.resolve(
        checks.map((check) => {
          const { scheme = SCHEME.ed25519, publicKey, digest, signature } = check;
          if (scheme !== SCHEME.ed25519) return verifySignature(check);
          return verifyNow(publicKey, digest, signature);
        }),
      ),
    close: () => Promise.resolve(),
  };
}
