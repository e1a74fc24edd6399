/**
 * `/miletus/handshake/1`: the first stream of every connection.
 *
 * The dialer opens it and sends its `Handshake`; the listener judges it and answers with its own,
 * also when it refuses, so that both logs can name the reason. Each side refuses another chain,
 * another protocol version and a wrong binding. Nothing else is accepted on a connection before,
 * and a connection without a handshake after five seconds is closed.
 *
 * A binding says that a consensus key vouches for a peer key: a signature over the `peer` domain,
 * so that nobody can take a validator's place on the direct streams.
 */
import type { Connection, Stream } from '@libp2p/interface';
import { equalBytes, toHex } from '../runtime/core/bytes.ts';
import { err, ok, type Result } from '../runtime/core/result.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { HANDSHAKE_DEADLINE_MS, MAX_HANDSHAKE_BYTES } from './limits.ts';
import { type Handshake, HandshakeCodec, PROTOCOL_VERSION } from './messages.ts';
import { bindingDigest } from './peer-identity.ts';
import { abortStream, closeStream, describeError, listen, sendOn } from './streams.ts';

export const HANDSHAKE_PROTOCOL = '/miletus/handshake/1';

/** Whether `signature` (64 bytes) by `publicKey` (32 bytes) over `digest` (32 bytes) is good. */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** What a node says about itself. `binding` is absent for one that does not validate. */
export type LocalIdentity = {
  readonly chainId: Uint8Array;
  readonly nodeVersion: string;
  readonly binding:
    | { readonly consensusKey: Uint8Array; readonly signature: Uint8Array }
    | undefined;
};

/** What a handshake proved about a peer. */
export type RemoteIdentity = {
  /** ed25519 consensus key in hex, if the peer validates. */
  readonly consensusKey: string | undefined;
  /** Printable ASCII. */
  readonly nodeVersion: string;
};

/** In order of precedence. `penaltyPoints` is above 0 where no honest node could have sent this. */
export type HandshakeRefusal = {
  readonly code:
    | 'malformed'
    | 'wrong_chain'
    | 'wrong_protocol_version'
    | 'bad_binding'
    | 'closed'
    | 'timeout';
  readonly detail: string;
  readonly penaltyPoints: number;
};

function refusal(
  code: HandshakeRefusal['code'],
  detail: string,
  penaltyPoints = 0,
): { readonly ok: false; readonly error: HandshakeRefusal } {
  return err({ code, detail, penaltyPoints });
}

/** SSZ of our handshake. */
export function encodeHandshake(local: LocalIdentity): Uint8Array {
  const none = new Uint8Array(0);
  return HandshakeCodec.encode({
    chainId: local.chainId,
    protocolVersion: PROTOCOL_VERSION,
    nodeVersion: new TextEncoder().encode(local.nodeVersion).subarray(0, 32),
    consensusKey: local.binding?.consensusKey ?? none,
    binding: local.binding?.signature ?? none,
  });
}

function judgeBinding(
  theirs: Handshake,
  rules: { chainId: Uint8Array; peerKey: Uint8Array; verify: VerifyEd25519 },
): Result<string | undefined, HandshakeRefusal> {
  const { consensusKey, binding } = theirs;
  if (consensusKey.length === 0 && binding.length === 0) return ok(undefined);
  // sodium throws on 63 bytes and takes 65 for 64.
  if (consensusKey.length !== 32 || binding.length !== 64) {
    return refusal('malformed', 'consensus key of 32 bytes and binding of 64, or neither', 50);
  }
  if (!rules.verify(consensusKey, bindingDigest(rules.chainId, rules.peerKey), binding)) {
    return refusal('bad_binding', `binding to consensus key ${toHex(consensusKey)}`, 100);
  }
  return ok(toHex(consensusKey));
}

/**
 * Judges the SSZ of a peer's handshake; `peerKey` is the ed25519 key that encrypted the
 * connection. Errors in the order of `HandshakeRefusal`. Cost: one signature.
 */
export function judgeHandshake(
  ssz: Uint8Array,
  rules: {
    readonly chainId: Uint8Array;
    readonly peerKey: Uint8Array;
    readonly verify: VerifyEd25519;
  },
): Result<RemoteIdentity, HandshakeRefusal> {
  const decoded = HandshakeCodec.decode(ssz);
  if (!decoded.ok) return refusal('malformed', 'no SSZ of a handshake', 50);
  const theirs = decoded.value;
  if (!equalBytes(theirs.chainId, rules.chainId)) {
    return refusal('wrong_chain', `theirs ${toHex(theirs.chainId)}, ours ${toHex(rules.chainId)}`);
  }
  if (theirs.protocolVersion !== PROTOCOL_VERSION) {
    const detail = `theirs ${theirs.protocolVersion}, ours ${PROTOCOL_VERSION}`;
    return refusal('wrong_protocol_version', detail);
  }
  const consensusKey = judgeBinding(theirs, rules);
  if (!consensusKey.ok) return consensusKey;
  const nodeVersion = String.fromCharCode(...theirs.nodeVersion).replace(/[^\x20-\x7e]/g, '?');
  return ok({ consensusKey: consensusKey.value, nodeVersion });
}

/**
 * Reads the one frame of a handshake stream. `onFrame` runs in the same turn as the bytes arrive:
 * streams that the peer opens behind its handshake must find it judged.
 */
function readHandshake(
  stream: Stream,
  onFrame: (frame: Result<Uint8Array, HandshakeRefusal>) => void,
): void {
  const reader = new FrameReader(MAX_HANDSHAKE_BYTES);
  let settled = false;
  const settle = (frame: Result<Uint8Array, HandshakeRefusal>): void => {
    if (settled) return;
    settled = true;
    onFrame(frame);
  };
  listen(stream, {
    onChunk: (chunk) => {
      if (settled) return;
      const pushed = reader.push(chunk, (payload) => {
        settle(ok(payload));
        return 'stop';
      });
      if (pushed === 'oversized') settle(refusal('malformed', 'frame too long', 50));
    },
    onEnd: () => settle(refusal('closed', 'stream ended before a handshake')),
  });
}

type Judge = (ssz: Uint8Array) => Result<RemoteIdentity, HandshakeRefusal>;
type OnOutcome = (outcome: Result<RemoteIdentity, HandshakeRefusal>) => void;

/** The dialer's side. Calls `onOutcome` once, or never if the deadline of the connection is first. */
export async function initiateHandshake(
  connection: Connection,
  ours: Uint8Array,
  judge: Judge,
  onOutcome: OnOutcome,
): Promise<void> {
  let stream: Stream;
  try {
    stream = await connection.newStream(HANDSHAKE_PROTOCOL, {
      signal: AbortSignal.timeout(HANDSHAKE_DEADLINE_MS),
    });
  } catch (error) {
    onOutcome(refusal('closed', describeError(error)));
    return;
  }
  readHandshake(stream, (frame) => {
    const outcome = frame.ok ? judge(frame.value) : frame;
    if (outcome.ok) closeStream(stream, HANDSHAKE_DEADLINE_MS);
    else abortStream(stream, outcome.error.code);
    onOutcome(outcome);
  });
  sendOn(stream, encodeFrame(ours));
}

/** The listener's side of one handshake stream. Calls `onOutcome` once. */
export function answerHandshake(
  stream: Stream,
  ours: Uint8Array,
  judge: Judge,
  onOutcome: OnOutcome,
): void {
  readHandshake(stream, (frame) => {
    const outcome = frame.ok ? judge(frame.value) : frame;
    if (frame.ok) {
      sendOn(stream, encodeFrame(ours));
      closeStream(stream, HANDSHAKE_DEADLINE_MS);
    } else {
      abortStream(stream, frame.error.code);
    }
    onOutcome(outcome);
  });
}
