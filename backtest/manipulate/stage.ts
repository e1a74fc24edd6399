/** A small chain for strategies: a price that is told, flat volatility, and people with positions. */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  type InstrumentId,
  type PortfolioId,
  type UnderlyingId,
  underlyingId,
} from '../../runtime/core/units.ts';
import type { Event } from '../../runtime/event.ts';
import { burn, mint } from '../../runtime/ledger/ledger.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import type { State } from '../../runtime/state/state.ts';
import { UNDERLYINGS } from '../crash-days.ts';
import { listAll, newExchange, type ParameterSet, playBlock, signerOf } from '../exchange.ts';
import { PARAMETER_SETS } from '../parameter-sets.ts';
import { type Listing, listingOf, openAccount, type SeriesFacts } from '../population.ts';
import type { Replay } from '../replay.ts';

/** 2026-01-05 12:00 UTC, a Monday. */
const START = Date.UTC(2026, 0, 5, 12);
const YEAR_MS = 365 * 24 * 3_600_000;
const LOAN = 10n ** 17n;
export const INDEX_USD = 60_000;
const FLAT = { volatility: 0.6, skew: 0.4 };

export type Stage = {
  readonly state: State;
  readonly replay: Replay;
  readonly set: ParameterSet;
  readonly listing: Listing;
  /** Index of BTC, which the next block shows. */
  readonly price: { usd: number };
  nowMs: number;
  people: number;
};

function flatReplay(price: { usd: number }): Replay {
  return {
    name: 'stage',
    fromMs: START,
    toMs: START,
    underlyings: ['BTC'],
    times: [],
    at: (_name, atMs, expiriesMs) => ({
      index: price.usd,
      slices: expiriesMs.map((expiryMs) => {
        const theta = (FLAT.volatility ** 2 * (expiryMs - atMs)) / YEAR_MS;
        const wing = FLAT.skew * Math.sqrt(theta);
        return { expiryMs, forward: price.usd, theta, u: wing, l: wing };
      }),
    }),
  };
}

/** A listed market at $60,000 with an insurance fund. */
export function newStage(insuranceUsd: number): Stage {
  const [set] = PARAMETER_SETS;
  if (set === undefined) throw new RangeError('there is a default set');
  const price = { usd: INDEX_USD };
  const replay = flatReplay(price);
  const state = newExchange(set, { timeMs: START - 600_000, insuranceUsd });
  listAll(state, replay, START);
  const listing = listingOf(state, 'BTC');
  return { state, replay, set, listing, price, nowMs: START, people: 0 };
}

/** The call nearest to the money of the expiry nearest to so many days. */
export function callAtTheMoney({ listing }: Stage, days: number): SeriesFacts {
  const expiry = listing.expiries.toSorted(
    (a, b) => Math.abs(a.daysLeft - days) - Math.abs(b.daysLeft - days),
  )[0];
  const call = expiry?.series
    .filter(({ isCall }) => isCall)
    .toSorted((a, b) => Math.abs(a.moneyness) - Math.abs(b.moneyness))[0];
  if (call === undefined) throw new RangeError('a call is listed');
  return call;
}

/** Another person, with positions, and cash: dollars, or as initial margin asks for. */
export function person(
  stage: Stage,
  lots: ReadonlyMap<InstrumentId, number>,
  cash: { readonly dollars: number } | 'initial margin',
  mode: ParameterSet['mode'],
): PortfolioId {
  const { state } = stage;
  stage.people += 1;
  const portfolio = openAccount(state, signerOf(stage.people), 0, 'standard');
  mint(state, portfolio, DENOMINATION.usd, LOAN);
  for (const [instrument, count] of lots) changePosition(state, portfolio, instrument, count);
  if (mode === 'portfolio') openAccount(state, signerOf(stage.people), 0, 'portfolio');
  const { initial } = excessOf(state, portfolio);
  const spare = cash === 'initial margin' ? initial : LOAN - BigInt(cash.dollars) * 1_000_000n;
  burn(state, portfolio, DENOMINATION.usd, spare);
  return portfolio;
}

/** So many blocks a second apart; all their events. */
export function playBlocks(stage: Stage, blocks: number): Event[] {
  const events: Event[] = [];
  for (let n = 0; n < blocks; n++) {
    stage.nowMs += 1_000;
    events.push(...playBlock(stage.state, stage.replay, stage.nowMs).events);
  }
  return events;
}

export const BTC: UnderlyingId = underlyingId(UNDERLYINGS.BTC);
