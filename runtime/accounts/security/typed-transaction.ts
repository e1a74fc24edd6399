/**
 * Transactions as an Ethereum wallet shows them: EIP-712 typed data of owner actions.
 *
 * Source: design/staking-and-keys.md §4. The domain has name, version and salt (the chain id): no
 * `chainId`, which wallets refuse when it is not the network they are on. The message has every field of
 * the body, the transaction id, and one struct an action, of a frozen type; amounts are canonical
 * decimals. So a wallet shows what it signs, and the id binds all bytes of it.
 *
 * Invariant: types and texts are frozen: a change makes signatures of wallets verify no more.
 */
import { STAKING_ACTION } from '../../../staking/actions.ts';
import { ACTION, type Action } from '../../action.ts';
import {
  CHANGE,
  type Change,
  type NewKey,
  type Policy,
  SECURITY_ACTION,
} from '../../actions/security.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import { toHex } from '../../core/bytes.ts';
import { unreachable } from '../../core/result.ts';
import { address } from '../../core/units.ts';
import { SCHEME, type TransactionBody } from '../../transaction.ts';
import { ROLE } from '../account.ts';
import { formatAddress } from '../address-text.ts';
import {
  type TypedData,
  type TypedField,
  type TypedStruct,
  type TypedTypes,
  typedDataDigest,
} from './typed-data.ts';

/** Most actions of a transaction that a wallet can show. */
export const MAX_TYPED_ACTIONS = 8;

const DOMAIN_FIELDS: readonly TypedField[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'salt', type: 'bytes32' },
];

/** Fields written as `type name,…`. */
function fields(text: string): readonly TypedField[] {
  return text.split(',').map((field) => {
    const [type = '', name = ''] = field.split(' ');
    return { type, name };
  });
}

/** Micro-units as the shortest decimal: `12.5`, never `12.50` or `.5`. */
export function canonicalAmount(micro: bigint): string {
  const digits = micro.toString().padStart(7, '0');
  const whole = digits.slice(0, -6);
  const rest = digits.slice(-6).replace(/0+$/, '');
  return rest === '' ? whole : `${whole}.${rest}`;
}

/** An amount of stake, where 0 stands for all that is active. */
function stakeAmount(micro: bigint): string {
  return micro === 0n ? 'all' : canonicalAmount(micro);
}

function addressText(raw: Uint8Array): string {
  return formatAddress(address(toHex(raw)));
}

const CURRENCY = { [DENOMINATION.usd]: 'USD', [DENOMINATION.mil]: 'MIL' } as const;

function currencyText(denomination: number): string {
  return (CURRENCY as { readonly [number: number]: string })[denomination] ?? `${denomination}`;
}

function nameOf(table: { readonly [name: string]: number }, value: number): string {
  return Object.keys(table).find((name) => table[name] === value) ?? `${value}`;
}

/** `owner key ed25519 0x… in factor group 1`. */
function keyText({ role, scheme, publicKey, factorGroup }: NewKey): string {
  const key = `${nameOf(SCHEME, scheme)} 0x${toHex(publicKey)}`;
  return `${nameOf(ROLE, role)} key ${key} in factor group ${factorGroup}`;
}

function listText(items: readonly (number | string)[]): string {
  return items.length === 0 ? 'any' : items.join(' ');
}

function policyText(policy: Policy): string {
  const { passkeys } = policy;
  const origins = passkeys.origins.map((raw) => String.fromCharCode(...raw));
  return [
    `owner keys ${policy.ownerThreshold}`,
    `trade keys ${policy.tradeThreshold}`,
    `stake keys ${policy.stakeThreshold}`,
    `two factors ${policy.mfa ? 'yes' : 'no'}`,
    `delay ${policy.delayMs} ms`,
    `guardian delay ${policy.guardianDelayMs} ms`,
    `outflow ${policy.outflowBps} bps a day`,
    `passkeys verified ${passkeys.userVerification ? 'yes' : 'no'}`,
    `passkeys with backup ${passkeys.allowsBackup ? 'yes' : 'no'}`,
    `origins ${listText(origins)}`,
  ].join(', ');
}

/** A change as one line that says all of it. */
export function changeText(change: Change): string {
  switch (change.selector) {
    case CHANGE.addKey:
      return `add ${keyText(change.value.key)}`;
    case CHANGE.addAgent: {
      const { key, scope } = change.value;
      return [
        `add agent 0x${toHex(key.publicKey)}`,
        `permissions ${scope.permissions}`,
        `sub-accounts ${listText(scope.subAccounts)}`,
        `underlyings ${listText(scope.underlyings)}`,
        `notional ${scope.notionalUsd} USD`,
        `premium ${scope.premiumUsd} USD`,
        `outflow ${scope.outflowUsd} USD`,
        `margin ${scope.maxMarginBps} bps`,
        `until ${scope.expiresAt}`,
      ].join(', ');
    }
    case CHANGE.removeKey:
      return `remove key ${change.value.position}`;
    case CHANGE.setPolicy:
      return `set policy: ${policyText(change.value.policy)}`;
    case CHANGE.allowAddress:
      return `allow sends to ${addressText(change.value.address)}`;
    case CHANGE.forbidAddress:
      return `forbid sends to ${addressText(change.value.address)}`;
    case CHANGE.setWithdrawAddress:
      return `pay rewards to ${addressText(change.value.address)}`;
    default:
      return unreachable(change);
  }
}

/** Struct types of actions by selector: the frozen table. */
const ACTION_TYPES: { readonly [selector: number]: readonly [name: string, fields: string] } = {
  [ACTION.transfer]: [
    'Transfer',
    'uint8 fromSubAccount,string to,uint8 toSubAccount,string amount,string currency',
  ],
  [STAKING_ACTION.delegate]: ['Delegate', 'uint32 validator,string amount'],
  [STAKING_ACTION.undelegate]: ['Undelegate', 'uint32 validator,string amount'],
  [STAKING_ACTION.cancelUnbonding]: ['CancelUnbonding', 'uint32 validator,uint64 lastEpoch'],
  [STAKING_ACTION.redelegate]: ['Redelegate', 'uint32 from,uint32 to,string amount'],
  [STAKING_ACTION.claimRewards]: ['ClaimRewards', 'uint32 validator'],
  [STAKING_ACTION.withdrawUnbonded]: ['WithdrawUnbonded', 'uint32 validator'],
  [STAKING_ACTION.setWithdrawAddress]: ['SetWithdrawAddress', 'string to'],
  [STAKING_ACTION.setCompounding]: ['SetCompounding', 'uint32 validator,bool allowed'],
  [SECURITY_ACTION.changeSecurity]: ['ChangeSecurity', 'string[] changes'],
  [SECURITY_ACTION.endPending]: ['EndPending', 'uint64 id'],
  [SECURITY_ACTION.withdraw]: [
    'Withdraw',
    'uint8 subAccount,string to,uint8 toSubAccount,string amount,string currency',
  ],
  [SECURITY_ACTION.freeze]: ['Freeze', 'uint64 durationMs'],
  [SECURITY_ACTION.rearm]: ['Rearm', 'bool confirm'],
  [SECURITY_ACTION.recover]: ['Recover', 'string[] keys'],
  [SECURITY_ACTION.cancelRecovery]: ['CancelRecovery', 'bool confirm'],
};

/** The values of an action's struct; `undefined`: wallets do not sign it. */
function actionValue(action: Action): TypedStruct | undefined {
  switch (action.selector) {
    case ACTION.transfer: {
      const { fromSubAccount, to, toSubAccount, amount, denomination } = action.value;
      return {
        fromSubAccount: BigInt(fromSubAccount),
        to: addressText(to),
        toSubAccount: BigInt(toSubAccount),
        amount: canonicalAmount(amount),
        currency: currencyText(denomination),
      };
    }
    case STAKING_ACTION.delegate:
    case STAKING_ACTION.undelegate: {
      const { validator, amount } = action.value;
      return { validator: BigInt(validator), amount: stakeAmount(amount) };
    }
    case STAKING_ACTION.cancelUnbonding: {
      const { validator, lastEpoch } = action.value;
      return { validator: BigInt(validator), lastEpoch: BigInt(lastEpoch) };
    }
    case STAKING_ACTION.redelegate: {
      const { from, to, amount } = action.value;
      return { from: BigInt(from), to: BigInt(to), amount: stakeAmount(amount) };
    }
    case STAKING_ACTION.claimRewards:
    case STAKING_ACTION.withdrawUnbonded:
      return { validator: BigInt(action.value.validator) };
    case STAKING_ACTION.setWithdrawAddress:
      return { to: addressText(action.value.address) };
    case STAKING_ACTION.setCompounding:
      return { validator: BigInt(action.value.validator), allowed: action.value.allowed };
    case SECURITY_ACTION.changeSecurity:
      return { changes: action.value.changes.map(changeText) };
    case SECURITY_ACTION.endPending:
      return { id: BigInt(action.value.id) };
    case SECURITY_ACTION.withdraw: {
      const { subAccount, to, toSubAccount, amount, denomination } = action.value;
      return {
        subAccount: BigInt(subAccount),
        to: addressText(to),
        toSubAccount: BigInt(toSubAccount),
        amount: canonicalAmount(amount),
        currency: currencyText(denomination),
      };
    }
    case SECURITY_ACTION.freeze:
      return { durationMs: BigInt(action.value.durationMs) };
    case SECURITY_ACTION.rearm:
    case SECURITY_ACTION.cancelRecovery:
      return { confirm: true };
    case SECURITY_ACTION.recover:
      return { keys: action.value.keys.map(keyText) };
    default:
      return undefined;
  }
}

/** Whether a wallet can show, and so sign, a transaction: at most 8 actions, all of the table. O(actions). */
export function isTypable({ actions }: TransactionBody): boolean {
  return (
    actions.length <= MAX_TYPED_ACTIONS &&
    actions.every(({ selector }) => ACTION_TYPES[selector] !== undefined)
  );
}

function domainOf(chainId: Uint8Array): TypedStruct {
  return { name: 'Miletus', version: '1', salt: chainId };
}

/** What a wallet is given to sign for a transaction; `isTypable` holds. */
export function typedTransaction(
  chainId: Uint8Array,
  body: TransactionBody,
  transactionId: Uint8Array,
): TypedData {
  const types: { [name: string]: readonly TypedField[] } = { EIP712Domain: DOMAIN_FIELDS };
  const actionFields: TypedField[] = [];
  const values: { [name: string]: TypedStruct } = {};
  for (const [at, action] of body.actions.entries()) {
    const [type = '', list = ''] = ACTION_TYPES[action.selector] ?? [];
    types[type] = fields(list);
    actionFields.push({ name: `a${at}`, type });
    values[`a${at}`] = actionValue(action) ?? {};
  }
  types['Transaction'] = [
    ...fields('string account,uint64 nonce,uint64 expiresAt,string[] signers,bytes32 txId'),
    ...actionFields,
  ];
  const message: TypedStruct = {
    account: addressText(body.account),
    nonce: BigInt(body.nonce),
    expiresAt: BigInt(body.expiresAt),
    signers: body.signers.map(
      ({ scheme, publicKey }) => `${nameOf(SCHEME, scheme)} 0x${toHex(publicKey)}`,
    ),
    txId: transactionId,
    ...values,
  };
  return { types, primaryType: 'Transaction', domain: domainOf(chainId), message };
}

const KEY_PROOF_TYPES: TypedTypes = {
  EIP712Domain: DOMAIN_FIELDS,
  KeyProof: fields('string account,string key,bytes32 digest'),
};

/** What a wallet is given to sign to become one of an account's keys; `digest`: `keyProofDigest`. */
export function typedKeyProof(
  chainId: Uint8Array,
  account: Uint8Array,
  key: Omit<NewKey, 'proof'>,
  digest: Uint8Array,
): TypedData {
  const message = {
    account: addressText(account),
    key: keyText({ ...key, proof: digest }),
    digest,
  };
  return { types: KEY_PROOF_TYPES, primaryType: 'KeyProof', domain: domainOf(chainId), message };
}

/** The digest of a transaction that a secp256k1 key signs. */
export function typedTransactionDigest(
  chainId: Uint8Array,
  body: TransactionBody,
  transactionId: Uint8Array,
): Uint8Array {
  return typedDataDigest(typedTransaction(chainId, body, transactionId));
}
