/**
 * The flow for comparison: 300,000 limit orders and cancels around a wandering price, the same for
 * every engine that is measured on it.
 *
 * Source: the issue on matching, "The flow for comparison". At its end exactly 11,978 buy and 12,277
 * sell orders rest and 167,275 fills happened (two independent engines agree).
 */

/** One step: a cancel of an order number, or a new GTC order with the next number. */
export type FlowStep = {
  /** Order to cancel; 0: this step is an order. Cancels of orders already filled are no-ops. */
  readonly cancel: number;
  readonly id: number;
  readonly isBuy: boolean;
  readonly price: number;
  readonly size: number;
};

const STEPS = 300_000;

/** The generator of the flow: uniform in [0, 1), 32 bits of state. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function comparisonFlow(): FlowStep[] {
  const random = mulberry32(7);
  const upTo = (count: number): number => Math.floor(random() * count);
  const steps: FlowStep[] = [];
  const live: number[] = [];
  let mid = 10_000;
  let id = 0;
  for (let i = 0; i < STEPS; i++) {
    if (random() < 0.25 && live.length > 100) {
      const chosen = upTo(live.length);
      const last = live.pop() ?? 0;
      const cancel = chosen === live.length ? last : (live[chosen] ?? 0);
      if (chosen < live.length) live[chosen] = last;
      steps.push({ cancel, id: 0, isBuy: false, price: 0, size: 0 });
      continue;
    }
    const isBuy = random() < 0.5;
    const isCrossing = random() < 0.2;
    mid = Math.min(11_000, Math.max(9_000, mid + (random() < 0.5 ? -1 : 1)));
    const distance = isCrossing ? -(1 + upTo(3)) : 1 + upTo(20);
    const price = isBuy ? mid - distance : mid + distance;
    const size = 1 + upTo(10);
    id += 1;
    live.push(id);
    steps.push({ cancel: 0, id, isBuy, price, size });
  }
  return steps;
}
