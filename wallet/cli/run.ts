/**
 * `miletus`: the command line. Groups of commands are loaded when used, so that help and errors come
 * at once.
 *
 * Failures are one line on stderr and an exit status of `exit-codes.ts`; with `--json` that line is
 * a JSON object. Stack traces only with MILETUS_DEBUG=1.
 */
import yargs, { type Argv } from 'yargs';
import { explain } from './cli-error.ts';
import { withContacts } from './contacts-file.ts';
import { EXIT } from './exit-codes.ts';

type Build = (yargs: Argv) => Argv | Promise<Argv>;

/** Name, description and loader of each group. */
export const GROUPS: readonly {
  command: string;
  describe: string;
  load: () => Promise<Build>;
}[] = [
  {
    command: 'keys',
    describe: 'Make, import, list, check, save and restore keys',
    load: async () =>
      subcommands(
        'create, import, list, show, doctor, backup, restore',
        (await import('./keys.ts')).buildKeys,
      ),
  },
  {
    command: 'account',
    describe: 'Show balances, keys and margin of an account; explain and choose its margin',
    load: async () => (await import('./account.ts')).buildAccount,
  },
  {
    command: 'risk',
    describe: 'Simulate portfolios and show the parameters of portfolio margin',
    load: async () => subcommands('simulate, parameters', (await import('./margin.ts')).buildRisk),
  },
  {
    command: 'send <to> <amount> [currency]',
    describe: 'Send USD or MIL',
    load: async () => (await import('./send.ts')).buildSend,
  },
  {
    command: 'trade',
    describe: 'Show what there is to trade, books, trades, positions',
    load: async () =>
      subcommands(
        'instruments, currencies, book, trades, positions',
        (await import('./trade.ts')).buildTrade,
      ),
  },
  {
    command: 'order',
    describe: 'Place, change and cancel orders',
    load: async () =>
      subcommands(
        'place, amend, reduce, replace, link, cancel, cancel-all, list, triggers, show',
        (await import('./order.ts')).buildOrder,
      ),
  },
  {
    command: 'maker',
    describe: 'Quote many instruments, with protection, dead-man switch and budgets',
    load: async () =>
      subcommands(
        'quote, protect, reset, dead-man, budget, status',
        (await import('./maker.ts')).buildMaker,
      ),
  },
  {
    command: 'combo',
    describe: 'List combos of several series, and look at them',
    load: async () => subcommands('create, list, show', (await import('./combo.ts')).buildCombo),
  },
  {
    command: 'rfq',
    describe: 'Ask for quotes on up to 20 legs, quote, and accept',
    load: async () =>
      subcommands(
        'request, quote, accept, cancel, list, show',
        (await import('./rfq.ts')).buildRfq,
      ),
  },
  {
    command: 'block-trade',
    describe: 'Trade a negotiated block: one signs an offer, the other takes it',
    load: async () =>
      subcommands('offer, show, accept', (await import('./block-trade.ts')).buildBlockTrade),
  },
  {
    command: 'liquidation',
    describe: 'Accounts below maintenance margin: look at them and take shares',
    load: async () =>
      subcommands(
        'list, show, insurance, take',
        (await import('./liquidation.ts')).buildLiquidation,
      ),
  },
  {
    command: 'stake',
    describe: 'Delegate MIL to validators, claim rewards, take stake back',
    load: async () =>
      subcommands(
        'list-validators, show-validator, show, schedule, pools, parameters, delegate, undelegate, cancel-unbonding, redelegate, withdraw, claim, compound, set-compounding, set-withdraw-address, poke',
        (await import('./stake.ts')).buildStake,
      ),
  },
  {
    command: 'validator',
    describe: 'Run a validator: register, edit, rotate keys, jail, exit, show faults',
    load: async () =>
      subcommands(
        'create, edit, commission, rotate-key, show, jail, unjail, exit, revoke-oracle-key, submit-evidence',
        (await import('./validator.ts')).buildValidator,
      ),
  },
  {
    command: 'gov',
    describe: 'Propose, deposit, vote; see proposals and what they would change',
    load: async () =>
      subcommands(
        'list, show, votes, parameters, propose, simulate, deposit, vote, pause',
        (await import('./gov.ts')).buildGov,
      ),
  },
  {
    command: 'evidence',
    describe: 'Faults of validators that a node has seen: list, export, show the chain',
    load: async () =>
      subcommands('list, export, submit', (await import('./evidence.ts')).buildEvidence),
  },
  {
    command: 'referral',
    describe: 'Name the account that brought yours, and see fees and tiers',
    load: async () => subcommands('set, show', (await import('./referral.ts')).buildReferral),
  },
  {
    command: 'query',
    describe: 'Read from a node',
    load: async () =>
      subcommands(
        'status, block, transaction, validators, proof, index, oracle, settlement, parameters, makers, proposers, rpc',
        (await import('./query.ts')).buildQuery,
      ),
  },
  {
    command: 'tx',
    describe: 'Transactions as files: sign on a machine without a network, send from another',
    load: async () => subcommands('show, sign, broadcast', (await import('./tx.ts')).buildTx),
  },
  {
    command: 'history',
    describe: 'What was sent from here and what came of it',
    load: async () => (await import('./history.ts')).buildHistory,
  },
  {
    command: 'contacts',
    describe: 'Names for addresses: write @name wherever an address is taken',
    load: async () =>
      subcommands('list, add, remove', (await import('./contacts.ts')).buildContacts),
  },
  {
    command: 'trust',
    describe: 'What answers of nodes are verified against: a genesis or a checkpoint',
    load: async () =>
      subcommands(
        'show, genesis, checkpoint, check, forget',
        (await import('./trust.ts')).buildTrust,
      ),
  },
  {
    command: 'node',
    describe: 'Prepare, run and look at a node',
    load: async () => subcommands('init, start, status', (await import('./node.ts')).buildNode),
  },
  {
    command: 'signer',
    describe: "Hold a validator's consensus key in a process of its own",
    load: async () =>
      subcommands('init, start', (await import('./remote-signer.ts')).buildRemoteSigner),
  },
  {
    command: 'feeder',
    describe: "Vote prices for a validator, from venues' public feeds",
    load: async () =>
      subcommands('init, check, run', (await import('../../feeder/cli.ts')).buildFeeder),
  },
  {
    command: 'genesis',
    describe: 'Write, check and hash a genesis document; sign and collect its validators',
    load: async () =>
      subcommands(
        'init, join, collect, validate, hash',
        (await import('./genesis.ts')).buildGenesis,
      ),
  },
  {
    command: 'devnet',
    describe: 'Run a local network of real processes',
    load: async () => {
      const { builder } = (await import('../../devnet/cli.ts')).devnetCommand;
      return typeof builder === 'function' ? (y) => builder(y) as Argv : (y) => y;
    },
  },
];

/** A group that does nothing by itself. */
function subcommands(names: string, build: Build): Build {
  return async (y) => (await build(y)).demandCommand(1, `which? ${names}`).strict();
}

/** A problem that yargs found in the arguments. */
class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
  readonly exitCode = EXIT.usage;
  /** Yargs' own words, and the help that says more. */
  readonly said: string;
  readonly help: string;
  constructor(said: string, help: string) {
    super(`${said} (see ${help})`);
    this.said = said;
    this.help = help;
  }
}

/** The refusal with field, given and allowed, where they can be told. */
async function preciseLine({ said, help }: UsageProblem, argv: readonly string[]): Promise<string> {
  const { explainUsage } = await import('./explain-usage.ts');
  return `${(await explainUsage(said, argv)) ?? said} (see ${help})`;
}

/** Takes options as they are: no numbers out of text, no nested objects, no joined duplicates. */
const PARSER = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'greedy-arrays': false,
};

/** Whether a person sits there who can be asked: not a script, and not for help. */
function isGuidable(given: readonly string[]): boolean {
  const settled = ['--json', '--yes', '--help', '--version'];
  return (
    process.stdin.isTTY && process.stderr.isTTY && !given.some((word) => settled.includes(word))
  );
}

/** Carries out one command; leaves its status in `process.exitCode`. */
export async function runCommandLine(given: readonly string[]): Promise<void> {
  const isJson = given.includes('--json');
  let argv = given;
  try {
    if (isGuidable(given)) argv = await (await import('./guide.ts')).guided(given);
    let parser = yargs([...argv])
      .scriptName('miletus')
      .parserConfiguration(PARSER)
      .strict()
      .recommendCommands()
      .demandCommand(1, `which? ${GROUPS.map(({ command }) => command.split(' ')[0]).join(', ')}`)
      .wrap(100)
      .exitProcess(false)
      .version()
      .fail((message, cause) => {
        if (cause) throw cause;
        const words = argv.filter((word) => !word.startsWith('-')).slice(0, 2);
        const help = ['miletus', ...words, '--help'].join(' ');
        throw new UsageProblem(message.replace(/\s*\n\s*/g, ' '), help);
      });
    for (const { command, describe, load } of GROUPS) {
      const builder = async (y: Argv): Promise<Argv> => (await load())(y);
      parser = parser.command({ command, describe, builder: builder as never, handler: () => {} });
    }
    await parser.parseAsync(withContacts(argv));
  } catch (cause) {
    const explained = explain(cause);
    const { exitCode, code } = explained;
    const line = cause instanceof UsageProblem ? await preciseLine(cause, argv) : explained.line;
    // Nobody to be asked: who types a group alone is shown what is in it.
    if (line.startsWith('which? ') && !isJson) await runCommandLine([...argv, '--help']);
    const text = isJson ? JSON.stringify({ error: { code, message: line } }) : `miletus: ${line}`;
    process.stderr.write(`${text}\n`);
    if (process.env['MILETUS_DEBUG'] === '1' && cause instanceof Error) {
      process.stderr.write(`${cause.stack}\n`);
    }
    process.exitCode = exitCode;
  }
}
