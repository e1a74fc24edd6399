/**
 * Actions of staking: formats. Selectors 32 to 47; handlers in files of their names.
 *
 * Amounts in micro-MIL; accounts other than the actor's by their 20-byte address.
 */
import { type Vote, VoteCodec } from '../consensus/messages.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u16,
  u32,
  u64,
  u128,
  type Variant,
} from '../runtime/core/ssz.ts';
import type { Epoch } from '../runtime/core/units.ts';
import { MAX_ADDRESS_BYTES, MAX_VALIDATOR_ADDRESSES } from '../runtime/limits.ts';
import type { ValidatorId } from './ids.ts';
import { MAX_MONIKER_BYTES } from './limits.ts';
import { type ProvenKey, ProvenKeyCodec } from './possession.ts';
import type { KeyRole } from './validator.ts';

export type CreateValidator = {
  readonly consensus: ProvenKey;
  readonly oracle: ProvenKey;
  readonly peer: ProvenKey;
  readonly moniker: Uint8Array;
  readonly addresses: Uint8Array[];
  readonly commissionBps: number;
  readonly maxCommissionBps: number;
  /** Most that the commission rises at a time, once a day. */
  readonly maxCommissionStepBps: number;
  /** Micro-MIL that the operator delegates to it. */
  readonly selfBond: bigint;
};

export type EditValidator = { readonly moniker: Uint8Array; readonly addresses: Uint8Array[] };

export type ChangeCommission = { readonly commissionBps: number };

export type RotateKey = { readonly role: KeyRole; readonly key: ProvenKey };

export type Delegate = { readonly validator: ValidatorId; readonly amount: bigint };

/** `amount` in micro-MIL; 0: all that is active. */
export type Undelegate = { readonly validator: ValidatorId; readonly amount: bigint };

export type CancelUnbonding = { readonly validator: ValidatorId; readonly lastEpoch: Epoch };

/** `amount` in micro-MIL; 0: all that is active. */
export type Redelegate = {
  readonly from: ValidatorId;
  readonly to: ValidatorId;
  readonly amount: bigint;
};

export type ClaimRewards = { readonly validator: ValidatorId };

export type WithdrawUnbonded = { readonly validator: ValidatorId };

/** 20 bytes; the account's own address takes the rule away. */
export type SetWithdrawAddress = { readonly address: Uint8Array };

export type SetCompounding = { readonly validator: ValidatorId; readonly allowed: boolean };

/** Settles, or compounds, the delegation of an account: anyone may ask. 20 bytes. */
export type PokeDelegation = { readonly delegator: Uint8Array; readonly validator: ValidatorId };
/** Where the votes were found; numbers are wire format. */
export const EVIDENCE_ORIGIN = {
  /** Seen on the wire by the reporter, who is rewarded. */
  votes: 0,
  /** Taken out of certificates that everyone holds: no reward. */
  certificates: 1,
} as const;
export type EvidenceOrigin = (typeof EVIDENCE_ORIGIN)[keyof typeof EVIDENCE_ORIGIN];

export type SubmitEvidence = {
  readonly origin: EvidenceOrigin;
  /** Key under which both votes verify. */
  readonly publicKey: Uint8Array;
  readonly first: Vote;
  readonly second: Vote;
};

export const SubmitEvidenceCodec: Codec<SubmitEvidence> = container<SubmitEvidence>(
  'SubmitEvidence',
  { origin: u8<EvidenceOrigin>(), publicKey: bytes(32), first: VoteCodec, second: VoteCodec },
);

const details = {
  moniker: byteList(MAX_MONIKER_BYTES),
  addresses: list(byteList(MAX_ADDRESS_BYTES), MAX_VALIDATOR_ADDRESSES),
};
const validator = u32<ValidatorId>();

export const CreateValidatorCodec: Codec<CreateValidator> = container<CreateValidator>(
  'CreateValidator',
  {
    consensus: ProvenKeyCodec,
    oracle: ProvenKeyCodec,
    peer: ProvenKeyCodec,
    ...details,
    commissionBps: u16(),
    maxCommissionBps: u16(),
    maxCommissionStepBps: u16(),
    selfBond: u128(),
  },
);
export const EditValidatorCodec: Codec<EditValidator> = container<EditValidator>(
  'EditValidator',
  details,
);
export const ChangeCommissionCodec: Codec<ChangeCommission> = container<ChangeCommission>(
  'ChangeCommission',
  { commissionBps: u16() },
);
export const RotateKeyCodec: Codec<RotateKey> = container<RotateKey>('RotateKey', {
  role: u8<KeyRole>(),
  key: ProvenKeyCodec,
});
export const DelegateCodec: Codec<Delegate> = container<Delegate>('Delegate', {
  validator,
  amount: u128(),
});
export const UndelegateCodec: Codec<Undelegate> = container<Undelegate>('Undelegate', {
  validator,
  amount: u128(),
});
export const CancelUnbondingCodec: Codec<CancelUnbonding> = container<CancelUnbonding>(
  'CancelUnbonding',
  { validator, lastEpoch: u64<Epoch>() },
);
export const RedelegateCodec: Codec<Redelegate> = container<Redelegate>('Redelegate', {
  from: u32<ValidatorId>(),
  to: u32<ValidatorId>(),
  amount: u128(),
});
export const ClaimRewardsCodec: Codec<ClaimRewards> = container<ClaimRewards>('ClaimRewards', {
  validator,
});
export const WithdrawUnbondedCodec: Codec<WithdrawUnbonded> = container<WithdrawUnbonded>(
  'WithdrawUnbonded',
  { validator },
);
export const SetWithdrawAddressCodec: Codec<SetWithdrawAddress> = container<SetWithdrawAddress>(
  'SetWithdrawAddress',
  { address: bytes(20) },
);
export const SetCompoundingCodec: Codec<SetCompounding> = container<SetCompounding>(
  'SetCompounding',
  { validator, allowed: bool() },
);
export const PokeDelegationCodec: Codec<PokeDelegation> = container<PokeDelegation>(
  'PokeDelegation',
  { delegator: bytes(20), validator },
);

/** What an operator does with its validator; numbers are wire format. */
export const STANDING_CHANGE = { jail: 0, unjail: 1, exit: 2, revokeOracleKey: 3 } as const;
export type StandingChange = (typeof STANDING_CHANGE)[keyof typeof STANDING_CHANGE];
export type ChangeStanding = { readonly change: StandingChange };
export const ChangeStandingCodec: Codec<ChangeStanding> = container<ChangeStanding>(
  'ChangeStanding',
  { change: u8<StandingChange>() },
);

/** Selectors of the actions of staking; append-only wire format. */
export const STAKING_ACTION = {
  createValidator: 32,
  editValidator: 33,
  changeCommission: 34,
  rotateKey: 35,
  changeStanding: 36,
  delegate: 37,
  undelegate: 38,
  cancelUnbonding: 39,
  redelegate: 40,
  claimRewards: 41,
  withdrawUnbonded: 42,
  setWithdrawAddress: 43,
  setCompounding: 44,
  compound: 45,
  pokeDelegation: 46,
  submitEvidence: 47,
} as const;

export type StakingAction =
  | Variant<typeof STAKING_ACTION.createValidator, CreateValidator>
  | Variant<typeof STAKING_ACTION.editValidator, EditValidator>
  | Variant<typeof STAKING_ACTION.changeCommission, ChangeCommission>
  | Variant<typeof STAKING_ACTION.rotateKey, RotateKey>
  | Variant<typeof STAKING_ACTION.changeStanding, ChangeStanding>
  | Variant<typeof STAKING_ACTION.delegate, Delegate>
  | Variant<typeof STAKING_ACTION.undelegate, Undelegate>
  | Variant<typeof STAKING_ACTION.cancelUnbonding, CancelUnbonding>
  | Variant<typeof STAKING_ACTION.redelegate, Redelegate>
  | Variant<typeof STAKING_ACTION.claimRewards, ClaimRewards>
  | Variant<typeof STAKING_ACTION.withdrawUnbonded, WithdrawUnbonded>
  | Variant<typeof STAKING_ACTION.setWithdrawAddress, SetWithdrawAddress>
  | Variant<typeof STAKING_ACTION.setCompounding, SetCompounding>
  | Variant<typeof STAKING_ACTION.compound, PokeDelegation>
  | Variant<typeof STAKING_ACTION.pokeDelegation, PokeDelegation>
  | Variant<typeof STAKING_ACTION.submitEvidence, SubmitEvidence>;

/** Codecs by selector, for the union of all actions. */
export const STAKING_ACTION_CODECS: {
  readonly [S in StakingAction['selector']]: Codec<
    Extract<StakingAction, Variant<S, unknown>>['value']
  >;
} = {
  [STAKING_ACTION.createValidator]: CreateValidatorCodec,
  [STAKING_ACTION.editValidator]: EditValidatorCodec,
  [STAKING_ACTION.changeCommission]: ChangeCommissionCodec,
  [STAKING_ACTION.rotateKey]: RotateKeyCodec,
  [STAKING_ACTION.changeStanding]: ChangeStandingCodec,
  [STAKING_ACTION.delegate]: DelegateCodec,
  [STAKING_ACTION.undelegate]: UndelegateCodec,
  [STAKING_ACTION.cancelUnbonding]: CancelUnbondingCodec,
  [STAKING_ACTION.redelegate]: RedelegateCodec,
  [STAKING_ACTION.claimRewards]: ClaimRewardsCodec,
  [STAKING_ACTION.withdrawUnbonded]: WithdrawUnbondedCodec,
  [STAKING_ACTION.setWithdrawAddress]: SetWithdrawAddressCodec,
  [STAKING_ACTION.setCompounding]: SetCompoundingCodec,
  [STAKING_ACTION.compound]: PokeDelegationCodec,
  [STAKING_ACTION.pokeDelegation]: PokeDelegationCodec,
  [STAKING_ACTION.submitEvidence]: SubmitEvidenceCodec,
};

/** Whether an action is one of staking. */
export function isStakingAction<T extends { readonly selector: number }>(
  action: T | StakingAction,
): action is StakingAction {
  return (
    action.selector >= STAKING_ACTION.createValidator &&
    action.selector <= STAKING_ACTION.submitEvidence
  );
}
