/** Positions: signed lots of one portfolio in one instrument. Rows of 0 lots do not exist. */
import { readI64, readU32, readU64, writeI64, writeU32, writeU64 } from '../core/byte-cursor.ts';
import { type Codec, container, i64, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, PortfolioId, PositionLots } from '../core/units.ts';

export type Position = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  lots: PositionLots;
};

export const PositionCodec: Codec<Position> = container<Position>(
  'Position',
  {
    portfolio: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    lots: i64<PositionLots>(),
  },
  {
    read: (from) => ({
      portfolio: readU64(from),
      instrument: readU32(from),
      lots: readI64(from),
    }),
    write(to, value) {
      writeU64(to, value.portfolio);
      writeU32(to, value.instrument);
      writeI64(to, value.lots);
    },
  },
);
