/**
 * A crowd on a real state for the risk bench: accounts that hold options in one underlying, and the
 * steps of a block that follow a mark. Positions and cash are put in as trades would leave them.
 */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import {
  accountId,
  type InstrumentId,
  instrumentId,
  type PortfolioId,
  portfolioId,
  subAccount,
  type TimestampMs,
  timestampMs,
} from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { FIRST_ACCOUNT_ID } from '../../runtime/ledger/module-accounts.ts';
import { runLiquidations } from '../../runtime/liquidation/run-liquidations.ts';
import { bareExcessOf } from '../../runtime/margin/bare-excess.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../runtime/oracle/update-marks.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { BTC, MICRO, nextBlock, START, testState } from '../../test/fixtures/state.ts';
import { type Listing, listingOf, randomNumbers, SPOT } from './book.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
/** Expiries in which one account holds series. */
const EXPIRIES_HELD = 3;
const MOST_LOTS = 20;

export type CrowdFacts = {
  readonly accounts: number;
  /** Series that each account holds. */
  readonly positions: number;
  /** Series listed: calls and puts of half as many strikes. */
  readonly series: number;
  /** Of a hundred accounts so many are under portfolio margin. */
  readonly inPortfolioMode: number;
};

export type Crowd = {
  readonly state: State;
  context: BlockContext;
  readonly listing: readonly Listing[];
  readonly people: readonly PortfolioId[];
};

const expiryOf = ({ years }: Listing): TimestampMs => timestampMs(START + years * YEAR_MS);

/** Lists the calls and puts; instruments by expiry, both of a strike side by side. */
function listAll(state: State, listing: readonly Listing[]): InstrumentId[][] {
  let next = 1;
  const listed = listing.map((expiry) =>
    [...new Set(expiry.strikes)].flatMap((strike) =>
      [INSTRUMENT_KIND.call, INSTRUMENT_KIND.put].map((kind) => {
        const id = instrumentId(next++);
        state.instruments.set(id, {
          id,
          underlying: BTC.id,
          kind,
          expiry: expiryOf(expiry),
          strike: strike * MICRO,
          listedAt: START,
          state: INSTRUMENT_STATE.open,
          openInterest: 0,
          deliveryPrice: 0,
        });
        return id;
      }),
    ),
  );
  metaOf(state).nextInstrumentId = instrumentId(next);
  rebuildDerived(state);
  return listed;
}

/** Marks every expiry at an index of so many dollars. */
function mark({ state, context, listing }: Omit<Crowd, 'people'>, indexUsd: number): void {
  const index = Math.round(indexUsd * MICRO);
  const { timestamp: updatedAt } = context;
  state.indexPrices.set(BTC.id, { underlying: BTC.id, index, confidenceBps: 10_000, updatedAt });
  for (const expiry of listing) {
    const { theta, u, l } = expiry.parameters;
    const forward = Math.round((index * expiry.forward) / SPOT);
    const place = { underlying: BTC.id, expiry: expiryOf(expiry) };
    setMarkInputs(state, context, place, { index, forward, theta, u, l, windowMs: 1_800_000 });
  }
}

/** Gives an account series of a few expiries, long and short alike. */
function fill(
  state: State,
  who: PortfolioId,
  listed: readonly (readonly InstrumentId[])[],
  facts: { readonly positions: number; readonly random: () => number },
): void {
  const { positions, random } = facts;
  const pick = <T>(from: readonly T[]): T => {
    const one = from[Math.floor(random() * from.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  };
  const expiries = Array.from({ length: EXPIRIES_HELD }, () => pick(listed));
  const chosen = new Set<InstrumentId>();
  while (chosen.size < positions) chosen.add(pick(pick(expiries)));
  for (const instrument of chosen) {
    const lots = (1 + Math.floor(random() * MOST_LOTS)) * (random() < 0.5 ? -1 : 1);
    changePosition(state, who, instrument, lots);
  }
}

/**
 * Gives an account the cash that leaves it 0 to 2 times its requirement above maintenance; one in a
 * hundred is short by a hundredth of it.
 */
function fund(state: State, who: PortfolioId, random: () => number): void {
  const bare = bareExcessOf(state, who);
  const needed = bare < 0n ? -bare : 0n;
  const isShort = random() < 0.01;
  const share = isShort ? 99n : 101n + BigInt(Math.floor(200 * random()));
  mint(state, who, DENOMINATION.usd, (needed * share) / 100n + (isShort ? 0n : 1_000n));
}

/** A crowd at its first mark. */
export function newCrowd({ accounts, positions, series, inPortfolioMode }: CrowdFacts): Crowd {
  const state = testState({ underlyings: [BTC], parameters: { oracleStaleMs: 60_000 } });
  const listing = listingOf(series / 2);
  const listed = listAll(state, listing);
  const context = nextBlock(state);
  mark({ state, context, listing }, SPOT);
  const random = randomNumbers(11);
  const people = Array.from({ length: accounts }, (_, i) =>
    portfolioId(accountId(FIRST_ACCOUNT_ID + i), subAccount(0)),
  );
  for (const [i, who] of people.entries()) {
    if (i % 100 < inPortfolioMode) state.marginModes.set(who, { portfolio: who, since: START });
    fill(state, who, listed, { positions, random });
    fund(state, who, random);
  }
  return { state, context, listing, people };
}

/** The next block: another mark, then what margin and liquidation do after every mark. */
export function remark(crowd: Crowd, indexUsd: number): void {
  crowd.context = nextBlock(crowd.state, 1_000);
  mark(crowd, indexUsd);
  cancelUnsupportedOrders(crowd.state, crowd.context);
  runLiquidations(crowd.state, crowd.context);
}

/** What a node that loaded the rows does before its first block. */
export function restart({ state }: Crowd): void {
  rebuildDerived(state);
}

/** Whether those who are known to be short are those whom a look at everybody finds short. */
export function isEverybodyFound({ state, people }: Crowd): boolean {
  return people.every((who) => state.liquidations.has(who) === bareExcessOf(state, who) < 0n);
}
