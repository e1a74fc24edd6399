/** The action on how an account is margined: its format. */
import { type Codec, container, u8 } from '../core/ssz.ts';
import type { SubAccount } from '../core/units.ts';
import type { MarginMode } from '../margin/mode/margin-mode.ts';

/** Puts a sub-account under another margin mode. */
export type SetMarginMode = { readonly subAccount: SubAccount; readonly mode: MarginMode };

export const SetMarginModeCodec: Codec<SetMarginMode> = container<SetMarginMode>('SetMarginMode', {
  subAccount: u8<SubAccount>(),
  mode: u8<MarginMode>(),
});
