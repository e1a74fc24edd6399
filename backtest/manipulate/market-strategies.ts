/**
 * Strategies whose cost is a market's answer: funding pump, push of the settlement's mean, trigger
 * ladder, batch size inflation, and the mark pump with credit of portfolio margin.
 *
 * Rates, medians, shares, prices and margins are the runtime's own functions; what markets answer is
 * assumed and stated in each case.
 */
import { proRata } from '../../runtime/auction/pro-rata.ts';
import {
  FUNDING_PERIOD_MS,
  fundingRate,
  premiumOf,
  RATE_SCALE,
} from '../../runtime/linear/funding.ts';
import { kernelMargin } from '../../runtime/margin/portfolio/margin-kernel.ts';
import {
  defaultPortfolioParameters,
  portfolioModel,
} from '../../runtime/margin/portfolio/portfolio-parameters.ts';
import { HONEST_SPREAD, medianShift } from './median-shift.ts';
import { FEES, type Outcome, STAKES } from './strategy.ts';
import { PULL_RULES, type PullStrategy, playPull, vegaPerPoint } from './surface-pull.ts';

const INDEX = 60_000;
const MICRO_INDEX = INDEX * 1_000_000;
const HOUR_MS = 3_600_000;

const percentOf = (stake: number): string => `${Math.round(100 * stake)} % of stake`;

/** Credit of long calls at a mark, less what they are worth without the pump: what others could lose. */
function creditBeyondWorth(years: number, points: number): number {
  const model = portfolioModel(defaultPortfolioParameters());
  if (!model.ok) throw new Error('the default parameters are accepted');
  const valued = (volatility: number) =>
    kernelMargin(model.value, {
      cash: 0,
      spot: INDEX,
      spotConfidence: 1,
      pegPrice: 1,
      perpetual: { amount: 0, price: INDEX, confidence: 1, unrealised: 0 },
      expiries: [
        {
          years,
          varianceYears: years,
          forward: INDEX,
          openShare: 1,
          rate: 0,
          discountFactor: 1,
          confidence: 1,
          options: [{ kind: 'call', strike: INDEX, amount: 1, volatility }],
        },
      ],
      assets: [],
    });
  const pumped = valued(0.5 + points / 100);
  return pumped.markToMarket + pumped.worst - valued(0.5).markToMarket;
}

/** Long calls marked up by quotes or votes; what portfolio margin then lends on them. */
export function pumpOutcomes(): Outcome[] {
  const strategy = 'mark pump plus portfolio credit';
  const coins = 1_000;
  const usd = coins * INDEX;
  const byStake = STAKES.map((stake): Outcome => {
    const points = medianShift(stake) * HONEST_SPREAD.points;
    const gains = [7 / 365, 30 / 365, 1].map((years) => creditBeyondWorth(years, points));
    return {
      strategy,
      case: `${percentOf(stake)}, volatility voted ${points.toFixed(2)} points up`,
      means: { stake, usd },
      gainUsd: coins * Math.max(0, ...gains),
      costUsd: usd * FEES.optionTaker,
      note: 'initial margin takes more off long options than the pump adds',
    };
  });
  const byQuotes = [30 / 365, 1].map((years): Outcome => {
    const attempt: PullStrategy = {
      forwardUsd: INDEX,
      years,
      volatility: 0.5,
      edgePoints: 2,
      hitAfterMs: 60_000,
      positionCoins: coins,
      durationMs: 1_200_000,
    };
    const { offsetPoints, costUsd } = playPull(attempt, PULL_RULES);
    const paper = offsetPoints * vegaPerPoint(attempt) * coins;
    return {
      strategy,
      case: `$60M of calls of ${Math.round(365 * years)} days, quotes answered once a minute`,
      means: { stake: 0, usd },
      gainUsd: coins * Math.max(0, creditBeyondWorth(years, offsetPoints)),
      costUsd: costUsd + usd * FEES.optionTaker,
      note: `mark ${offsetPoints.toFixed(2)} points up, $${Math.round(paper)} on paper`,
    };
  });
  return [...byStake, ...byQuotes];
}

/** A short perpetual, and bids of the impact notional above the index. */
export function fundingOutcomes(): Outcome[] {
  const strategy = 'funding pump';
  const usd = 50_000_000;
  const hours = 8;
  const paid = (premium: number, share: number): number =>
    (fundingRate(premium) / RATE_SCALE) * usd * share * ((hours * HOUR_MS) / FUNDING_PERIOD_MS);
  const fees = usd * 2 * FEES.linearMaker;
  const byStake = STAKES.map((stake): Outcome => {
    const low = Math.round(MICRO_INDEX * (1 - medianShift(stake) * HONEST_SPREAD.price));
    const premium = premiumOf({ bid: MICRO_INDEX, ask: undefined }, low);
    return {
      strategy,
      case: `${percentOf(stake)}, index voted down for ${hours} h`,
      means: { stake, usd },
      gainUsd: Math.max(0, paid(premium, 1)),
      costUsd: fees,
      note: 'the premium stays within the 2.5 bp that charge nothing',
    };
  });
  const impactUsd = 50_000;
  const byBids = [1, 5, 10].map((hitAfterSeconds): Outcome => {
    const bid = Math.round(MICRO_INDEX * 1.005);
    const counted = Math.max(0, hitAfterSeconds - 2) / hitAfterSeconds;
    const hits = (hours * 3_600) / hitAfterSeconds;
    return {
      strategy,
      case: `$50M short, bids 0.5 % up, hit after ${hitAfterSeconds} s`,
      means: { stake: 0, usd },
      gainUsd: paid(premiumOf({ bid, ask: undefined }, MICRO_INDEX), counted),
      costUsd: fees + hits * impactUsd * 0.005,
      note: 'an order counts after 2 s; each answer costs $250',
    };
  });
  return [...byStake, ...byBids];
}

/** The mean of an index over the window, pushed for a position in the expiring future. */
export function settlementOutcomes(): Outcome[] {
  const strategy = 'time-weighted push';
  const usd = 100_000_000;
  const byStake = STAKES.map((stake): Outcome => {
    const shift = medianShift(stake) * HONEST_SPREAD.price;
    return {
      strategy,
      case: `${percentOf(stake)}, votes at the edge for the whole window`,
      means: { stake, usd },
      gainUsd: shift * usd,
      costUsd: usd * (FEES.linearMaker + FEES.hedge),
      note: `mean ${(1e4 * shift).toFixed(2)} bp off`,
    };
  });
  // Three of five venues held off by a share: arbitrage brings depth for that share every ten seconds.
  const byMoney = [0.001, 0.005].map((push): Outcome => {
    const depthPerPercentUsd = 20_000_000;
    const absorbed = 3 * depthPerPercentUsd * (push * 100) * (1_800 / 10);
    return {
      strategy,
      case: `three of five venues held ${(100 * push).toFixed(1)} % off for 30 min, $100M position`,
      means: { stake: 0, usd: absorbed },
      gainUsd: push * usd,
      costUsd: absorbed * push,
      note: `pays above a position of $${Math.round(absorbed / 1e6)}M; depth $20M a percent, back in 10 s`,
    };
  });
  return [...byStake, ...byMoney];
}

/** Stops fired in a thin book, and bids waiting below. */
export function ladderOutcomes(): Outcome[] {
  const strategy = 'trigger ladder';
  const depthUsd = 500_000;
  const slip = 0.05;
  const fees = FEES.optionTaker + FEES.optionMaker;
  const byStake = STAKES.map((stake): Outcome => {
    const shift = medianShift(stake) * HONEST_SPREAD.price;
    const stops = 1_000_000 * (1e4 * shift);
    return {
      strategy,
      case: `${percentOf(stake)}, stops on index and mark, $1M a basis point`,
      means: { stake, usd: stops },
      // Makers of the block quote before triggers fire: stops trade at their prices, not at bids below.
      gainUsd: 0,
      costUsd: stops * FEES.optionMaker,
      note: `fires those within ${(1e4 * shift).toFixed(2)} bp; they meet the makers of their block first`,
    };
  });
  const byTrades = [0.5, 1, 2, 4].map((times): Outcome => {
    const stops = times * depthUsd;
    return {
      strategy,
      case: `a book of $500k sold 5 % down, stops on last trades of $${stops / 1e3}k`,
      means: { stake: 0, usd: depthUsd },
      gainUsd: Math.max(0, stops - depthUsd) * slip,
      costUsd: (depthUsd * slip) / 2 + (depthUsd + stops) * fees,
      note: 'pays once stops on last trades exceed 1.5 × what makers show again in the next block',
    };
  });
  return [...byStake, ...byTrades];
}

/** Orders larger than wanted, where a batch shares pro rata. */
export function batchOutcomes(): Outcome[] {
  const strategy = 'batch size inflation';
  const wanted = 100;
  const others = 900;
  const lotUsd = INDEX / 100;
  // A better price by half a spread; what is not wanted goes out at half a spread and a fee.
  const edge = 0.001;
  const exit = edge + FEES.optionTaker;
  const hash = (): Uint8Array => new Uint8Array(32);
  const filled = (size: number, opposing: number): number => {
    const all = size + others;
    if (opposing >= all) return size;
    const claims = [size, others].map((lots) => ({ lots, hash }));
    return proRata(opposing, claims, opposing)[0] ?? 0;
  };
  const outcome = (stake: number, factor: number): Outcome => {
    let [gain, cost, rounds] = [0, 0, 0];
    for (let opposing = 20; opposing <= 2_000; opposing += 20) {
      const plain = filled(wanted, opposing);
      const inflated = filled(wanted * factor, opposing);
      gain += Math.max(0, Math.min(wanted, inflated) - plain) * lotUsd * edge;
      cost += Math.max(0, inflated - wanted) * lotUsd * exit;
      rounds += 1;
    }
    const means = { stake, usd: wanted * factor * lotUsd };
    const name = stake > 0 ? percentOf(stake) : `$${means.usd / 1e3}k`;
    return {
      strategy,
      case: `${name}, ${factor} × the size wanted`,
      means,
      gainUsd: gain / rounds,
      costUsd: cost / rounds,
      note: 'opposing volume even from 0 to twice the honest demand; fully margined',
    };
  };
  return [...STAKES.map((stake) => outcome(stake, 2)), ...[1.2, 2, 5].map((f) => outcome(0, f))];
}
