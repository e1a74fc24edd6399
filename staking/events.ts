/** Events of staking, selectors 36 to 49, and results of its actions, 16 to 21; append-only. */
import { type Codec, container, u8, u32, u64, u128, type Variant } from '../runtime/core/ssz.ts';
import type { AccountId, Epoch } from '../runtime/core/units.ts';
import type { ValidatorId } from './ids.ts';

export const STAKING_EVENT = {
  validatorChanged: 36,
  delegated: 37,
  undelegated: 38,
  redelegated: 39,
  rewardsClaimed: 40,
  unbonded: 41,
  slashed: 42,
  rewardsDistributed: 43,
  lienPaid: 44,
} as const;

/** What became of a validator; numbers are wire format. */
export const VALIDATOR_CHANGE = {
  created: 0,
  edited: 1,
  commission: 2,
  key: 3,
  jailed: 4,
  unjailed: 5,
  tombstoned: 6,
  exited: 7,
} as const;
export type ValidatorChange = (typeof VALIDATOR_CHANGE)[keyof typeof VALIDATOR_CHANGE];

export type ValidatorChangedEvent = {
  readonly validator: ValidatorId;
  readonly change: ValidatorChange;
};
/** Micro-MIL that weigh from `fromEpoch`. */
export type DelegatedEvent = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly amount: bigint;
  readonly fromEpoch: Epoch;
};
/** Shares that leave at the end of `lastEpoch`. */
export type UndelegatedEvent = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly shares: bigint;
  readonly lastEpoch: Epoch;
};
export type RedelegatedEvent = UndelegatedEvent & { readonly to: ValidatorId };
/** Paid, in micro-units. */
export type RewardsClaimedEvent = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly usd: bigint;
  readonly mil: bigint;
};
export type UnbondedEvent = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly amount: bigint;
};
/** φ in 10⁻¹² that faults of `epoch` cost by now, and micro-MIL burned for it by this report. */
export type SlashedEvent = {
  readonly validator: ValidatorId;
  readonly epoch: Epoch;
  readonly phi: bigint;
  readonly burned: bigint;
};
/** What the epoch's rewards were, in micro-units; what is left stays for the next. */
export type RewardsDistributedEvent = {
  readonly epoch: Epoch;
  readonly usd: bigint;
  readonly mil: bigint;
};
/** Shares cancelled, and micro-MIL burned, for faults of `source`. */
export type LienPaidEvent = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly source: ValidatorId;
  readonly shares: bigint;
  readonly burned: bigint;
};

export type StakingEvent =
  | Variant<typeof STAKING_EVENT.validatorChanged, ValidatorChangedEvent>
  | Variant<typeof STAKING_EVENT.delegated, DelegatedEvent>
  | Variant<typeof STAKING_EVENT.undelegated, UndelegatedEvent>
  | Variant<typeof STAKING_EVENT.redelegated, RedelegatedEvent>
  | Variant<typeof STAKING_EVENT.rewardsClaimed, RewardsClaimedEvent>
  | Variant<typeof STAKING_EVENT.unbonded, UnbondedEvent>
  | Variant<typeof STAKING_EVENT.slashed, SlashedEvent>
  | Variant<typeof STAKING_EVENT.rewardsDistributed, RewardsDistributedEvent>
  | Variant<typeof STAKING_EVENT.lienPaid, LienPaidEvent>;

const place = { account: u64<AccountId>(), validator: u32<ValidatorId>() };

export const ValidatorChangedEventCodec: Codec<ValidatorChangedEvent> =
  container<ValidatorChangedEvent>('ValidatorChangedEvent', {
    validator: u32<ValidatorId>(),
    change: u8<ValidatorChange>(),
  });
export const DelegatedEventCodec: Codec<DelegatedEvent> = container<DelegatedEvent>(
  'DelegatedEvent',
  { ...place, amount: u128(), fromEpoch: u64<Epoch>() },
);
export const UndelegatedEventCodec: Codec<UndelegatedEvent> = container<UndelegatedEvent>(
  'UndelegatedEvent',
  { ...place, shares: u128(), lastEpoch: u64<Epoch>() },
);
export const RedelegatedEventCodec: Codec<RedelegatedEvent> = container<RedelegatedEvent>(
  'RedelegatedEvent',
  { ...place, shares: u128(), lastEpoch: u64<Epoch>(), to: u32<ValidatorId>() },
);
export const RewardsClaimedEventCodec: Codec<RewardsClaimedEvent> = container<RewardsClaimedEvent>(
  'RewardsClaimedEvent',
  { ...place, usd: u128(), mil: u128() },
);
export const UnbondedEventCodec: Codec<UnbondedEvent> = container<UnbondedEvent>('UnbondedEvent', {
  ...place,
  amount: u128(),
});
export const SlashedEventCodec: Codec<SlashedEvent> = container<SlashedEvent>('SlashedEvent', {
  validator: u32<ValidatorId>(),
  epoch: u64<Epoch>(),
  phi: u128(),
  burned: u128(),
});
export const RewardsDistributedEventCodec: Codec<RewardsDistributedEvent> =
  container<RewardsDistributedEvent>('RewardsDistributedEvent', {
    epoch: u64<Epoch>(),
    usd: u128(),
    mil: u128(),
  });
export const LienPaidEventCodec: Codec<LienPaidEvent> = container<LienPaidEvent>('LienPaidEvent', {
  ...place,
  source: u32<ValidatorId>(),
  shares: u128(),
  burned: u128(),
});

export const STAKING_RESULT = {
  staked: 16,
  leaving: 17,
  claimed: 18,
  validator: 19,
  burned: 20,
} as const;

/** Micro-MIL that weigh from `fromEpoch`. */
export type StakedResult = { readonly amount: bigint; readonly fromEpoch: Epoch };
/** Shares that leave at the end of `lastEpoch`. */
export type LeavingResult = { readonly shares: bigint; readonly lastEpoch: Epoch };
/** Micro-units paid: rewards, or unbonded MIL. */
export type ClaimedResult = { readonly usd: bigint; readonly mil: bigint };
export type ValidatorResult = { readonly validator: ValidatorId };
/** Micro-MIL burned, and the reporter's part of what was taken. */
export type BurnedResult = { readonly burned: bigint; readonly reward: bigint };

export type StakingResult =
  | Variant<typeof STAKING_RESULT.staked, StakedResult>
  | Variant<typeof STAKING_RESULT.leaving, LeavingResult>
  | Variant<typeof STAKING_RESULT.claimed, ClaimedResult>
  | Variant<typeof STAKING_RESULT.validator, ValidatorResult>
  | Variant<typeof STAKING_RESULT.burned, BurnedResult>;

export const StakedResultCodec: Codec<StakedResult> = container<StakedResult>('StakedResult', {
  amount: u128(),
  fromEpoch: u64<Epoch>(),
});
export const LeavingResultCodec: Codec<LeavingResult> = container<LeavingResult>('LeavingResult', {
  shares: u128(),
  lastEpoch: u64<Epoch>(),
});
export const ClaimedResultCodec: Codec<ClaimedResult> = container<ClaimedResult>('ClaimedResult', {
  usd: u128(),
  mil: u128(),
});
export const ValidatorResultCodec: Codec<ValidatorResult> = container<ValidatorResult>(
  'ValidatorResult',
  { validator: u32<ValidatorId>() },
);
export const BurnedResultCodec: Codec<BurnedResult> = container<BurnedResult>('BurnedResult', {
  burned: u128(),
  reward: u128(),
});
