/** `miletus devnet`: a local network of real processes. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { EXIT } from '../node/exit-codes.ts';
import { createClient } from '../wallet/client/client.ts';
import { lockFolder, readManifest, resetFolder } from './folder.ts';
import { rpcUrl } from './network.ts';
import { runSmoke } from './smoke.ts';
import { isExplained, runDevnet } from './up.ts';

const DEFAULT_HOME = '.devnet';
const MAX_VALIDATORS = 16;
const MAX_SEED = 2 ** 31 - 1;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options come as text, because yargs reads `0x10` as 16. */
function integerOf(name: string, text: string, range: { min: number; max: number }): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UsageError(`--${name}: given ${text}; allowed is ${range.min} to ${range.max}`);
}

/** Runs `work`; an expected failure is one line on stderr and an exit status. */
async function explained(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof UsageError) {
      process.stderr.write(`miletus devnet: ${cause.message}\n`);
      process.exitCode = EXIT.usage;
    } else if (isExplained(cause)) {
      process.stderr.write(`miletus devnet: ${cause.message}\n`);
      process.exitCode = EXIT.unexpected;
    } else throw cause;
  }
}

const homeOption = {
  type: 'string',
  default: DEFAULT_HOME,
  describe: 'Folder of the devnet',
} as const;
const jsonOption = { type: 'boolean', default: false, describe: 'One JSON object a line' } as const;

type UpArguments = {
  home: string;
  validators: string;
  replay?: string | undefined;
  seed?: string | undefined;
  reset: boolean;
  bots: boolean;
  json: boolean;
  'cpu-prof': boolean;
};

const up: CommandModule<object, UpArguments> = {
  command: 'up',
  describe: 'Start the devnet, or go on where it stopped; Ctrl-C ends it',
  builder: (yargs) =>
    yargs
      .option('home', homeOption)
      .option('validators', { type: 'string', default: '4', describe: 'Validators, 1 to 16' })
      .option('replay', {
        type: 'string',
        describe: 'Folder of recorded data (prices/, deribit_chain_6h_2026/): replay it',
      })
      .option('seed', { type: 'string', describe: 'Seed of the simulated market and the bots' })
      .option('reset', { type: 'boolean', default: false, describe: 'Begin a new chain' })
      .option('bots', { type: 'boolean', default: true, describe: 'Trade; --no-bots: do not' })
      .option('json', jsonOption)
      .option('cpu-prof', {
        type: 'boolean',
        default: false,
        describe: 'Write CPU profiles of the validators into HOME/profiles when they end',
      })
      .example('$0 devnet up', 'four validators, simulated prices')
      .example('$0 devnet up --replay ../shared/data --reset', 'recorded prices, a new chain'),
  handler: (given) =>
    explained(async () => {
      await runDevnet({
        home: resolve(given.home),
        validators: integerOf('validators', given.validators, { min: 1, max: MAX_VALIDATORS }),
        replay: given.replay === undefined ? undefined : resolve(given.replay),
        seed:
          given.seed === undefined
            ? undefined
            : integerOf('seed', given.seed, { min: 0, max: MAX_SEED }),
        reset: given.reset,
        bots: given.bots,
        json: given.json,
        cpuProfile: given['cpu-prof'],
      });
      process.exit(EXIT.ok);
    }),
};

const smoke: CommandModule<object, { seed: string; keep: boolean }> = {
  command: 'smoke',
  describe: 'Check a fast devnet from start to settlement; prints one JSON line',
  builder: (yargs) =>
    yargs
      .option('seed', { type: 'string', default: '1', describe: 'Of market, bots and the kill' })
      .option('keep', {
        type: 'boolean',
        default: false,
        describe: 'Leave the folder with its logs',
      })
      .option('json', { ...jsonOption, describe: 'Accepted; the result is always JSON' })
      .example('$0 devnet smoke --seed 7', 'another market, another victim'),
  handler: (given) =>
    explained(async () => {
      const seed = integerOf('seed', given.seed, { min: 0, max: MAX_SEED });
      process.exit(await runSmoke({ seed, keep: given.keep }));
    }),
};

type ResetOptions = { home: string; yes: boolean; 'dry-run': boolean; json: boolean };

const reset: CommandModule<object, ResetOptions> = {
  command: 'reset',
  describe: 'Delete the chain of the devnet',
  builder: (yargs) =>
    yargs
      .option('home', homeOption)
      .option('yes', { type: 'boolean', default: false, describe: 'Do it without asking' })
      .option('dry-run', {
        type: 'boolean',
        default: false,
        describe: 'Show what would be done, do nothing',
      })
      .option('json', jsonOption)
      .example('$0 devnet reset --yes', 'forget the chain in .devnet'),
  handler: (given) =>
    explained(() => {
      const home = resolve(given.home);
      if (given['dry-run']) {
        const would = { dry_run: true, home, reset: existsSync(home) };
        console.log(given.json ? JSON.stringify(would) : `dry run: would empty ${home}`);
        return;
      }
      if (!given.yes) throw new UsageError(`this deletes the chain in ${home}: repeat with --yes`);
      if (existsSync(home)) {
        const unlock = lockFolder(home);
        try {
          resetFolder(home);
        } finally {
          unlock();
        }
      }
      console.log(given.json ? JSON.stringify({ home, reset: true }) : `${home} is empty`);
    }),
};

/** What one validator says of itself, or that it does not answer. */
async function askStatus(
  url: string,
): Promise<{ url: string; height: number | null; peers: number | null }> {
  try {
    const { height, peers } = await createClient({ url, timeoutMs: 2_000 }).call('get_status', {});
    return { url, height, peers };
  } catch {
    return { url, height: null, peers: null };
  }
}

const status: CommandModule<object, { home: string; json: boolean }> = {
  command: 'status',
  describe: 'Show what the devnet in a folder is doing',
  builder: (yargs) =>
    yargs
      .option('home', homeOption)
      .option('json', jsonOption)
      .example('$0 devnet status', 'heights and peers of the validators in .devnet'),
  handler: (given) =>
    explained(async () => {
      const home = resolve(given.home);
      const manifest = readManifest(home);
      if (!manifest)
        throw new UsageError(`${home} holds no devnet: \`miletus devnet up\` makes one`);
      const validators = await Promise.all(manifest.validators.map((of) => askStatus(rpcUrl(of))));
      if (given.json) {
        console.log(JSON.stringify({ home, validators }));
        return;
      }
      console.log(home);
      for (const { url, height, peers } of validators) {
        const state = height === null ? 'not running' : `height ${height}, ${peers} peers`;
        console.log(`  ${url}  ${state}`);
      }
    }),
};

/** The command with its subcommands. */
export const devnetCommand: CommandModule = {
  command: 'devnet',
  describe: 'Run a local network of real processes',
  builder: (yargs: Argv) =>
    yargs
      .command(up)
      .command(smoke)
      .command(reset)
      .command(status)
      .demandCommand(1, 'which? up, smoke, reset or status')
      .strict(),
  handler: () => {},
};
