/**
 * What a node and its signer process say to each other: SSZ in frames (`p2p/frames.ts`), over the
 * connection that `link.ts` authenticates.
 *
 * Source: design/staking-and-keys.md §4: typed fields only. The signer builds every digest itself,
 * with the domain and the chain id that it was set up for, so a node in wrong hands gets no signature
 * over bytes of its choice. Selectors are wire format, append-only.
 *
 * Order: each side sends `hello` first. Then the node asks, in any number at once, and each answer
 * names its request. A repeated request is answered alike, so a node asks again after a reconnect.
 */
import { type Subject, SubjectCodec } from '../../consensus/messages.ts';
import type { Mark } from '../../consensus/signer-window.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u16,
  u64,
  union,
  type Variant,
} from '../../runtime/core/ssz.ts';
import type { Epoch, ValidatorIndex, View } from '../../runtime/core/units.ts';

export const LINK_VERSION = 1;
/** Keys of one signer: the one in use and those of rotations under way. */
export const MAX_SIGNER_KEYS = 8;
/** A frame of either side; the largest is the signer's `hello`. */
export const MAX_LINK_BYTES = 1_024;
const MAX_DETAIL_BYTES = 200;

/** The node: which chain it follows. Another than the signer's ends the connection. */
export type NodeHello = { readonly version: number; readonly chainId: Uint8Array };
/** The signer: which keys it holds. */
export type SignerHello = {
  readonly version: number;
  readonly chainId: Uint8Array;
  readonly keys: Uint8Array[];
};
export type SignRequest = {
  readonly id: number;
  /** Consensus key that signs. */
  readonly key: Uint8Array;
  /** Its place among the epoch's validators, which the vote names and no signature covers. */
  readonly signer: ValidatorIndex;
  readonly subject: Subject;
};
/** Binds the node's peer key to the consensus key (`p2p/peer-identity.ts`). */
export type BindRequest = {
  readonly id: number;
  readonly key: Uint8Array;
  readonly peerKey: Uint8Array;
};
export type Signature = { readonly id: number; readonly signature: Uint8Array };
export type Refusal = {
  readonly id: number;
  /** Place in `REFUSALS`. */
  readonly code: number;
  /** ASCII, for people. */
  readonly detail: Uint8Array;
};

/** Refusals by their number on the wire, append-only. */
export const REFUSALS = [
  'unknown_key',
  'conflicting_vote',
  'below_low_water_mark',
  'unavailable',
] as const;

export const TO_SIGNER = { hello: 0, sign: 1, bind: 2, raise: 3, ping: 4 } as const;
export type ToSigner =
  | Variant<typeof TO_SIGNER.hello, NodeHello>
  | Variant<typeof TO_SIGNER.sign, SignRequest>
  | Variant<typeof TO_SIGNER.bind, BindRequest>
  | Variant<typeof TO_SIGNER.raise, Mark>
  | Variant<typeof TO_SIGNER.ping, { readonly id: number }>;

export const TO_NODE = { hello: 0, signature: 1, refusal: 2, pong: 3 } as const;
export type ToNode =
  | Variant<typeof TO_NODE.hello, SignerHello>
  | Variant<typeof TO_NODE.signature, Signature>
  | Variant<typeof TO_NODE.refusal, Refusal>
  | Variant<typeof TO_NODE.pong, { readonly id: number }>;

const PingCodec: Codec<{ readonly id: number }> = container<{ id: number }>('Ping', { id: u64() });

export const ToSignerCodec: Codec<ToSigner> = union<ToSigner>('ToSigner', {
  [TO_SIGNER.hello]: container<NodeHello>('NodeHello', { version: u8(), chainId: bytes(32) }),
  [TO_SIGNER.sign]: container<SignRequest>('SignRequest', {
    id: u64(),
    key: bytes(32),
    signer: u16<ValidatorIndex>(),
    subject: SubjectCodec,
  }),
  [TO_SIGNER.bind]: container<BindRequest>('BindRequest', {
    id: u64(),
    key: bytes(32),
    peerKey: bytes(32),
  }),
  [TO_SIGNER.raise]: container<Mark>('Mark', { epoch: u64<Epoch>(), view: u64<View>() }),
  [TO_SIGNER.ping]: PingCodec,
});

export const ToNodeCodec: Codec<ToNode> = union<ToNode>('ToNode', {
  [TO_NODE.hello]: container<SignerHello>('SignerHello', {
    version: u8(),
    chainId: bytes(32),
    keys: list(bytes(32), MAX_SIGNER_KEYS, 1),
  }),
  [TO_NODE.signature]: container<Signature>('Signature', { id: u64(), signature: bytes(64) }),
  [TO_NODE.refusal]: container<Refusal>('Refusal', {
    id: u64(),
    code: u8(),
    detail: byteList(MAX_DETAIL_BYTES),
  }),
  [TO_NODE.pong]: PingCodec,
});

/** Text for `Refusal.detail`: printable ASCII, cut to fit. */
export function detailBytes(text: string): Uint8Array {
  const plain = text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_DETAIL_BYTES);
  return new TextEncoder().encode(plain);
}
