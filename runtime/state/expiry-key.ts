/** The key of rows about one expiry, where clients can have it without the state. */
import { type PairKeyCodec, pairKey } from './key-codec.ts';

/** (underlying, expiry). */
export const expiryKey: PairKeyCodec<number> = pairKey({ highBits: 8, lowBits: 45 });
