/**
 * What a position in a future or a perpetual cost, beside its lots in table `positions`.
 *
 * Source: design/exchange.md §4. A row exists exactly while the position is not 0.
 *
 * Unrealised = lots × mark − cost − lots × (cumulative funding − fundingIndex), all exact: the value of
 * a lot at mark, every price and the funding index are whole micro-USD per lot.
 */
import { readI64, readI128, writeI64, writeI128 } from '../core/byte-cursor.ts';
import { type Codec, container, i64, i128 } from '../core/ssz.ts';

export type LinearPosition = {
  /** Σ lots × price paid, in micro-USD: negative for a short position. */
  cost: bigint;
  /** Cumulative funding in micro-USD per lot up to which the position has paid; 0 of a future. */
  fundingIndex: number;
};

export const LinearPositionCodec: Codec<LinearPosition> = container<LinearPosition>(
  'LinearPosition',
  { cost: i128(), fundingIndex: i64() },
  {
    read: (from) => ({ cost: readI128(from), fundingIndex: readI64(from) }),
    write(to, value) {
      writeI128(to, value.cost);
      writeI64(to, value.fundingIndex);
    },
  },
);
