/**
 * What one account has with one validator: shares, joins on their way, unbondings, liens, rewards.
 *
 * Source: design/staking-and-keys.md §2. One row with bounded lists. It is brought up to date when it
 * is touched (`settle.ts`), never at a boundary.
 */
import {
  bool,
  type Codec,
  container,
  list,
  u8,
  u32,
  u64,
  u64big,
  u128,
} from '../runtime/core/ssz.ts';
import type { Epoch } from '../runtime/core/units.ts';
import { MAX_ENTERED } from '../runtime/governance/limits.ts';
import type { ValidatorId } from './ids.ts';
import { MAX_JOINS, MAX_LIENS, MAX_STORED_UNBONDINGS } from './limits.ts';
import { AmountsCodec, IndexCodec, type PerDenomination, zeroAmounts } from './rewards.ts';

/** Where joining stake comes from; numbers are state format. */
export const JOIN = {
  /** The account's balance. */
  fresh: 0,
  /** An unbonding of the same validator that was cancelled: liable still. */
  reentered: 1,
  /** Another validator. */
  moved: 2,
} as const;
export type JoinKind = (typeof JOIN)[keyof typeof JOIN];

/** Stake on its way in. */
export type Join = {
  readonly kind: JoinKind;
  readonly fromEpoch: Epoch;
  /** Micro-MIL; of a move, shares of the source. */
  amount: bigint;
  /** Validator whose faults up to `lastEpoch` it answers for; 0 of fresh stake. */
  readonly source: ValidatorId;
  readonly lastEpoch: Epoch;
  /** φ paid already, of a re-entry. */
  readonly paidPhi: bigint;
  /** Of a move: the source's accumulators up to which its shares are paid. */
  index: PerDenomination;
};

/** Shares that answer for the faults of another validator (or of their own, after a re-entry). */
export type Lien = {
  readonly source: ValidatorId;
  readonly lastEpoch: Epoch;
  /** Shares when it was made, of which `cancelled` are gone. */
  readonly shares: bigint;
  cancelled: bigint;
  /** φ that they had paid before. */
  readonly paidPhi: bigint;
};

/** Shares that leave, or have left, at the end of `lastEpoch`. */
export type Unbonding = {
  readonly lastEpoch: Epoch;
  shares: bigint;
  index: PerDenomination;
  readonly liens: Lien[];
};

/** Shares that weigh from an epoch on. */
export type Entered = { readonly epoch: Epoch; shares: bigint };

export type Delegation = {
  shares: bigint;
  index: PerDenomination;
  /** Rewards earned and not yet claimed. */
  readonly accrued: PerDenomination;
  /** Anyone may turn the MIL rewards into stake. */
  compounds: boolean;
  joins: Join[];
  unbondings: Unbonding[];
  liens: Lien[];
  /** Shares that entered while votes ran, ascending: too new for some (`governance/voting-shares.ts`). */
  entered: Entered[];
};

const LienCodec: Codec<Lien> = container<Lien>('Lien', {
  source: u32<ValidatorId>(),
  lastEpoch: u64<Epoch>(),
  shares: u128(),
  cancelled: u128(),
  paidPhi: u64big(),
});

export const DelegationCodec: Codec<Delegation> = container<Delegation>('Delegation', {
  shares: u128(),
  index: IndexCodec,
  accrued: AmountsCodec,
  compounds: bool(),
  joins: list(
    container<Join>('Join', {
      kind: u8<JoinKind>(),
      fromEpoch: u64<Epoch>(),
      amount: u128(),
      source: u32<ValidatorId>(),
      lastEpoch: u64<Epoch>(),
      paidPhi: u64big(),
      index: IndexCodec,
    }),
    MAX_JOINS,
  ),
  unbondings: list(
    container<Unbonding>('Unbonding', {
      lastEpoch: u64<Epoch>(),
      shares: u128(),
      index: IndexCodec,
      liens: list(LienCodec, MAX_LIENS),
    }),
    MAX_STORED_UNBONDINGS,
  ),
  liens: list(LienCodec, MAX_LIENS),
  entered: list(
    container<Entered>('Entered', { epoch: u64<Epoch>(), shares: u128() }),
    MAX_ENTERED,
  ),
});

export const emptyDelegation = (index: PerDenomination): Delegation => ({
  shares: 0n,
  index: { ...index },
  accrued: zeroAmounts(),
  compounds: false,
  joins: [],
  unbondings: [],
  liens: [],
  entered: [],
});

/** Shares of a lien that are left. */
export function lienShares({ shares, cancelled }: Lien): bigint {
  return shares - cancelled;
}

/** Liens of a delegation wherever they stand. */
export function lienCount({ joins, unbondings, liens }: Delegation): number {
  const joining = joins.filter(({ kind }) => kind !== JOIN.fresh).length;
  return liens.length + joining + unbondings.reduce((sum, entry) => sum + entry.liens.length, 0);
}

/** Whether the row holds nothing that its owner or anyone could still want. */
export function isEmptyDelegation(row: Delegation): boolean {
  return (
    row.shares === 0n &&
    row.joins.length === 0 &&
    row.unbondings.length === 0 &&
    row.accrued.usd === 0n &&
    row.accrued.mil === 0n
  );
}
