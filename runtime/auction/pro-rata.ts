/**
 * Shares scarce lots among the orders of one price.
 *
 * Source: design/exchange.md §2, "Batch mode"; Budish, Cramton and Shim 2015 (rationing by order
 * size at the margin). Each claim counts with min(size, opposing volume), so a size beyond what the
 * other side could ever fill brings nothing. Shares are rounded down and the lots left over go one
 * each to the largest remainders, ties to the lower order hash.
 *
 * Invariants: shares sum to the lots available; none exceeds its claim; each is less than one lot
 * away from its exact part.
 */
import { compareBytes } from '../core/bytes.ts';
import { mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';

/** Who claims a share: an order's lots, and its hash, asked for only to break a tie. */
export type Claim = { readonly lots: number; readonly hash: () => Uint8Array };

type Rest = { readonly index: number; readonly remainder: bigint; hash: Uint8Array | undefined };

/** Greater remainder first, then the lower hash, then the earlier claim. */
function byRemainder(claims: readonly Claim[], a: Rest, b: Rest): number {
  if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1;
  const noHash = new Uint8Array(0);
  a.hash ??= claims[a.index]?.hash() ?? noHash;
  b.hash ??= claims[b.index]?.hash() ?? noHash;
  const difference = compareBytes(a.hash, b.hash);
  return difference !== 0 ? difference : a.index - b.index;
}

/**
 * The share of each claim in `available` lots, in the order of `claims`.
 *
 * `available` is at most the sum of the claims and at most `opposing`, the lots of the other side at
 * the price. Cost: O(n log n); hashes only of claims with equal remainders.
 */
export function proRata(
  available: number,
  claims: readonly Claim[],
  opposing: number,
): readonly number[] {
  const weights = claims.map(({ lots }) => Math.min(lots, opposing));
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  // Either no claim is capped, and they sum to at least `available`, or one alone is `opposing`.
  assert(BigInt(available) <= total, `${available} lots shared among claims of ${total}`);
  if (available === 0) return claims.map(() => 0);
  const lots = BigInt(available);
  let left = available;
  const rests: Rest[] = [];
  const shares = weights.map((weight, index) => {
    // Rounded down against the claim: what is cut off is shared out below.
    const share = mulDivFloor(lots, BigInt(weight), total);
    rests.push({ index, remainder: lots * BigInt(weight) - share * total, hash: undefined });
    left -= Number(share);
    return Number(share);
  });
  if (left === 0) return shares;
  // Every remainder is below `total` and they sum to left × total: more than `left` are above 0.
  rests.sort((a, b) => byRemainder(claims, a, b));
  for (const { index } of rests.slice(0, left)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}
