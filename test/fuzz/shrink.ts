/** Makes a failing history small: leaves out blocks, transactions and actions while it still fails. */
import type { TransactionBody } from '../../runtime/transaction.ts';
import { newHistory, takeBlock } from './run-history.ts';
import type { RecordedBlock } from './world.ts';

/** What of a problem says that another is the same: its words without its numbers. */
export function kindOf(problem: string): string {
  return problem.replace(/-?\d+/g, '#').slice(0, 70);
}

/** The problems of a history's first bad block; none when it has none. */
export function replay(seed: number, blocks: readonly RecordedBlock[]): readonly string[] {
  const history = newHistory(seed);
  for (const block of blocks) {
    const { problems } = takeBlock(history, block);
    if (problems.length > 0) return problems;
  }
  return [];
}

/** An action with where it stands; what is kept of a history is a list of these. */
type Item = { readonly block: number; readonly transaction: number; readonly action: number };

function itemsOf(blocks: readonly RecordedBlock[]): Item[] {
  return blocks.flatMap(({ transactions }, block) =>
    transactions.flatMap(({ actions }, transaction) =>
      actions.map((_, action) => ({ block, transaction, action })),
    ),
  );
}

/** The history with these actions alone; transactions without any are gone. */
function withItems(blocks: readonly RecordedBlock[], items: readonly Item[]): RecordedBlock[] {
  const kept = new Set(
    items.map(({ block, transaction, action }) => `${block}/${transaction}/${action}`),
  );
  return blocks.map((one, block) => ({
    ...one,
    transactions: one.transactions.flatMap((body, transaction): TransactionBody[] => {
      const actions = body.actions.filter((_, action) =>
        kept.has(`${block}/${transaction}/${action}`),
      );
      return actions.length > 0 ? [{ ...body, actions }] : [];
    }),
  }));
}

/**
 * A smaller history that fails in the same way, found in the time given: halves, quarters and so on of
 * its actions are left out, then what governance ordered, then blocks without transactions.
 */
export function shrink(
  seed: number,
  blocks: readonly RecordedBlock[],
  kind: string,
  budgetMs: number,
): RecordedBlock[] {
  const until = performance.now() + budgetMs;
  const fails = (candidate: readonly RecordedBlock[]): boolean =>
    replay(seed, candidate).some((problem) => kindOf(problem) === kind);
  let best = [...blocks];
  for (let part = 2; performance.now() < until; ) {
    const items = itemsOf(best);
    const size = Math.max(1, Math.floor(items.length / part));
    let isSmaller = false;
    for (let from = 0; from < items.length && performance.now() < until; from += size) {
      const candidate = withItems(best, [...items.slice(0, from), ...items.slice(from + size)]);
      if (!fails(candidate)) continue;
      best = candidate;
      isSmaller = true;
      break;
    }
    if (isSmaller) continue;
    if (size === 1) break;
    part *= 2;
  }
  for (let at = best.length - 1; at >= 0 && performance.now() < until; at--) {
    const block = best[at];
    const next = best[at + 1];
    if (block === undefined) continue;
    const isIdle = block.transactions.length === 0 && block.orders.length === 0;
    const without =
      isIdle && next !== undefined
        ? [
            ...best.slice(0, at),
            { ...next, stepMs: next.stepMs + block.stepMs },
            ...best.slice(at + 2),
          ]
        : best.map((one) => (one === block ? { ...one, orders: [] } : one));
    if ((isIdle || block.orders.length > 0) && fails(without)) best = without;
  }
  return best;
}

/** A history as JSON that a person can read; bytes as hex, big integers as text. */
export function historyText(blocks: readonly RecordedBlock[]): string {
  return JSON.stringify(
    blocks,
    (_, value) =>
      typeof value === 'bigint'
        ? `${value}n`
        : value instanceof Uint8Array
          ? `0x${Buffer.from(value).toString('hex')}`
          : value,
    1,
  );
}
