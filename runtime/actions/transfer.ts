/** The `transfer` action: format. */
import { bytes, type Codec, container, u8, u64big } from '../core/ssz.ts';
import type { SubAccount } from '../core/units.ts';

/** What a balance is counted in; numbers are wire format. */
export const DENOMINATION = { usd: 0, mil: 1 } as const;
export type Denomination = (typeof DENOMINATION)[keyof typeof DENOMINATION];

/** Moves an amount (above 0, in micro-units) to another account or sub-account. */
export type Transfer = {
  readonly fromSubAccount: SubAccount;
  readonly to: Uint8Array;
  readonly toSubAccount: SubAccount;
  readonly denomination: Denomination;
  readonly amount: bigint;
};

export const TransferCodec: Codec<Transfer> = container<Transfer>('Transfer', {
  fromSubAccount: u8<SubAccount>(),
  to: bytes(20),
  toSubAccount: u8<SubAccount>(),
  denomination: u8<Denomination>(),
  amount: u64big(),
});
