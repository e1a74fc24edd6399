/**
 * Accounts of a back-test: what makers, hedgers, naked sellers and punters hold before a day, and how
 * much collateral they have for it.
 *
 * Customers are drawn first: sizes log-normal, expiries as open interest lies (most within two weeks),
 * strikes by standardised moneyness k/√θ. Makers hold the other side of every option, spread over many
 * of them by size, with spreads among each other, and hedge their deltas with the perpetual; what
 * then is left of the perpetual goes to punters. So lots of every instrument sum to zero.
 *
 * Collateral is given last: each account uses a share of it for initial margin, drawn evenly from 50 to
 * 100 %. Under another margin the same positions get the collateral that this needs, at the same
 * share.
 */
import { gaussian, uniforms } from '../feeder/simulate/random.ts';
import { ensureAccount } from '../runtime/accounts/create-account.ts';
import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { maxBigint } from '../runtime/core/math.ts';
import {
  type InstrumentId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
  subAccount,
  underlyingId,
} from '../runtime/core/units.ts';
import { balanceOf, burn, mint } from '../runtime/ledger/ledger.ts';
import { moveLinearPosition } from '../runtime/linear/move-position.ts';
import { markPerLot } from '../runtime/linear/positions-of.ts';
import { excessOf, markValueOf } from '../runtime/margin/excess.ts';
import { MARGIN_MODE, MIN_ENTRY_EQUITY } from '../runtime/margin/mode/margin-mode.ts';
import { setMarginMode } from '../runtime/margin/mode/set-margin-mode.ts';
import { changePosition } from '../runtime/margin/portfolio-index.ts';
import { standardMargin } from '../runtime/margin/requirements.ts';
import { INSTRUMENT_KIND } from '../runtime/options/instrument.ts';
import { liveExpiries, seriesOf } from '../runtime/options/series-index.ts';
import { callDelta } from '../runtime/pricing/black76.ts';
import { expiryKey, type State } from '../runtime/state/state.ts';
import { addressOfKey, SCHEME } from '../runtime/transaction.ts';
import { UNDERLYING_NAMES, UNDERLYINGS, type UnderlyingName } from './crash-days.ts';
import { contextOf, MICRO, type ParameterSet, type Signer, signerOf } from './exchange.ts';

export type AccountKind = 'maker' | 'hedger' | 'naked' | 'punter';
export const ACCOUNT_KINDS: readonly AccountKind[] = ['maker', 'hedger', 'naked', 'punter'];

/** Shares of the accounts. */
const KIND_SHARES: { readonly [K in AccountKind]: number } = {
  maker: 0.08,
  hedger: 0.22,
  naked: 0.33,
  punter: 0.37,
};
/** Notional of a customer in USD: log-normal. */
const MEDIAN_NOTIONAL_USD = 100_000;
const NOTIONAL_SPREAD = 1.3;
const MOST_NOTIONAL_USD = 20_000_000;
/** Makers' sizes: Pareto with this index. */
const MAKER_TAIL = 1.3;
const MAKERS_PER_SERIES = 20;
const SPREADS_PER_MAKER = 4;
/** Share of customers that trade ETH. */
const ETH_SHARE = 0.35;
/** Shares of open interest by time to expiry, in days. */
const TERMS: readonly { readonly upToDays: number; readonly weight: number }[] = [
  { upToDays: 1.5, weight: 0.15 },
  { upToDays: 5, weight: 0.2 },
  { upToDays: 16, weight: 0.25 },
  { upToDays: 65, weight: 0.25 },
  { upToDays: 1e9, weight: 0.15 },
];
const DAY_MS = 24 * 3_600_000;
/** Lent while collateral is measured. */
const LOAN = 10n ** 17n;
/** Collateral of an account that needs none: a share of what its options are worth. */
const SPARE_SHARE = 20n;

/** A listed series with what accounts choose by. */
export type SeriesFacts = {
  readonly id: InstrumentId;
  readonly isCall: boolean;
  /** ln(K/F) ÷ √θ: standard deviations from the money. */
  readonly moneyness: number;
  /** Of the underlying, per lot. */
  readonly delta: number;
};

type ExpiryFacts = { readonly daysLeft: number; readonly series: readonly SeriesFacts[] };

/** What may be held of an underlying. */
export type Listing = {
  readonly name: UnderlyingName;
  readonly index: number;
  readonly optionLots: number;
  readonly perpetualLots: number;
  readonly perpetual: InstrumentId;
  readonly expiries: readonly ExpiryFacts[];
};

/** The listing of a marked state, without expiries inside their settlement window. */
export function listingOf(state: State, name: UnderlyingName): Listing {
  const underlying = underlyingId(UNDERLYINGS[name]);
  const terms = state.underlyings.must(underlying);
  const { timestamp, parameters } = contextOf(state);
  const expiries = liveExpiries(state, underlying).flatMap((expiry): ExpiryFacts[] => {
    const inputs = state.markInputs.get(expiryKey.pack(underlying, expiry));
    if (inputs === undefined || expiry - timestamp <= parameters.settlementWindowMs) return [];
    const root = Math.sqrt(inputs.theta / 1e12);
    const series = seriesOf(state, underlying, expiry).flatMap((id): SeriesFacts[] => {
      const { kind, strike } = state.instruments.must(id);
      if (kind !== INSTRUMENT_KIND.call && kind !== INSTRUMENT_KIND.put) return [];
      const isCall = kind === INSTRUMENT_KIND.call;
      const moneyness = Math.log(strike / inputs.forward) / root;
      const above = callDelta(inputs.forward, strike, root);
      return [
        { id, isCall, moneyness, delta: (isCall ? above : above - 1) / terms.optionLotsPerCoin },
      ];
    });
    return series.length === 0 ? [] : [{ daysLeft: (expiry - timestamp) / DAY_MS, series }];
  });
  const row = state.perpetuals.must(underlying);
  return {
    name,
    index: state.indexPrices.must(underlying).index / MICRO,
    optionLots: terms.optionLotsPerCoin,
    perpetualLots: terms.futureLotsPerCoin,
    perpetual: row.instrument,
    expiries,
  };
}

/** Signed lots by instrument. */
export type Holding = Map<InstrumentId, number>;

export type DrawnAccount = {
  readonly kind: AccountKind;
  readonly listing: Listing;
  readonly holding: Holding;
  /** Share of collateral that initial margin uses. */
  readonly use: number;
  readonly size: number;
};

function add(holding: Holding, id: InstrumentId, lots: number): void {
  const after = (holding.get(id) ?? 0) + lots;
  if (after === 0) holding.delete(id);
  else holding.set(id, after);
}

type Draw = { readonly uniform: () => number };

function pick<T>(items: readonly T[], { uniform }: Draw): T | undefined {
  return items[Math.floor(uniform() * items.length)];
}

function between({ uniform }: Draw, low: number, high: number): number {
  return low + (high - low) * uniform();
}

/** An expiry by the weight of its term, among those of it at random. */
function drawExpiry({ expiries }: Listing, draw: Draw): ExpiryFacts | undefined {
  let left = draw.uniform();
  let from = 0;
  for (const { upToDays, weight } of TERMS) {
    const lower = from;
    from = upToDays;
    left -= weight;
    if (left > 0) continue;
    const found = expiries.filter(({ daysLeft }) => daysLeft > lower && daysLeft <= upToDays);
    if (found.length > 0) return pick(found, draw);
  }
  return pick(expiries, draw);
}

/** The series of an expiry nearest to a moneyness drawn from a range. */
function drawSeries(
  listing: Listing,
  draw: Draw,
  wanted: { readonly isCall: boolean; readonly from: number; readonly to: number },
): SeriesFacts | undefined {
  const expiry = drawExpiry(listing, draw);
  const at = between(draw, wanted.from, wanted.to);
  let best: SeriesFacts | undefined;
  for (const one of expiry?.series ?? []) {
    if (one.isCall !== wanted.isCall) continue;
    const isNearer = Math.abs(one.moneyness - at) < Math.abs((best?.moneyness ?? Infinity) - at);
    if (best === undefined || isNearer) best = one;
  }
  return best;
}

function addSeries(holding: Holding, one: SeriesFacts | undefined, lots: number): void {
  if (one !== undefined) add(holding, one.id, Math.trunc(lots));
}

/** Sells puts, calls or both, out of the money, uncovered. */
function drawNaked(listing: Listing, coins: number, draw: Draw): Holding {
  const holding: Holding = new Map();
  const lots = Math.max(1, Math.round(coins * listing.optionLots));
  const legs = 1 + Math.floor(3 * draw.uniform());
  for (let leg = 0; leg < legs; leg++) {
    // More puts than calls: those who expect no crash.
    const isCall = draw.uniform() < 0.4;
    const [from, to] = isCall ? [0.3, 2] : [-2, -0.2];
    const one = drawSeries(listing, draw, { isCall, from, to });
    addSeries(holding, one, -Math.max(1, Math.round(lots / legs)));
  }
  return holding;
}

/** Owns coins through the perpetual, long puts, some of it paid for by calls. */
function drawHedger(listing: Listing, coins: number, draw: Draw): Holding {
  const holding: Holding = new Map();
  add(holding, listing.perpetual, Math.max(1, Math.round(coins * listing.perpetualLots)));
  const lots = coins * listing.optionLots;
  const put = drawSeries(listing, draw, { isCall: false, from: -1.3, to: -0.2 });
  addSeries(holding, put, Math.max(1, Math.round(lots * between(draw, 0.4, 1))));
  if (draw.uniform() < 0.6) {
    const call = drawSeries(listing, draw, { isCall: true, from: 0.4, to: 1.6 });
    addSeries(holding, call, -Math.max(1, Math.round(lots * between(draw, 0.3, 1))));
  }
  return holding;
}

/** Long options, spreads, or the perpetual with leverage, mostly long. */
function drawPunter(listing: Listing, coins: number, draw: Draw): Holding {
  const holding: Holding = new Map();
  const lots = Math.max(1, Math.round(coins * listing.optionLots));
  const taste = draw.uniform();
  if (taste < 0.4) {
    const isCall = draw.uniform() < 0.6;
    const [from, to] = isCall ? [-0.2, 2] : [-2, 0.2];
    addSeries(holding, drawSeries(listing, draw, { isCall, from, to }), lots);
    return holding;
  }
  if (taste < 0.6) {
    // A vertical spread: bought near the money, sold further out, mostly of one expiry.
    const isCall = draw.uniform() < 0.5;
    const sign = isCall ? 1 : -1;
    const near = drawSeries(listing, draw, { isCall, from: 0, to: sign * 0.7 });
    const far = drawSeries(listing, draw, { isCall, from: sign * 0.8, to: sign * 2 });
    addSeries(holding, near, lots);
    addSeries(holding, far, -lots);
    return holding;
  }
  const sign = draw.uniform() < 0.7 ? 1 : -1;
  add(holding, listing.perpetual, sign * Math.max(1, Math.round(coins * listing.perpetualLots)));
  return holding;
}

/** Splits signed lots by weights into whole lots that sum to them. */
export function splitLots(lots: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sign = lots < 0 ? -1 : 1;
  let left = Math.abs(lots);
  let weightLeft = total;
  return weights.map((weight) => {
    const part = weightLeft > 0 ? Math.min(left, Math.round((left * weight) / weightLeft)) : left;
    weightLeft -= weight;
    left -= part;
    return part === 0 ? 0 : sign * part;
  });
}

function deltaOf(
  listing: Listing,
  holding: Holding,
  deltas: ReadonlyMap<InstrumentId, number>,
): number {
  let delta = 0;
  for (const [id, lots] of holding) {
    delta += lots * (id === listing.perpetual ? 1 / listing.perpetualLots : (deltas.get(id) ?? 0));
  }
  return delta;
}

/** Gives the makers of an underlying the other side, spreads among each other, and hedges. */
function fillMakers(listing: Listing, accounts: readonly DrawnAccount[], draw: Draw): void {
  const makers = accounts.filter(({ kind }) => kind === 'maker');
  const others = accounts.filter(({ kind }) => kind !== 'maker');
  const all = listing.expiries.flatMap(({ series }) => series);
  const deltas = new Map(all.map(({ id, delta }) => [id, delta]));
  const net: Holding = new Map();
  for (const { holding } of others) for (const [id, lots] of holding) add(net, id, lots);
  for (const { id } of all) {
    const lots = net.get(id) ?? 0;
    if (lots === 0) continue;
    const some = Array.from({ length: Math.min(MAKERS_PER_SERIES, makers.length) }, () =>
      pick(makers, draw),
    ).filter((maker) => maker !== undefined);
    const parts = splitLots(
      -lots,
      some.map(({ size }) => size),
    );
    for (const [i, maker] of some.entries()) {
      const part = parts[i] ?? 0;
      if (part !== 0) add(maker.holding, id, part);
    }
  }
  for (const maker of makers) {
    for (let n = 0; n < SPREADS_PER_MAKER; n++) {
      const [other, one] = [pick(makers, draw), pick(all, draw)];
      if (other === undefined || one === undefined || other === maker) continue;
      const lots = Math.ceil(
        between(draw, 0.1, 1) * Math.min(maker.size, other.size) * listing.optionLots,
      );
      add(maker.holding, one.id, lots);
      add(other.holding, one.id, -lots);
    }
    const delta = deltaOf(listing, maker.holding, deltas) * between(draw, 0.7, 1.1);
    const hedge = -Math.round(delta * listing.perpetualLots);
    if (hedge !== 0) add(maker.holding, listing.perpetual, hedge);
  }
  let open = 0;
  for (const { holding } of accounts) open += holding.get(listing.perpetual) ?? 0;
  const punters = others.filter(({ holding }) => holding.has(listing.perpetual));
  const takers = punters.length > 0 ? punters : makers;
  const parts = splitLots(
    -open,
    takers.map(({ size }) => size),
  );
  for (const [i, { holding }] of takers.entries()) {
    if (parts[i]) add(holding, listing.perpetual, parts[i]);
  }
}

/** Draws so many accounts. The same seed draws the same. */
export function drawAccounts(
  listings: readonly Listing[],
  count: number,
  seed: number,
): DrawnAccount[] {
  const uniform = uniforms(seed);
  const draw = { uniform };
  const accounts: DrawnAccount[] = [];
  for (const kind of ACCOUNT_KINDS) {
    for (let n = Math.round(count * KIND_SHARES[kind]); n > 0; n--) {
      const listing = listings[uniform() < ETH_SHARE ? 1 : 0] ?? listings[0];
      if (listing === undefined) throw new RangeError('no underlying');
      const notional = Math.min(
        MOST_NOTIONAL_USD,
        MEDIAN_NOTIONAL_USD * Math.exp(NOTIONAL_SPREAD * gaussian(uniform)),
      );
      const use = between(draw, 0.5, 1);
      if (kind === 'maker') {
        const size = Math.min(300, (1 - uniform()) ** (-1 / MAKER_TAIL));
        accounts.push({ kind, listing, holding: new Map(), use, size });
        continue;
      }
      const coins = notional / listing.index;
      const drawHolding = { naked: drawNaked, hedger: drawHedger, punter: drawPunter }[kind];
      accounts.push({
        kind,
        listing,
        holding: drawHolding(listing, coins, draw),
        use,
        size: coins,
      });
    }
  }
  for (const listing of listings) {
    const own = accounts.filter((one) => one.listing === listing);
    const [first] = own;
    if (first === undefined) continue;
    // Of few accounts none may be a maker, and somebody must hold the other side.
    const maker: DrawnAccount = { ...first, kind: 'maker', holding: new Map() };
    const isMade = own.some(({ kind }) => kind === 'maker');
    if (!isMade) accounts[accounts.indexOf(first)] = maker;
    fillMakers(listing, isMade ? own : [maker, ...own.slice(1)], draw);
  }
  return accounts;
}

export type Member = {
  readonly kind: AccountKind;
  readonly portfolio: PortfolioId;
  readonly isPortfolioMode: boolean;
  /** Collateral at mark, and maintenance margin held, micro-USD. */
  readonly equity: bigint;
  readonly maintenance: bigint;
};

/** An account of a key with these dollars, in the margin mode named. */
export function openAccount(
  state: State,
  signer: Signer,
  dollars: number,
  mode: ParameterSet['mode'],
): PortfolioId {
  const address = addressOfKey({ scheme: SCHEME.ed25519, publicKey: signer.publicKey });
  const account = ensureAccount(state, contextOf(state), address);
  const portfolio = portfolioId(account, subAccount(0));
  mint(state, portfolio, DENOMINATION.usd, BigInt(Math.round(dollars)) * BigInt(MICRO));
  if (mode === 'portfolio') setMode(state, portfolio, MARGIN_MODE.portfolio);
  return portfolio;
}

function setMode(state: State, portfolio: PortfolioId, mode: 0 | 1): boolean {
  const action = { subAccount: subAccount(0), mode };
  return setMarginMode(state, contextOf(state), portfolioAccount(portfolio), action).ok;
}

function enter(state: State, portfolio: PortfolioId, { holding, listing }: DrawnAccount): void {
  const context = contextOf(state);
  for (const [instrument, lots] of [...holding].sort(([a], [b]) => a - b)) {
    if (instrument !== listing.perpetual) changePosition(state, portfolio, instrument, lots);
    else {
      const pricePerLot = BigInt(markPerLot(state, instrument));
      moveLinearPosition(state, context, { portfolio, instrument, lots, pricePerLot });
    }
  }
}

/**
 * Equity at which initial margin uses the share `use` of the collateral that counts for it: under
 * portfolio margin of all, under standard margin, where options are none, of cash.
 */
function equityFor(
  state: State,
  portfolio: PortfolioId,
  { use, isPortfolioMode }: { readonly use: number; readonly isPortfolioMode: boolean },
): bigint {
  const value = markValueOf(state, portfolio);
  const options = value - balanceOf(state, portfolio, DENOMINATION.usd);
  const margin = value - excessOf(state, portfolio).initial;
  const part = BigInt(Math.round(use * MICRO));
  const equity = isPortfolioMode
    ? (margin * BigInt(MICRO)) / part
    : ((margin - options) * BigInt(MICRO)) / part + options;
  return maxBigint(equity, options + maxBigint(0n, options) / SPARE_SHARE);
}

/** Maintenance margin that an account holds: under standard margin what it needs in cash. */
function maintenanceOf(state: State, portfolio: PortfolioId, isPortfolioMode: boolean): bigint {
  if (!isPortfolioMode) return standardMargin(state, portfolio).bareMaintenance;
  return markValueOf(state, portfolio) - excessOf(state, portfolio).bare;
}

/** Gives an account the cash that its equity is to be. Cash is never below 0. */
function setEquity(state: State, portfolio: PortfolioId, equity: bigint): void {
  const usd = DENOMINATION.usd;
  const options = markValueOf(state, portfolio) - balanceOf(state, portfolio, usd);
  const wanted = maxBigint(0n, equity - options);
  const has = balanceOf(state, portfolio, usd);
  if (wanted > has) mint(state, portfolio, usd, wanted - has);
  else burn(state, portfolio, usd, has - wanted);
}

function fund(
  state: State,
  portfolio: PortfolioId,
  drawn: DrawnAccount,
  mode: ParameterSet['mode'],
): Member {
  const { kind, use } = drawn;
  mint(state, portfolio, DENOMINATION.usd, LOAN);
  let isPortfolioMode = mode === 'portfolio' && setMode(state, portfolio, MARGIN_MODE.portfolio);
  let equity = equityFor(state, portfolio, { use, isPortfolioMode });
  if (isPortfolioMode && equity < MIN_ENTRY_EQUITY) {
    setMode(state, portfolio, MARGIN_MODE.standard);
    isPortfolioMode = false;
    equity = equityFor(state, portfolio, { use, isPortfolioMode });
  }
  setEquity(state, portfolio, equity);
  return {
    kind,
    portfolio,
    isPortfolioMode,
    equity: markValueOf(state, portfolio),
    maintenance: maintenanceOf(state, portfolio, isPortfolioMode),
  };
}

/** Creates the accounts with their positions, then gives each its collateral under `mode`. */
export function settle(
  state: State,
  drawn: readonly DrawnAccount[],
  mode: ParameterSet['mode'],
): Member[] {
  const portfolios = drawn.map((one, n) => {
    const portfolio = openAccount(state, signerOf(n), 0, 'standard');
    enter(state, portfolio, one);
    return portfolio;
  });
  return drawn.map((one, n) => {
    const portfolio = portfolios[n];
    if (portfolio === undefined) throw new RangeError('every account has a portfolio');
    return fund(state, portfolio, one, mode);
  });
}

/** The listings of every underlying of a marked state. */
export function listingsOf(state: State): Listing[] {
  return UNDERLYING_NAMES.map((name) => listingOf(state, name));
}
