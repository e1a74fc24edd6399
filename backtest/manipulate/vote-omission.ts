/**
 * "Vote omission": whoever proposes a block may leave votes out of it.
 *
 * Played with the chain's own counting of votes (`runtime/oracle/apply-votes.ts`): 30 validators vote once
 * a second on a price that moves at 150 % a year, blocks come twice a second, and leaders are drawn by
 * stake. A liar's block holds the votes that raise the index and its own at the most the others showed;
 * an honest block holds all. Measured is how far the index is above the truth on average: what a
 * settlement would gain a long position. Cost: fees of a position in the expiring future and its hedge.
 */
import { gaussian, uniforms } from '../../feeder/simulate/random.ts';
import { timestampMs, validatorIndex, weight } from '../../runtime/core/units.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { FULL_CONFIDENCE_BPS, type OracleVote } from '../../runtime/oracle/vote.ts';
import { contextOf } from '../exchange.ts';
import { HONEST_SPREAD } from './median-shift.ts';
import { BTC, INDEX_USD, newStage } from './stage.ts';
import { FEES, type Outcome, STAKES } from './strategy.ts';

const STRATEGY = 'vote omission';
const VALIDATORS = 30;
const SECONDS = 600;
const NOTIONAL_USD = 100_000_000;
const VOLATILITY = 1.5;
const YEAR_SECONDS = 365 * 24 * 3_600;
const MICRO = 1_000_000;

function validatorsOf() {
  return Array.from({ length: VALIDATORS }, (_, n) => ({
    operator: new Uint8Array(20).fill(n + 1),
    consensusKey: new Uint8Array(32).fill(n + 1),
    oracleKey: new Uint8Array(32).fill(n + 101),
    peerKey: new Uint8Array(32).fill(n + 51),
    weight: weight(1n),
    addresses: [],
  }));
}

/** Mean of index ÷ truth − 1 over ten minutes. */
export function omissionBias(stake: number): number {
  const { state, nowMs } = newStage(0);
  const base = contextOf(state);
  const config = { ...base.config, validators: validatorsOf() };
  const uniform = uniforms(23);
  const liars = Math.floor(stake * VALIDATORS);
  let truth = INDEX_USD;
  let sum = 0;
  let pending: OracleVote[] = [];
  for (let half = 1; half <= 2 * SECONDS; half++) {
    const timestamp = timestampMs(nowMs + half * 500);
    truth *= Math.exp(VOLATILITY * Math.sqrt(0.5 / YEAR_SECONDS) * gaussian(uniform));
    if (half % 2 === 1) {
      const honest = Array.from({ length: VALIDATORS - liars }, () =>
        Math.round(truth * (1 + HONEST_SPREAD.price * gaussian(uniform)) * MICRO),
      );
      const highest = Math.max(...honest);
      pending = Array.from({ length: VALIDATORS }, (_, n) => ({
        epoch: config.epoch,
        validator: validatorIndex(n),
        observedAt: timestamp,
        underlyings: [
          {
            underlying: BTC,
            index: n < liars ? highest : (honest[n - liars] ?? 0),
            confidenceBps: FULL_CONFIDENCE_BPS,
            expiries: [],
          },
        ],
      }));
    }
    const before = state.indexPrices.get(BTC)?.index ?? 0;
    const isLiar = uniform() < stake;
    const votes = pending.filter(
      ({ underlyings, validator }) =>
        !isLiar || validator < liars || (underlyings[0]?.index ?? 0) >= before,
    );
    applyOracleVotes(state, { ...base, config, timestamp, events: [] }, votes);
    sum += (state.indexPrices.get(BTC)?.index ?? 0) / MICRO / truth - 1;
  }
  return sum / (2 * SECONDS);
}

export function omissionOutcomes(): Outcome[] {
  const without = omissionBias(0);
  return STAKES.map((stake) => {
    const bias = omissionBias(stake) - without;
    return {
      strategy: STRATEGY,
      case: `${Math.round(100 * stake)} % of stake, all its blocks in a settlement window`,
      means: { stake, usd: NOTIONAL_USD },
      gainUsd: Math.max(0, bias) * NOTIONAL_USD,
      costUsd: NOTIONAL_USD * (FEES.linearMaker + FEES.hedge),
      note: `index ${(1e4 * bias).toFixed(2)} bp above the truth on average`,
    };
  });
}
