/** What a proposal is about, from arguments: parameters, markets, money, the guardian, or a text. */
import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { ProposalContent } from '../../runtime/governance/content.ts';
import type { Client } from '../client/client.ts';
import {
  guardianContent,
  ORDERED_STATE_NAMES,
  type OrderedStateName,
  parametersContent,
  spendContent,
  textContent,
  tradingContent,
  upgradeContent,
} from '../client/governance-input.ts';
import { listingContent, riskContent } from '../client/market-content.ts';
import { usageError } from './cli-error.ts';
import { currencyOf } from './currency.ts';
import { type Arguments, flag, integer, text, texts } from './options.ts';
import { must } from './send-actions.ts';

const KINDS = [
  '--text',
  '--set',
  '--spend',
  '--trading',
  '--guardian',
  '--list',
  '--risk',
  '--upgrade',
] as const;
const DAY_MS = 86_400_000;
const DAYS = { min: 0, max: 365 } as const;

/** The options of `propose` and `simulate` that say what it is about. */
export function withContent(yargs: Argv): Argv {
  return yargs
    .option('text', { type: 'boolean', describe: 'Decides nothing on the chain' })
    .option('document', { type: 'string', describe: 'Of a text: SHA-256 of its long form, in hex' })
    .option('set', {
      type: 'string',
      describe:
        'SET.PARAMETER=VALUE, several times; of markets underlying.BTC.makerFeeCentiBps=90; with --risk NAME=VALUE',
    })
    .option('spend', { type: 'string', describe: 'AMOUNT:CURRENCY:ADDRESS, from the community' })
    .option('trading', {
      type: 'string',
      describe: 'BTC=halted, or an instrument: open, post_only, reduce_only, halted',
    })
    .option('guardian', { type: 'string', describe: 'Name the guardian: mil1…, or none' })
    .option('armed', { type: 'boolean', describe: 'Its pause may be used (again)' })
    .option('list', { type: 'string', describe: 'List an underlying: a JSON file with its row' })
    .option('risk', { type: 'string', describe: 'Portfolio margin of BTC, with --set NAME=VALUE' })
    .option('upgrade', { type: 'string', describe: 'MODULE=VERSION@EPOCH:CODE' })
    .option('notice-days', { type: 'string', describe: 'Of --risk: days until it begins (7)' })
    .option('phase-days', {
      type: 'string',
      describe: 'Of --risk: days over which it comes (7)',
    }) as unknown as Argv;
}

/** `NAME=VALUE`, VALUE a plain integer from 0. */
function assignment(given: string): { readonly place: string; readonly value: number } {
  const [, place, digits] = /^([A-Za-z0-9.]+)=(0|[1-9][0-9]{0,15})$/.exec(given) ?? [];
  if (place === undefined || digits === undefined) {
    throw usageError('--set', given, 'SET.PARAMETER=VALUE, VALUE an integer');
  }
  return { place, value: Number(digits) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw usageError('--list', path, `a JSON file: ${problem}`);
  }
}

async function parameters(argv: Arguments, client: Client): Promise<ProposalContent> {
  const sets = await client.call('get_parameter_sets', {});
  const currencies = await client.call('public/get_currencies', {});
  return must(parametersContent(sets, currencies, texts(argv, 'set').map(assignment)));
}

function spend(given: string): ProposalContent {
  const [amount = '', currency = '', to = '', more] = given.split(':');
  if (to === '' || more !== undefined) {
    throw usageError('--spend', given, 'AMOUNT:CURRENCY:ADDRESS, such as 100:MIL:mil1…');
  }
  return must(spendContent({ to, amount, currency }));
}

async function trading(client: Client, given: string): Promise<ProposalContent> {
  const [name = '', stateName, more] = given.split('=');
  const state = ORDERED_STATE_NAMES.find((one) => one === stateName) as
    | OrderedStateName
    | undefined;
  if (state === undefined || more !== undefined) {
    throw usageError(
      '--trading',
      given,
      `NAME=STATE, STATE one of ${ORDERED_STATE_NAMES.join(', ')}`,
    );
  }
  if (!name.includes('-')) {
    const { underlying_id: id } = await currencyOf(client, name);
    return tradingContent('underlying', id, state);
  }
  const found = await client.call('public/get_instrument', { instrument_name: name });
  return tradingContent('instrument', found.instrument_id, state);
}

async function listing(client: Client, path: string): Promise<ProposalContent> {
  const known = await client.call('public/get_currencies', {});
  const last = known.reduce((most, { underlying_id: id }) => Math.max(most, id), -1);
  return must(listingContent(readJson(path), last + 1));
}

async function risk(argv: Arguments, client: Client, given: string): Promise<ProposalContent> {
  const { currency, underlying_id: underlying } = await currencyOf(client, given);
  const [last] = await client.call('public/get_risk_parameters', { currency });
  const { risk: hashes } = await client.call('get_parameter_sets', {});
  const expected = hashes.find((one) => one.currency === currency)?.parameters_hash;
  if (last === undefined || expected === undefined) {
    throw usageError('--risk', given, 'an underlying with parameters of portfolio margin');
  }
  const set = Object.fromEntries(
    texts(argv, 'set').map((one) => {
      const { place, value } = assignment(one);
      return [place, value];
    }),
  );
  const noticeMs = (integer(argv, 'notice-days', DAYS) ?? 7) * DAY_MS;
  const phaseMs = (integer(argv, 'phase-days', DAYS) ?? 7) * DAY_MS;
  return must(riskContent({ underlying, last, expected, set, noticeMs, phaseMs }));
}

/** The content that the arguments describe: exactly one kind. */
export async function contentOf(argv: Arguments, client: Client): Promise<ProposalContent> {
  const riskOf = text(argv, 'risk');
  const given = KINDS.filter((option) => {
    if (option === '--set') return texts(argv, 'set').length > 0 && riskOf === undefined;
    return argv[option.slice(2)] !== undefined;
  });
  const [kind, second] = given;
  if (kind === undefined || second !== undefined) {
    throw usageError('content', given.join(' ') || 'nothing', `one of ${KINDS.join(', ')}`);
  }
  switch (kind) {
    case '--text':
      return must(textContent(text(argv, 'document')));
    case '--set':
      return parameters(argv, client);
    case '--spend':
      return spend(text(argv, 'spend') ?? '');
    case '--trading':
      return trading(client, text(argv, 'trading') ?? '');
    case '--guardian': {
      const guardian = text(argv, 'guardian');
      return must(guardianContent(guardian === 'none' ? undefined : guardian, flag(argv, 'armed')));
    }
    case '--list':
      return listing(client, text(argv, 'list') ?? '');
    case '--upgrade':
      return must(upgradeContent(text(argv, 'upgrade') ?? ''));
    case '--risk':
      return risk(argv, client, riskOf ?? '');
  }
}
