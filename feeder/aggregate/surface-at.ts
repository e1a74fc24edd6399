/**
 * The surface at expiries that no venue lists: between two fitted ones θ, u and l are linear in time
 * (which keeps the order that the chain wants), before the first and beyond the last the volatility
 * at the money stays and the smile keeps its shape in standardised moneyness, k/√θ.
 *
 * Forwards: the carry ln(F/index) is linear in time between fitted expiries, from 0 at once; beyond
 * the last its rate stays.
 */
import type { Slice } from './fit-slice.ts';
import { repaired } from './fit-surface.ts';

export type SurfaceKnot = Slice & { readonly expiryMs: number; readonly forward: number };

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function stretched(knot: SurfaceKnot, factor: number): Slice {
  const root = Math.sqrt(factor);
  return { theta: knot.theta * factor, u: knot.u * root, l: knot.l * root };
}

function sliceAt(
  knots: readonly SurfaceKnot[],
  nowMs: number,
  expiryMs: number,
): Slice | undefined {
  const after = knots.find((knot) => knot.expiryMs >= expiryMs);
  const before = knots.findLast((knot) => knot.expiryMs <= expiryMs);
  if (after && before) {
    if (after === before) return after;
    const share = (expiryMs - before.expiryMs) / (after.expiryMs - before.expiryMs);
    return {
      theta: mix(before.theta, after.theta, share),
      u: mix(before.u, after.u, share),
      l: mix(before.l, after.l, share),
    };
  }
  const nearest = after ?? before;
  return nearest && stretched(nearest, (expiryMs - nowMs) / (nearest.expiryMs - nowMs));
}

function carryAt(
  knots: readonly SurfaceKnot[],
  at: { readonly nowMs: number; readonly index: number; readonly expiryMs: number },
): number {
  const { nowMs, index, expiryMs } = at;
  const carries = [
    { expiryMs: nowMs, carry: 0 },
    ...knots.map((knot) => ({ expiryMs: knot.expiryMs, carry: Math.log(knot.forward / index) })),
  ];
  const next = carries.findIndex((knot) => knot.expiryMs >= expiryMs);
  const after = carries[next];
  const before = carries[next - 1];
  if (after && before) {
    const share = (expiryMs - before.expiryMs) / (after.expiryMs - before.expiryMs);
    return mix(before.carry, after.carry, share);
  }
  const last = carries.at(-1);
  if (after || !last || last.expiryMs === nowMs) return 0;
  return (last.carry * (expiryMs - nowMs)) / (last.expiryMs - nowMs);
}

/**
 * Forward and slice of each of `expiriesMs` ahead of `nowMs`, ascending, together as the chain's
 * repair leaves them; none without knots. `knots` ascend and lie ahead of `nowMs`.
 */
export function surfaceAt(
  knots: readonly SurfaceKnot[],
  at: { readonly nowMs: number; readonly index: number; readonly expiriesMs: readonly number[] },
): SurfaceKnot[] {
  const { nowMs, index, expiriesMs } = at;
  const found: SurfaceKnot[] = [];
  const ahead = expiriesMs.filter((expiryMs) => expiryMs > nowMs).toSorted((a, b) => a - b);
  for (const expiryMs of ahead) {
    const slice = sliceAt(knots, nowMs, expiryMs);
    if (!slice) continue;
    const forward = index * Math.exp(carryAt(knots, { nowMs, index, expiryMs }));
    found.push({ ...repaired(slice, found.at(-1)), expiryMs, forward });
  }
  return found;
}
