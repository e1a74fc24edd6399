/** Actions of staking from human units: what becomes of each input, and the first wrong field. */
import { expect, test } from 'vitest';
import { ActionCodec } from '../../runtime/action.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';
import type { RuntimeErrorCode } from '../../runtime/error.ts';
import { STAKING_ACTION } from '../../staking/actions.ts';
import type { ProvenKey } from '../../staking/possession.ts';
import { explainRefusal } from '../../wallet/client/explain-refusal.ts';
import { percentOfBps, type StakingActionInput } from '../../wallet/client/staking-input.ts';
import { buildAction } from '../../wallet/client/transaction-builder.ts';

const key: ProvenKey = { key: new Uint8Array(32).fill(7), proof: new Uint8Array(64).fill(8) };
const ADDRESS = 'ab'.repeat(20);
const RAW = new Uint8Array(20).fill(0xab);
const NORTH = { moniker: 'north', addresses: ['/ip4/203.0.113.7/tcp/26656'] };
const create: Extract<StakingActionInput, { type: 'createValidator' }> = {
  type: 'createValidator',
  ...NORTH,
  keys: { consensus: key, oracle: key, peer: key },
  commission: '4.25',
  maxCommission: '20',
  maxCommissionStep: '1',
  selfBond: '10000.5',
};
const details = { moniker: asciiBytes('north'), addresses: NORTH.addresses.map(asciiBytes) };

const BUILT: readonly (readonly [StakingActionInput, keyof typeof STAKING_ACTION, object])[] = [
  [
    { type: 'delegate', validator: 3, amount: '1.5' },
    'delegate',
    { validator: 3, amount: 1_500_000n },
  ],
  [{ type: 'undelegate', validator: 3 }, 'undelegate', { validator: 3, amount: 0n }],
  [
    { type: 'redelegate', validator: 3, to: 4, amount: '2' },
    'redelegate',
    { from: 3, to: 4, amount: 2_000_000n },
  ],
  [
    { type: 'cancelUnbonding', validator: 3, lastEpoch: 9 },
    'cancelUnbonding',
    { validator: 3, lastEpoch: 9 },
  ],
  [{ type: 'claimRewards', validator: 3 }, 'claimRewards', { validator: 3 }],
  [{ type: 'withdrawUnbonded', validator: 3 }, 'withdrawUnbonded', { validator: 3 }],
  [{ type: 'setWithdrawAddress', address: ADDRESS }, 'setWithdrawAddress', { address: RAW }],
  [
    { type: 'setCompounding', validator: 3, allowed: true },
    'setCompounding',
    { validator: 3, allowed: true },
  ],
  [
    { type: 'compound', validator: 3, delegator: ADDRESS },
    'compound',
    { validator: 3, delegator: RAW },
  ],
  [
    { type: 'pokeDelegation', validator: 3, delegator: ADDRESS },
    'pokeDelegation',
    { validator: 3, delegator: RAW },
  ],
  [
    create,
    'createValidator',
    {
      ...details,
      ...create.keys,
      commissionBps: 425,
      maxCommissionBps: 2_000,
      maxCommissionStepBps: 100,
      selfBond: 10_000_500_000n,
    },
  ],
  [{ type: 'editValidator', ...NORTH }, 'editValidator', details],
  [{ type: 'changeCommission', commission: '0' }, 'changeCommission', { commissionBps: 0 }],
  [{ type: 'rotateKey', role: 'peer', key }, 'rotateKey', { role: 2, key }],
  [{ type: 'changeStanding', change: 'unjail' }, 'changeStanding', { change: 1 }],
];

test.each(BUILT)('$0.type', (input, name, value) => {
  const built = buildAction(input);
  expect(built).toEqual({ ok: true, value: { selector: STAKING_ACTION[name], value } });
  if (!built.ok) return;
  expect(ActionCodec.decode(ActionCodec.encode(built.value))).toEqual(built);
});

const WRONG: readonly (readonly [StakingActionInput, string, string])[] = [
  [{ type: 'delegate', validator: 0, amount: 'x' }, 'validator', 'an integer 1 to 1048575'],
  [{ type: 'delegate', validator: 1, amount: '1e3' }, 'amount', 'a decimal number such as 12.5'],
  [{ type: 'undelegate', validator: 1, amount: '0' }, 'amount', 'an amount above 0'],
  [{ type: 'redelegate', validator: 1, to: 2 ** 20, amount: '' }, 'to', 'an integer 1 to 1048575'],
  [{ type: 'cancelUnbonding', validator: 1, lastEpoch: -1 }, 'lastEpoch', 'an integer from 0'],
  [{ type: 'changeCommission', commission: '100.01' }, 'commission', '0 to 100 percent'],
  [{ type: 'changeCommission', commission: '1.001' }, 'commission', 'at most 2 decimals'],
  [
    { ...create, moniker: 'n\u001b[2J', commission: 'x' },
    'moniker',
    'at most 64 characters of ASCII',
  ],
  [{ ...create, moniker: 'n'.repeat(65) }, 'moniker', 'at most 64 characters of ASCII'],
  [{ ...create, addresses: ['tcp'] }, 'addresses', 'multiaddrs such as /ip4/203.0.113.7/tcp/26656'],
  [{ ...create, commission: '20.01' }, 'commission', 'at most 20 percent'],
  [{ ...create, maxCommissionStep: '21' }, 'maxCommissionStep', 'at most 20 percent'],
  [{ ...create, selfBond: '-1' }, 'selfBond', 'an amount above 0'],
  [
    { type: 'submitEvidence', origin: 'votes', publicKey: 'ab', first: '', second: '' },
    'publicKey',
    '64 hex characters',
  ],
  [
    {
      type: 'submitEvidence',
      origin: 'votes',
      publicKey: 'ab'.repeat(32),
      first: '00',
      second: '',
    },
    'first',
    'a vote as hex of its SSZ',
  ],
];

test.each(WRONG)('%o: the field, and what is allowed', (input, field, allowed) => {
  expect(buildAction(input)).toMatchObject({ ok: false, error: { field, allowed } });
});

const REFUSED: readonly (readonly [
  code: RuntimeErrorCode,
  given: string,
  allowed: string,
  saysGiven: string | undefined,
  saysAllowed: string | undefined,
])[] = [
  ['self_bond', '9999000000', '10000000000', '9999 MIL', '10000 MIL'],
  ['insufficient_stake', '5000000', '0', '5 MIL', '0 MIL'],
  ['commission_step', '650', '600', '6.5 %', '6 %'],
  [
    'still_jailed',
    '1764576000000',
    '1764576600000',
    '2025-12-01T08:00:00.000Z',
    '2025-12-01T08:10:00.000Z',
  ],
  ['not_matured', '2', '0', undefined, 'what `miletus stake show` calls matured'],
  ['tombstoned', '3', '0', '3', undefined],
];

test.each(REFUSED)(
  '%s is told in people’s units',
  (code, given, allowed, saysGiven, saysAllowed) => {
    const refusal = {
      type: 'refused' as const,
      code,
      message: '',
      field: '',
      number: 0,
      given,
      allowed,
    };
    const input: StakingActionInput = { type: 'claimRewards', validator: 3 };
    expect(explainRefusal(refusal, input)).toEqual({
      given: saysGiven,
      allowed: saysAllowed,
    });
  },
);

test('basis points are shown as percent', () => {
  expect([0, 5, 425, 10_000].map(percentOfBps)).toEqual(['0', '0.05', '4.25', '100']);
});
