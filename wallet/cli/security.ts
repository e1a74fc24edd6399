/** `miletus account keys | policy | agents | whitelist | withdraw | pending | freeze | recover`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import * as z from 'zod';
import type { AccountSecurityInfo, PolicyInfo } from '../../node/rpc/schemas/security.ts';
import { ROLE } from '../../runtime/accounts/account.ts';
import { type KeyPurpose, keyProofDigest } from '../../runtime/accounts/security/key-proof.ts';
import { MAX_FREEZE_MS } from '../../runtime/accounts/security/rows.ts';
import { PERMISSION } from '../../runtime/actions/security.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import { parseMoney } from '../client/amounts.ts';
import type { Client } from '../client/client.ts';
import { addressOfText } from '../client/input-fields.ts';
import type {
  ChangeInput,
  NewKeyInput,
  PermissionName,
  PolicyInput,
  RoleName,
} from '../client/security-input.ts';
import { accountOf, withAccount } from './account-options.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  choice,
  flag,
  integer,
  mustText,
  subAccountOf,
  text,
  texts,
  withClient,
  withSending,
} from './options.ts';
import { fields, print, table, time } from './output.ts';
import { must, sendActions } from './send-actions.ts';
import { actingAddress, openSigner, selectKey } from './signer.ts';

const ROLES = Object.keys(ROLE) as RoleName[];
const PERMISSIONS = Object.keys(PERMISSION) as PermissionName[];
const UNITS: { readonly [unit: string]: number } = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 24 * 3_600_000,
};
const MAX_USD = 1_000_000_000_000;

/** `30m`, `48h`, `7d` in ms. */
function durationOf(argv: Arguments, name: string): number | undefined {
  const given = text(argv, name);
  if (given === undefined) return undefined;
  const match = /^([0-9]{1,6})([smhd])$/.exec(given);
  if (match === null) throw usageError(name, given, 'a duration such as 30m, 48h or 7d');
  return Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 0);
}

function durationText(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((one) => ms !== 0 && ms % (UNITS[one] ?? 1) === 0);
  return unit === undefined ? `${ms} ms` : `${ms / (UNITS[unit] ?? 1)}${unit}`;
}

function onOff(argv: Arguments, name: string): boolean | undefined {
  const given = choice(argv, name, ['on', 'off']);
  return given === undefined ? undefined : given === 'on';
}

const KeyFile = z.strictObject({
  scheme: z.enum(Object.keys(SCHEME) as (keyof typeof SCHEME)[]),
  publicKey: z.string(),
  role: z.enum(ROLES),
  factorGroup: z.int().min(0).max(255),
  proof: z.string(),
});

/** A key that `account keys prove`, or the page that made a passkey, has written. */
function keyFromFile(path: string): NewKeyInput {
  let parsed: ReturnType<typeof KeyFile.safeParse>;
  try {
    parsed = KeyFile.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new CliError(EXIT.noInput, { field: 'file', given: path, allowed: 'a file of JSON' });
  }
  if (parsed.success) return parsed.data;
  const allowed = '{ scheme, publicKey, role, factorGroup, proof }';
  throw new CliError(EXIT.badData, { field: 'file', given: path, allowed });
}

function policyLines(policy: PolicyInfo): string[] {
  return fields({
    'owner keys that sign': policy.owner_threshold,
    'trade keys that sign': policy.trade_threshold,
    'stake keys that sign': policy.stake_threshold,
    'two factors': policy.mfa ? 'on' : 'off',
    'what loosens waits': durationText(policy.delay_ms),
    'changes of guardians wait': durationText(policy.guardian_delay_ms),
    'outflow of one factor a day':
      policy.outflow_bps === 0 ? 'not metered' : `${policy.outflow_bps / 100} %`,
    'passkeys verify the person': policy.user_verification ? 'on' : 'off',
    'passkeys that are copied': policy.allows_backup ? 'on' : 'off',
    origins: policy.origins.length === 0 ? 'any' : policy.origins.join(' '),
  });
}

function keyLines({ keys }: AccountSecurityInfo): string[] {
  return table([
    ['key', 'scheme', 'role', 'group', 'public key', ''],
    ...keys.map((key) => [
      String(key.position),
      key.scheme,
      key.agent === null ? key.role : 'agent',
      String(key.factor_group),
      key.public_key,
      key.removed ? 'removed' : '',
    ]),
  ]);
}

function pendingLines({ pending }: AccountSecurityInfo): string[] {
  if (pending.length === 0) return ['Nothing waits.'];
  return pending.flatMap(({ id, matures_at, changes }) => [
    `${id}  from ${time(matures_at)}`,
    ...changes.map((line) => `      ${line}`),
  ]);
}

type Part = 'all' | 'keys' | 'policy' | 'agents' | 'whitelist' | 'pending';

function linesOf(found: AccountSecurityInfo, part: Part): string[] {
  const agents = found.keys.filter(({ agent, removed }) => agent !== null && !removed);
  switch (part) {
    case 'keys':
      return keyLines(found);
    case 'policy':
      return policyLines(found.policy);
    case 'agents':
      if (agents.length === 0) return ['No agent.'];
      return agents.flatMap(({ position, public_key, agent }) =>
        agent === null
          ? []
          : [
              `key ${position}  ${public_key}  until ${time(agent.expires_at)}`,
              `      may: ${agent.permissions.join(' ') || 'cancel'}`,
              `      notional ${agent.notional_used} of ${agent.notional_limit} USD, premium ${agent.premium_used} of ${agent.premium_limit} USD (0: no limit)`,
            ],
      );
    case 'whitelist':
      return found.whitelist.length === 0 ? ['No address.'] : found.whitelist;
    case 'pending':
      return pendingLines(found);
    case 'all': {
      const { frozen_until, recovery_at, outflow } = found;
      return [
        ...keyLines(found),
        '',
        ...policyLines(found.policy),
        ...fields({
          frozen: frozen_until === null ? 'no' : `until ${time(frozen_until)}`,
          recovery: recovery_at === null ? 'none' : `at ${time(recovery_at)}`,
          ...(outflow === null ? {} : { 'given away': `${outflow.used} of ${outflow.limit} USD` }),
        }),
        '',
        ...pendingLines(found),
      ];
    }
  }
}

const showing =
  (part: Part) =>
  async (argv: Arguments): Promise<void> => {
    const account = accountOf(argv);
    await withClient(argv, async (client) => {
      const found = await client.call('private/get_account_security', { account });
      print(flag(argv, 'json'), found, linesOf(found, part));
    });
  };

async function change(argv: Arguments, changes: ChangeInput[], summary: string): Promise<void> {
  await withClient(argv, (client) =>
    sendActions(argv, client, [{ type: 'changeSecurity', changes }], summary),
  );
}

/** Signs the proof of a key of the key folder for an account and a role. */
async function prove(
  argv: Arguments,
  client: Client,
  of: { readonly name: string; readonly account: string },
  as: {
    readonly role: RoleName;
    readonly factorGroup: number;
    readonly purpose: KeyPurpose;
  },
): Promise<NewKeyInput> {
  const keystore = selectKey({ ...argv, from: of.name });
  const account = must(addressOfText('--account', of.account));
  const chainId = fromHex((await client.call('get_status', {})).chain_id) ?? new Uint8Array(32);
  const { role, factorGroup, purpose } = as;
  const publicKey = fromHex(keystore.pubkey) ?? new Uint8Array(32);
  const claim = { scheme: SCHEME.ed25519, publicKey, role: ROLE[role], factorGroup };
  const shown = { scheme: 'ed25519' as const, publicKey: keystore.pubkey, role, factorGroup };
  // A dry run signs nothing.
  if (flag(argv, 'dry-run')) return { ...shown, proof: '00'.repeat(64) };
  const signer = await openSigner(argv, keystore);
  return { ...shown, proof: toHex(signer.sign(keyProofDigest(chainId, account, claim, purpose))) };
}

/** The key that a command adds: of a file, or one of the key folder that signs for itself now. */
async function keyMeant(
  argv: Arguments,
  client: Client,
  as: { readonly role: RoleName; readonly factorGroup: number },
): Promise<NewKeyInput> {
  const file = text(argv, 'file');
  if (file !== undefined) return keyFromFile(file);
  const name = mustText(argv, 'key', 'the name of a key file, or --file of a proof');
  return prove(argv, client, { name, account: actingAddress(argv) }, { ...as, purpose: 'change' });
}

function roleMeant(argv: Arguments): { role: RoleName; factorGroup: number } {
  const role = choice(argv, 'role', ROLES) ?? 'owner';
  return { role, factorGroup: integer(argv, 'group', { min: 0, max: 255 }) ?? 0 };
}

async function addKey(argv: Arguments): Promise<void> {
  const as = roleMeant(argv);
  await withClient(argv, async (client) => {
    const key = await keyMeant(argv, client, as);
    const changes = [{ kind: 'addKey', key } as const];
    const summary = `add ${key.role} key ${key.publicKey} in factor group ${key.factorGroup}`;
    await sendActions(argv, client, [{ type: 'changeSecurity', changes }], summary);
  });
}

async function proveKey(argv: Arguments): Promise<void> {
  const purpose = flag(argv, 'recovery') ? 'recovery' : 'change';
  const as = { ...roleMeant(argv), purpose } as const;
  const account = mustText(argv, 'for', 'the account that is to have the key, mil1…');
  const out = mustText(argv, 'out', 'a file that is not there yet');
  await withClient(argv, async (client) => {
    const name = selectKey(argv).name;
    const key = await prove(argv, client, { name, account }, as);
    try {
      writeFileSync(out, `${JSON.stringify(key, null, 2)}\n`, { flag: 'wx' });
    } catch {
      throw new CliError(EXIT.cannotCreate, { field: '--out', given: out, allowed: 'a new file' });
    }
    print(flag(argv, 'json'), { ...key, file: out }, [`proved in ${out}: it holds no secret`]);
  });
}

async function removeKey(argv: Arguments): Promise<void> {
  const position = integer(argv, 'position', { min: 0, max: 255 }) ?? 0;
  await change(argv, [{ kind: 'removeKey', position }], `remove key ${position} for ever`);
}

/** The policy in force with what the options change. */
function policyMeant(argv: Arguments, now: PolicyInfo): PolicyInput {
  const keys = { min: 1, max: 8 };
  const outflow = text(argv, 'outflow');
  if (outflow !== undefined && !/^[0-9]{1,3}(?:\.[0-9]{1,2})?$/.test(outflow)) {
    throw usageError('--outflow', outflow, 'percent of equity a day, e.g. 2 or 0.5');
  }
  const origins = texts(argv, 'origin');
  return {
    ownerThreshold: integer(argv, 'owner-keys', keys) ?? now.owner_threshold,
    tradeThreshold: integer(argv, 'trade-keys', keys) ?? now.trade_threshold,
    stakeThreshold: integer(argv, 'stake-keys', keys) ?? now.stake_threshold,
    mfa: onOff(argv, 'mfa') ?? now.mfa,
    delayMs: durationOf(argv, 'delay') ?? now.delay_ms,
    guardianDelayMs: durationOf(argv, 'guardian-delay') ?? now.guardian_delay_ms,
    outflowBps: outflow === undefined ? now.outflow_bps : Math.round(Number(outflow) * 100),
    userVerification: onOff(argv, 'verified') ?? now.user_verification,
    allowsBackup: onOff(argv, 'backup') ?? now.allows_backup,
    origins: origins.length === 0 ? now.origins : origins,
  };
}

/** What two factors begin with where nothing else is said: 48 hours, 2 % a day. */
const MFA_DELAY_MS = 48 * 3_600_000;
const MFA_OUTFLOW_BPS = 200;

async function setPolicy(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const account = actingAddress(argv);
    const found = await client.call('private/get_account_security', { account });
    const meant = policyMeant(argv, found.policy);
    const isNew = meant.mfa && !found.policy.mfa;
    const policy = {
      ...meant,
      delayMs: isNew && meant.delayMs === 0 ? MFA_DELAY_MS : meant.delayMs,
      outflowBps: isNew && meant.outflowBps === 0 ? MFA_OUTFLOW_BPS : meant.outflowBps,
    };
    const changes = [{ kind: 'setPolicy', policy } as const];
    const summary = `set the policy: two factors ${policy.mfa ? 'on' : 'off'}, delay ${durationText(policy.delayMs)}, outflow ${policy.outflowBps / 100} % a day`;
    await sendActions(argv, client, [{ type: 'changeSecurity', changes }], summary);
  });
}

async function grant(argv: Arguments): Promise<void> {
  const wanted = (text(argv, 'may') ?? 'orders,quotes,triggers').split(',');
  const permissions = wanted.map((name) => {
    const found = PERMISSIONS.find((one) => one === name.trim());
    if (found === undefined) throw usageError('--may', name, PERMISSIONS.join(', '));
    return found;
  });
  const usd = (name: string): number => integer(argv, name, { min: 0, max: MAX_USD }) ?? 0;
  const life = durationOf(argv, 'for') ?? 90 * (UNITS['d'] ?? 0);
  const scope = {
    permissions,
    subAccounts: texts(argv, 'only-sub-account').map(Number),
    underlyings: [] as number[],
    notionalUsd: usd('notional'),
    premiumUsd: usd('premium'),
    outflowUsd: usd('outflow'),
    maxMarginBps: integer(argv, 'max-margin-bps', { min: 0, max: 65_535 }) ?? 0,
    expiresAt: Date.now() + life,
  };
  await withClient(argv, async (client) => {
    const names = texts(argv, 'currency');
    if (names.length > 0) {
      const listed = await client.call('public/get_currencies', {});
      for (const name of names) {
        const found = listed.find(({ currency }) => currency === name.toUpperCase());
        const allowed = listed.map(({ currency }) => currency).join(', ');
        if (found === undefined) throw usageError('--currency', name, allowed);
        scope.underlyings.push(found.underlying_id);
      }
    }
    const key = await keyMeant(argv, client, { role: 'trade', factorGroup: 0 });
    const changes = [{ kind: 'addAgent', key, scope } as const];
    const summary = `let agent ${key.publicKey} do ${permissions.join(' ')} until ${time(scope.expiresAt)}`;
    await sendActions(argv, client, [{ type: 'changeSecurity', changes }], summary);
  });
}

const onAddress =
  (kind: 'allowAddress' | 'forbidAddress' | 'setWithdrawAddress', words: string) =>
  async (argv: Arguments): Promise<void> => {
    const address = mustText(argv, 'address', 'mil1… or 40 hex characters');
    must(addressOfText('address', address));
    await change(argv, [{ kind, address }], `${words} ${address}`);
  };

async function withdraw(argv: Arguments): Promise<void> {
  const to = mustText(argv, 'to', 'mil1… or 40 hex characters');
  const amount = mustText(argv, 'amount', 'an amount such as 12.5');
  const currency = choice(argv, 'currency', ['usd', 'mil']) === 'mil' ? 'MIL' : 'USD';
  must(addressOfText('to', to));
  must(parseMoney('amount', amount));
  const subAccount = subAccountOf(argv);
  const input = { type: 'withdraw', to, amount, currency, subAccount } as const;
  await withClient(argv, (client) =>
    sendActions(argv, client, [input], `withdraw ${amount} ${currency} to ${to} after the wait`),
  );
}

async function cancelPending(argv: Arguments): Promise<void> {
  const id = integer(argv, 'id', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 0;
  await withClient(argv, (client) =>
    sendActions(argv, client, [{ type: 'endPending', id }], `end what waits as ${id}`),
  );
}

async function freeze(argv: Arguments): Promise<void> {
  const durationMs = durationOf(argv, 'for') ?? MAX_FREEZE_MS;
  const summary = `freeze the account for ${durationText(durationMs)}`;
  await withClient(argv, (client) =>
    sendActions(argv, client, [{ type: 'freeze', durationMs }], summary),
  );
}

async function rearm(argv: Arguments): Promise<void> {
  await withClient(argv, (client) =>
    sendActions(argv, client, [{ type: 'rearm' }], 'let every key freeze once more'),
  );
}

async function recover(argv: Arguments): Promise<void> {
  if (flag(argv, 'cancel')) {
    const input = { type: 'cancelRecovery' } as const;
    await withClient(argv, (client) =>
      sendActions(argv, client, [input], 'cancel the recovery of the account'),
    );
    return;
  }
  const files = texts(argv, 'file');
  if (files.length === 0) throw usageError('--file', 'nothing', 'proofs of the new owner keys');
  const keys = files.map(keyFromFile);
  const summary = `give the account ${keys.length} new owner keys after 72 hours`;
  await withClient(argv, (client) =>
    sendActions(argv, client, [{ type: 'recover', keys }], summary),
  );
}

const withNewKey = (y: Argv): Argv =>
  withSending(y)
    .option('key', { type: 'string', describe: 'Name of the key file that is added' })
    .option('file', { type: 'string', describe: 'Its proof instead, as `keys prove` writes it' })
    .option('group', { type: 'string', describe: 'Factor group 0 to 255 (0)' }) as unknown as Argv;

const withAddress = (y: Argv): Argv =>
  withSending(y).positional('address', {
    type: 'string',
    describe: 'mil1… or 40 hex characters',
  }) as unknown as Argv;

const withRole = (y: Argv): Argv =>
  y.option('role', { type: 'string', describe: 'owner (default), trade, stake or guardian' });

function buildKeys(yargs: Argv): Argv {
  return yargs
    .command(
      'list [account]',
      'Keys, present and past',
      (y) => withAccount(y).example('$0 account keys list --from alice', 'of the key alice'),
      showing('keys'),
    )
    .command(
      'add',
      'Add a key, which signs that it agrees',
      (y) =>
        withRole(withNewKey(y)).example(
          '$0 account keys add --key phone --group 1 --from alice',
          'a second factor',
        ),
      addKey,
    )
    .command(
      'prove',
      'Write the proof of a key for another account, on the machine that has the key',
      (y) =>
        withRole(withSending(y))
          .option('for', { type: 'string', describe: 'The account that is to have it' })
          .option('group', { type: 'string', describe: 'Factor group 0 to 255 (0)' })
          .option('out', { type: 'string', describe: 'File to write' })
          .option('recovery', { type: 'boolean', describe: 'For `account recover`' })
          .example(
            '$0 account keys prove --from bob --for mil1… --role guardian --out bob.json',
            'bob agrees to be a guardian',
          ),
      proveKey,
    )
    .command(
      'remove <position>',
      'Remove a key for ever',
      (y) =>
        withSending(y)
          .positional('position', { type: 'string', describe: 'As `keys list` numbers it' })
          .example('$0 account keys remove 2 --from alice', 'its orders close, its requests end'),
      removeKey,
    )
    .demandCommand(1, 'which? list, add, prove, remove')
    .strict();
}

function buildPolicy(yargs: Argv): Argv {
  return yargs
    .command(
      'show [account]',
      'How the account wants to be asked',
      (y) => withAccount(y).example('$0 account policy show --from alice', 'of the key alice'),
      showing('policy'),
    )
    .command(
      'set',
      'Change it: what tightens is in force at once, what loosens waits',
      (y) =>
        withSending(y)
          .option('owner-keys', { type: 'string', describe: 'Owner keys that must sign' })
          .option('trade-keys', { type: 'string', describe: 'Keys that must sign to trade' })
          .option('stake-keys', { type: 'string', describe: 'Keys that must sign to stake' })
          .option('mfa', { type: 'string', describe: 'on: two factor groups for what leaves' })
          .option('delay', { type: 'string', describe: 'Wait of one factor, e.g. 48h' })
          .option('guardian-delay', { type: 'string', describe: 'Of guardians, at least 3d' })
          .option('outflow', {
            type: 'string',
            describe: 'Percent of equity a day; 0: not metered',
          })
          .option('verified', { type: 'string', describe: 'on: passkeys must verify the person' })
          .option('backup', { type: 'string', describe: 'on: passkeys that are copied count' })
          .option('origin', { type: 'string', describe: 'Site that passkeys sign on (repeat)' })
          .example('$0 account policy set --mfa on --from alice', '48 h, 2 % a day'),
      setPolicy,
    )
    .demandCommand(1, 'which? show, set')
    .strict();
}

function buildAgents(yargs: Argv): Argv {
  return yargs
    .command(
      'list [account]',
      'Agents with what they have used',
      (y) => withAccount(y).example('$0 account agents list --from alice', 'of the key alice'),
      showing('agents'),
    )
    .command(
      'grant',
      'Let a key act in bounds until it expires',
      (y) =>
        withNewKey(y)
          .option('may', { type: 'string', describe: PERMISSIONS.join(',') })
          .option('only-sub-account', { type: 'string', describe: 'Sub-account (repeat; all)' })
          .option('currency', { type: 'string', describe: 'Underlying such as BTC (repeat; all)' })
          .option('notional', { type: 'string', describe: 'USD of lots × index in 24 hours' })
          .option('premium', { type: 'string', describe: 'USD of premium in 24 hours' })
          .option('outflow', { type: 'string', describe: 'USD that it may give away in 24 hours' })
          .option('max-margin-bps', { type: 'string', describe: 'Initial margin over equity' })
          .option('for', { type: 'string', describe: 'Its life, e.g. 30d (90d)' })
          .example('$0 account agents grant --key bot --may orders --from alice', 'for 90 days'),
      grant,
    )
    .demandCommand(1, 'which? list, grant (`keys remove` revokes)')
    .strict();
}

function buildWhitelist(yargs: Argv): Argv {
  return yargs
    .command(
      'list [account]',
      'Where money may go',
      (y) => withAccount(y).example('$0 account whitelist list --from alice', 'of the key alice'),
      showing('whitelist'),
    )
    .command(
      'add <address>',
      'Allow an address, from 24 hours on',
      (y) => withAddress(y).example('$0 account whitelist add mil1… --from alice', 'in a day'),
      onAddress('allowAddress', 'allow sends to'),
    )
    .command(
      'remove <address>',
      'Forbid it, at once',
      (y) => withAddress(y).example('$0 account whitelist remove mil1… --from alice', 'now'),
      onAddress('forbidAddress', 'forbid sends to'),
    )
    .demandCommand(1, 'which? list, add, remove')
    .strict();
}

/** Adds the commands that guard an account. */
export function withSecurityCommands(yargs: Argv): Argv {
  return yargs
    .command(
      'security [account]',
      'All that guards an account',
      (y) => withAccount(y).example('$0 account security --from alice', 'all at once'),
      showing('all'),
    )
    .command('keys', 'Keys of the account, with roles and factor groups', buildKeys)
    .command('policy', 'How many keys, which delays, which limits', buildPolicy)
    .command('agents', 'Keys of programs: scopes, limits, expiry', buildAgents)
    .command('whitelist', 'Addresses that money may go to', buildWhitelist)
    .command(
      'withdraw <to> <amount> [currency]',
      'Send after a wait in which it can be stopped',
      (y) =>
        withSending(y)
          .positional('to', { type: 'string', describe: 'mil1… or 40 hex characters' })
          .positional('amount', { type: 'string', describe: 'At most 6 decimals' })
          .positional('currency', { type: 'string', describe: 'usd (default) or mil' })
          .example('$0 account withdraw mil1… 1000 --from alice', 'ten minutes at least'),
      withdraw,
    )
    .command(
      'pending [account]',
      'What waits, and when it is due',
      (y) =>
        withAccount(y).example('$0 account pending --from alice', 'with the number to cancel by'),
      showing('pending'),
    )
    .command(
      'cancel <id>',
      'Take back, or as a guardian veto, what waits',
      (y) =>
        withSending(y)
          .positional('id', { type: 'string', describe: 'As `account pending` numbers it' })
          .example('$0 account cancel 812 --from guardian --account mil1…', 'a veto'),
      cancelPending,
    )
    .command(
      'pay-to <address>',
      'Have staking pay to another address, after the wait',
      (y) => withAddress(y).example('$0 account pay-to mil1… --from alice', 'rewards and stake'),
      onAddress('setWithdrawAddress', 'pay rewards to'),
    )
    .command(
      'freeze',
      'Stop outflow and new risk; cancels and reductions go on',
      (y) =>
        withSending(y)
          .option('for', { type: 'string', describe: 'At most 7d (7d)' })
          .example('$0 account freeze --for 2d --from guardian --account mil1…', 'two days'),
      freeze,
    )
    .command(
      'rearm',
      'Let keys that froze the account do so once more',
      (y) => withSending(y).example('$0 account rearm --from alice --with phone', 'two factors'),
      rearm,
    )
    .command(
      'recover',
      'As a guardian: new owner keys in 72 hours; as the owner: --cancel',
      (y) =>
        withSending(y)
          .option('file', { type: 'string', describe: 'Proof of a new owner key (repeat)' })
          .option('cancel', { type: 'boolean', describe: 'Cancel the recovery that runs' })
          .example('$0 account recover --file new.json --from guardian --account mil1…', 'a voice'),
      recover,
    );
}
