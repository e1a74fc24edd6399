/**
 * `Signer` of node/ports.ts with the stand-in scheme: the window is kept in a store, one synced
 * write before each signature, as the real one does.
 */
import { type Subject, voteDigest } from '../../consensus/messages.ts';
import {
  emptyWindow,
  type Mark,
  maySign,
  raiseMark,
  type SignerWindow,
  SignerWindowCodec,
} from '../../consensus/signer-window.ts';
import type { Signer, SignerRefusal, Store } from '../../node/ports.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { simSign } from './signature.ts';

const WINDOW_KEY = asciiBytes('sim-signer-window');

/** Opens the signer whose window is in `store`, or a new one that signs from `mark` on. */
export async function createSimSigner(options: {
  readonly publicKey: Uint8Array;
  readonly chainId: Uint8Array;
  readonly store: Store;
  readonly mark: Mark;
}): Promise<Signer> {
  const { publicKey, chainId, store, mark } = options;
  const stored = await store.get(WINDOW_KEY);
  const decoded = stored ? SignerWindowCodec.decode(stored) : ok(emptyWindow(mark));
  if (!decoded.ok) throw new Error(`signer window: ${decoded.error.detail}`);
  let window: SignerWindow = decoded.value;
  return {
    publicKeys: [publicKey],
    raise(to) {
      window = raiseMark(window, to);
    },
    async sign(subject: Subject): Promise<Result<Uint8Array, SignerRefusal>> {
      const allowed = maySign(window, subject);
      if (!allowed.ok) return err(allowed.error);
      window = allowed.value;
      const value = SignerWindowCodec.encode(window);
      await store.batch([{ type: 'put', key: WINDOW_KEY, value }], 'sync');
      return ok(simSign(publicKey, voteDigest(chainId, subject)));
    },
  };
}
