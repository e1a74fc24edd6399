/** `miletus stake`: delegators' acts. Rewards and stake are paid to the withdraw address. */
import type { Argv } from 'yargs';
import type { DelegationInfo, DelegationsInfo } from '../../node/rpc/schemas/staking.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { MAX_ACTIONS } from '../../runtime/limits.ts';
import { formatMoney, MONEY_DECIMALS, parseDecimal } from '../client/amounts.ts';
import type { Client } from '../client/client.ts';
import { addressOfText } from '../client/input-fields.ts';
import type { ActionInput } from '../client/transaction-builder.ts';
import { withAccount } from './account-options.ts';
import { usageError } from './cli-error.ts';
import {
  type Arguments,
  choice,
  flag,
  integer,
  mustText,
  text,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { time } from './output.ts';
import { must, nothingToDo, sendActions } from './send-actions.ts';
import { actingAddress } from './signer.ts';
import { showSchedule } from './stake-schedule.ts';
import {
  listValidators,
  showDelegations,
  showParameters,
  showPools,
  showValidator,
} from './stake-show.ts';
import { describeValidator, validatorMeant } from './validator-meant.ts';

const EPOCHS = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** The amount, `undefined` for `--all`: exactly one of the two. */
function amountOrAll(argv: Arguments): string | undefined {
  const amount = text(argv, 'amount');
  if (flag(argv, 'all') !== (amount === undefined)) {
    throw usageError('amount', amount ?? 'nothing', 'MIL, or --all');
  }
  return amount;
}

/** Sends one action on the validator that is named. */
async function act(
  argv: Arguments,
  work: (
    validator: number,
    name: string,
    client: Client,
  ) => Promise<readonly [ActionInput, string]> | readonly [ActionInput, string],
): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await validatorMeant(argv, client);
    const [input, summary] = await work(found.validator_id, describeValidator(found), client);
    await sendActions(argv, client, [input], summary);
  });
}

async function delegate(argv: Arguments): Promise<void> {
  const amount = mustText(argv, 'amount', 'MIL');
  await act(argv, (validator, name) => [
    { type: 'delegate', validator, amount },
    `delegate ${amount} MIL to ${name}`,
  ]);
}

async function undelegate(argv: Arguments): Promise<void> {
  const amount = amountOrAll(argv);
  await act(argv, async (validator, name, client) => {
    const { parameters } = await client.call('get_staking_parameters', {});
    const ms = parameters['unbondingMs']?.value ?? 0;
    const days = ms / 86_400_000;
    const span = days >= 1 ? `${days} days` : `${ms / 60_000} minutes`;
    return [
      { type: 'undelegate', validator, ...(amount === undefined ? {} : { amount }) },
      `undelegate ${amount === undefined ? 'all' : `${amount} MIL`} from ${name}; it earns through the next epoch and is withdrawable at least ${span} after it`,
    ];
  });
}

/** The only unbonding there is, where no epoch says which. */
function onlyUnbonding({ delegations }: DelegationsInfo, validator: number): number {
  const entries = delegations.find((one) => one.validator_id === validator)?.unbondings ?? [];
  const [only, second] = entries;
  if (only !== undefined && second === undefined) return only.last_epoch;
  const epochs = entries.map(({ last_epoch }) => last_epoch).join(', ');
  const allowed = second === undefined ? 'a validator that stake is leaving' : `one of ${epochs}`;
  throw usageError('epoch', 'nothing', allowed);
}

async function cancelUnbonding(argv: Arguments): Promise<void> {
  const given = integer(argv, 'epoch', EPOCHS);
  await act(argv, async (validator, name, client) => {
    const account = given === undefined ? actingAddress(argv) : '';
    const lastEpoch =
      given ?? onlyUnbonding(await client.call('get_delegations', { account }), validator);
    return [
      { type: 'cancelUnbonding', validator, lastEpoch },
      `cancel the unbonding from ${name} whose last epoch is ${lastEpoch}`,
    ];
  });
}

async function redelegate(argv: Arguments): Promise<void> {
  const amount = amountOrAll(argv);
  await act(argv, async (validator, name, client) => {
    const to = await validatorMeant(argv, client, 'to');
    const what = amount === undefined ? 'all' : `${amount} MIL`;
    return [
      {
        type: 'redelegate',
        validator,
        to: to.validator_id,
        ...(amount === undefined ? {} : { amount }),
      },
      `move ${what} from ${name} to ${describeValidator(to)}; it answers for faults of the first until its epochs are beyond evidence`,
    ];
  });
}

const micro = (amount: string): bigint => must(parseDecimal('amount', amount, MONEY_DECIMALS));

/** What a claim on one validator pays now: rewards, and to its operator the commission. */
function claimable(found: DelegationsInfo, validator: number): { usd: bigint; mil: bigint } {
  const row = found.delegations.find((one) => one.validator_id === validator);
  const commission = found.operates === validator ? found.commission : undefined;
  const sum = (of: 'usd' | 'mil'): bigint =>
    micro(row?.rewards[of] ?? '0') + micro(commission?.[of] ?? '0');
  return { usd: sum('usd'), mil: sum('mil') };
}

const paid = ({ usd, mil }: { usd: bigint; mil: bigint }): string =>
  `${formatMoney(usd)} USD and ${formatMoney(mil)} MIL`;

/** The validator that is named, or all of an account's. */
async function validatorsMeant(
  argv: Arguments,
  client: Client,
  found: DelegationsInfo,
): Promise<number[]> {
  if (text(argv, 'validator') !== undefined) {
    return [(await validatorMeant(argv, client)).validator_id];
  }
  const own = found.operates === null ? [] : [found.operates];
  const numbers = new Set([...found.delegations.map((one) => one.validator_id), ...own]);
  return [...numbers].sort((a, b) => a - b);
}

async function claim(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_delegations', { account: actingAddress(argv) });
    const parts = (await validatorsMeant(argv, client, found))
      .map((validator) => ({ validator, ...claimable(found, validator) }))
      .filter(({ usd, mil }) => usd > 0n || mil > 0n)
      .slice(0, MAX_ACTIONS);
    if (parts.length === 0) throw nothingToDo('validator', 'one with rewards: see `stake show`');
    const total = parts.reduce(
      (sum, { usd, mil }) => ({ usd: sum.usd + usd, mil: sum.mil + mil }),
      {
        usd: 0n,
        mil: 0n,
      },
    );
    const each = parts.map((part) => `${paid(part)} from validator ${part.validator}`).join(', ');
    const what = parts.length === 1 ? each : `${paid(total)} (${each})`;
    await sendActions(
      argv,
      client,
      parts.map(({ validator }) => ({ type: 'claimRewards' as const, validator })),
      `claim at least ${what}, paid to ${found.withdraw_address}`,
    );
  });
}

/** What of a delegation can be withdrawn now. */
function matured({ unbondings }: DelegationInfo): bigint {
  return unbondings
    .filter(({ stage }) => stage === 'matured')
    .reduce((sum, { amount }) => sum + micro(amount), 0n);
}

async function withdraw(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_delegations', { account: actingAddress(argv) });
    const meant = await validatorsMeant(argv, client, found);
    const rows = found.delegations.filter(({ validator_id: id }) => meant.includes(id));
    const due = rows.filter((row) => matured(row) > 0n).slice(0, MAX_ACTIONS);
    if (due.length === 0) {
      const next = rows
        .flatMap(({ unbondings }) => unbondings.map(({ matures_at }) => matures_at))
        .sort((a, b) => a - b)[0];
      const hint = next === undefined ? 'stake that unbonds' : `from ${time(next)} on`;
      throw nothingToDo('validator', `one with stake that has matured: ${hint}`);
    }
    const total = due.reduce((sum, row) => sum + matured(row), 0n);
    const from = due.map(({ validator_id }) => `validator ${validator_id}`).join(', ');
    await sendActions(
      argv,
      client,
      due.map(({ validator_id }) => ({
        type: 'withdrawUnbonded' as const,
        validator: validator_id,
      })),
      `withdraw ${formatMoney(total)} MIL from ${from}, paid to ${found.withdraw_address}`,
    );
  });
}

async function setWithdrawAddress(argv: Arguments): Promise<void> {
  const given = mustText(argv, 'address', 'mil1… or 40 hex characters');
  const to = formatAddress(address(toHex(must(addressOfText('address', given)))));
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'setWithdrawAddress', address: to }],
      `have stake and rewards of this account paid to ${to}`,
    ),
  );
}

async function setCompounding(argv: Arguments): Promise<void> {
  const allowed = choice(argv, 'setting', ['on', 'off']) === 'on';
  await act(argv, (validator, name) => [
    { type: 'setCompounding', validator, allowed },
    allowed
      ? `let anyone turn MIL rewards from ${name} into stake there`
      : `keep MIL rewards from ${name} until they are claimed`,
  ]);
}

/** `--of`: the delegation of another account, which anyone may poke. */
function delegatorOf(argv: Arguments): string {
  return text(argv, 'of') ?? actingAddress(argv);
}

async function compound(argv: Arguments): Promise<void> {
  const delegator = delegatorOf(argv);
  must(addressOfText('--of', delegator));
  await act(argv, async (validator, name, client) => {
    const found = await client.call('get_delegations', { account: delegator });
    const row = found.delegations.find((one) => one.validator_id === validator);
    return [
      { type: 'compound', validator, delegator },
      `turn ${row?.rewards.mil ?? '0'} MIL rewards from ${name} into stake there`,
    ];
  });
}

async function poke(argv: Arguments): Promise<void> {
  const delegator = delegatorOf(argv);
  must(addressOfText('--of', delegator));
  await act(argv, (validator, name) => [
    { type: 'pokeDelegation', validator, delegator },
    `bring the delegation of ${delegator} with ${name} up to date`,
  ]);
}

const VALIDATOR = 'Number, operator address or moniker of a validator';

const withValidator = (y: Argv): Argv =>
  y.positional('validator', { type: 'string', describe: VALIDATOR }) as unknown as Argv;
const withAmount = (y: Argv): Argv =>
  y.positional('amount', { type: 'string', describe: 'MIL' }) as unknown as Argv;
const withAll = (y: Argv): Argv =>
  y.option('all', { type: 'boolean', describe: 'All that is active' }) as unknown as Argv;
const withOf = (y: Argv): Argv =>
  y.option('of', {
    type: 'string',
    describe: 'Whose delegation: mil1… (your own)',
  }) as unknown as Argv;

function buildReading(yargs: Argv): Argv {
  return yargs
    .command(
      'list-validators',
      'Validators by power: commission, stake, attendance, expected yield, slashing',
      (y) => withNode(y).example('$0 stake list-validators', 'to choose one'),
      listValidators,
    )
    .command(
      'show-validator <validator>',
      'One validator with all there is to know',
      (y) => withNode(withValidator(y)).example('$0 stake show-validator 3', 'number 3'),
      showValidator,
    )
    .command(
      'show [account]',
      'What an account has staked, earned, and on its way',
      (y) => withAccount(y).example('$0 stake show --from alice', 'what alice has'),
      showDelegations,
    )
    .command(
      'schedule [account]',
      'What of the stake changes when: joins, unbondings, ends of liability',
      (y) => withAccount(y).example('$0 stake schedule --from alice', 'the nearest first'),
      showSchedule,
    )
    .command(
      'pools',
      'Bonded and unbonding stake, rewards, issuance',
      (y) => withNode(y).example('$0 stake pools --json', 'for a program'),
      showPools,
    )
    .command(
      'parameters',
      'Parameters of staking with units and ranges',
      (y) => withNode(y).example('$0 stake parameters', 'unbonding time and more'),
      showParameters,
    );
}

function buildMoving(yargs: Argv): Argv {
  return yargs
    .command(
      'delegate <validator> <amount>',
      'Delegate MIL; it weighs from the epoch after the next',
      (y) =>
        withSending(withAmount(withValidator(y))).example(
          '$0 stake delegate 3 100 --from alice',
          '100 MIL to validator 3',
        ),
      delegate,
    )
    .command(
      'undelegate <validator> [amount]',
      'Take stake away; it unbonds before it can be withdrawn',
      (y) =>
        withSending(withAll(withAmount(withValidator(y)))).example(
          '$0 stake undelegate 3 --all --from alice',
          'everything',
        ),
      undelegate,
    )
    .command(
      'cancel-unbonding <validator> [epoch]',
      'Put stake back that is unbonding',
      (y) =>
        withSending(withValidator(y))
          .positional('epoch', {
            type: 'string',
            describe: 'Its last epoch, as `stake show` has it (the only one there is)',
          })
          .example('$0 stake cancel-unbonding 3 --from alice', 'the only one'),
      cancelUnbonding,
    )
    .command(
      'redelegate <validator> <to> [amount]',
      'Move stake to another validator without unbonding',
      (y) =>
        withSending(withAll(withAmount(withValidator(y))))
          .positional('to', { type: 'string', describe: VALIDATOR })
          .example('$0 stake redelegate 3 4 50 --from alice', '50 MIL from 3 to 4'),
      redelegate,
    )
    .command(
      'withdraw [validator]',
      'Pay out stake whose unbonding is over; of all validators unless one is named',
      (y) =>
        withSending(withValidator(y)).example('$0 stake withdraw --from alice', 'all that is due'),
      withdraw,
    );
}

function buildRewards(yargs: Argv): Argv {
  return yargs
    .command(
      'claim [validator]',
      'Pay out rewards, and commission to an operator; of all validators unless one is named',
      (y) => withSending(withValidator(y)).example('$0 stake claim --from alice', 'all there is'),
      claim,
    )
    .command(
      'compound <validator>',
      'Turn MIL rewards into stake, where the delegator allows it',
      (y) =>
        withSending(withOf(withValidator(y))).example(
          '$0 stake compound 3 --from alice',
          'her own rewards',
        ),
      compound,
    )
    .command(
      'set-compounding <validator> <setting>',
      'Allow anyone to compound your delegation, or not',
      (y) =>
        withSending(withValidator(y))
          .positional('setting', { type: 'string', describe: 'on or off' })
          .example('$0 stake set-compounding 3 on --from alice', 'bots may compound it'),
      setCompounding,
    )
    .command(
      'set-withdraw-address <address>',
      'Have stake and rewards paid to another account; your own address takes it back',
      (y) =>
        withSending(y)
          .positional('address', { type: 'string', describe: 'mil1… or 40 hex characters' })
          .example('$0 stake set-withdraw-address mil1… --from alice', 'a cold account, say'),
      setWithdrawAddress,
    )
    .command(
      'poke <validator>',
      'Bring a delegation up to date: joins, liens, stake that comes back',
      (y) =>
        withSending(withOf(withValidator(y))).example('$0 stake poke 3 --of mil1…', "anyone's"),
      poke,
    );
}

export function buildStake(yargs: Argv): Argv {
  return buildRewards(buildMoving(buildReading(yargs)));
}
