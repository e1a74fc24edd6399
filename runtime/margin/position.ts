/** Positions: signed lots of one portfolio in one instrument. Rows of 0 lots do not exist. */
import { type Codec, container, i64, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, PortfolioId, PositionLots } from '../core/units.ts';

export type Position = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  lots: PositionLots;
};

export const PositionCodec: Codec<Position> = container<Position>('Position', {
  portfolio: u64<PortfolioId>(),
  instrument: u32<InstrumentId>(),
  lots: i64<PositionLots>(),
});
