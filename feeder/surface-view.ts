/**
 * One underlying's surface over time: fitted again at an interval, and carried in between, so that
 * votes at 4 Hz do not fit at 4 Hz.
 *
 * Carrying: total variance is linear in the time left, forwards move with the index. A fit that finds
 * less than the one before keeps what it lost until that is stale: an expiry does not blink when one
 * venue reconnects.
 */
import type { FittedExpiry } from './aggregate/fit-surface.ts';
import { type SurfaceKnot, surfaceAt } from './aggregate/surface-at.ts';

export type SurfaceView = {
  /** Fits again when the interval has passed. */
  update(nowMs: number, index: number, fitNow: () => readonly FittedExpiry[]): void;
  /** Forwards and slices of `expiriesMs` at `nowMs`, ascending. */
  at(question: {
    readonly nowMs: number;
    readonly index: number;
    readonly expiriesMs: readonly number[];
  }): SurfaceKnot[];
  /** The last fits, ascending by expiry. */
  fits(): readonly FittedExpiry[];
};

type Kept = { readonly fit: FittedExpiry; readonly atMs: number; readonly index: number };

function carried({ fit, atMs, index }: Kept, nowMs: number, indexNow: number): SurfaceKnot {
  const left = (fit.expiryMs - nowMs) / (fit.expiryMs - atMs);
  return {
    expiryMs: fit.expiryMs,
    forward: (fit.forward * indexNow) / index,
    theta: fit.theta * left,
    u: fit.u,
    l: fit.l,
  };
}

export function createSurfaceView(options: {
  readonly intervalMs: number;
  /** A fit older than this is dropped. */
  readonly staleMs: number;
}): SurfaceView {
  const { intervalMs, staleMs } = options;
  const kept = new Map<number, Kept>();
  let fittedAtMs = Number.NEGATIVE_INFINITY;
  const usable = (nowMs: number): Kept[] =>
    [...kept.values()]
      .filter(({ fit, atMs }) => fit.expiryMs > nowMs && nowMs - atMs <= staleMs)
      .sort((a, b) => a.fit.expiryMs - b.fit.expiryMs);
  return {
    update(nowMs, index, fitNow) {
      if (nowMs - fittedAtMs < intervalMs) return;
      fittedAtMs = nowMs;
      for (const expiry of fitNow()) {
        kept.set(expiry.expiryMs, { fit: expiry, atMs: nowMs, index });
      }
      for (const [expiryMs, { atMs }] of kept) {
        if (expiryMs <= nowMs || nowMs - atMs > staleMs) kept.delete(expiryMs);
      }
    },
    at: ({ nowMs, index, expiriesMs }) =>
      surfaceAt(
        usable(nowMs).map((known) => carried(known, nowMs, index)),
        { nowMs, index, expiriesMs },
      ),
    fits: () => [...kept.values()].map(({ fit }) => fit).sort((a, b) => a.expiryMs - b.expiryMs),
  };
}
