/** Static worst-case weights of signatures and of actions of security; one unit is about a microsecond. */
import { newKeysOf, SECURITY_ACTION, type SecurityAction } from '../../actions/security.ts';
import { SCHEME } from '../../transaction.ts';

const ED25519_WEIGHT = 60;
/** By `@noble/curves`: 31 times an ed25519 signature, measured in one run. */
const SECP256K1_WEIGHT = 1_900;
/** By `node:crypto`, with the parse of the point by `@noble/curves`: 3.5 times. */
const WEBAUTHN_WEIGHT = 250;

/** Weight of verifying one signature of a scheme. */
export function signatureWeight(scheme: number): number {
  if (scheme === SCHEME.secp256k1) return SECP256K1_WEIGHT;
  return scheme === SCHEME.webauthn ? WEBAUTHN_WEIGHT : ED25519_WEIGHT;
}

/** Weight of an action, with the signatures of the keys that it brings. */
export function securityWeight(action: SecurityAction): number {
  const proofs = newKeysOf(action).reduce((sum, { scheme }) => sum + signatureWeight(scheme), 0);
  switch (action.selector) {
    // Each change looks at every key there is.
    case SECURITY_ACTION.changeSecurity:
      return 60 + 40 * action.value.changes.length + proofs;
    case SECURITY_ACTION.recover:
      return 100 + proofs;
    case SECURITY_ACTION.withdraw:
      return 60;
    case SECURITY_ACTION.endPending:
    case SECURITY_ACTION.freeze:
    case SECURITY_ACTION.rearm:
    case SECURITY_ACTION.cancelRecovery:
      return 40;
  }
}
