/**
 * What a proposal would do: a closed union of formats. What each does is in the file of its name.
 *
 * Source: design/staking-and-keys.md §5. Selectors are append-only. Everything that changes a value says
 * which value it expects to find (`expected`), so that two proposals on one thing never add up.
 */
import type { Denomination } from '../actions/transfer.ts';
import {
  bool,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u32,
  u64,
  u128,
  union,
  type Variant,
} from '../core/ssz.ts';
import type { Epoch, UnderlyingId } from '../core/units.ts';
import { type StoredParameters, StoredParametersCodec } from '../margin/mode/risk-parameters.ts';
import type { InstrumentState } from '../options/instrument.ts';
import { type Underlying, UnderlyingCodec } from '../options/underlying.ts';
import { MAX_CHANGES } from './limits.ts';

/** One parameter: `set` and `parameter` as `parameter-sets.ts` numbers them, `scope` an underlying or 0. */
export type ParameterChange = {
  readonly set: number;
  readonly scope: number;
  readonly parameter: number;
  readonly expected: number;
  readonly value: number;
};
/** All take effect together or none does. */
export type ParametersContent = { readonly changes: ParameterChange[] };
/** A whole row; its id is the next one. */
export type ListUnderlyingContent = { readonly underlying: Underlying };
/** Portfolio margin of an underlying, announced when enacted: `noticeMs` later it comes in steps. */
export type RiskContent = {
  readonly underlying: UnderlyingId;
  /** SHA-256 of the SSZ of the parameters that are last in force or announced. */
  readonly expected: Uint8Array;
  readonly parameters: StoredParameters;
  readonly noticeMs: number;
  readonly phaseMs: number;
};
/** From the community's account. 20 bytes. */
export type SpendContent = {
  readonly to: Uint8Array;
  readonly denomination: Denomination;
  readonly amount: bigint;
};
/** A module's version from an epoch on (`runtime/upgrade/`). */
export type UpgradeContent = {
  readonly module: number;
  readonly version: number;
  readonly epoch: Epoch;
  /** What operators say they hold when they say that they are ready. */
  readonly codeHash: Uint8Array;
};

/** What an order of state is for; numbers are wire format. */
export const STATE_SCOPE = { underlying: 0, instrument: 1 } as const;
export type StateScope = (typeof STATE_SCOPE)[keyof typeof STATE_SCOPE];
/** Opens, restricts or halts trading. */
export type TradingContent = {
  readonly scope: StateScope;
  readonly id: number;
  readonly to: InstrumentState;
};
/** Names the guardian (20 zero bytes: none), and says whether its pause may be used. */
export type GuardianContent = { readonly guardian: Uint8Array; readonly armed: boolean };

/** Selectors of contents; append-only wire format. */
export const CONTENT = {
  text: 0,
  parameters: 1,
  listUnderlying: 2,
  risk: 3,
  spend: 4,
  upgrade: 5,
  trading: 6,
  guardian: 7,
} as const;
export type ContentName = keyof typeof CONTENT;

export type ProposalContent =
  | Variant<typeof CONTENT.text, TextContent>
  | Variant<typeof CONTENT.parameters, ParametersContent>
  | Variant<typeof CONTENT.listUnderlying, ListUnderlyingContent>
  | Variant<typeof CONTENT.risk, RiskContent>
  | Variant<typeof CONTENT.spend, SpendContent>
  | Variant<typeof CONTENT.upgrade, UpgradeContent>
  | Variant<typeof CONTENT.trading, TradingContent>
  | Variant<typeof CONTENT.guardian, GuardianContent>;

/** Decides nothing on the chain. `document`: SHA-256 of the long text, or zeros. */
export type TextContent = { readonly document: Uint8Array };

export const ProposalContentCodec: Codec<ProposalContent> = union<ProposalContent>(
  'ProposalContent',
  {
    [CONTENT.text]: container<TextContent>('TextContent', { document: bytes(32) }),
    [CONTENT.parameters]: container<ParametersContent>('ParametersContent', {
      changes: list(
        container<ParameterChange>('ParameterChange', {
          set: u8(),
          scope: u8(),
          parameter: u8(),
          expected: u64(),
          value: u64(),
        }),
        MAX_CHANGES,
        1,
      ),
    }),
    [CONTENT.listUnderlying]: container<ListUnderlyingContent>('ListUnderlyingContent', {
      underlying: UnderlyingCodec,
    }),
    [CONTENT.risk]: container<RiskContent>('RiskContent', {
      underlying: u8<UnderlyingId>(),
      expected: bytes(32),
      parameters: StoredParametersCodec,
      noticeMs: u64(),
      phaseMs: u64(),
    }),
    [CONTENT.spend]: container<SpendContent>('SpendContent', {
      to: bytes(20),
      denomination: u8<Denomination>(),
      amount: u128(),
    }),
    [CONTENT.upgrade]: container<UpgradeContent>('UpgradeContent', {
      module: u8(),
      version: u32(),
      epoch: u64<Epoch>(),
      codeHash: bytes(32),
    }),
    [CONTENT.trading]: container<TradingContent>('TradingContent', {
      scope: u8<StateScope>(),
      id: u32(),
      to: u8<InstrumentState>(),
    }),
    [CONTENT.guardian]: container<GuardianContent>('GuardianContent', {
      guardian: bytes(20),
      armed: bool(),
    }),
  },
);
