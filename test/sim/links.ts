/**
 * The wires between simulated machines: delay, jitter, loss, duplication, reordering (by jitter),
 * bandwidth, partition. Knows machines by number and carries anything.
 */
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';

export type LinkQuality = {
  /** One-way delay, in µs, of a message from one machine to another. */
  readonly delayUs: (from: number, to: number) => number;
  /** Added to each message's delay, uniform from 0: what reorders messages. */
  readonly jitterUs: number;
  /** Probability that a message is lost, and that it arrives twice. */
  readonly loss: number;
  readonly duplication: number;
  /** Bits per second of each machine's uplink; its messages leave one after another. */
  readonly uplinkBitsPerSecond: number;
};

export type Links = {
  /** Carries `bytes` bytes; `arrive` runs at each arrival (none, one or two). */
  readonly carry: (
    route: { readonly from: number; readonly to: number; readonly bytes: number },
    arrive: () => void,
  ) => void;
  /** From now on only machines of one group reach each other; a machine in no group reaches none. */
  readonly partition: (groups: readonly (readonly number[])[]) => void;
  /** From now on nothing of `from` reaches `to`, until what is returned is called. One way. */
  readonly cut: (from: readonly number[], to: readonly number[]) => () => void;
  /** Every machine reaches every other again. What was lost stays lost. */
  readonly heal: () => void;
  readonly setQuality: (quality: LinkQuality) => void;
};

export function createLinks(options: {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly quality: LinkQuality;
}): Links {
  const { scheduler, prng } = options;
  let { quality } = options;
  let groups: readonly (readonly number[])[] | undefined;
  const cuts = new Set<{ readonly from: readonly number[]; readonly to: readonly number[] }>();
  const uplinkFreeUs = new Map<number, number>();

  const connected = (from: number, to: number): boolean => {
    for (const cut of cuts) if (cut.from.includes(from) && cut.to.includes(to)) return false;
    return !groups || groups.some((group) => group.includes(from) && group.includes(to));
  };

  /** When the last bit of a message has left. */
  const leaveUs = (from: number, bytes: number): number => {
    if (quality.uplinkBitsPerSecond === Number.POSITIVE_INFINITY) return 0;
    const nowUs = scheduler.nowUs();
    const sendUs = (bytes * 8 * 1_000_000) / quality.uplinkBitsPerSecond;
    const freeUs = Math.max(nowUs, uplinkFreeUs.get(from) ?? 0) + sendUs;
    uplinkFreeUs.set(from, freeUs);
    return freeUs - nowUs;
  };

  return {
    carry({ from, to, bytes }, arrive) {
      const waitUs = leaveUs(from, bytes);
      const copies = prng.chance(quality.duplication) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (prng.chance(quality.loss)) continue;
        const delayUs = quality.delayUs(from, to) + prng.float() * quality.jitterUs;
        scheduler.after(waitUs + delayUs, () => {
          // A cut also swallows what is under way.
          if (connected(from, to)) arrive();
        });
      }
    },
    partition(next) {
      groups = next;
    },
    cut(from, to) {
      const cut = { from, to };
      cuts.add(cut);
      return () => void cuts.delete(cut);
    },
    heal() {
      groups = undefined;
      cuts.clear();
    },
    setQuality(next) {
      quality = next;
    },
  };
}
