/**
 * What peers did wrong, forgiven by half every ten minutes. Pure: time is a parameter, ms of any
 * clock that does not go back.
 *
 * A score is 0 or below. Below −20 the peer is worth a line in the log; at −100 it is disconnected
 * and refused for ten minutes, after which it starts at 0. Peer ids are free, so a score guards
 * against the faulty more than against the determined; those meet the bounds of `limits.ts`.
 */
import { MAX_SCORED_PEERS } from './limits.ts';
import type { PeerId } from './network.ts';

export const SCORE_HALF_LIFE_MS = 600_000;
export const WARN_SCORE = -20;
export const BAN_SCORE = -100;
export const BAN_MS = 600_000;

type Score = { readonly points: number; readonly atMs: number; readonly refusedUntilMs: number };

/** Scores by peer, at most `MAX_SCORED_PEERS`. */
export type Scores = Map<PeerId, Score>;

/** What the caller owes after a penalty. */
export type PenaltyOutcome = 'noted' | 'warn' | 'ban';

function decayed(score: Score, nowMs: number): number {
  const halves = Math.max(0, nowMs - score.atMs) / SCORE_HALF_LIFE_MS;
  return score.points * 0.5 ** halves;
}

/** Score of a peer now, 0 or below. */
export function scoreOf(scores: Scores, peer: PeerId, nowMs: number): number {
  const score = scores.get(peer);
  return score === undefined ? 0 : decayed(score, nowMs);
}

/** Whether the peer is banned now. */
export function isRefused(scores: Scores, peer: PeerId, nowMs: number): boolean {
  const score = scores.get(peer);
  return score !== undefined && nowMs < score.refusedUntilMs;
}

/** Makes room for one more: the peer closest to forgiveness goes. Cost: O(peers). */
function evictMildest(scores: Scores, nowMs: number): void {
  let mildest: PeerId | undefined;
  let mildestSeverity = Number.POSITIVE_INFINITY;
  for (const [peer, score] of scores) {
    const banLeftMs = Math.max(0, score.refusedUntilMs - nowMs);
    const severity = banLeftMs - decayed(score, nowMs);
    if (severity < mildestSeverity) {
      mildestSeverity = severity;
      mildest = peer;
    }
  }
  if (mildest !== undefined) scores.delete(mildest);
}

/**
 * Lowers the score of `peer` by `points` (above 0) and says what is to be done: `warn` when it is
 * below −20 from now on, `ban` when it reached −100.
 */
export function penalise(
  scores: Scores,
  peer: PeerId,
  points: number,
  nowMs: number,
): PenaltyOutcome {
  const before = scores.get(peer);
  if (before === undefined && scores.size >= MAX_SCORED_PEERS) evictMildest(scores, nowMs);
  const pointsBefore = before === undefined ? 0 : decayed(before, nowMs);
  const pointsAfter = pointsBefore - points;
  if (pointsAfter <= BAN_SCORE) {
    scores.set(peer, { points: 0, atMs: nowMs, refusedUntilMs: nowMs + BAN_MS });
    return 'ban';
  }
  scores.set(peer, {
    points: pointsAfter,
    atMs: nowMs,
    refusedUntilMs: before?.refusedUntilMs ?? 0,
  });
  return pointsAfter <= WARN_SCORE && pointsBefore > WARN_SCORE ? 'warn' : 'noted';
}
