/**
 * The text whose CRC-32 a book's notifications carry, so that a client can tell whether it still has
 * the node's book. Browser-safe; both ends use it, each with a CRC-32 of its own.
 *
 * Source: as Aevo's and OKX's, with the exact integers instead of decimals. Best bid, best ask, second
 * bid, second ask and so on, each as its numbers joined by `:`, all joined by `:`; a side that ends
 * earlier is left out from there. `9:2:10:1` (bid of 2 lots at 9 ticks, ask of 1 lot at 10) has
 * CRC-32 1226559413. An empty book is the empty text, CRC-32 0.
 */

/** Levels, and orders, of each side that count. */
export const CHECKSUM_DEPTH = 25;

type Entries = readonly (readonly number[])[];

/** The text of two sides, best first; entries beyond `CHECKSUM_DEPTH` are ignored. */
function checksumText(bids: Entries, asks: Entries): string {
  const parts: number[] = [];
  for (let i = 0; i < CHECKSUM_DEPTH; i++) {
    parts.push(...(bids[i] ?? []), ...(asks[i] ?? []));
  }
  return parts.join(':');
}

/** Of levels: `ticks:lots`. */
export function levelsChecksumText(
  bids: readonly { readonly ticks: number; readonly lots: number }[],
  asks: readonly { readonly ticks: number; readonly lots: number }[],
): string {
  const of = (side: typeof bids): Entries =>
    side.slice(0, CHECKSUM_DEPTH).map(({ ticks, lots }) => [ticks, lots]);
  return checksumText(of(bids), of(asks));
}

/** Of single orders, each side by price and time: `order_id:ticks:lots`. */
export function ordersChecksumText(
  bids: readonly { readonly id: number; readonly ticks: number; readonly lots: number }[],
  asks: readonly { readonly id: number; readonly ticks: number; readonly lots: number }[],
): string {
  const of = (side: typeof bids): Entries =>
    side.slice(0, CHECKSUM_DEPTH).map(({ id, ticks, lots }) => [id, ticks, lots]);
  return checksumText(of(bids), of(asks));
}
