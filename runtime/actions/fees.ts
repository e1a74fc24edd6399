/** Actions about fees: formats. */
import { bytes, type Codec, container } from '../core/ssz.ts';

/** Names the account that brought this one, by its 20-byte address; once. */
export type SetReferrer = { readonly referrer: Uint8Array };

export const SetReferrerCodec: Codec<SetReferrer> = container<SetReferrer>('SetReferrer', {
  referrer: bytes(20),
});
