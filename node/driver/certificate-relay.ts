/**
 * Passing certificates on, late and only to those who may lack them.
 *
 * Every validator hears every vote and forms the same certificates, so in the common case a broadcast
 * of each is half of all messages for nothing. A certificate is held for `holdMs` and then sent to the
 * validators that were not heard in a later view since: whoever votes or proposes above view v has
 * passed v. What a node that passed v may still lack is v's finalization, and the next one, or an
 * answer to its request, makes up for that.
 *
 * Invariant: within `holdMs` of forming a certificate this node has sent it to every validator that has
 * not shown to be past its view.
 */
import type { EngineState } from '../../consensus/engine.ts';
import type { Certificate } from '../../consensus/messages.ts';
import { type ValidatorIndex, type View, validatorIndex } from '../../runtime/core/units.ts';
import type { Pacing } from '../../runtime/epoch-config.ts';
import type { Clock, TimerHandle } from '../ports.ts';

/** Certificates held at once: two a view for the views of `holdMs`, and room for a burst. */
const MAX_HELD = 64;

export type CertificateRelay = {
  /** Sends the certificate when it is due; at once when too many are held. */
  hold(certificate: Certificate, view: View): void;
  stop(): void;
};

/** Long enough to hear the votes of the next view at full pace, never above Δ. */
export function holdMs({ minBlockIntervalMs, deltaMs }: Pacing): number {
  return Math.min(deltaMs, 2 * minBlockIntervalMs);
}

export function createCertificateRelay(options: {
  readonly state: Pick<EngineState, 'lastHeard'>;
  readonly self: ValidatorIndex | undefined;
  readonly pacing: Pacing;
  readonly clock: Clock;
  readonly send: (to: ValidatorIndex, certificate: Certificate, view: View) => void;
}): CertificateRelay {
  const { state, self, clock } = options;
  const delayMs = holdMs(options.pacing);
  const timers = new Set<TimerHandle>();

  const sendWhereDue = (certificate: Certificate, view: View): void => {
    for (const [index, heard] of state.lastHeard.entries()) {
      if (index === self || heard > view) continue;
      options.send(validatorIndex(index), certificate, view);
    }
  };

  return {
    hold(certificate, view) {
      if (timers.size >= MAX_HELD) {
        sendWhereDue(certificate, view);
        return;
      }
      const timer = clock.setTimer(delayMs, () => {
        timers.delete(timer);
        sendWhereDue(certificate, view);
      });
      timers.add(timer);
    },
    stop() {
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
