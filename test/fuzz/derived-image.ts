/**
 * Everything that `Derived` holds, as text: equal images are equal indexes. Maps and sets are sorted,
 * and what is a cache, or is only there within a block, is left out.
 */
import { refreshExpiry } from '../../runtime/margin/expiry-holding.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import type { SeriesHolding } from '../../runtime/margin/series-holding.ts';
import { isEmptyBook } from '../../runtime/matching/book.ts';
import { levelsFromBest } from '../../runtime/matching/price-levels.ts';
import type { State } from '../../runtime/state/state.ts';

/**
 * Left out by path: caches that forget by themselves (`band`, `risk`, `listedFor`, `payable`,
 * `version`, `currentAt`, `mark`, `worst`), memory kept for reuse (`spare`), links that the books' own
 * order says (`level`, `previous`, `next`, `place`, `places`, `among`, `head`, `tail`), and sums that are made
 * when first asked for (the portfolios' margins stand for them).
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'band',
  'listedFor',
  'payable',
  'version',
  'currentAt',
  'mark',
  'worst',
  'slot',
  'recent',
  'risk',
  'spare',
  'level',
  'previous',
  'next',
  'place',
  'places',
  'rank',
  'among',
]);

type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

function isQueue(
  value: object,
): value is { keys: number[]; times: number[]; place: Map<number, number> } {
  return 'keys' in value && 'times' in value && 'place' in value;
}

function byText(a: Json, b: Json): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Nothing, or none: a counter at 0 is one that is not there. */
function isEmpty(value: Json): boolean {
  if (value === 0) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** A level's queue, first to last. */
function queueOf(head: unknown): Json[] {
  const queue: Json[] = [];
  let order = head as { next?: unknown } | undefined;
  while (order !== undefined) {
    queue.push(imageOf(order));
    order = order.next as { next?: unknown } | undefined;
  }
  return queue;
}

function imageOf(value: unknown): Json {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    return value === 0 ? 0 : value;
  }
  if (value === undefined || value === null || typeof value === 'function') return null;
  if (value instanceof Map) {
    // An entry of nothing says nothing.
    return [...value]
      .map(([key, one]): Json => [imageOf(key), imageOf(one)])
      .filter((entry) => !isEmpty((entry as Json[])[1] ?? null))
      .sort(byText);
  }
  if (value instanceof Set) return [...value].map(imageOf).sort(byText);
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(imageOf);
  if (isQueue(value)) {
    return value.keys.map((key, i): Json => [key, value.times[i] ?? 0]).sort(byText);
  }
  const image: { [key: string]: Json } = {};
  for (const [name, one] of Object.entries(value)) {
    if (LEFT_OUT.has(name)) continue;
    if (name === 'head') image['queue'] = queueOf(one);
    else if (name !== 'tail') image[name] = imageOf(one);
  }
  return image;
}

/** The books: per instrument and side the levels from the best, with their queues. */
function booksImage(state: State): Json {
  return [...state.derived.books.byInstrument]
    .sort((a, b) => a[0] - b[0])
    .filter(([, book]) => !isEmptyBook(book))
    .map(([id, { bids, asks }]): Json => {
      const side = (levels: typeof bids): Json => [...levelsFromBest(levels)].map(imageOf);
      return [id, side(bids), side(asks)];
    });
}

/** A series held: its sums, and of its orders what they are margined by. */
function holdingImage({ orders, ...sums }: SeriesHolding): Json {
  const terms = orders.map(({ id, side, price, remaining }): Json => [id, side, price, remaining]);
  return [imageOf(sums), terms.sort(byText)];
}

/** The portfolios: what they hold, and what margin they need at the marks in force. */
function portfoliosImage(state: State): Json {
  return [...state.derived.portfolios.byPortfolio.values()]
    .sort((a, b) => a.id - b.id)
    .map((portfolio): Json => {
      const margin = imageOf(accountMargin(state, portfolio.id));
      const { id, openOrders, clientOrders, comboOrders, expiries } = portfolio;
      for (const expiry of expiries.values()) refreshExpiry(state, expiry);
      const held = [...expiries.values()].map((expiry): Json => {
        const { key, exposure, isExact, isolatedInitial, isolatedMaintenance } = expiry;
        const { lots, premium, strike, lotBound, coarseInitial } = expiry;
        // Beyond what doubles hold exactly nobody reads the sums.
        const sums = isExact
          ? { isolatedInitial, isolatedMaintenance, lots, premium, strike, lotBound, coarseInitial }
          : {};
        const series = isExact
          ? [...expiry.series.values()].map(holdingImage).sort(byText)
          : [...expiry.series.keys()].sort();
        return { key, exposure: exposure.lots, isExact, ...sums, series };
      });
      return {
        id,
        openOrders,
        margin,
        clientOrders: imageOf(new Map([...clientOrders].map(([own, order]) => [own, order.id]))),
        comboOrders: [...comboOrders.keys()].sort((a, b) => a - b),
        series: [...portfolio.places.keys()].sort((a, b) => a - b),
        expiries: held.sort(byText),
      };
    });
}

/** Orders that leave with an auction and are still open: one that closed before may stand there. */
function leavingImage(state: State): Json {
  return [...state.derived.auctions.leaving]
    .map(
      ([instrument, ids]): Json => [
        instrument,
        [...ids].filter((id) => state.orders.has(id)).sort((a, b) => a - b),
      ],
    )
    .filter((entry) => ((entry as Json[])[1] as Json[]).length > 0)
    .sort(byText);
}

/** Images of all indexes by name. Refreshes what is made when first asked for. */
export function derivedImages(state: State): ReadonlyMap<string, string> {
  // `risk` holds arrays made when first asked for: the portfolios' margins stand for them.
  // `health` says when an account is next looked at: whom liquidation finds is the same whatever it says.
  const {
    books,
    portfolios,
    auctions,
    marks,
    exposures,
    risk: _,
    health: __,
    ...others
  } = state.derived;
  // A counter at 0 lots says no more than none.
  const exposed = [...exposures.accounts].filter(([, { lots }]) => lots !== 0);
  const images = new Map<string, Json>([
    ['books', booksImage(state)],
    ['portfolios', portfoliosImage(state)],
    ['holders', imageOf(portfolios.byExpiry)],
    ['auctions', imageOf({ ...auctions, leaving: new Map() })],
    ['leaving', leavingImage(state)],
    ['marks', imageOf(marks.byInstrument)],
    ['exposures', imageOf({ ...exposures, accounts: new Map(exposed) })],
  ]);
  for (const [name, index] of Object.entries(others)) images.set(name, imageOf(index));
  return new Map([...images].map(([name, image]) => [name, JSON.stringify(image)]));
}

/** Names of the indexes that differ, with the first place where they do. */
export function imageDifferences(
  actual: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string[] {
  const problems: string[] = [];
  for (const [name, image] of actual) {
    const other = expected.get(name) ?? '';
    if (image === other) continue;
    let at = 0;
    while (image[at] === other[at]) at += 1;
    const from = Math.max(0, at - 160);
    const show = (text: string): string => text.slice(from, at + 160);
    problems.push(`${name}: has …${show(image)}…, rebuilt …${show(other)}…`);
  }
  return problems;
}
