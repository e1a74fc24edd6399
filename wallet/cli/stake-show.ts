/** `miletus stake` for reading: validators, one of them, what an account has, parameters and pools. */
import type { DelegationInfo, StakedValidatorInfo } from '../../node/rpc/schemas/staking.ts';
import { formatDecimal } from '../client/amounts.ts';
import { percentOfBps } from '../client/staking-input.ts';
import { accountOf } from './account-options.ts';
import { type Arguments, flag, withClient } from './options.ts';
import { fields, print, table, time } from './output.ts';
import { safeMoniker, validatorMeant } from './validator-meant.ts';

const percent = (share: number | null): string =>
  share === null ? '-' : `${formatDecimal(BigInt(Math.round(share * 10_000)), 2)} %`;

const usdPerMil = (fees: number | null): string => (fees === null ? '-' : fees.toFixed(6));

/** The newest fault, for a column. */
function history({ faults, slashed }: StakedValidatorInfo): string {
  const last = faults.at(-1);
  if (last === undefined) return slashed === '0' ? 'none' : `${slashed} MIL`;
  return `${percent(last.share)} in epoch ${last.epoch}`;
}

/** Active first, then by stake. */
function byPower(a: StakedValidatorInfo, b: StakedValidatorInfo): number {
  if (a.voting_power !== b.voting_power) return b.voting_power - a.voting_power;
  return Number(b.stake) - Number(a.stake);
}

export async function listValidators(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const { epoch, registered } = await client.call('get_validators', {});
    const rows = [...registered].sort(byPower);
    print(flag(argv, 'json'), { epoch, validators: rows }, [
      ...table([
        [
          ...['number', 'moniker', 'status', 'commission', 'stake', 'own', 'power', 'attended'],
          ...['yield', 'USD per MIL', 'slashed', 'operator'],
        ],
        ...rows.map((one) => [
          String(one.validator_id),
          safeMoniker(one) || '-',
          one.status,
          `${percentOfBps(one.commission_bps)} %`,
          one.stake,
          one.self_stake,
          percent(one.voting_power),
          percent(one.attendance.attended),
          percent(one.expected_yield),
          usdPerMil(one.expected_fees),
          history(one),
          one.operator,
        ]),
      ]),
      '',
      'yield: MIL a year at today’s issuance after commission; USD per MIL: fees a year at this',
      'epoch’s pace. Neither is a promise.',
    ]);
  });
}

export async function showValidator(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await validatorMeant(argv, client);
    const { attendance: at, pending_commission: pending, pending_keys, faults } = found;
    const { usd, mil } = found.unclaimed_commission;
    print(flag(argv, 'json'), found, [
      ...fields({
        number: found.validator_id,
        moniker: safeMoniker(found) || '-',
        operator: found.operator,
        status: found.status,
        ...(found.jailed_until === null ? {} : { 'jailed until': time(found.jailed_until) }),
        commission: `${percentOfBps(found.commission_bps)} %, at most ${percentOfBps(found.max_commission_bps)} %, ${percentOfBps(found.max_commission_step_bps)} % a day`,
        ...(pending === null
          ? {}
          : {
              'next commission': `${percentOfBps(pending.commission_bps)} % from ${time(pending.at)}`,
            }),
        'stake, MIL': found.stake,
        'own stake, MIL': found.self_stake,
        'of others, MIL': found.delegated_stake,
        'joining, MIL': found.joining,
        'leaving, MIL': found.leaving,
        'voting power': `${percent(found.voting_power)} (weight ${found.weight}, next epoch ${found.next_weight})`,
        'leader slots missed': `${at.leader_missed} of ${at.leader_slots}`,
        'oracle slots missed': `${at.oracle_missed} of ${at.oracle_slots}, far ${at.oracle_far}`,
        'expected yield': percent(found.expected_yield),
        'expected USD per MIL': usdPerMil(found.expected_fees),
        'slashed, MIL': found.slashed,
        'unclaimed commission': `${usd} USD, ${mil} MIL`,
        'consensus key': found.consensus_key,
        'oracle key': found.oracle_key,
        'peer key': found.peer_key,
        addresses: found.addresses.join(' ') || '-',
      }),
      ...pending_keys.map(
        ({ role, key, from_epoch }) => `${role} key ${key} from epoch ${from_epoch}`,
      ),
      ...faults.map(
        ({ epoch, share, stake }) => `fault in epoch ${epoch}: ${percent(share)} of ${stake} MIL`,
      ),
    ]);
  });
}

/** What is on its way, a line each. */
function onTheWay({ validator_id, joins, unbondings, liens }: DelegationInfo): string[] {
  const of = `validator ${validator_id}`;
  return [
    ...joins.map(
      ({ kind, amount, from_epoch, source }) =>
        `${of}: ${amount} MIL (${kind}${source === null ? '' : ` from ${source}`}) weighs from epoch ${from_epoch}`,
    ),
    ...unbondings.map(({ stage, amount, last_epoch, matures_at, matures_in_epoch }) => {
      if (stage === 'matured') return `${of}: ${amount} MIL matured: \`miletus stake withdraw\``;
      const when = `${time(matures_at)}, not before epoch ${matures_in_epoch}`;
      const state = stage === 'leaving' ? `weighs through epoch ${last_epoch}, then` : 'unbonding,';
      return `${of}: ${amount} MIL ${state} withdrawable from ${when}`;
    }),
    ...liens.map(
      ({ source, last_epoch, shares }) =>
        `${of}: ${shares} shares answer for validator ${source} through epoch ${last_epoch}`,
    ),
  ];
}

export async function showDelegations(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  await withClient(argv, async (client) => {
    const found = await client.call('get_delegations', { account });
    const { commission, delegations, operates, returned } = found;
    const ways = delegations.flatMap(onTheWay);
    print(flag(argv, 'json'), found, [
      ...fields({
        account: found.account,
        'available, MIL': found.available,
        'staked, MIL': found.staked,
        rewards: `${found.rewards.usd} USD, ${found.rewards.mil} MIL`,
        ...(operates === null
          ? {}
          : {
              operates: `validator ${operates}`,
              commission: `${commission.usd} USD, ${commission.mil} MIL`,
            }),
        ...(returned === '0'
          ? {}
          : { 'returned, MIL': `${returned}: \`miletus stake poke\` pays it` }),
        'paid to': found.withdraw_address,
      }),
      '',
      ...table([
        ['validator', 'stake', 'reward USD', 'reward MIL', 'compounds'],
        ...delegations.map((one) => [
          String(one.validator_id),
          one.value,
          one.rewards.usd,
          one.rewards.mil,
          one.compounding ? 'yes' : 'no',
        ]),
      ]),
      ...(ways.length === 0 ? [] : ['', ...ways]),
    ]);
  });
}

export async function showPools(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_staking_pools', {});
    const { owed, undistributed } = found;
    print(
      flag(argv, 'json'),
      found,
      fields({
        epoch: `${found.epoch}, until ${time(found.epoch_ends_at)}`,
        'bonded, MIL': `${found.bonded} (${percent(found.bonded_share)} of ${found.supply})`,
        'unbonding, MIL': found.unbonding,
        'shared out at the epoch’s end': `${undistributed.usd} USD, ${undistributed.mil} MIL`,
        'owed to stakers': `${owed.usd} USD, ${owed.mil} MIL`,
        'issuance a year, MIL': `${found.annual_issuance} (${percent(found.issuance_rate)})`,
        'least self-bond, MIL': found.min_self_bond,
        validators: `${found.active_validators} active of ${found.validators}`,
      }),
    );
  });
}

export async function showParameters(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_staking_parameters', {});
    print(flag(argv, 'json'), found, [
      ...table([
        ['parameter', 'value', 'unit', 'allowed'],
        ...Object.entries(found.parameters).map(([name, { value, unit, min, max }]) => [
          name,
          String(value),
          unit,
          `${min} to ${max}`,
        ]),
      ]),
      '',
      ...fields({
        'least delegation, MIL': found.limits.min_delegation,
        'unbondings at a time': found.limits.max_unbondings,
        'liens at a time': found.limits.max_liens,
      }),
    ]);
  });
}
