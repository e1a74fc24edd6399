/**
 * Upgrades on their way, and who is ready for them: rows, events, formats.
 *
 * Tables 86 and 87. A plan is of one module; there is one for each at most.
 */

import type { ValidatorId } from '../../staking/ids.ts';
import { bytes, type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import type { Epoch } from '../core/units.ts';
import { type PairKeyCodec, pairKey } from '../state/key-codec.ts';

/** A version that a vote has decided on. */
export type UpgradePlan = {
  readonly module: number;
  readonly version: number;
  /** The first epoch in which it may be in force. */
  readonly epoch: Epoch;
  /** What operators say they hold. */
  readonly codeHash: Uint8Array;
  /** Configs since then that were fixed without enough of them ready. */
  slips: number;
};
/** What an operator said it holds of a module. */
export type Readiness = { readonly version: number; readonly codeHash: Uint8Array };

export const UpgradePlanCodec: Codec<UpgradePlan> = container<UpgradePlan>('UpgradePlan', {
  module: u8(),
  version: u32(),
  epoch: u64<Epoch>(),
  codeHash: bytes(32),
  slips: u8(),
});
export const ReadinessCodec: Codec<Readiness> = container<Readiness>('Readiness', {
  version: u32(),
  codeHash: bytes(32),
});

/** (module, validator). */
export const readinessKey: PairKeyCodec<number> = pairKey({ highBits: 8, lowBits: 20 });

/** Configs that may be fixed with too few ready before a plan is given up. */
export const MAX_SLIPS = 5;
/** Of the weight of a config that must be ready: five sixths. */
export const READY_PARTS = { needed: 5n, of: 6n } as const;

/** What became of a plan; numbers are wire format. */
export const UPGRADE_CHANGE = {
  planned: 0,
  scheduled: 1,
  slipped: 2,
  expired: 3,
  migrated: 4,
} as const;
export type UpgradeChange = (typeof UPGRADE_CHANGE)[keyof typeof UPGRADE_CHANGE];

export type UpgradeReadyEvent = {
  readonly validator: ValidatorId;
  readonly module: number;
  readonly version: number;
};
/** `epoch`: in which it is in force, or is now wanted to be. */
export type UpgradeChangedEvent = {
  readonly module: number;
  readonly version: number;
  readonly epoch: Epoch;
  readonly change: UpgradeChange;
};
export const UpgradeReadyEventCodec: Codec<UpgradeReadyEvent> = container<UpgradeReadyEvent>(
  'UpgradeReadyEvent',
  { validator: u32<ValidatorId>(), module: u8(), version: u32() },
);
export const UpgradeChangedEventCodec: Codec<UpgradeChangedEvent> = container<UpgradeChangedEvent>(
  'UpgradeChangedEvent',
  {
    module: u8(),
    version: u32(),
    epoch: u64<Epoch>(),
    change: u8<UpgradeChange>(),
  },
);
