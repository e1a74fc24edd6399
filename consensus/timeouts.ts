/**
 * How long a view waits, in ms.
 *
 * Source: design/chain.md §2 and §4; Chan and Pass give 3Δ for a leader that proposes at once.
 * Honest nodes enter a view within Δ of each other, its leader may then wait `idleBlockMs` for work,
 * and its proposal takes Δ: leader timeout = idleBlockMs + 2Δ. Another Δ for the last vote to come,
 * and one to fetch a body: certify timeout = leader timeout + 2Δ. Both grow with the views since the
 * last finalization, so that they exceed any finite delay in the end, up to a cap.
 */
import type { Pacing } from '../runtime/epoch-config.ts';
import { STANDSTILL_MS } from './bounds.ts';

/**
 * Views without a finalization that are no sign of trouble: a view's finalization comes one delay
 * after its notarization, when the next view, and with unequal delays the one after, has begun.
 */
const EXPECTED_LAG_VIEWS = 2;

/** `baseMs` × growth^(views in trouble), floored at each step, at most the cap. */
function grown(baseMs: number, viewsSinceFinalized: number, pacing: Pacing): number {
  let timeoutMs = baseMs;
  for (let i = EXPECTED_LAG_VIEWS + 1; i < viewsSinceFinalized; i++) {
    const next = Math.floor((timeoutMs * pacing.timeoutGrowthPercent) / 100);
    // Ends soon: at the cap, or where the growth is below 1 ms; else it grows at every step.
    if (timeoutMs >= pacing.timeoutCapMs || next <= timeoutMs) break;
    timeoutMs = next;
  }
  return Math.min(timeoutMs, pacing.timeoutCapMs);
}

/** `viewsSinceFinalized`: the view minus the last finalized one, at entry. */
export function leaderTimeoutMs(pacing: Pacing, viewsSinceFinalized: number): number {
  return grown(pacing.idleBlockMs + 2 * pacing.deltaMs, viewsSinceFinalized, pacing);
}

/** Above the leader timeout; at most twice the cap. */
export function certifyTimeoutMs(pacing: Pacing, viewsSinceFinalized: number): number {
  return (
    leaderTimeoutMs(pacing, viewsSinceFinalized) +
    grown(2 * pacing.deltaMs, viewsSinceFinalized, pacing)
  );
}

/** Between two reminders that this node gave the view up: a way there, a way back, twice. */
export function retryMs(pacing: Pacing): number {
  return 4 * pacing.deltaMs;
}

/** Until a request for certificates counts as failed: a way there and back. */
export function fetchMs(pacing: Pacing): number {
  return 2 * pacing.deltaMs;
}

export function standstillMs(pacing: Pacing): number {
  return Math.max(STANDSTILL_MS, pacing.timeoutCapMs);
}
