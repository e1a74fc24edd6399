/** What a campaign reached: results by action, refusals by error, events by kind. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { SECURITY_ACTION } from '../../runtime/actions/security.ts';
import { RUNTIME_ERRORS, runtimeErrorCode } from '../../runtime/error.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { ACTION_RESULT, type ActionResult } from '../../runtime/receipt.ts';
import type { Executed, RecordedBlock } from './world.ts';

export type Coverage = {
  blocks: number;
  transactions: number;
  readonly succeeded: Map<string, number>;
  readonly refused: Map<string, number>;
  readonly events: Map<string, number>;
  readonly closed: Map<string, number>;
};

export function newCoverage(): Coverage {
  return {
    blocks: 0,
    transactions: 0,
    succeeded: new Map(),
    refused: new Map(),
    events: new Map(),
    closed: new Map(),
  };
}

function nameIn(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, one]) => one === number)?.[0] ?? `${number}`;
}

const count = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);

function countError(coverage: Coverage, number: number): void {
  count(coverage.refused, runtimeErrorCode(number) ?? `${number}`);
}

/** Counts what came of one action. */
export function noteResult(coverage: Coverage, action: Action, result: ActionResult): void {
  if (result.selector === ACTION_RESULT.refused) {
    countError(coverage, result.value.number);
    return;
  }
  count(coverage.succeeded, nameIn({ ...ACTION, ...SECURITY_ACTION }, action.selector));
  if (result.selector !== ACTION_RESULT.massQuoted) return;
  for (const { number } of result.value.refused) countError(coverage, number);
}

/** Counts what a block did. */
export function noteBlock(coverage: Coverage, block: RecordedBlock, executed: Executed): void {
  coverage.blocks += 1;
  coverage.transactions += block.transactions.length;
  const votes = block.votes.validators.length + block.votes.hostile.length;
  for (const { index, results } of executed.receipts) {
    const actions = block.transactions[index - votes]?.actions ?? [];
    for (const [i, result] of results.entries()) {
      const action = actions[i];
      if (action !== undefined) noteResult(coverage, action, result);
    }
  }
  for (const code of executed.refused) count(coverage.refused, code);
  for (const event of executed.events) {
    count(coverage.events, nameIn(EVENT, event.selector));
    if (event.selector === EVENT.orderClosed) {
      count(coverage.closed, nameIn(CLOSE_REASON, event.value.reason));
    }
    if (event.selector === EVENT.triggerClosed && event.value.error !== 0) {
      countError(coverage, event.value.error);
    }
  }
}

const asObject = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));

export type CoverageReport = {
  readonly blocks: number;
  readonly transactions: number;
  readonly succeeded: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
  readonly closed: Readonly<Record<string, number>>;
  readonly actionsWithoutSuccess: readonly string[];
  readonly errorsNotSeen: readonly string[];
  readonly eventsNotSeen: readonly string[];
};

/** The counts, and the names that were not reached. */
export function coverageReport(coverage: Coverage): CoverageReport {
  const { blocks, transactions, succeeded, refused, events, closed } = coverage;
  const unseen = (names: readonly string[], seen: ReadonlyMap<string, number>): string[] =>
    names.filter((name) => !seen.has(name));
  return {
    blocks,
    transactions,
    succeeded: asObject(succeeded),
    refused: asObject(refused),
    events: asObject(events),
    closed: asObject(closed),
    actionsWithoutSuccess: unseen(Object.keys(ACTION), succeeded),
    errorsNotSeen: unseen(Object.keys(RUNTIME_ERRORS), refused),
    eventsNotSeen: unseen(Object.keys(EVENT), events),
  };
}
