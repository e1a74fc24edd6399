import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runFeeder, underlyingVote } from '../../devnet/feeder.ts';
import { FITTED_MODEL, simulateMarket } from '../../devnet/prices/jump-diffusion.ts';
import { createEventLog } from '../../feeder/event-log.ts';
import { expiriesToVote } from '../../feeder/vote/expiries.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import {
  type OracleVote,
  oracleVoteDigest,
  SignedOracleVoteCodec,
} from '../../runtime/oracle/vote.ts';
import { isVoteSane } from '../../runtime/oracle/vote-bounds.ts';
import type { Client } from '../../wallet/client/client.ts';
import { ed25519Signer } from '../../wallet/client/sign.ts';

const START = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const CHAIN_ID = '07'.repeat(32);
const signer = ed25519Signer(new Uint8Array(32).fill(5));
const source = simulateMarket({
  model: FITTED_MODEL,
  seed: 1,
  startedAtMs: START,
  expiryIntervalMs: 5 * MINUTE_MS,
});

describe('votes', () => {
  test('cover what is listed and what is listed next, once each, in order', () => {
    const schedule = { atMs: START + 1, intervalMs: 5 * MINUTE_MS, count: 2 };
    expect(
      expiriesToVote([START - 1, START + 5 * MINUTE_MS, START + 60 * MINUTE_MS], schedule).map(
        (expiry) => (expiry - START) / MINUTE_MS,
      ),
    ).toEqual([5, 10, 15, 60]);
  });

  test('are within the bounds of the chain, in its units', () => {
    const vote = underlyingVote(source, {
      id: 1,
      name: 'BTC',
      atMs: START,
      expiriesMs: [START + 5 * MINUTE_MS, START + 10 * MINUTE_MS],
      noise: 1,
    });
    expect(vote.index).toBe(FITTED_MODEL.underlyings.BTC.initialPrice * 1_000_000);
    expect(vote.expiries).toHaveLength(2);
    // σ of one recorded day, θ = σ²·(5 minutes of a year of 365 days), in 10⁻¹².
    const sigma = FITTED_MODEL.underlyings.BTC.surface[1]?.volatility ?? 0;
    expect(vote.expiries[0]?.theta).toBe(Math.round(((sigma ** 2 * 5) / 525_600) * 1e12));
    const whole = { epoch: 0, validator: 0, observedAt: START, underlyings: [vote] };
    expect(isVoteSane(whole as unknown as OracleVote)).toBe(true);
  });
});

describe('feeder', () => {
  let epochNow = 4;
  let isDown = false;
  const submitted: OracleVote[] = [];
  const lines: string[] = [];
  const client = {
    call: async (method: string, params: { vote?: string }) => {
      if (isDown) throw new Error('no node answers');
      switch (method) {
        case 'get_status':
          return { chain_id: CHAIN_ID, epoch: epochNow, syncing: false };
        case 'get_validators': {
          // The validator moves to another place in the next epoch.
          const others = [{ index: 0, oracle_key: '00'.repeat(32) }];
          const own = { index: epochNow - 3, oracle_key: toHex(signer.publicKey) };
          return { epoch: epochNow, validators: [...others, own] };
        }
        case 'public/get_expirations':
          return { BTC: [START + 5 * MINUTE_MS] };
        default: {
          const decoded = SignedOracleVoteCodec.decode(
            fromHex(params.vote ?? '') ?? new Uint8Array(),
          );
          if (!decoded.ok) throw new Error(decoded.error.detail);
          const { vote, signature } = decoded.value;
          const digest = oracleVoteDigest(fromHex(CHAIN_ID) ?? new Uint8Array(), vote);
          expect(ed25519.verify(signature, digest, signer.publicKey)).toBe(true);
          submitted.push(vote);
          return {};
        }
      }
    },
  } as unknown as Client;

  beforeEach(() => {
    vi.useFakeTimers({ now: START + 250 });
    submitted.length = 0;
    lines.length = 0;
    epochNow = 4;
    isDown = false;
  });
  afterEach(() => vi.useRealTimers());

  const start = (noiseSeed: number) =>
    runFeeder({
      client,
      signer,
      source,
      underlyings: [
        { id: 1, name: 'BTC' },
        { id: 2, name: 'ETH' },
      ],
      intervalMs: 1_000,
      expiryIntervalMs: 5 * MINUTE_MS,
      expiriesListed: 3,
      noiseSeed,
      log: createEventLog('feeder', (line) => lines.push(line)),
    });

  test('votes every second at its place in the epoch, signed', async () => {
    const feeder = start(1);
    await vi.advanceTimersByTimeAsync(2_000);
    epochNow = 5;
    await vi.advanceTimersByTimeAsync(1_000);
    await feeder.stop();
    expect(submitted.map(({ observedAt }) => observedAt - START)).toEqual([1_000, 2_000, 3_000]);
    expect(submitted.map(({ epoch, validator }) => [epoch, validator])).toEqual([
      [4, 1],
      [4, 1],
      [5, 2],
    ]);
    expect(submitted[0]?.underlyings.map(({ underlying }) => underlying)).toEqual([1, 2]);
  });

  test('survives its node: one line when it goes, one when it is back', async () => {
    const feeder = start(1);
    isDown = true;
    await vi.advanceTimersByTimeAsync(5_000);
    isDown = false;
    await vi.advanceTimersByTimeAsync(1_000);
    await feeder.stop();
    const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(['starts', 'voting fails', 'voting works again']);
    expect(submitted).toHaveLength(1);
  });

  test('differs from another validator by a few hundredths of a percent at most', async () => {
    const feeders = [start(1), start(2)];
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(feeders.map(({ stop }) => stop()));
    const [one = 0, other = 0] = submitted.map(({ underlyings }) => underlyings[0]?.index);
    expect(one).not.toBe(other);
    expect(Math.abs(one / other - 1)).toBeLessThan(5e-4);
  });
});
