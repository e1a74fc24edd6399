/** The command line as a process: help, wrong arguments, keys, sending, and that no secret leaks. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { deriveEd25519Seed } from '../../wallet/keys/derive.ts';
import { type FakeNode, fakeNode } from '../rpc/fake-node.ts';
import { MAKER, openMarket, SERIES, TAKER } from '../rpc/market.ts';
import { quietLog } from '../rpc/quiet-log.ts';
import { type CliRun, type Output, runCli, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const PASSWORD = 'hunter2hunter2';
const SECRETS = [PASSWORD, MNEMONIC, 'sausage', toHex(deriveEd25519Seed(MNEMONIC, 0))];

let home: string;
let keys: string;
let node: FakeNode;
let server: RunningServer;
let passwordFile: string;

/** Runs against the fake node with the test's keys. */
function cli(...argv: string[]): Promise<CliRun> {
  return runCli(argv, { cwd: home, env: { MILETUS_NODE: server.url, MILETUS_KEYS: keys } });
}

/** Many commands in one process: where only arguments and output matter. */
const many = (commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, { cwd: home, env: { MILETUS_NODE: server.url, MILETUS_KEYS: keys } });

const json = (run: Output): never => {
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as never;
};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-cli-'));
  keys = join(home, 'keys');
  passwordFile = join(home, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(home, 'mnemonic'), `${MNEMONIC}\n`, { mode: 0o600 });
  node = fakeNode();
  const market = openMarket(node.state);
  node.finalize([market.open(SIDE.buy, 1_000, 50)]);
  node.checkpoint();
  server = await startRpcInline(
    node.api,
    { ...DEFAULT_RPC_CONFIG, port: 0 },
    quietLog(),
    NO_METRICS,
  );
  const imported = await cli(
    ...['keys', 'import', 'alice', '--mnemonic-file', join(home, 'mnemonic')],
    ...['--password-file', passwordFile],
  );
  expect(imported.stderr).toBe('');
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

const WRITING = [
  'keys create',
  'keys import',
  'send',
  'trade order',
  'trade cancel',
  'trade cancel-all',
  'node init',
  'genesis init',
];

const COMMANDS: readonly (readonly string[])[] = [
  ['keys', 'create'],
  ['keys', 'import'],
  ['keys', 'list'],
  ['keys', 'show'],
  ['account'],
  ['send'],
  ['trade', 'order'],
  ['trade', 'cancel'],
  ['trade', 'cancel-all'],
  ['trade', 'book'],
  ['trade', 'positions'],
  ['trade', 'orders'],
  ['trade', 'instruments'],
  ['query', 'status'],
  ['query', 'block'],
  ['query', 'transaction'],
  ['query', 'validators'],
  ['query', 'proof'],
  ['query', 'index'],
  ['query', 'parameters'],
  ['query', 'rpc'],
  ['node', 'init'],
  ['node', 'start'],
  ['node', 'status'],
  ['genesis', 'init'],
  ['genesis', 'validate'],
  ['genesis', 'hash'],
];

test('every command has help with an example, and refuses what it does not know', async () => {
  const helps = await many(COMMANDS.map((words) => [...words, '--help']));
  const wrongs = await many(COMMANDS.map((words) => [...words, '--no-such-option']));
  for (const [at, words] of COMMANDS.entries()) {
    const name = words.join(' ');
    expect(helps[at], name).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(helps[at]?.stdout, name).toMatch(/Examples:\n {2}miletus /);
    if (name !== 'node start') expect(helps[at]?.stdout, name).toContain('--json');
    if (WRITING.includes(name)) {
      expect(helps[at]?.stdout, name).toContain('--dry-run');
      expect(helps[at]?.stdout, name).toContain('--yes');
    }
    expect(wrongs[at], name).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(wrongs[at]?.stderr.trimEnd(), name).toMatch(/^miletus: [^\n]+--help\)$/);
  }
});

const WRONG: readonly (readonly [string, string[], number, RegExp])[] = [
  ['nothing', [], EXIT.usage, /which\? keys, account/],
  ['an unknown command', ['trad'], EXIT.usage, /trad/],
  ['a group alone', ['keys'], EXIT.usage, /create, import, list, show/],
  [
    'an address cut',
    ['send', 'mil1qqqq', '1'],
    EXIT.usage,
    /^miletus: to: given mil1qqqq; allowed/,
  ],
  [
    'surplus decimals',
    ['send', MAKER, '0.0000001'],
    EXIT.usage,
    /amount: given 0.0000001; allowed: at most 6/,
  ],
  ['hex as an amount', ['send', MAKER, '0x10'], EXIT.usage, /amount: given 0x10/],
  ['an exponent', ['send', MAKER, '1e3'], EXIT.usage, /amount: given 1e3/],
  [
    'a currency not there',
    ['send', MAKER, '1', 'eur'],
    EXIT.usage,
    /currency: given eur; allowed: usd, mil/,
  ],
  [
    'a sub-account too high',
    ['send', MAKER, '1', '--sub-account', '256'],
    EXIT.usage,
    /sub-account: given 256; allowed: an integer 0 to 255/,
  ],
  [
    'a sub-account in hex',
    ['trade', 'orders', MAKER, '--sub-account', '0x1'],
    EXIT.usage,
    /sub-account: given 0x1/,
  ],
  [
    'an option twice',
    ['trade', 'book', SERIES, '--depth', '1', '--depth', '2'],
    EXIT.usage,
    /depth: given twice/,
  ],
  [
    'a side not there',
    ['trade', 'order', 'hold', SERIES, '1', '1'],
    EXIT.usage,
    /side: given hold; allowed: buy, sell/,
  ],
  [
    'a price off the tick',
    ['trade', 'order', 'buy', SERIES, '1', '1.5'],
    EXIT.usage,
    /price: given 1.5; allowed: a multiple of 1 USD/,
  ],
  [
    'an amount off the lot',
    ['trade', 'order', 'buy', SERIES, '0.005', '1'],
    EXIT.usage,
    /amount: given 0.005; allowed: a multiple of 0.01/,
  ],
  [
    'an instrument not there',
    ['trade', 'book', 'BTC-1JAN30-1-C'],
    EXIT.refused,
    /invalid_instrument/,
  ],
  [
    'no order to cancel',
    ['trade', 'cancel'],
    EXIT.usage,
    /order: given nothing; allowed: ORDER or/,
  ],
  ['a height of 0', ['query', 'block', '0'], EXIT.usage, /height: given 0/],
  ['a block not there', ['query', 'block', '99'], EXIT.refused, /block_not_found.*given 99/],
  ['an id too short', ['query', 'transaction', 'ab'], EXIT.usage, /id: given ab; allowed: 64 hex/],
  ['positional parameters', ['query', 'rpc', 'get_block', '[1]'], EXIT.usage, /params/],
  ['an unknown method', ['query', 'rpc', 'get_blok'], EXIT.refused, /method_not_found/],
  [
    'a key not there',
    ['send', MAKER, '1', '--from', 'bob'],
    EXIT.noInput,
    /--from: given bob; allowed: alice/,
  ],
  [
    'a bad name',
    ['keys', 'create', '../x', '--password-file', '/dev/null'],
    EXIT.usage,
    /name: given \.\.\/x/,
  ],
  [
    'a name in use',
    ['keys', 'import', 'alice', '--mnemonic-file', 'mnemonic'],
    EXIT.cannotCreate,
    /alice; allowed: a name that is not in use/,
  ],
  [
    'no password and no terminal',
    ['keys', 'create', 'carol'],
    EXIT.usage,
    /password: given nothing; allowed: --password-file/,
  ],
  [
    'a password file not there',
    ['keys', 'create', 'carol', '--password-file', 'nope'],
    EXIT.noInput,
    /--password-file: given nope/,
  ],
  ['no terminal to confirm', ['send', MAKER, '1'], EXIT.usage, /--yes: given nothing/],
  [
    'no node',
    ['query', 'status', '--node', 'http://127.0.0.1:1'],
    EXIT.unreachable,
    /no node answers/,
  ],
  [
    'no address of a node',
    ['query', 'status', '--node', 'localhost'],
    EXIT.usage,
    /--node: given localhost/,
  ],
  ['a genesis not there', ['genesis', 'hash', 'nope.json'], EXIT.noInput, /file: given nope.json/],
  [
    'no genesis',
    ['genesis', 'validate', 'password'],
    EXIT.badData,
    /file: given password; allowed: a JSON document/,
  ],
  ['a genesis without validators', ['genesis', 'init', 'g.json'], EXIT.badData, /validators/],
];

describe('wrong arguments: one line and its status', () => {
  let runs: Output[];
  beforeAll(async () => {
    runs = await many(WRONG.map(([, argv]) => argv));
  });
  test.each(WRONG.map((row, at) => [...row, at] as const))('%s', (_name, argv, code, said, at) => {
    const run = runs[at];
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run?.stderr).toMatch(said);
    // A genesis names everything that is wrong with it.
    if (!argv.includes('init')) expect(run?.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(run?.stderr).not.toMatch(/\n {4}at |node:internal/);
    for (const secret of [...SECRETS, PASSWORD.slice(0, 6)]) {
      expect(run?.stderr).not.toContain(secret);
    }
  });
});

test('with --json an error is a JSON object', async () => {
  const run = await cli('send', 'mil1qqqq', '1', '--json');
  expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: 'input' } });
});

describe('keys', () => {
  test('a mnemonic gives its key, stored for the owner only', async () => {
    const [alice] = json(await cli('keys', 'list', '--json')) as { name: string; path: string }[];
    expect(alice).toMatchObject({ name: 'alice', path: "m/44'/7170412'/0'/0'/0'" });
    expect(statSync(join(keys, 'alice.json')).mode & 0o777).toBe(0o600);
    const stored = readFileSync(join(keys, 'alice.json'), 'utf8');
    for (const secret of SECRETS) expect(stored).not.toContain(secret);
  });

  test('a created key comes back from the mnemonic it showed', async () => {
    const created = json(
      await cli('keys', 'create', 'dora', '--password-file', passwordFile, '--json'),
    ) as { mnemonic: string; address: string };
    expect(created.mnemonic.split(' ')).toHaveLength(24);
    writeFileSync(join(home, 'dora'), created.mnemonic);
    const again = json(
      await cli('keys', 'import', 'dora2', '--mnemonic-file', 'dora', '--dry-run', '--json'),
    ) as { address: string };
    expect(again.address).toBe(created.address);
    rmSync(join(keys, 'dora.json'));
    expect(readdirSync(keys)).toEqual(['alice.json']);
  });

  test('passwords and mnemonics are no options', async () => {
    for (const option of ['--password', '--mnemonic']) {
      const run = await cli('keys', 'import', 'x', option, PASSWORD);
      expect(run.code).toBe(EXIT.usage);
      expect(run.stderr).not.toContain(PASSWORD);
    }
  });
});

describe('sending', () => {
  test('--dry-run shows the transaction, asks no password and sends nothing', async () => {
    const plan = json(await cli('send', TAKER, '1.5', '--dry-run', '--json')) as object;
    expect(plan).toMatchObject({
      dry_run: true,
      summary: `send 1.5 USD to ${TAKER}`,
      key: 'alice',
    });
    expect(node.pending).toEqual([]);
  });

  test('--yes signs, sends and reports what came of it', async () => {
    const running = cli('send', TAKER, '1.5', '--yes', '--password-file', passwordFile, '--json');
    await vi.waitUntil(() => node.pending.length === 1, { timeout: 20_000 });
    node.finalize();
    expect(json(await running)).toMatchObject({
      status: 'final',
      receipt: { results: [{ type: 'transferred', amount: '1.5' }] },
    });
  });

  test('a wrong password is refused before anything is sent', async () => {
    const wrong = join(home, 'wrong');
    writeFileSync(wrong, 'not the password');
    const run = await cli('send', TAKER, '1', '--yes', '--password-file', wrong);
    expect(run.code).toBe(EXIT.wrongPassword);
    expect(run.stderr).not.toContain('not the password');
    expect(node.pending).toEqual([]);
  });

  test('a refusal of the node is one line with its name', async () => {
    node.refusal = 'insufficient_balance';
    const run = await cli('send', TAKER, '1', '--yes', '--password-file', passwordFile);
    node.refusal = undefined;
    expect(run.code).toBe(EXIT.refused);
    expect(run.stderr).toMatch(
      /^miletus: insufficient_balance: .*field amount; given 5; allowed: 9\n$/,
    );
  });

  test('what is not final in time says so by its status', async () => {
    const argv = ['trade', 'order', 'buy', SERIES, '0.1', '1000', '--timeout', '50'];
    const run = await cli(...argv, '--yes', '--password-file', passwordFile, '--json');
    expect(run.code).toBe(EXIT.notFinal);
    expect(JSON.parse(run.stdout)).toMatchObject({ status: 'accepted' });
    node.finalize();
  });
});

test('reading commands answer for people and as JSON', async () => {
  const status = json(await cli('query', 'status', '--json')) as { chain_id: string };
  expect(status.chain_id).toBe('01'.repeat(32));
  const book = await cli('trade', 'book', SERIES);
  expect(book.stdout).toMatch(/bid +1000 +0\.5/);
  const instruments = await cli('trade', 'instruments', 'btc');
  expect(instruments.stdout).toContain(SERIES);
  const account = await cli('account', MAKER);
  expect(account.stdout).toMatch(/0 +1000000 +0/);
  const proof = json(await cli('query', 'proof', 'supply', '00000000', '--json'));
  expect(proof).toMatchObject({ verified: true });
});

test('a node and a genesis are made from nothing', async () => {
  const work = join(home, 'chain');
  mkdirSync(work);
  const alice = (json(await cli('keys', 'show', 'alice', '--json')) as { address: string }).address;
  const made = await cli('node', 'init', '--home', join(work, 'n0'), '--operator', alice, '--json');
  expect(json(made)).toMatchObject({ validator: join(work, 'n0', 'validator.json') });
  expect(statSync(join(work, 'n0', 'keys', 'consensus.key')).mode & 0o777).toBe(0o600);
  const again = await cli('node', 'init', '--home', join(work, 'n0'));
  expect(again.code).toBe(EXIT.cannotCreate);
  const file = join(work, 'genesis.json');
  const entry = ['--validator', join(work, 'n0', 'validator.json')];
  const written = json(
    await cli('genesis', 'init', file, ...entry, '--fund', `${alice}=1000,50`, '--json'),
  ) as { chain_id: string };
  expect(json(await cli('genesis', 'validate', file, '--json'))).toMatchObject({
    valid: true,
    validators: 1,
    accounts: 1,
  });
  expect((await cli('genesis', 'hash', file)).stdout.trim()).toBe(written.chain_id);
});

test('simple commands load only what they need, so that they start at once', async () => {
  // Counted, not timed: this machine may be busy. Quiet, `keys list` takes 0.2 s.
  const hooks = join(home, 'hooks.mjs');
  const loaded = join(home, 'loaded');
  writeFileSync(
    hooks,
    `import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({ load(url, context, next) {
      appendFileSync(${JSON.stringify(loaded)}, url + '\\n');
      return next(url, context);
    } });`,
  );
  const env = { NODE_OPTIONS: `--import=${hooks}`, MILETUS_KEYS: keys };
  expect(await runCli(['keys', 'list'], { cwd: home, env })).toMatchObject({ code: 0 });
  const urls = readFileSync(loaded, 'utf8').split('\n');
  expect(urls.some((url) => url.endsWith('/wallet/cli/keys.ts'))).toBe(true);
  const heavy =
    /\/(?:devnet|p2p|genesis)\/|node_modules\/(?:fastify|ws|libp2p|@libp2p|pino|classic-level|sodium-native)\//;
  expect(urls.filter((url) => heavy.test(url))).toEqual([]);
  expect(urls.filter((url) => url.endsWith('.ts')).length).toBeLessThan(60);
});
