/**
 * A venue as a price source: a WebSocket that is opened, kept alive, given up when silent, and opened
 * again, with the venue's session in between.
 *
 * A message that cannot be used is counted by the sink and forgotten: it neither closes the
 * connection nor the process. Times of quotes are not ahead of their arrival, so a venue whose clock
 * runs ahead does not stay fresh for longer.
 */
import { WebSocket } from 'ws';
import { backoffMs } from './backoff.ts';
import { readMessage } from './message-fields.ts';
import type { PriceSource, SourceSink } from './price-source.ts';
import type { Venue, VenueMarket, VenueSession } from './venue.ts';

/** A listing of all options of a currency is about 1 MB. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const HANDSHAKE_MS = 10_000;
/** A connection that held so long was a good one: the next failure counts as the first. */
const GOOD_MS = 10_000;
/** A socket that does not close within this is dropped. */
const CLOSE_MS = 1_000;

export type VenueSourceOptions = {
  readonly name: string;
  readonly url: string;
  readonly venue: Venue;
  readonly markets: readonly VenueMarket[];
  /** In [0, 1), for the jitter; `Math.random` unless told. */
  readonly random?: () => number;
};

/** Reads one message into the sink and sends what the venue wants to hear back. */
function take(session: VenueSession, socket: WebSocket, sink: SourceSink, text: string): void {
  const nowMs = Date.now();
  const answer = readMessage(() => session.read(text, nowMs));
  if (!answer.ok) {
    sink.fault(answer.error);
    return;
  }
  for (const quote of answer.value.quotes) {
    sink.quote({ ...quote, observedAtMs: Math.min(quote.observedAtMs, nowMs) });
  }
  for (const reply of answer.value.replies) socket.send(reply);
}

/** A source that connects when started. */
export function createVenueSource(options: VenueSourceOptions): PriceSource {
  const { name, url, venue, markets, random = Math.random } = options;
  let socket: WebSocket | undefined;
  let isStopped = true;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let alive: NodeJS.Timeout | undefined;

  const connect = (sink: SourceSink): void => {
    const session = venue(markets);
    const { everyMs, message, silenceMs } = session.keepAlive;
    const opened = new WebSocket(url, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      followRedirects: false,
    });
    socket = opened;
    let openedAtMs = 0;
    let heardAtMs = 0;
    let problem = '';
    const hear = (): void => {
      heardAtMs = Date.now();
    };
    const keepAlive = (): void => {
      if (Date.now() - heardAtMs > silenceMs) {
        problem = `silent for ${silenceMs} ms`;
        opened.terminate();
        return;
      }
      if (message === 'ping-frame') opened.ping();
      else opened.send(message.text);
    };
    opened.on('open', () => {
      openedAtMs = Date.now();
      hear();
      sink.state('open', url);
      for (const text of session.opening) opened.send(text);
      alive = setInterval(keepAlive, everyMs);
    });
    opened.on('message', (data, isBinary) => {
      hear();
      if (isStopped) return;
      if (isBinary) sink.fault('message: given a binary frame; allowed: text');
      else take(session, opened, sink, data.toString());
    });
    opened.on('pong', hear);
    opened.on('ping', hear);
    // An error is always followed by a close.
    opened.on('error', (error) => {
      problem = error.message;
    });
    opened.on('close', (code) => {
      clearInterval(alive);
      if (isStopped) return;
      const wasGood = openedAtMs > 0 && Date.now() - openedAtMs >= GOOD_MS;
      failures = wasGood ? 0 : failures + 1;
      const waitMs = Math.round(backoffMs(failures, random()));
      sink.state('closed', `${problem || `code ${code}`}; next attempt in ${waitMs} ms`);
      retry = setTimeout(() => connect(sink), waitMs);
    });
  };

  return {
    name,
    citation: `${name}: ${url}`,
    start(sink) {
      isStopped = false;
      failures = 0;
      connect(sink);
    },
    stop() {
      isStopped = true;
      clearTimeout(retry);
      clearInterval(alive);
      const closing = socket;
      socket = undefined;
      if (!closing || closing.readyState === WebSocket.CLOSED) return Promise.resolve();
      return new Promise((resolve) => {
        const drop = setTimeout(() => closing.terminate(), CLOSE_MS);
        closing.once('close', () => {
          clearTimeout(drop);
          resolve();
        });
        closing.close();
      });
    },
  };
}
