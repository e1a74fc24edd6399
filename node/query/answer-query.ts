/**
 * Answers questions from the state, between two blocks, in the executor's thread. Pure: changes
 * nothing and never throws on any bytes it is given.
 *
 * Cost: what one account or order needs is looked up; `market` and `orders` copy rows; `supply`
 * reads every balance and position, so it is for audits only.
 */

import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { asciiBytes, equalBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { unreachable } from '../../runtime/core/result.ts';
import {
  type AccountId,
  address,
  type Height,
  orderId,
  type PortfolioId,
  portfolioId,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import type { Order } from '../../runtime/matching/order.ts';
import type { Trigger } from '../../runtime/matching/trigger.ts';
import { settlementRowKeys } from '../../runtime/options/settlement-rows.ts';
import { type Commitment, latestCheckpoint, tableRoots } from '../../runtime/state/commitment.ts';
import { bytesRoot } from '../../runtime/state/merkle-format.ts';
import type { StateProof } from '../../runtime/state/proof.ts';
import { proveRow } from '../../runtime/state/prove.ts';
import { expiryKey, metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import { delegationRows } from './delegation-rows.ts';
import {
  ANSWER,
  type Answer,
  AnswerCodec,
  MAX_ORDERS_PAGE,
  type PortfolioQuestion,
  type ProvedRow,
  QUESTION,
  type Question,
  QuestionCodec,
  REFUSAL,
  type RefusalNumber,
  type RowQuestion,
  type RowsQuestion,
  type SettlementQuestion,
} from './format.ts';
import { parameterSetRows, proposalRows, simulationRows, voteRows } from './governance-rows.ts';
import { liquidationRows } from './liquidation-rows.ts';
import { marginRows, riskRows } from './margin-rows.ts';
import { portfolioRows } from './portfolio-rows.ts';
import { securityRows } from './security-rows.ts';
import { requestRows, tradingRows } from './trading-rows.ts';
import { validatorRows } from './validator-rows.ts';

/** What an answer is taken from. */
export type QueryContext = {
  readonly state: State;
  readonly commitment: Commitment;
  /** Height of the newest checkpoint of `commitment`. */
  readonly checkpointHeight: Height;
  /**
   * SSZ of a row as a checkpoint wrote it to disk (the newest, or the one with `stateRoot`), for rows
   * that changed since; `undefined` when it is not at hand. What it gives is checked against the
   * commitment.
   */
  readonly checkpointRow: (
    tableId: number,
    key: Uint8Array,
    stateRoot?: Uint8Array,
  ) => Uint8Array | undefined;
};

function refused(refusal: RefusalNumber, detail: string): Answer {
  const text = asciiBytes(detail.replace(/[^\x20-\x7e]/g, '?').slice(0, 256));
  return { selector: ANSWER.refused, value: { refusal, detail: text } };
}

function answerAccount(state: State, raw: Uint8Array): Answer {
  const account = state.accounts.get(address(toHex(raw)));
  const balances = [];
  for (let sub = 0; account !== undefined && sub < 256; sub++) {
    const portfolio = portfolioId(account.id, subAccount(sub));
    const usd = balanceOf(state, portfolio, DENOMINATION.usd);
    const mil = balanceOf(state, portfolio, DENOMINATION.mil);
    if (usd !== 0n || mil !== 0n) balances.push({ subAccount: subAccount(sub), usd, mil });
  }
  return {
    selector: ANSWER.account,
    value: { height: metaOf(state).height, account: account ? [account] : [], balances },
  };
}

function answerPortfolio(state: State, question: PortfolioQuestion): Answer {
  const account = state.accounts.get(address(toHex(question.address)));
  const { height } = metaOf(state);
  if (account === undefined) {
    return {
      selector: ANSWER.portfolio,
      value: {
        height,
        exists: 0,
        portfolio: 0 as PortfolioId,
        usd: 0n,
        mil: 0n,
        withdrawable: 0n,
        positions: [],
        linear: [],
        orders: [],
        margin: [],
      },
    };
  }
  const portfolio = portfolioId(account.id, question.subAccount);
  return {
    selector: ANSWER.portfolio,
    value: {
      height,
      exists: 1,
      portfolio,
      usd: balanceOf(state, portfolio, DENOMINATION.usd),
      mil: balanceOf(state, portfolio, DENOMINATION.mil),
      ...portfolioRows(state, portfolio),
    },
  };
}

function answerMarket(state: State): Answer {
  const { height, timestamp } = metaOf(state);
  const rows = <K extends number, V>(store: { sortedKeys(): K[]; must(key: K): V }): V[] =>
    store.sortedKeys().map((key) => store.must(key));
  return {
    selector: ANSWER.market,
    value: {
      height,
      timestamp,
      parameters: parametersOf(state),
      underlyings: rows(state.underlyings),
      instruments: rows(state.instruments),
      indexPrices: rows(state.indexPrices),
      markInputs: rows(state.markInputs),
      deliveries: rows(state.settlements)
        .filter(({ deliveryPrice }) => deliveryPrice > 0)
        .map(({ underlying, expiry, deliveryPrice }) => ({ underlying, expiry, deliveryPrice })),
      combos: rows(state.combos),
      statuses: rows(state.tradingStatus),
      phases: rows(state.phases),
      perpetuals: rows(state.perpetuals),
    },
  };
}

/** The `limit` lowest numbers of orders and triggers from `from` on. A pass over the keys, a sort. */
function answerOrders(state: State, from: number, limit: number): Answer {
  const bound = Math.max(1, Math.min(limit, MAX_ORDERS_PAGE));
  const ids: number[] = [];
  for (const [id] of state.orders.unorderedEntries()) if (id >= from) ids.push(id);
  for (const [id] of state.triggers.unorderedEntries()) if (id >= from) ids.push(id);
  ids.sort((a, b) => a - b);
  const page = ids.slice(0, bound).map(orderId);
  const orders: Order[] = page.flatMap((id) => state.orders.get(id) ?? []);
  const triggers: Trigger[] = page.flatMap((id) => state.triggers.get(id) ?? []);
  const next = orderId(ids[bound] ?? 0);
  const { height } = metaOf(state);
  return { selector: ANSWER.orders, value: { height, orders, triggers, next } };
}

/** A row of the newest checkpoint, or of the one with `at` as its root, with its proof; or why not. */
function provedRow(
  context: QueryContext,
  question: RowQuestion,
  at?: Uint8Array,
): { readonly value: Uint8Array[]; readonly proof: StateProof; stateRoot: Uint8Array } | Answer {
  const { state, commitment } = context;
  const { tableId, key } = question;
  const store = state.stores.find(({ id }) => id === tableId);
  if (store === undefined) {
    const names = state.stores.map(({ id, name }) => `${id} ${name}`).join(', ');
    return refused(REFUSAL.unknownTable, `allowed ${names}`);
  }
  const checkpoint = latestCheckpoint(commitment);
  if (checkpoint === undefined) return refused(REFUSAL.noCheckpoint, 'no checkpoint yet');
  const stateRoot = at ?? checkpoint.stateRoot;
  const live = store.encodedRow(key);
  if (!live.ok) return refused(REFUSAL.malformedKey, live.error.detail);
  const proved = proveRow(commitment, { stateRoot, tableId, key });
  if (!proved.ok) return refused(REFUSAL.noCheckpoint, proved.error.code);
  const { proof, valueHash } = proved.value;
  if (valueHash === undefined) return { value: [], proof, stateRoot };
  const isWanted = (value: Uint8Array | undefined): value is Uint8Array =>
    value !== undefined && equalBytes(bytesRoot(value), valueHash);
  for (const value of [live.value, context.checkpointRow(tableId, key, at)]) {
    if (isWanted(value)) return { value: [value], proof, stateRoot };
  }
  return refused(REFUSAL.rowMovedOn, 'the row changed since the checkpoint: ask again');
}

function answerRow(context: QueryContext, question: RowQuestion): Answer {
  const proved = provedRow(context, question);
  if ('selector' in proved) return proved;
  return { selector: ANSWER.row, value: { height: context.checkpointHeight, ...proved } };
}

/** Rows under a root that is asked for, with their proofs. ~10 µs each. */
function answerRows(context: QueryContext, { stateRoot, rows }: RowsQuestion): Answer {
  const proved: ProvedRow[] = [];
  let moved: Answer | undefined;
  for (const question of rows) {
    const one = provedRow(context, question, stateRoot);
    // Every row is looked at, so that all those to be read from disk are known at once.
    if ('selector' in one) moved ??= one;
    else proved.push({ ...question, value: one.value, proof: one.proof });
  }
  return moved ?? { selector: ANSWER.rows, value: { rows: proved } };
}

/** Rows of one window with their proofs; without a window that of its absence. ~60 proofs at most. */
function answerSettlement(context: QueryContext, place: SettlementQuestion): Answer {
  const { state, checkpointHeight } = context;
  const window = state.settlements.get(expiryKey.pack(place.underlying, place.expiry));
  const rows: ProvedRow[] = [];
  let root: Uint8Array = new Uint8Array(32);
  for (const rowKey of settlementRowKeys(place, window?.slots ?? 0)) {
    const proved = provedRow(context, rowKey);
    if ('selector' in proved) return proved;
    const { value, proof, stateRoot } = proved;
    root = stateRoot;
    rows.push({ ...rowKey, value, proof });
  }
  const value = { height: checkpointHeight, stateRoot: root, rows };
  return { selector: ANSWER.settlement, value };
}

/** Index, surface and voters as they are. */
function answerOracle(state: State): Answer {
  const { height, timestamp, epoch } = metaOf(state);
  const config = state.epochConfigs.must(epoch);
  const { oracleStaleMs, oracleReduceOnlyMs } = parametersOf(state);
  const rows = <K extends number, V>(store: { sortedKeys(): K[]; must(key: K): V }): V[] =>
    store.sortedKeys().map((key) => store.must(key));
  const voters = config.validators.map(({ oracleKey }) => {
    const key = toHex(oracleKey);
    const conduct = state.oracleConduct.get(key);
    return {
      oracleKey,
      lastVoteAt: state.oracleVotes.get(key)?.observedAt ?? timestampMs(0),
      conduct: conduct === undefined ? [] : [conduct],
    };
  });
  return {
    selector: ANSWER.oracle,
    value: {
      height,
      timestamp,
      config,
      oracleStaleMs,
      oracleReduceOnlyMs,
      indexPrices: rows(state.indexPrices),
      slices: rows(state.surfaceSlices),
      offsets: rows(state.surfaceOffsets),
      voters,
    },
  };
}

function answerSupply(state: State): Answer {
  const names = Object.keys(MODULE) as (keyof typeof MODULE)[];
  return {
    selector: ANSWER.supply,
    value: {
      height: metaOf(state).height,
      usd: state.supply.get(DENOMINATION.usd)?.amount ?? 0n,
      mil: state.supply.get(DENOMINATION.mil)?.amount ?? 0n,
      modules: names.map((name) => ({
        name: asciiBytes(name),
        usd: balanceOf(state, MODULE[name], DENOMINATION.usd),
        mil: balanceOf(state, MODULE[name], DENOMINATION.mil),
      })),
      problems: conservationProblems(state)
        .slice(0, 256)
        .map((problem) => asciiBytes(problem.slice(0, 256))),
    },
  };
}

function answerStateRoot({ state, commitment, checkpointHeight }: QueryContext): Answer {
  const checkpoint = latestCheckpoint(commitment);
  if (checkpoint === undefined) return refused(REFUSAL.noCheckpoint, 'no checkpoint yet');
  const roots = tableRoots(checkpoint);
  return {
    selector: ANSWER.stateRoot,
    value: {
      height: checkpointHeight,
      stateRoot: checkpoint.stateRoot,
      tables: state.stores.map(({ id }) => ({
        tableId: id,
        root: roots[id] ?? new Uint8Array(32),
      })),
    },
  };
}

function answerAddresses(state: State, accounts: readonly AccountId[]): Answer {
  const { addressById } = state.derived.accounts;
  const addresses = accounts.flatMap((account) => {
    const raw = fromHex(addressById.get(account) ?? '');
    return raw?.length === 20 ? [{ account, address: raw }] : [];
  });
  return { selector: ANSWER.addresses, value: { addresses } };
}

/** Answers a decoded question. */
export function answerQuestion(context: QueryContext, question: Question): Answer {
  const { state } = context;
  switch (question.selector) {
    case QUESTION.account:
      return answerAccount(state, question.value.address);
    case QUESTION.portfolio:
      return answerPortfolio(state, question.value);
    case QUESTION.order: {
      const order = state.orders.get(question.value.orderId);
      const trigger = state.triggers.get(question.value.orderId);
      const value = {
        height: metaOf(state).height,
        order: order ? [order] : [],
        trigger: trigger ? [trigger] : [],
      };
      return { selector: ANSWER.order, value };
    }
    case QUESTION.market:
      return answerMarket(state);
    case QUESTION.orders:
      return answerOrders(state, question.value.from, question.value.limit);
    case QUESTION.row:
      return answerRow(context, question.value);
    case QUESTION.rows:
      return answerRows(context, question.value);
    case QUESTION.settlement:
      return answerSettlement(context, question.value);
    case QUESTION.oracle:
      return answerOracle(state);
    case QUESTION.supply:
      return answerSupply(state);
    case QUESTION.stateRoot:
      return answerStateRoot(context);
    case QUESTION.addresses:
      return answerAddresses(state, question.value.accounts);
    case QUESTION.liquidations: {
      const value = liquidationRows(state, question.value.portfolio);
      return { selector: ANSWER.liquidations, value };
    }
    case QUESTION.margin:
      return { selector: ANSWER.margin, value: marginRows(state, question.value) };
    case QUESTION.riskParameters:
      return { selector: ANSWER.riskParameters, value: riskRows(state) };
    case QUESTION.trading:
      return { selector: ANSWER.trading, value: tradingRows(state, question.value.address) };
    case QUESTION.requests:
      return { selector: ANSWER.requests, value: requestRows(state, question.value.request) };
    case QUESTION.validators: {
      const value = validatorRows(state, question.value.validator);
      return { selector: ANSWER.validators, value };
    }
    case QUESTION.security:
      return { selector: ANSWER.security, value: securityRows(state, question.value) };
    case QUESTION.proposals:
      return { selector: ANSWER.proposals, value: proposalRows(state, question.value) };
    case QUESTION.votes:
      return { selector: ANSWER.votes, value: voteRows(state, question.value) };
    case QUESTION.parameterSets:
      return { selector: ANSWER.parameterSets, value: parameterSetRows(state) };
    case QUESTION.simulation:
      return { selector: ANSWER.simulation, value: simulationRows(state, question.value) };
    case QUESTION.delegations: {
      const value = delegationRows(state, question.value.address);
      return { selector: ANSWER.delegations, value };
    }
    default:
      return unreachable(question);
  }
}

/** SSZ of a `Question` in, SSZ of an `Answer` out; malformed bytes get a refusal. */
export function answerQuery(context: QueryContext, request: Uint8Array): Uint8Array {
  const question = QuestionCodec.decode(request);
  const answer = question.ok
    ? answerQuestion(context, question.value)
    : refused(REFUSAL.malformedQuestion, question.error.detail);
  return AnswerCodec.encode(answer);
}
