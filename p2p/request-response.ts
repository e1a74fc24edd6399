/**
 * `/miletus/req/<method>/1`: one stream a request.
 *
 * Request: one frame. Answer: status (u8: 0 answer, 1 refusal), length (u32 little-endian), that
 * many bytes, and the end marker 0xE5. The marker stands for what libp2p does not tell: a stream
 * that was cut looks like one that was closed. The requester closes when it has seen the marker,
 * and the responder then.
 *
 * Quotas per peer and method, in requests and in bytes of answers; bounded numbers under way, both
 * ways; each step with a timeout. Limits and their arithmetic: `limits.ts`.
 */
import type { Connection, Stream } from '@libp2p/interface';
import { err, ok, type Result } from '../runtime/core/result.ts';
import { BytesReader, encodeFrame, FrameReader } from './frames.ts';
import type { Host } from './host.ts';
import {
  ANSWER_BYTES_RATE,
  ANSWER_CHUNK_BYTES,
  ANSWER_STALL_TIMEOUT_MS,
  type Bucket,
  fullBucket,
  INBOUND_REQUESTS,
  MAX_OUTBOUND_REQUESTS,
  MAX_REFUSAL_BYTES,
  MAX_REQUEST_BYTES,
  MAX_REQUESTS_PER_PEER,
  REQUEST_RATES,
  REQUEST_READ_TIMEOUT_MS,
  refill,
  take,
} from './limits.ts';
import { MAX_ANSWER_BYTES } from './messages.ts';
import type { CountEvent } from './metrics.ts';
import { type PeerId, REQUEST_METHODS, type RequestError, type RequestMethod } from './network.ts';
import type { Peers } from './peers.ts';
import { abortStream, closeStream, describeError, listen, sendOn, whenIdle } from './streams.ts';

/** Protocol of a method. */
export function requestProtocol(method: RequestMethod): string {
  return `/miletus/req/${method}/1`;
}

export const ANSWER_STATUS = { answer: 0, refusal: 1 } as const;
export const END_MARKER = 0xe5;
const ANSWER_HEADER_BYTES = 5;

export type RequestResponseOptions = {
  readonly host: Host;
  readonly peers: Peers;
  readonly count: CountEvent;
  /** Whether the consensus key (hex) is of a validator in force. */
  readonly inForce: (consensusKey: string) => boolean;
  readonly onRequest: (
    method: RequestMethod,
    bytes: Uint8Array,
    peer: PeerId,
  ) => Promise<Result<Uint8Array, string>>;
  readonly penalise: (peer: PeerId, points: number, reason: string) => void;
};

type Account = {
  readonly requests: Map<RequestMethod, Bucket>;
  answerBytes: Bucket;
  underWay: number;
};

/** Takes an answer apart as it comes in. */
class AnswerReader {
  readonly #header: BytesReader = new BytesReader(ANSWER_HEADER_BYTES);
  #status = 0;
  #payload: BytesReader | undefined;

  /** The outcome once it is certain; `undefined` while bytes are missing. */
  push(chunk: Uint8Array): Result<Uint8Array, RequestError> | undefined {
    let offset = 0;
    if (this.#payload === undefined) {
      offset = this.#header.push(chunk, offset);
      const header = this.#header.complete;
      if (header === undefined) return undefined;
      this.#status = header[0] ?? ANSWER_STATUS.refusal;
      const length = new DataView(header.buffer).getUint32(1, true);
      const refused = this.#status !== ANSWER_STATUS.answer;
      const max = refused ? MAX_REFUSAL_BYTES : MAX_ANSWER_BYTES;
      if (length > max) return err({ code: 'too_large', detail: `answer of ${length} bytes` });
      // The marker is read as the last byte of the payload.
      this.#payload = new BytesReader(length + 1);
    }
    this.#payload.push(chunk, offset);
    const complete = this.#payload.complete;
    if (complete === undefined) return undefined;
    if (complete[complete.length - 1] !== END_MARKER) {
      return err({ code: 'closed', detail: 'answer without its end marker' });
    }
    const bytes = complete.subarray(0, complete.length - 1);
    if (this.#status === ANSWER_STATUS.answer) return ok(bytes);
    return err({ code: 'refused', detail: new TextDecoder('latin1').decode(bytes) });
  }
}

export class RequestResponse {
  readonly #options: RequestResponseOptions;
  readonly #accounts: Map<PeerId, Account> = new Map();
  readonly #outboundByPeer: Map<PeerId, number> = new Map();
  #outbound = 0;
  #inbound = 0;

  constructor(options: RequestResponseOptions) {
    this.#options = options;
  }

  /** Serves every method. */
  async start(): Promise<void> {
    for (const method of REQUEST_METHODS) {
      await this.#options.host.handle(
        requestProtocol(method),
        (stream, connection) => this.#serve(method, stream, connection),
        // One above the quota, which answers with the reason instead of a reset.
        {
          maxInboundStreams: MAX_REQUESTS_PER_PEER + 1,
          maxOutboundStreams: MAX_REQUESTS_PER_PEER,
        },
      );
    }
  }

  /** A peer is gone: its account is settled when nothing of it is under way. */
  onDisconnected(peer: PeerId): void {
    if (this.#accounts.get(peer)?.underWay === 0) this.#accounts.delete(peer);
  }

  /** See `Network.request`. */
  async request(
    peer: PeerId,
    method: RequestMethod,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Result<Uint8Array, RequestError>> {
    const connection = this.#options.peers.get(peer)?.connection;
    if (connection === undefined) return err({ code: 'no_peer', detail: peer });
    if (bytes.length > MAX_REQUEST_BYTES) {
      return err({ code: 'too_large', detail: `request of ${bytes.length} bytes` });
    }
    const ofPeer = this.#outboundByPeer.get(peer) ?? 0;
    if (this.#outbound >= MAX_OUTBOUND_REQUESTS || ofPeer >= MAX_REQUESTS_PER_PEER) {
      return err({ code: 'refused', detail: 'too many requests of ours under way' });
    }
    this.#outbound += 1;
    this.#outboundByPeer.set(peer, ofPeer + 1);
    this.#options.count('request_sent');
    try {
      return await this.#exchange(connection, method, bytes, timeoutMs);
    } finally {
      this.#outbound -= 1;
      const left = (this.#outboundByPeer.get(peer) ?? 1) - 1;
      if (left === 0) this.#outboundByPeer.delete(peer);
      else this.#outboundByPeer.set(peer, left);
    }
  }

  async #exchange(
    connection: Connection,
    method: RequestMethod,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Result<Uint8Array, RequestError>> {
    const deadlineMs = performance.now() + timeoutMs;
    const signal = AbortSignal.timeout(timeoutMs);
    let stream: Stream;
    try {
      stream = await connection.newStream(requestProtocol(method), {
        signal,
        maxOutboundStreams: MAX_REQUESTS_PER_PEER,
      });
    } catch (error) {
      const code = signal.aborted ? 'timeout' : 'closed';
      return err({ code, detail: describeError(error) });
    }
    const outcome = await new Promise<Result<Uint8Array, RequestError>>((resolve) => {
      const reader = new AnswerReader();
      const leftMs = Math.max(0, deadlineMs - performance.now());
      const timer = setTimeout(() => {
        resolve(err({ code: 'timeout', detail: `no answer within ${timeoutMs} ms` }));
      }, leftMs);
      const settle = (result: Result<Uint8Array, RequestError>): void => {
        clearTimeout(timer);
        resolve(result);
      };
      let settled = false;
      listen(stream, {
        onChunk: (chunk) => {
          if (settled) return;
          const result = reader.push(chunk);
          if (result === undefined) return;
          settled = true;
          settle(result);
        },
        onEnd: () => settle(err({ code: 'closed', detail: 'peer closed before the answer ended' })),
      });
      sendOn(stream, encodeFrame(bytes));
    });
    if (outcome.ok || outcome.error.code === 'refused') {
      closeStream(stream, REQUEST_READ_TIMEOUT_MS);
    } else {
      abortStream(stream, outcome.error.code);
    }
    return outcome;
  }

  async #serve(method: RequestMethod, stream: Stream, connection: Connection): Promise<void> {
    const { peers } = this.#options;
    const peer = connection.remotePeer.toString();
    if (!(await peers.admitted(connection))) {
      abortStream(stream, 'no handshake');
      return;
    }
    const account = this.#account(peer);
    const refused = this.#charge(account, method, peer);
    if (refused !== undefined) {
      this.#options.count('request_refused');
      await this.#answer(stream, peer, ANSWER_STATUS.refusal, asciiReason(refused));
      return;
    }
    account.underWay += 1;
    this.#inbound += 1;
    try {
      await this.#serveAdmitted(method, stream, peer, account);
    } finally {
      account.underWay -= 1;
      this.#inbound -= 1;
      if (peers.get(peer) === undefined) this.onDisconnected(peer);
    }
  }

  async #serveAdmitted(
    method: RequestMethod,
    stream: Stream,
    peer: PeerId,
    account: Account,
  ): Promise<void> {
    const request = await this.#readRequest(stream, peer);
    if (request === undefined) return;
    const result = await this.#options.onRequest(method, request, peer);
    if (!result.ok) {
      this.#options.count('request_refused');
      await this.#answer(stream, peer, ANSWER_STATUS.refusal, asciiReason(result.error));
      return;
    }
    if (result.value.length > MAX_ANSWER_BYTES) {
      await this.#answer(
        stream,
        peer,
        ANSWER_STATUS.refusal,
        asciiReason('answer would be too large'),
      );
      return;
    }
    const nowMs = performance.now();
    const filled = refill(account.answerBytes, ANSWER_BYTES_RATE, nowMs);
    account.answerBytes = { tokens: filled.tokens - result.value.length, atMs: nowMs };
    this.#options.count('request_served');
    await this.#answer(stream, peer, ANSWER_STATUS.answer, result.value);
  }

  #account(peer: PeerId): Account {
    const known = this.#accounts.get(peer);
    if (known !== undefined) return known;
    const nowMs = performance.now();
    const account: Account = {
      requests: new Map(),
      answerBytes: fullBucket(ANSWER_BYTES_RATE, nowMs),
      underWay: 0,
    };
    this.#accounts.set(peer, account);
    return account;
  }

  /** Why the request is refused, or `undefined`. Only going on past a quota costs score. */
  #charge(account: Account, method: RequestMethod, peer: PeerId): string | undefined {
    const nowMs = performance.now();
    const rate = REQUEST_RATES[method];
    const before = account.requests.get(method) ?? fullBucket(rate, nowMs);
    const { taken, bucket } = take(before, rate, 1, nowMs);
    account.requests.set(method, bucket);
    account.answerBytes = refill(account.answerBytes, ANSWER_BYTES_RATE, nowMs);
    if (!taken) {
      this.#options.penalise(peer, 2, `quota of ${method} requests`);
      return `quota: ${rate.perSecond} ${method} requests a second, ${rate.burst} at once`;
    }
    if (account.answerBytes.tokens <= 0) return 'quota: bytes of answers';
    const key = this.#options.peers.get(peer)?.identity.consensusKey;
    const validates = key !== undefined && this.#options.inForce(key);
    const { perPeer, total } = validates ? INBOUND_REQUESTS.validator : INBOUND_REQUESTS.other;
    if (account.underWay >= perPeer) return 'busy: too many of yours';
    if (this.#inbound >= total) return 'busy: too many requests';
    return undefined;
  }

  /** The request's bytes; `undefined` when none came in time or in form, and the stream is gone. */
  #readRequest(stream: Stream, peer: PeerId): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const reader = new FrameReader(MAX_REQUEST_BYTES);
      let settled = false;
      const settle = (request: Uint8Array | undefined): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        resolve(request);
      };
      const fail = (points: number, reason: string): void => {
        if (settled) return;
        settle(undefined);
        if (points > 0) this.#options.penalise(peer, points, reason);
        abortStream(stream, reason);
      };
      const timer = setTimeout(() => fail(2, 'request did not come'), REQUEST_READ_TIMEOUT_MS);
      listen(stream, {
        onChunk: (chunk) => {
          if (settled) return;
          const pushed = reader.push(chunk, (payload) => {
            settle(payload);
            return 'stop';
          });
          if (pushed === 'oversized') fail(20, `request above ${MAX_REQUEST_BYTES} bytes`);
        },
        // Still open: the peer itself ended it. A crash or a lost connection is nobody's fault.
        onEnd: () => fail(stream.status === 'open' ? 5 : 0, 'request ended within its frame'),
      });
    });
  }

  /** Writes an answer piece by piece, waits until the requester closes, and closes. */
  async #answer(stream: Stream, peer: PeerId, status: number, bytes: Uint8Array): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      listen(stream, { onChunk: () => {}, onEnd: resolve });
    });
    const header = new Uint8Array(ANSWER_HEADER_BYTES);
    header[0] = status;
    new DataView(header.buffer).setUint32(1, bytes.length, true);
    const pieces: Uint8Array[] = [header];
    for (let from = 0; from < bytes.length; from += ANSWER_CHUNK_BYTES) {
      pieces.push(bytes.subarray(from, from + ANSWER_CHUNK_BYTES));
    }
    pieces.push(new Uint8Array([END_MARKER]));
    for (const piece of pieces) {
      if (!sendOn(stream, piece)) return;
      const outcome = await whenIdle(stream, ANSWER_STALL_TIMEOUT_MS);
      if (outcome === 'idle') continue;
      if (outcome === 'timeout') this.#options.penalise(peer, 10, 'answer is not read');
      abortStream(stream, `answer ${outcome}`);
      return;
    }
    const patience = setTimeout(() => abortStream(stream, 'not closed'), ANSWER_STALL_TIMEOUT_MS);
    await closed;
    clearTimeout(patience);
    closeStream(stream, REQUEST_READ_TIMEOUT_MS);
  }
}

/** A reason cut to what a refusal may carry; other than ASCII becomes `?`. */
function asciiReason(reason: string): Uint8Array {
  const ascii = reason.slice(0, MAX_REFUSAL_BYTES).replace(/[^\x20-\x7e]/g, '?');
  return new TextEncoder().encode(ascii);
}
