/** How a validator's oracle voted, as rows and events have it: written by `conduct.ts`. */
import { bool, bytes, type Codec, container, u32, u64 } from '../core/ssz.ts';
import type { Epoch } from '../core/units.ts';

/** Slots of one epoch. */
export type ConductCounts = {
  readonly epoch: Epoch;
  slots: number;
  missed: number;
  far: number;
};

/** A row of the `oracleConduct` table, by the hex of the oracle key. */
export type OracleConduct = {
  /** The epoch that counts now, and the one counted before. */
  current: ConductCounts;
  previous: ConductCounts;
  /** A far vote was counted since the last slot ended. */
  isFar: boolean;
};

const ConductCountsCodec: Codec<ConductCounts> = container<ConductCounts>('ConductCounts', {
  epoch: u64<Epoch>(),
  slots: u32(),
  missed: u32(),
  far: u32(),
});

export const OracleConductCodec: Codec<OracleConduct> = container<OracleConduct>('OracleConduct', {
  current: ConductCountsCodec,
  previous: ConductCountsCodec,
  isFar: bool(),
});

/** Counts of an epoch that ended, of a validator that missed slots or was far. */
export type OracleConductEvent = ConductCounts & { readonly oracleKey: Uint8Array };

export const OracleConductEventCodec: Codec<OracleConductEvent> = container<OracleConductEvent>(
  'OracleConductEvent',
  { oracleKey: bytes(32), epoch: u64<Epoch>(), slots: u32(), missed: u32(), far: u32() },
);
