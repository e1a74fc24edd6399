/** `miletus validator`: what an operator does with its validator, and what anyone may show of a fault. */
import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { StakedValidatorInfo } from '../../node/rpc/schemas/staking.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import type { STANDING_CHANGE } from '../../staking/actions.ts';
import type { Client } from '../client/client.ts';
import { addressOfText } from '../client/input-fields.ts';
import { type KeyRoleName, percentOfBps } from '../client/staking-input.ts';
import type { ActionInput } from '../client/transaction-builder.ts';
import { usageError } from './cli-error.ts';
import { submitCommand } from './evidence.ts';
import {
  type Arguments,
  choice,
  flag,
  mustText,
  text,
  texts,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { time } from './output.ts';
import { must, nothingToDo, sendActions } from './send-actions.ts';
import { selectKey } from './signer.ts';
import { showValidator } from './stake-show.ts';
import { createKeyFile, type KeyUse, type PossessionOf, provenKey } from './validator-key.ts';
import { describeValidator } from './validator-meant.ts';

const ROLES = ['consensus', 'oracle', 'peer'] as const;

/** The operator's account: `--account`, else that of the key. */
function operatorOf(argv: Arguments): string {
  return text(argv, 'account') ?? selectKey(argv).address;
}

async function possessionOf(argv: Arguments, client: Client): Promise<PossessionOf> {
  const operator = must(addressOfText('--account', operatorOf(argv)));
  const chainId = fromHex((await client.call('get_status', {})).chain_id);
  return { operator, chainId: chainId ?? new Uint8Array(32) };
}

const useOf = (argv: Arguments): KeyUse => (flag(argv, 'dry-run') ? 'show' : 'prove');

/** The validator that the account operates. */
async function operated(argv: Arguments, client: Client): Promise<StakedValidatorInfo> {
  const account = operatorOf(argv);
  const { operates } = await client.call('get_delegations', { account });
  if (operates === null) {
    const field = text(argv, 'account') === undefined ? '--from' : '--account';
    throw usageError(field, account, 'the operator of a validator: see `validator create`');
  }
  return client.call('get_validator', { validator: operates });
}

/** Sends one action on the validator that the account operates. */
async function act(
  argv: Arguments,
  work: (
    own: StakedValidatorInfo,
    client: Client,
  ) => Promise<readonly [ActionInput, string]> | readonly [ActionInput, string],
): Promise<void> {
  await withClient(argv, async (client) => {
    const [input, summary] = await work(await operated(argv, client), client);
    await sendActions(argv, client, [input], summary);
  });
}

async function create(argv: Arguments): Promise<void> {
  const home = resolve(mustText(argv, 'home', 'a folder that `node init` made'));
  const selfBond = mustText(argv, 'self-bond', 'MIL');
  const moniker = mustText(argv, 'moniker', 'a name');
  const commission = text(argv, 'commission') ?? '5';
  const maxCommission = text(argv, 'max-commission') ?? '20';
  const maxCommissionStep = text(argv, 'max-step') ?? '1';
  await withClient(argv, async (client) => {
    const of = await possessionOf(argv, client);
    const keyOf = (role: KeyRoleName) =>
      provenKey(
        { field: '--home', path: join(home, 'keys', `${role}.key`) },
        role,
        of,
        useOf(argv),
      );
    const keys = { consensus: keyOf('consensus'), oracle: keyOf('oracle'), peer: keyOf('peer') };
    await sendActions(
      argv,
      client,
      [
        {
          type: 'createValidator',
          keys,
          moniker,
          addresses: texts(argv, 'address'),
          commission,
          maxCommission,
          maxCommissionStep,
          selfBond,
        },
      ],
      `make this account the operator of validator ${moniker} for good, with ${selfBond} MIL of its own, commission ${commission} % (never above ${maxCommission} %, at most ${maxCommissionStep} % a day), consensus key ${toHex(keys.consensus.key)}`,
    );
  });
}

async function edit(argv: Arguments): Promise<void> {
  const moniker = text(argv, 'moniker');
  const addresses = argv['address'] === undefined ? undefined : texts(argv, 'address');
  if (moniker === undefined && addresses === undefined) {
    throw nothingToDo('--moniker', 'a new name, or --address');
  }
  await act(argv, (own) => {
    const next = {
      moniker: moniker ?? own.moniker,
      addresses: addresses ?? own.addresses,
    };
    return [
      { type: 'editValidator', ...next },
      `call validator ${own.validator_id} ${next.moniker || 'nothing'}, at ${next.addresses.join(' ') || 'no address'}`,
    ];
  });
}

async function commission(argv: Arguments): Promise<void> {
  const given = mustText(argv, 'percent', 'percent, e.g. 4.5');
  await act(argv, async (own, client) => {
    const now = percentOfBps(own.commission_bps);
    const { parameters } = await client.call('get_staking_parameters', {});
    const notice = parameters['commissionNoticeMs']?.value ?? 0;
    const rises = Number(given) * 100 > own.commission_bps;
    const from = rises ? `from ${time(Date.now() + notice)} on` : 'as soon as a set is elected';
    return [
      { type: 'changeCommission', commission: given },
      `change the commission of ${describeValidator(own)} from ${now} % to ${given} % ${from}`,
    ];
  });
}

async function rotateKey(argv: Arguments): Promise<void> {
  const role = choice(argv, 'role', ROLES);
  if (role === undefined) throw usageError('role', 'nothing', ROLES.join(', '));
  const path = mustText(argv, 'key-file', 'a file of the new key');
  const isNew = flag(argv, 'create');
  if (isNew && flag(argv, 'dry-run')) {
    throw usageError('--create', 'with --dry-run', 'a key that is there, in a dry run');
  }
  await act(argv, async (own, client) => {
    if (isNew) createKeyFile('--key-file', path);
    const of = await possessionOf(argv, client);
    const key = provenKey({ field: '--key-file', path }, role, of, useOf(argv));
    return [
      { type: 'rotateKey', role, key },
      `let ${describeValidator(own)} sign as ${role} with ${toHex(key.key)} from the next set that is elected; keep the old key running until then`,
    ];
  });
}

/** One change of standing, with what it means. */
const standing =
  (change: keyof typeof STANDING_CHANGE, meaning: (own: StakedValidatorInfo) => string) =>
  (argv: Arguments): Promise<void> =>
    act(argv, (own) => [{ type: 'changeStanding', change }, meaning(own)]);

const jail = standing(
  'jail',
  (own) => `take ${describeValidator(own)} out of the sets that are elected from now on`,
);
const unjail = standing('unjail', (own) => {
  const until =
    own.jailed_until === null ? '' : `, which is jailed until ${time(own.jailed_until)}`;
  return `let ${describeValidator(own)} be elected again${until}`;
});
const exit = standing(
  'exit',
  (own) => `take ${describeValidator(own)} out of every set to come, for ever`,
);
const revokeOracleKey = standing(
  'revokeOracleKey',
  (own) => `let votes of the oracle key ${own.oracle_key} count no more, at once`,
);

const withAddresses = (y: Argv): Argv =>
  y.option('address', {
    type: 'string',
    array: true,
    describe: 'Multiaddr that others dial; may come several times',
  }) as unknown as Argv;

function buildCreation(yargs: Argv): Argv {
  return yargs
    .command(
      'create',
      'Register a validator with the keys of a node, and bond MIL of your own',
      (y) =>
        withSending(withAddresses(y))
          .option('home', { type: 'string', describe: 'Folder of the node, whose keys it gets' })
          .option('moniker', { type: 'string', describe: 'Name for people, at most 64 characters' })
          .option('self-bond', { type: 'string', describe: 'MIL of your own to bond' })
          .option('commission', { type: 'string', describe: 'Percent of rewards (5)' })
          .option('max-commission', { type: 'string', describe: 'Percent, for ever (20)' })
          .option('max-step', { type: 'string', describe: 'Percent that it rises a day (1)' })
          .example(
            '$0 validator create --home n0 --moniker north --self-bond 10000 --from op',
            'after `node init --home n0`',
          ),
      create,
    )
    .command(
      'edit',
      'Change the name or the addresses',
      (y) =>
        withSending(withAddresses(y))
          .option('moniker', { type: 'string', describe: 'New name' })
          .example('$0 validator edit --moniker south --from op', 'addresses stay'),
      edit,
    )
    .command(
      'commission <percent>',
      'Change the commission; a rise needs notice',
      (y) =>
        withSending(y)
          .positional('percent', { type: 'string', describe: 'Percent, at most two decimals' })
          .example('$0 validator commission 4.5 --from op', '4.5 %'),
      commission,
    )
    .command(
      'rotate-key <role>',
      'Change the consensus, oracle or peer key at an epoch boundary',
      (y) =>
        withSending(y)
          .positional('role', { type: 'string', describe: 'consensus, oracle or peer' })
          .option('key-file', { type: 'string', describe: 'File of the new key' })
          .option('create', { type: 'boolean', describe: 'Make a new key in that file' })
          .example(
            '$0 validator rotate-key consensus --key-file n0/keys/new.key --create --from op',
            'makes the key and registers it',
          ),
      rotateKey,
    )
    .command(
      'show <validator>',
      'One validator with all there is to know',
      (y) =>
        withNode(y)
          .positional('validator', {
            type: 'string',
            describe: 'Number, operator address or moniker',
          })
          .example('$0 validator show north', 'by its name'),
      showValidator,
    );
}

function buildStanding(yargs: Argv): Argv {
  return submitCommand(yargs, 'validator', 'submit-evidence')
    .command(
      'jail',
      'Stand down for a while, as before maintenance',
      (y) => withSending(y).example('$0 validator jail --from op', 'until `validator unjail`'),
      jail,
    )
    .command(
      'unjail',
      'Come back after jail',
      (y) => withSending(y).example('$0 validator unjail --from op', 'once the time is served'),
      unjail,
    )
    .command(
      'exit',
      'Leave for ever; stake is undelegated by its owners as always',
      (y) => withSending(y).example('$0 validator exit --from op', 'cannot be undone'),
      exit,
    )
    .command(
      'revoke-oracle-key',
      'Have votes of the oracle key ignored at once, if it was stolen',
      (y) => withSending(y).example('$0 validator revoke-oracle-key --from op', 'then rotate it'),
      revokeOracleKey,
    );
}

export function buildValidator(yargs: Argv): Argv {
  return buildStanding(buildCreation(yargs));
}
