/**
 * The price feeder of one validator: at the oracle's rate it votes index, forwards and surface of
 * the expiries that the chain lists, signed by the validator's oracle key, to that validator's node.
 *
 * Times of observation are multiples of the interval, so that the votes of all validators meet in
 * one block. An expiry is voted for before its series are listed: they have a mark from the start.
 * Each validator adds a small noise of its own, as sources differ; the chain takes the median.
 */

import type { EventLog } from '../feeder/event-log.ts';
import { gaussian, mix32, uniforms } from '../feeder/simulate/random.ts';
import { runEvery } from '../feeder/vote/every.ts';
import { expiriesToVote } from '../feeder/vote/expiries.ts';
import { underlyingVote as toVote } from '../feeder/vote/underlying-vote.ts';
import { createVoter } from '../feeder/vote/voter.ts';
import type { UnderlyingVote } from '../runtime/oracle/vote.ts';
import type { Client } from '../wallet/client/client.ts';
import type { KeySigner } from '../wallet/client/sign.ts';
import type { PriceSource, UnderlyingName } from './prices/price-source.ts';

/** Standard deviation of a validator's own noise: half a basis point. */
const NOISE = 0.5e-4;
/** Listed expiries are read again this often. */
const EXPIRIES_MS = 5_000;

export type FeederOptions = {
  readonly client: Client;
  readonly signer: KeySigner;
  readonly source: PriceSource;
  readonly underlyings: readonly { readonly id: number; readonly name: UnderlyingName }[];
  readonly intervalMs: number;
  readonly expiryIntervalMs: number;
  readonly expiriesListed: number;
  /** Of the noise: another one for each validator. */
  readonly noiseSeed: number;
  readonly log: EventLog;
};

/** What `source` shows at `atMs`, in the units of votes. */
export function underlyingVote(
  source: PriceSource,
  question: {
    readonly id: number;
    readonly name: UnderlyingName;
    readonly atMs: number;
    readonly expiriesMs: readonly number[];
    /** Factor on prices. */
    readonly noise: number;
  },
): UnderlyingVote {
  const { id, name, atMs, expiriesMs, noise } = question;
  const { index, expiries } = source.observe({ underlying: name, atMs, expiriesMs });
  return toVote({
    id,
    index: index * noise,
    confidence: 1,
    expiries: expiries.map((expiry) => ({ ...expiry, forward: expiry.forward * noise })),
  });
}

/** Runs until `stop` is called; returns how. */
export function runFeeder(options: FeederOptions): { readonly stop: () => Promise<void> } {
  const { client, signer, source, intervalMs, log } = options;
  const voter = createVoter({ nodes: [client], signer });
  let listed: Record<string, number[]> = {};
  let listedAt = 0;
  let strangerIn: number | undefined;
  let isStopped = false;

  const readExpiries = async (): Promise<void> => {
    if (Date.now() - listedAt < EXPIRIES_MS) return;
    listed = await client.call('public/get_expirations', {});
    listedAt = Date.now();
  };

  const observe = (atMs: number): UnderlyingVote[] => {
    const uniform = uniforms(mix32(options.noiseSeed, Math.floor(atMs / intervalMs)));
    return options.underlyings.map(({ id, name }) => {
      const known = Object.entries(listed).find(([key]) => key.toUpperCase() === name);
      const expiriesMs = expiriesToVote(known?.[1] ?? [], {
        atMs,
        intervalMs: options.expiryIntervalMs,
        count: options.expiriesListed,
      });
      const noise = 1 + NOISE * gaussian(uniform);
      return underlyingVote(source, { id, name, atMs, expiriesMs, noise });
    });
  };

  const vote = async (atMs: number): Promise<void> => {
    const answer = await voter.findPlace();
    if (answer.kind === 'not_a_validator' && strangerIn !== answer.epoch) {
      strangerIn = answer.epoch;
      log.event('not a validator of this epoch', { epoch: answer.epoch });
    }
    if (answer.kind !== 'validator') return;
    await readExpiries();
    const seen = { observedAtMs: atMs, underlyings: observe(atMs) };
    await voter.cast(answer.place, seen, 2 * intervalMs);
  };

  log.event('starts', { source: source.citation, intervalMs });
  const running = runEvery(intervalMs, async (atMs) => {
    try {
      await vote(atMs);
      log.recovered('voting');
    } catch (cause) {
      if (!isStopped) log.problem('voting', cause);
    }
  });
  return {
    stop: async () => {
      isStopped = true;
      await running.stop();
    },
  };
}
