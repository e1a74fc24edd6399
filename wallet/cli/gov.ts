/** `miletus gov`: propose, deposit, vote, and look at what proposals would change. */
import type { Argv } from 'yargs';
import { toHex } from '../../runtime/core/bytes.ts';
import { ProposalContentCodec } from '../../runtime/governance/content.ts';
import { MAX_DELEGATIONS_PER_VOTE } from '../../runtime/governance/limits.ts';
import { MODULE_NAMES } from '../../runtime/upgrade/modules.ts';
import type { Client } from '../client/client.ts';
import { parseBallot } from '../client/governance-input.ts';
import type { ActionInput } from '../client/transaction-builder.ts';
import { usageError } from './cli-error.ts';
import { currencyOf } from './currency.ts';
import { contentOf, withContent } from './gov-content.ts';
import {
  contentLines,
  listProposals,
  proposalMeant,
  showParameterSets,
  showProposal,
  showVotes,
  simulationLines,
} from './gov-show.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { print } from './output.ts';
import { must, nothingToDo, sendActions } from './send-actions.ts';
import { selectKey } from './signer.ts';
import { validatorMeant } from './validator-meant.ts';

/** The account that acts: `--account`, else that of the key. */
function actor(argv: Arguments): string {
  return text(argv, 'account') ?? selectKey(argv).address;
}

async function propose(argv: Arguments): Promise<void> {
  const title = mustText(argv, 'title', 'a line of text');
  const deposit = mustText(argv, 'deposit', 'MIL');
  const expedited = flag(argv, 'expedited');
  await withClient(argv, async (client) => {
    const content = await contentOf(argv, client);
    const hex = toHex(ProposalContentCodec.encode(content));
    const found = await client.call('simulate_proposal', { content: hex });
    if (expedited && !found.can_be_expedited) {
      throw usageError('--expedited', 'a content that does more than tighten', 'no --expedited');
    }
    const summary = text(argv, 'summary') ?? '';
    await sendActions(
      argv,
      client,
      [{ type: 'submitProposal', title, summary, content, expedited, deposit }],
      `propose "${title}" with ${deposit} MIL: ${contentLines(found.content).join('; ')}`,
    );
  });
}

async function simulate(argv: Arguments): Promise<void> {
  const number = text(argv, 'proposal') === undefined ? undefined : proposalMeant(argv);
  await withClient(argv, async (client) => {
    const params =
      number === undefined
        ? { content: toHex(ProposalContentCodec.encode(await contentOf(argv, client))) }
        : { proposal_id: number };
    const found = await client.call('simulate_proposal', params);
    print(flag(argv, 'json'), found, simulationLines(found));
  });
}

async function deposit(argv: Arguments): Promise<void> {
  const proposal = proposalMeant(argv);
  const amount = mustText(argv, 'amount', 'MIL');
  await withClient(argv, async (client) => {
    const { title } = await client.call('get_proposal', { proposal_id: proposal });
    await sendActions(
      argv,
      client,
      [{ type: 'depositProposal', proposal, amount }],
      `deposit ${amount} MIL on proposal ${proposal} "${title}"`,
    );
  });
}

/** The validators with which the account's stake votes: the one named, or all. */
async function delegationsMeant(argv: Arguments, client: Client): Promise<number[]> {
  if (text(argv, 'validator') !== undefined) {
    return [(await validatorMeant(argv, client)).validator_id];
  }
  const { delegations } = await client.call('get_delegations', { account: actor(argv) });
  const held = delegations.filter(({ shares, joins }) => shares !== '0' || joins.length > 0);
  if (held.length === 0) throw nothingToDo('validator', 'an account with stake: see `stake show`');
  return held.map(({ validator_id }) => validator_id);
}

async function vote(argv: Arguments): Promise<void> {
  const proposal = proposalMeant(argv);
  const given = mustText(argv, 'ballot', 'yes, no, abstain or veto');
  const ballot = must(parseBallot(given));
  await withClient(argv, async (client) => {
    const { title } = await client.call('get_proposal', { proposal_id: proposal });
    const what = `${given} on proposal ${proposal} "${title}"`;
    if (flag(argv, 'as-validator')) {
      const input: ActionInput = { type: 'castValidatorVote', proposal, ballot };
      const summary = `vote ${what}, for all stake of your validator that does not vote itself`;
      await sendActions(argv, client, [input], summary);
      return;
    }
    const validators = await delegationsMeant(argv, client);
    const inputs: ActionInput[] = [];
    for (let at = 0; at < validators.length; at += MAX_DELEGATIONS_PER_VOTE) {
      const some = validators.slice(at, at + MAX_DELEGATIONS_PER_VOTE);
      inputs.push({ type: 'castVote', proposal, ballot, validators: some });
    }
    const stake = `your stake with validator ${validators.join(', ')}`;
    await sendActions(argv, client, inputs, `vote ${what} with ${stake}`);
  });
}

async function pause(argv: Arguments): Promise<void> {
  const seconds = integer(argv, 'seconds', { min: 1, max: 86_400 });
  if (seconds === undefined) throw usageError('seconds', 'nothing', '1 to 86400');
  const name = text(argv, 'currency');
  await withClient(argv, async (client) => {
    const found = name === undefined ? undefined : await currencyOf(client, name);
    await sendActions(
      argv,
      client,
      [
        {
          type: 'pauseTrading',
          durationMs: seconds * 1_000,
          ...(found === undefined ? {} : { underlying: found.underlying_id }),
        },
      ],
      `let ${found?.currency ?? 'every market'} be reduce-only for ${seconds} s; this uses up the guardian's pause`,
    );
  });
}

async function ready(argv: Arguments): Promise<void> {
  const name = mustText(argv, 'module', MODULE_NAMES.join(', '));
  const module = MODULE_NAMES.findIndex((one) => one === name);
  if (module < 0) throw usageError('module', name, MODULE_NAMES.join(', '));
  const version = integer(argv, 'number', { min: 2, max: 999_999_999 });
  if (version === undefined) throw usageError('version', 'nothing', 'a number');
  const codeHash = mustText(argv, 'code', '64 hex characters');
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'signalReady', module, version, codeHash }],
      `say that your validator runs a release with ${name} ${version}, code ${codeHash}`,
    ),
  );
}

const withProposal = (y: Argv): Argv =>
  y.positional('proposal', { type: 'string', describe: 'Number of a proposal' }) as unknown as Argv;

function buildReading(yargs: Argv): Argv {
  return yargs
    .command(
      'list [status]',
      'Proposals, newest first; the guardian, and what the community holds',
      (y) =>
        withNode(y)
          .positional('status', {
            type: 'string',
            describe: 'deposit, voting, passed, executed, rejected, vetoed, failed, lapsed',
          })
          .example('$0 gov list voting', 'what can be voted on'),
      listProposals,
    )
    .command(
      'show <proposal>',
      'A proposal: what it would do, and how its vote stands',
      (y) => withNode(withProposal(y)).example('$0 gov show 1', 'number 1'),
      showProposal,
    )
    .command(
      'votes <proposal>',
      'Votes of delegators on a proposal',
      (y) =>
        withNode(withProposal(y))
          .option('first', { type: 'string', describe: 'Number of the first one (0)' })
          .example('$0 gov votes 1 --json', 'for a program'),
      showVotes,
    )
    .command(
      'parameters [set]',
      'What votes can change: values, units, allowed ranges',
      (y) =>
        withNode(y)
          .positional('set', {
            type: 'string',
            describe:
              'chain, staking, liquidation, governance, underlying, consensus; all unless told',
          })
          .example('$0 gov parameters staking', 'those of staking'),
      showParameterSets,
    )
    .command(
      'simulate [proposal]',
      'What a proposal would change if it were carried out now, before or after it is made',
      (y) =>
        withNode(withContent(withProposal(y))).example(
          '$0 gov simulate --set chain.communityShareBps=300',
          'what it comes to',
        ),
      simulate,
    );
}

function buildActing(yargs: Argv): Argv {
  return yargs
    .command(
      'propose',
      'Make a proposal with a first deposit, which comes back unless it is vetoed',
      (y) =>
        withSending(withContent(y))
          .option('title', { type: 'string', describe: 'A line of text' })
          .option('summary', { type: 'string', describe: 'Some lines of text' })
          .option('deposit', { type: 'string', describe: 'MIL' })
          .option('expedited', {
            type: 'boolean',
            describe: 'A short vote, for what only tightens; its deposit is higher',
          })
          .example(
            '$0 gov propose --title "Community 3 %" --set chain.communityShareBps=300 --deposit 1000 --from alice',
            'a parameter',
          ),
      propose,
    )
    .command(
      'deposit <proposal> <amount>',
      'Add to the deposit of a proposal',
      (y) =>
        withSending(withProposal(y))
          .positional('amount', { type: 'string', describe: 'MIL' })
          .example('$0 gov deposit 1 500 --from bob', '500 MIL'),
      deposit,
    )
    .command(
      'vote <proposal> <ballot>',
      'Vote with your stake; what you do not say your validators say',
      (y) =>
        withSending(withProposal(y))
          .positional('ballot', {
            type: 'string',
            describe: 'yes, no, abstain, veto, or parts: yes=60,no=40',
          })
          .option('validator', { type: 'string', describe: 'Only the stake with this one' })
          .option('as-validator', {
            type: 'boolean',
            describe:
              'For all stake of the validator that you operate and that does not vote itself',
          })
          .example('$0 gov vote 1 yes --from alice', 'all her stake'),
      vote,
    )
    .command(
      'ready <module> <number> <code>',
      'Say that your validator runs a release with a planned version',
      (y) =>
        withSending(y)
          .positional('module', { type: 'string', describe: MODULE_NAMES.join(', ') })
          .positional('number', { type: 'string', describe: 'The version' })
          .positional('code', { type: 'string', describe: 'Its code, as the proposal names it' })
          .example('$0 gov ready matching 2 ab12… --from op', 'matching 2 is installed'),
      ready,
    )
    .command(
      'pause <seconds> [currency]',
      "The guardian's one pause: reduce-only for a time; it stops neither exits nor votes",
      (y) =>
        withSending(y)
          .positional('seconds', { type: 'string', describe: 'How long' })
          .positional('currency', { type: 'string', describe: 'BTC, ETH; all unless told' })
          .example('$0 gov pause 3600 BTC --from guardian', 'BTC for an hour'),
      pause,
    );
}

export function buildGov(yargs: Argv): Argv {
  return buildActing(buildReading(yargs));
}
