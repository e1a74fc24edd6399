/**
 * When to ask peers how far they are: at start, when told that the chain is ahead, while behind, and
 * when nothing became final for a while. One status of a peer costs 32 bytes; nobody is asked more
 * often than quotas allow.
 */
import { StatusCodec } from '../../p2p/messages.ts';
import type { Network, PeerId } from '../../p2p/network.ts';
import type { Clock } from '../ports.ts';
import { noteFailure, noteStatus, type PeerBook, recordOf } from './peer-book.ts';

const STATUS_TIMEOUT_MS = 3_000;
/** Quota of a peer: two a second. */
const MIN_INTERVAL_MS = 600;
/** Peers asked in one round. */
const ROUND_PEERS = 4;
const MALFORMED_POINTS = 20;

export type StatusPoll = {
  /** Asks this peer, unless it was asked just now. */
  ask(peer: PeerId): void;
  /** Asks those asked least lately, and last more than `olderThanMs` ago. */
  askRound(olderThanMs: number): void;
};

export function createStatusPoll(options: {
  readonly network: Pick<Network, 'peers' | 'request' | 'penalise'>;
  readonly clock: Clock;
  readonly book: PeerBook;
  /** A status has come, or has not. */
  readonly onAnswer: () => void;
}): StatusPoll {
  const { network, clock, book, onAnswer } = options;

  const ask = (peer: PeerId): void => {
    const now = clock.now();
    const record = recordOf(book, peer, now);
    if (record.retryAt > now || now - record.statusAskedAt < MIN_INTERVAL_MS) return;
    record.statusAskedAt = now;
    const asked = network.request(peer, 'status', new Uint8Array(0), STATUS_TIMEOUT_MS);
    void asked.then((answer) => {
      if (book.get(peer) !== record) return;
      const at = clock.now();
      if (!answer.ok) {
        const failure = answer.error.code === 'refused' ? 'refused' : 'unreachable';
        noteFailure(record, failure, { from: undefined, now: at });
      } else {
        const status = StatusCodec.decode(answer.value);
        if (status.ok) noteStatus(record, status.value);
        else {
          noteFailure(record, 'wrong', { from: undefined, now: at });
          network.penalise(peer, MALFORMED_POINTS, 'malformed status');
        }
      }
      onAnswer();
    });
  };

  return {
    ask,
    askRound(olderThanMs) {
      const now = clock.now();
      const records = network.peers().map(({ peer }) => recordOf(book, peer, now));
      records
        .filter(({ statusAskedAt }) => now - statusAskedAt >= olderThanMs)
        .sort((a, b) => a.statusAskedAt - b.statusAskedAt)
        .slice(0, ROUND_PEERS)
        .forEach(({ peer }) => {
          ask(peer);
        });
    },
  };
}
