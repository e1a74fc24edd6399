/**
 * Plays one crash day under one parameter set and counts what it cost whom.
 *
 * Each step is a block at a mark of the day's path. While auctions run, two more blocks follow at the same
 * prices, as the chain would make them; after the last mark blocks go on a minute apart
 * until no insolvent auction runs, two hours at most. Accounts do nothing to save themselves.
 */
import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { type PortfolioId, underlyingId } from '../runtime/core/units.ts';
import { EVENT, type Event } from '../runtime/event.ts';
import type { BlockResult } from '../runtime/execute.ts';
import { balanceOf, conservationProblems } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { variationProblems } from '../runtime/linear/move-position.ts';
import { MOVE_CAUSE, type PositionMovedEvent } from '../runtime/liquidation/events.ts';
import { isUnderAuction } from '../runtime/liquidation/liquidation.ts';
import { isAnyInsolvent } from '../runtime/liquidation/liquidation-index.ts';
import { sharedDebt } from '../runtime/liquidation/shared-debt.ts';
import { markValueOf } from '../runtime/margin/excess.ts';
import { seriesRisk } from '../runtime/margin/series-risk.ts';
import type { State } from '../runtime/state/state.ts';
import { UNDERLYINGS } from './crash-days.ts';
import {
  listAll,
  MICRO,
  newExchange,
  type ParameterSet,
  playBlock,
  type SignedActions,
  type Signer,
  signerOf,
} from './exchange.ts';
import { type Desks, LIQUIDATORS, noteTakes, takesOf } from './liquidators.ts';
import {
  ACCOUNT_KINDS,
  type AccountKind,
  drawAccounts,
  listingsOf,
  type Member,
  openAccount,
  settle,
} from './population.ts';
import type { Replay } from './replay.ts';
import { QUOTER_USD, quotesOf } from './thin-perpetual.ts';

export type DayOptions = {
  readonly accounts: number;
  readonly seed: number;
  readonly insuranceUsd: number;
  /** Told now and then how far the day is, 0 to 1. */
  readonly progress: (share: number) => void;
};

/** Sums of one kind of account. */
export type KindResult = {
  readonly accounts: number;
  readonly liquidated: number;
  /** Equity before, and after the day, USD. */
  readonly equity_before_usd: number;
  readonly equity_after_usd: number;
};

/** What a day cost. USD unless named otherwise; names are those of the metrics. */
export type DayResult = {
  readonly day: string;
  readonly set: string;
  readonly accounts: number;
  readonly portfolio_mode_accounts: number;
  readonly marks: number;
  readonly blocks: number;
  readonly index_fall: { readonly [underlying: string]: number };
  readonly equity_usd: number;
  readonly maintenance_usd: number;
  readonly insurance_fund_usd: number;
  /** Below 0 in value, borne by the fund, by counterparties or by all; what is still open counts. */
  readonly bad_debt_usd: number;
  readonly insurance_used_usd: number;
  readonly insurance_used_share_of_mm: number;
  readonly insurance_fees_usd: number;
  readonly socialised_usd: number;
  readonly deleveraged_usd: number;
  readonly deleverage_loss_usd: number;
  readonly taken_usd: number;
  readonly liquidated_accounts: number;
  readonly insolvent_accounts: number;
  readonly liquidated_liquidators: number;
  readonly kinds: { readonly [K in AccountKind]: KindResult };
  readonly refusals: { readonly [number: string]: number };
  readonly seconds: number;
};

const MINUTE_MS = 60_000;
/** Blocks after a mark while auctions run: closer than marks are. */
const QUICK_BLOCKS = 2;
const QUICK_MS = 400;
const MOST_AFTER = 120;
/** Of a liquidator, enough for portfolio mode. */
const LEAST_CAPITAL_USD = 30_000;
const PROGRESS_STEPS = 40;

type Tally = {
  insured: bigint;
  shared: bigint;
  deleveraged: bigint;
  deleverageLoss: bigint;
  taken: bigint;
  fees: bigint;
  readonly liquidated: Set<PortfolioId>;
  readonly insolvent: Set<PortfolioId>;
  blocks: number;
};

function notionalOf(state: State, { instrument, lots }: PositionMovedEvent): bigint {
  return BigInt(Math.abs(lots)) * BigInt(seriesRisk(state, instrument).index);
}

/** What the counterparty paid beyond the mark. */
function lossOf(state: State, { instrument, lots, cash }: PositionMovedEvent): bigint {
  const { isLinear, markValue } = seriesRisk(state, instrument);
  return isLinear ? cash : cash - BigInt(lots) * BigInt(markValue);
}

function count(state: State, tally: Tally, event: Event): void {
  switch (event.selector) {
    case EVENT.liquidationStarted:
      tally.liquidated.add(event.value.portfolio);
      if (event.value.value < 0n) tally.insolvent.add(event.value.portfolio);
      break;
    case EVENT.liquidationTaken:
      tally.fees += event.value.fee;
      break;
    case EVENT.insurancePaid:
      tally.insured += event.value.amount;
      break;
    case EVENT.debtShared:
      tally.shared += event.value.amount;
      break;
    case EVENT.positionMoved:
      if (event.value.cause === MOVE_CAUSE.taken) tally.taken += notionalOf(state, event.value);
      else {
        tally.deleveraged += notionalOf(state, event.value);
        tally.deleverageLoss += lossOf(state, event.value);
      }
      break;
    default:
      break;
  }
}

function dollars(micro: bigint): number {
  return Math.round(Number(micro) / MICRO);
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}

function kindResult(
  state: State,
  members: readonly Member[],
  liquidated: ReadonlySet<PortfolioId>,
): KindResult {
  return {
    accounts: members.length,
    liquidated: members.filter(({ portfolio }) => liquidated.has(portfolio)).length,
    equity_before_usd: dollars(sumOf(members.map(({ equity }) => equity))),
    equity_after_usd: dollars(sumOf(members.map(({ portfolio }) => markValueOf(state, portfolio)))),
  };
}

/** Value below 0 of accounts at the end, which someone will have to bear. */
function openDebt(state: State): bigint {
  let debt = 0n;
  for (const [portfolio] of state.liquidations.unorderedEntries()) {
    const value = markValueOf(state, portfolio);
    if (value < 0n) debt -= value;
  }
  return debt;
}

function isAuctionOn(state: State): boolean {
  for (const [, row] of state.liquidations.unorderedEntries()) if (isUnderAuction(row)) return true;
  return false;
}

/** A day in play. */
type Stage = {
  readonly state: State;
  readonly replay: Replay;
  readonly desks: Desks;
  readonly takers: boolean;
  readonly quoter: Signer;
  readonly tally: Tally;
};

function play(stage: Stage, atMs: number, seenMs: number): BlockResult {
  const { state, replay, desks, tally, takers } = stage;
  const takes: SignedActions[] = takers ? takesOf(state, desks, atMs, seenMs) : [];
  const quotes = quotesOf(state, replay, stage.quoter, seenMs);
  const result = playBlock(state, replay, atMs, [quotes, ...takes], seenMs);
  noteTakes(desks, takes, result.receipts);
  for (const event of result.events) count(state, tally, event);
  tally.blocks += 1;
  return result;
}

/** A mark and, while auctions run that are taken, the blocks after it. */
function playMark(stage: Stage, atMs: number, nextMs: number): void {
  let before = stage.tally.taken;
  play(stage, atMs, atMs);
  for (let n = 1; n <= QUICK_BLOCKS; n++) {
    const quick = atMs + n * QUICK_MS;
    const isQuiet = n > 1 && stage.tally.taken === before;
    if (quick >= nextMs || isQuiet || !isAuctionOn(stage.state)) return;
    before = stage.tally.taken;
    play(stage, quick, atMs);
  }
}

function openDesks(state: State, members: readonly Member[], set: ParameterSet): Desks {
  const held = dollars(sumOf(members.map(({ maintenance }) => maintenance)));
  const each = (held * LIQUIDATORS.capitalShare) / LIQUIDATORS.agents;
  const all = Array.from({ length: LIQUIDATORS.agents }, (_, n) => {
    const signer = signerOf(members.length + n);
    const portfolio = openAccount(state, signer, Math.max(each, LEAST_CAPITAL_USD), set.mode);
    // Two in five trade ETH: about its share of what accounts hold.
    const underlying = underlyingId(n % 5 < 3 ? UNDERLYINGS.BTC : UNDERLYINGS.ETH);
    return { signer, portfolio, underlying };
  });
  return { all, appetite: new Map(), unpaying: new Map(), refusals: new Map() };
}

/**
 * Plays a day. Throws when conservation does not hold at its end. Cost: of 10,000 accounts about
 * 0.15 s a mark.
 */
export function playDay(replay: Replay, set: ParameterSet, options: DayOptions): DayResult {
  const started = performance.now();
  const { times } = replay;
  const [first = replay.fromMs] = times;
  const timeMs = first - 10 * MINUTE_MS;
  const state = newExchange(set, { timeMs, insuranceUsd: options.insuranceUsd });
  listAll(state, replay, first);
  const drawn = drawAccounts(listingsOf(state), options.accounts, options.seed);
  const members = settle(state, drawn, set.mode);
  const desks = openDesks(state, members, set);
  const tally: Tally = {
    insured: 0n,
    shared: 0n,
    deleveraged: 0n,
    deleverageLoss: 0n,
    taken: 0n,
    fees: 0n,
    liquidated: new Set(),
    insolvent: new Set(),
    blocks: 0,
  };
  const quoter = signerOf(members.length + desks.all.length);
  openAccount(state, quoter, QUOTER_USD, 'standard');
  const stage = { state, replay, desks, takers: set.takers, quoter, tally };
  const every = Math.max(1, Math.floor(times.length / PROGRESS_STEPS));
  for (const [n, atMs] of times.entries()) {
    if (atMs <= first) continue;
    playMark(stage, atMs, times[n + 1] ?? Infinity);
    if (n % every === 0) options.progress(n / times.length);
  }
  const last = times.at(-1) ?? first;
  for (let n = 1; n <= MOST_AFTER && isAnyInsolvent(state); n++) {
    play(stage, last + n * MINUTE_MS, last);
  }
  const problems = [...conservationProblems(state), ...variationProblems(state)];
  if (problems.length > 0) throw new Error(`${replay.name} ${set.name}: ${problems.join('; ')}`);

  const of = (kind: AccountKind): readonly Member[] => members.filter((one) => one.kind === kind);
  const maintenance = sumOf(members.map((one) => one.maintenance));
  const desksSet = new Set(desks.all.map(({ portfolio }) => portfolio));
  const ownLiquidated = [...tally.liquidated].filter((one) => desksSet.has(one)).length;
  const open = openDebt(state);
  const kinds = ACCOUNT_KINDS.map((kind) => [kind, kindResult(state, of(kind), tally.liquidated)]);
  const lowest = replay.underlyings.map((name) => {
    const prices = times.map((at) => replay.at(name, at, []).index);
    return [name, Number((Math.min(...prices) / (prices[0] ?? 1) - 1).toFixed(4))];
  });
  // What is shared and repaid by the fund later is counted as shared.
  const fundNow = balanceOf(state, MODULE.insurance, DENOMINATION.usd);
  if (fundNow < 0n || sharedDebt(state) < 0n) throw new Error('the fund is below 0');
  return {
    day: replay.name,
    set: set.name,
    accounts: members.length,
    portfolio_mode_accounts: members.filter(({ isPortfolioMode }) => isPortfolioMode).length,
    marks: times.length,
    blocks: tally.blocks,
    index_fall: Object.fromEntries(lowest),
    equity_usd: dollars(sumOf(members.map(({ equity }) => equity))),
    maintenance_usd: dollars(maintenance),
    insurance_fund_usd: options.insuranceUsd,
    bad_debt_usd: dollars(tally.insured + tally.shared + tally.deleverageLoss + open),
    insurance_used_usd: dollars(tally.insured),
    insurance_used_share_of_mm: Number((Number(tally.insured) / Number(maintenance)).toFixed(6)),
    insurance_fees_usd: dollars(tally.fees),
    socialised_usd: dollars(tally.shared + open),
    deleveraged_usd: dollars(tally.deleveraged),
    deleverage_loss_usd: dollars(tally.deleverageLoss),
    taken_usd: dollars(tally.taken),
    liquidated_accounts: tally.liquidated.size - ownLiquidated,
    insolvent_accounts: tally.insolvent.size,
    liquidated_liquidators: ownLiquidated,
    kinds: Object.fromEntries(kinds) as DayResult['kinds'],
    refusals: Object.fromEntries(
      [...desks.refusals].sort(([a], [b]) => a - b).map(([number, times_]) => [number, times_]),
    ),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
  };
}
