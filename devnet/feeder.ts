/**
 * The price feeder of one validator: at the oracle's rate it votes index, forwards and surface of
 * the expiries that the chain lists, signed by the validator's oracle key, to that validator's node.
 *
 * Times of observation are multiples of the interval, so that the votes of all validators meet in
 * one block. An expiry is voted for before its series are listed: they have a mark from the start.
 * Each validator adds a small noise of its own, as sources differ; the chain takes the median.
 */
import { toHex } from '../runtime/core/bytes.ts';
import {
  epoch,
  timestampMs,
  underlyingId,
  type ValidatorIndex,
  validatorIndex,
} from '../runtime/core/units.ts';
import { MAX_ORACLE_EXPIRIES } from '../runtime/limits.ts';
import {
  FULL_CONFIDENCE_BPS,
  type OracleVote,
  oracleVoteDigest,
  PSI_SCALE,
  SignedOracleVoteCodec,
  THETA_SCALE,
  type UnderlyingVote,
} from '../runtime/oracle/vote.ts';
import type { Client } from '../wallet/client/client.ts';
import type { KeySigner } from '../wallet/client/sign.ts';
import type { EventLog } from './event-log.ts';
import type { PriceSource, UnderlyingName } from './prices/price-source.ts';
import { gaussian, mix32, uniforms } from './prices/random.ts';

/** Standard deviation of a validator's own noise: half a basis point. */
const NOISE = 0.5e-4;
/** Listed expiries are read again this often. */
const EXPIRIES_MS = 5_000;
const MICRO = 1_000_000;

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

/** Expiries to vote for: those listed, and those that the schedule lists next; ascending. */
export function expiriesToVote(
  listed: readonly number[],
  schedule: { readonly atMs: number; readonly intervalMs: number; readonly count: number },
): number[] {
  const { atMs, intervalMs, count } = schedule;
  const first = Math.floor(atMs / intervalMs) + 1;
  // One more than listed: it is the next to be.
  const coming = Array.from({ length: count + 1 }, (_, i) => (first + i) * intervalMs);
  return [...new Set([...listed, ...coming])]
    .filter((expiry) => expiry > atMs)
    .sort((a, b) => a - b)
    .slice(0, MAX_ORACLE_EXPIRIES);
}

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
  return {
    underlying: underlyingId(id),
    index: Math.round(index * noise * MICRO),
    confidenceBps: FULL_CONFIDENCE_BPS,
    expiries: expiries.map(({ expiryMs, forward, theta, u, l }) => ({
      expiry: timestampMs(expiryMs),
      forward: Math.round(forward * noise * MICRO),
      theta: Math.max(1, Math.round(theta * THETA_SCALE)),
      u: Math.round(u * PSI_SCALE),
      l: Math.round(l * PSI_SCALE),
    })),
  };
}

/** Runs until `stop` is called; returns how. */
export function runFeeder(options: FeederOptions): { readonly stop: () => Promise<void> } {
  const { client, signer, source, intervalMs, log } = options;
  const ownKey = toHex(signer.publicKey);
  let isStopped = false;
  let wake = (): void => {};
  let chainId: Uint8Array | undefined;
  let place: { epoch: number; validator: ValidatorIndex } | undefined;
  let listed: Record<string, number[]> = {};
  let listedAt = 0;

  /** The validator's position in the epoch's list, read again when the epoch changes. */
  const findPlace = async (): Promise<typeof place> => {
    const status = await client.call('get_status', {});
    chainId ??= Uint8Array.from(Buffer.from(status.chain_id, 'hex'));
    if (status.syncing) return undefined;
    if (place?.epoch === status.epoch) return place;
    const { epoch: current, validators } = await client.call('get_validators', {});
    const own = validators.find(({ oracle_key: key }) => key === ownKey);
    place = own && { epoch: current, validator: validatorIndex(own.index) };
    if (!place) log.event('not a validator of this epoch', { epoch: current });
    return place;
  };

  const readExpiries = async (): Promise<void> => {
    if (Date.now() - listedAt < EXPIRIES_MS) return;
    listed = await client.call('public/get_expirations', {});
    listedAt = Date.now();
  };

  const vote = async (atMs: number): Promise<void> => {
    const voter = await findPlace();
    if (!voter || !chainId) return;
    await readExpiries();
    const uniform = uniforms(mix32(options.noiseSeed, Math.floor(atMs / intervalMs)));
    const value: OracleVote = {
      epoch: epoch(voter.epoch),
      validator: voter.validator,
      observedAt: timestampMs(atMs),
      underlyings: options.underlyings.map(({ id, name }) => {
        const known = Object.entries(listed).find(([key]) => key.toUpperCase() === name);
        const expiriesMs = expiriesToVote(known?.[1] ?? [], {
          atMs,
          intervalMs: options.expiryIntervalMs,
          count: options.expiriesListed,
        });
        return underlyingVote(source, {
          id,
          name,
          atMs,
          expiriesMs,
          noise: 1 + NOISE * gaussian(uniform),
        });
      }),
    };
    const signature = signer.sign(oracleVoteDigest(chainId, value));
    const bytes = SignedOracleVoteCodec.encode({ vote: value, signature });
    await client.call('submit_oracle_vote', { vote: toHex(bytes) }, { timeoutMs: 2 * intervalMs });
  };

  const loop = async (): Promise<void> => {
    log.event('starts', { source: source.citation, intervalMs });
    while (!isStopped) {
      const nextAt = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, nextAt - Date.now());
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopped) break;
      try {
        await vote(nextAt);
        log.recovered('voting');
      } catch (cause) {
        if (!isStopped) log.problem('voting', cause);
      }
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isStopped = true;
      wake();
      await running;
    },
  };
}
