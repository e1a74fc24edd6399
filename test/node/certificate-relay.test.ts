import { describe, expect, test } from 'vitest';
import { type Certificate, KIND } from '../../consensus/messages.ts';
import { createCertificateRelay, holdMs } from '../../node/driver/certificate-relay.ts';
import { createLatenessMeter } from '../../node/driver/lateness.ts';
import type { Clock } from '../../node/ports.ts';
import { epoch, timestampMs, type View, validatorIndex, view } from '../../runtime/core/units.ts';

const PACING = {
  minBlockIntervalMs: 40,
  idleBlockMs: 500,
  deltaMs: 100,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 5_000,
};

const nullification = (at: number): Certificate => ({
  subject: { selector: KIND.nullify, value: { epoch: epoch(0), view: view(at) } },
  signers: new Uint8Array([0b0111]),
  signatures: [],
});

/** A clock that a test moves by hand; every timer fires `lateMs` late. */
function handClock(lateMs = 0): Clock & { advance(ms: number): void } {
  let now = 1_000;
  const timers = new Map<symbol, { due: number; fire: () => void }>();
  return {
    now: () => timestampMs(now),
    setTimer(delayMs, fire) {
      const id = Symbol();
      timers.set(id, { due: now + delayMs + lateMs, fire });
      return { cancel: () => timers.delete(id) };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...timers].sort(([, a], [, b]) => a.due - b.due)[0];
        if (next === undefined || next[1].due > end) break;
        timers.delete(next[0]);
        now = next[1].due;
        next[1].fire();
      }
      now = end;
    },
  };
}

/** A relay of validator 0 of four, and what it sent as `to/view`. */
function relayOf(heard: number[]) {
  const clock = handClock();
  const sent: string[] = [];
  const lastHeard: View[] = heard.map(view);
  const relay = createCertificateRelay({
    state: { lastHeard },
    self: validatorIndex(0),
    pacing: PACING,
    clock,
    send: (to, _certificate, at) => sent.push(`${to}/${at}`),
  });
  return { clock, sent, lastHeard, relay };
}

describe('certificates on their way', () => {
  test('are held for two block intervals, never above Δ', () => {
    expect(holdMs(PACING)).toBe(80);
    expect(holdMs({ ...PACING, minBlockIntervalMs: 400 })).toBe(100);
  });

  test('go to those not heard in a later view when they are due', () => {
    const { clock, sent, lastHeard, relay } = relayOf([0, 7, 7, 3]);
    relay.hold(nullification(7), view(7));
    clock.advance(79);
    expect(sent).toEqual([]);
    lastHeard[1] = view(8);
    clock.advance(1);
    expect(sent).toEqual(['2/7', '3/7']);
    clock.advance(1_000);
    expect(sent).toHaveLength(2);
  });

  test('go to nobody when all have moved on, or the engine has stopped', () => {
    const moved = relayOf([0, 9, 9, 9]);
    moved.relay.hold(nullification(8), view(8));
    moved.clock.advance(100);
    expect(moved.sent).toEqual([]);
    const stopped = relayOf([0, 1, 1, 1]);
    stopped.relay.hold(nullification(8), view(8));
    stopped.relay.stop();
    stopped.clock.advance(100);
    expect(stopped.sent).toEqual([]);
  });

  test('are not heaped up: what does not fit goes at once', () => {
    const { sent, relay } = relayOf([0, 0]);
    for (let at = 1; at <= 65; at++) relay.hold(nullification(at), view(at));
    expect(sent).toEqual(['1/65']);
  });
});

describe('lateness', () => {
  test('is nothing on a machine that keeps its time, and near the delay on one that does not', () => {
    const punctual = handClock();
    const calm = createLatenessMeter(punctual);
    punctual.advance(5_000);
    expect(calm.mean()).toBe(0);
    const late = handClock(20);
    const strained = createLatenessMeter(late);
    late.advance(10_000);
    expect(strained.mean()).toBeGreaterThan(19);
    expect(strained.mean()).toBeLessThanOrEqual(20);
    strained.stop();
    late.advance(1_000);
  });
});
