/** The `takeLiquidation` action: format. */
import { type Codec, container, i128, u8, u32, u64 } from '../core/ssz.ts';
import type { OrderId, PortfolioId, SubAccount } from '../core/units.ts';

/** Takes a share of an account under auction into a sub-account of the signer. */
export type TakeLiquidation = {
  readonly subAccount: SubAccount;
  readonly portfolio: PortfolioId;
  /** Number of the auction as the taker knows it. */
  readonly auction: OrderId;
  /** Of all its positions, in ppm; where that is more than may be taken, what may be taken. */
  readonly sharePpm: number;
  /** Micro-USD at most for the whole account; negative: it is paid at least so much. */
  readonly limit: bigint;
};

export const TakeLiquidationCodec: Codec<TakeLiquidation> = container<TakeLiquidation>(
  'TakeLiquidation',
  {
    subAccount: u8<SubAccount>(),
    portfolio: u64<PortfolioId>(),
    auction: u64<OrderId>(),
    sharePpm: u32(),
    limit: i128(),
  },
);
