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
  const crossed = {
    instrument: SERIES,
    bid: { price: '20', amount: '1' },
    ask: { price: '10', amount: '1' },
  };
  writeFileSync(join(home, 'crossed.json'), JSON.stringify([crossed]));
  const misspelt = { instrument: SERIES, bit: { price: '9', amount: '1' } };
  writeFileSync(join(home, 'misspelt.json'), JSON.stringify([misspelt]));
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
  'order place',
  'order amend',
  'order reduce',
  'order replace',
  'order link',
  'order cancel',
  'order cancel-all',
  'maker quote',
  'maker protect',
  'maker reset',
  'maker dead-man',
  'maker budget',
  'combo create',
  'rfq request',
  'rfq quote',
  'rfq accept',
  'rfq cancel',
  'block-trade offer',
  'block-trade accept',
  'stake delegate',
  'stake undelegate',
  'stake cancel-unbonding',
  'stake redelegate',
  'stake withdraw',
  'stake claim',
  'stake compound',
  'stake set-compounding',
  'stake set-withdraw-address',
  'stake poke',
  'validator create',
  'validator edit',
  'validator commission',
  'validator rotate-key',
  'validator jail',
  'validator unjail',
  'validator exit',
  'validator revoke-oracle-key',
  'validator submit-evidence',
  'liquidation take',
  'referral set',
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
  ['trade', 'book'],
  ['trade', 'positions'],
  ['trade', 'trades'],
  ['trade', 'currencies'],
  ['trade', 'instruments'],
  ['order', 'place'],
  ['order', 'amend'],
  ['order', 'reduce'],
  ['order', 'replace'],
  ['order', 'link'],
  ['order', 'cancel'],
  ['order', 'cancel-all'],
  ['order', 'list'],
  ['order', 'triggers'],
  ['order', 'show'],
  ['maker', 'quote'],
  ['maker', 'protect'],
  ['maker', 'reset'],
  ['maker', 'dead-man'],
  ['maker', 'budget'],
  ['maker', 'status'],
  ['combo', 'create'],
  ['combo', 'list'],
  ['combo', 'show'],
  ['rfq', 'request'],
  ['rfq', 'quote'],
  ['rfq', 'accept'],
  ['rfq', 'cancel'],
  ['rfq', 'list'],
  ['rfq', 'show'],
  ['block-trade', 'offer'],
  ['block-trade', 'show'],
  ['block-trade', 'accept'],
  ['stake', 'list-validators'],
  ['stake', 'show-validator'],
  ['stake', 'show'],
  ['stake', 'pools'],
  ['stake', 'parameters'],
  ['validator', 'show'],
  ['stake', 'delegate'],
  ['stake', 'undelegate'],
  ['stake', 'cancel-unbonding'],
  ['stake', 'redelegate'],
  ['stake', 'withdraw'],
  ['stake', 'claim'],
  ['stake', 'compound'],
  ['stake', 'set-compounding'],
  ['stake', 'set-withdraw-address'],
  ['stake', 'poke'],
  ['validator', 'create'],
  ['validator', 'edit'],
  ['validator', 'commission'],
  ['validator', 'rotate-key'],
  ['validator', 'jail'],
  ['validator', 'unjail'],
  ['validator', 'exit'],
  ['validator', 'revoke-oracle-key'],
  ['validator', 'submit-evidence'],
  ['liquidation', 'list'],
  ['liquidation', 'show'],
  ['liquidation', 'insurance'],
  ['liquidation', 'take'],
  ['referral', 'set'],
  ['referral', 'show'],
  ['feeder', 'init'],
  ['feeder', 'check'],
  ['feeder', 'run'],
  ['query', 'status'],
  ['query', 'block'],
  ['query', 'transaction'],
  ['query', 'validators'],
  ['query', 'proof'],
  ['query', 'index'],
  ['query', 'oracle'],
  ['query', 'settlement'],
  ['query', 'parameters'],
  ['query', 'makers'],
  ['query', 'proposers'],
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
  ['an unknown command', ['trad'], EXIT.usage, /trad/],
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
    ['order', 'list', MAKER, '--sub-account', '0x1'],
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
    ['order', 'place', 'hold', SERIES, '1', '1'],
    EXIT.usage,
    /side: given hold; allowed: buy, sell/,
  ],
  [
    'a price off the tick',
    ['order', 'place', 'buy', SERIES, '1', '1.5'],
    EXIT.usage,
    /price: given 1.5; allowed: a multiple of 1 USD/,
  ],
  [
    'an amount off the lot',
    ['order', 'place', 'buy', SERIES, '0.005', '1'],
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
    'an order named by neither number',
    ['order', 'replace', 'mine:7', 'buy', SERIES, '0.1', '9'],
    EXIT.usage,
    /order: given mine:7; allowed: the number of an order, or client:N/,
  ],
  [
    'a stop in place of an order, which would go out at once',
    [
      ...['order', 'replace', '1', 'buy', SERIES, '0.1'],
      ...['--type', 'stop_market', '--trigger-price', '9'],
    ],
    EXIT.usage,
    /--type: given stop_market; allowed: limit, market/,
  ],
  [
    'no order to cancel',
    ['order', 'cancel'],
    EXIT.usage,
    /order: given nothing; allowed: ORDER or/,
  ],
  [
    'a limit order without a price',
    ['order', 'place', 'buy', SERIES, '1'],
    EXIT.usage,
    /price: given nothing; allowed: USD per coin/,
  ],
  [
    'a post-only ioc',
    ['order', 'place', 'buy', SERIES, '1', '1', '--post-only', '--time-in-force', 'ioc'],
    EXIT.usage,
    /--post-only: given true with ioc; allowed: orders that may rest/,
  ],
  [
    'sliding alone',
    ['order', 'place', 'buy', SERIES, '1', '1', '--slide'],
    EXIT.usage,
    /--slide: given alone; allowed: with --post-only/,
  ],
  [
    'a gtt order without an end',
    ['order', 'place', 'buy', SERIES, '1', '1', '--time-in-force', 'gtt'],
    EXIT.usage,
    /--valid-until: given nothing/,
  ],
  [
    'an end that is no time',
    ['order', 'place', 'buy', SERIES, '1', '1', '--valid-until', 'tomorrow'],
    EXIT.usage,
    /--valid-until: given tomorrow; allowed: a time such as 2026-12-25T08:00:00Z/,
  ],
  [
    'more shown than there is',
    ['order', 'place', 'buy', SERIES, '0.1', '1', '--display', '0.2'],
    EXIT.usage,
    /--display: given 0.2; allowed: at most the amount 0.1/,
  ],
  [
    'a stop without its price',
    ['order', 'place', 'sell', SERIES, '1', '--type', 'stop_market'],
    EXIT.usage,
    /--trigger-price: given nothing; allowed: USD per coin, for --type stop_market/,
  ],
  [
    'a trigger of a limit order',
    ['order', 'place', 'sell', SERIES, '1', '1', '--trigger-price', '9'],
    EXIT.usage,
    /--trigger-price: given with --type limit; allowed: stop and take orders/,
  ],
  [
    'a type not there',
    ['order', 'place', 'sell', SERIES, '1', '1', '--type', 'trailing'],
    EXIT.usage,
    /type: given trailing; allowed: limit, market, stop_limit/,
  ],
  [
    'a label in words',
    ['order', 'place', 'sell', SERIES, '1', '1', '--label', 'hedge'],
    EXIT.usage,
    /label: given hedge/,
  ],
  [
    'an order to amend that is not there',
    ['order', 'amend', '999', '--amount', '1'],
    EXIT.refused,
    /order_not_found/,
  ],
  [
    'an underlying to cancel on that is not there',
    ['order', 'cancel-all', '--currency', 'doge'],
    EXIT.usage,
    /currency: given doge; allowed: BTC/,
  ],
  ['quotes not there', ['maker', 'quote', 'nope.json'], EXIT.noInput, /file: given nope.json/],
  ['quotes that are none', ['maker', 'quote', 'password'], EXIT.badData, /file: given password/],
  [
    'a side misspelt, which would be withdrawn',
    ['maker', 'quote', 'misspelt.json'],
    EXIT.badData,
    /allowed: quotes\[0\]: no "bit", but instrument, bid, ask/,
  ],
  [
    'a quote that crosses itself',
    ['maker', 'quote', 'crossed.json'],
    EXIT.usage,
    /quotes\[0\].bid.price: given 20; allowed: below the ask 10/,
  ],
  [
    'a protection without a window',
    ['maker', 'protect', 'BTC'],
    EXIT.usage,
    /--window: given nothing; allowed: ms/,
  ],
  [
    'a limit off the lot',
    ['maker', 'protect', 'BTC', '--window', '1000', '--quantity', '0.001'],
    EXIT.usage,
    /--quantity: given 0.001; allowed: a multiple of 0.01/,
  ],
  [
    'a structure not there',
    ['combo', 'create', 'box', SERIES, SERIES],
    EXIT.usage,
    /structure: given box; allowed: call_spread/,
  ],
  [
    'a combo not there',
    ['combo', 'show', 'BTC-CS-1JAN30-1_2'],
    EXIT.refused,
    /invalid_instrument.*combo_id/,
  ],
  ['a request without legs', ['rfq', 'request'], EXIT.usage, /--leg: given nothing/],
  [
    'half a leg',
    ['rfq', 'request', '--leg', 'buy 1'],
    EXIT.usage,
    /--leg: given buy 1; allowed: buy\|sell AMOUNT INSTRUMENT/,
  ],
  [
    'a leg twice',
    ['rfq', 'request', '--leg', `buy 1 ${SERIES}`, '--leg', `sell 1 ${SERIES}`],
    EXIT.usage,
    /legs\[1\]: given .*; allowed: each instrument once/,
  ],
  ['a quote of nothing', ['rfq', 'quote', '1'], EXIT.usage, /--bid: given nothing/],
  ['a request not there', ['rfq', 'show', '9'], EXIT.refused, /rfq_not_found.*given 9/],
  [
    'an offer without prices',
    ['block-trade', 'offer', '--to', MAKER, '--leg', `buy 1 ${SERIES}`, '--out', 'block.json'],
    EXIT.usage,
    /legs\[0\].price: given nothing; allowed: a price for every leg, or a net price/,
  ],
  ['an offer not there', ['block-trade', 'accept', 'no.json'], EXIT.noInput, /file: given no.json/],
  ['an offer that is none', ['block-trade', 'show', 'password'], EXIT.badData, /an offer of/],
  [
    'an account of no number',
    ['liquidation', 'take', 'mil1qq', '--share', '1', '--limit', '1'],
    EXIT.usage,
    /portfolio: given mil1qq/,
  ],
  ['a referrer cut', ['referral', 'set', 'mil1qq'], EXIT.usage, /referrer: given mil1qq/],
  [
    'too many blocks',
    ['query', 'proposers', '--blocks', '2001'],
    EXIT.usage,
    /blocks: given 2001; allowed: an integer 1 to 2000/,
  ],
  ['a height of 0', ['query', 'block', '0'], EXIT.usage, /height: given 0/],
  ['a block not there', ['query', 'block', '99'], EXIT.refused, /block_not_found.*given 99/],
  ['an id too short', ['query', 'transaction', 'ab'], EXIT.usage, /id: given ab; allowed: 64 hex/],
  ['positional parameters', ['query', 'rpc', 'get_block', '[1]'], EXIT.usage, /params/],
  ['no expiry', ['query', 'settlement', 'BTC'], EXIT.usage, /name: given BTC/],
  ['not delivered', ['query', 'settlement', 'BTC-1DEC25-0805'], EXIT.usage, /delivered lately/],
  [
    'no hash',
    ['query', 'settlement', SERIES, '--verify', '--config-hash', '00'],
    EXIT.usage,
    /--config-hash: given 00/,
  ],
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

  test('every kind of trading action is built, shown and not sent by --dry-run', async () => {
    const leg = `buy 0.1 ${SERIES}`;
    const quotes = [{ instrument: SERIES, bid: { price: 900, amount: '0.1' } }];
    writeFileSync(join(home, 'quotes.json'), JSON.stringify({ quotes }));
    const dry: readonly (readonly [string[], string])[] = [
      [['order', 'place', 'buy', SERIES, '0.1', '--type', 'market'], `buy 0.1 ${SERIES} (market)`],
      [
        ['order', 'place', 'buy', SERIES, '0.1', '900', '--display', '0.02', '--reduce-only'],
        `buy 0.1 ${SERIES} at 900 USD (reduce-only, shows 0.02)`,
      ],
      [
        ['order', 'place', 'sell', SERIES, '0.1', '--type', 'stop_market', '--trigger-price', '9'],
        `sell 0.1 ${SERIES} (stop_market), when mark is below 9`,
      ],
      [
        [
          'order',
          'place',
          'sell',
          SERIES,
          '0.1',
          '8',
          '--type',
          'take_limit',
          '--trigger-price',
          '9',
        ],
        `sell 0.1 ${SERIES} at 8 USD (take_limit), when mark is above 9`,
      ],
      [
        ['order', 'place', 'buy', 'BTC-CS-1DEC25-0805-100000_110000', '0.1', '-5'],
        'buy 0.1 BTC-CS-1DEC25-0805-100000_110000 at -5 USD',
      ],
      [['order', 'amend', '1', '--amount', '0.2'], 'amend order 1 to 0.2 at 1000 USD'],
      [['order', 'reduce', '1', '--amount', '0.2'], 'reduce order 1 to 0.2'],
      [
        ['order', 'replace', '1', 'buy', SERIES, '0.2', '990'],
        `replace order 1 by buy 0.2 ${SERIES} at 990 USD`,
      ],
      [
        ['order', 'replace', 'client:7', 'buy', SERIES, '0.2', '990'],
        `replace order client:7 by buy 0.2 ${SERIES} at 990 USD`,
      ],
      [['order', 'link', '1', 'client:2'], 'link orders 1 and client:2: one cancels the other'],
      [['order', 'cancel', '1'], 'cancel order 1'],
      [
        ['order', 'cancel-all', '--currency', 'btc', '--label', '4'],
        'cancel every open order on BTC with label 4 of sub-account 0',
      ],
      [['maker', 'quote', 'quotes.json'], 'quote 1 instruments'],
      [['maker', 'protect', 'BTC', '--window', '5000'], 'protect BTC quotes in windows of 5000 ms'],
      [['maker', 'reset', 'btc'], 'reset the protection of BTC quotes'],
      [
        ['maker', 'dead-man', '9000', '--all-sub-accounts'],
        'cancel every order of the account unless renewed within 9000 ms',
      ],
      [
        ['maker', 'budget', '1', '--actions-per-minute', '60'],
        'let key 1 do 60 actions a minute and order any number of USD a day',
      ],
      [
        ['combo', 'create', 'straddle', SERIES, SERIES],
        `list the straddle of ${SERIES}, ${SERIES}`,
      ],
      [['rfq', 'quote', '3', '--bid', '-4.5'], 'quote -4.5 / - USD a unit on request 3, 1 units'],
      [
        ['rfq', 'accept', '3', 'sell', '--limit', '-5', '--units', '2'],
        'sell 2 units of request 3 at -5 USD a unit or better',
      ],
      [['rfq', 'cancel'], 'withdraw every request and quote of sub-account 0'],
      [
        [
          ...['liquidation', 'take', '1030/2', '--auction', '7'],
          ...['--share', '25', '--limit', '-95.5'],
        ],
        'take up to 25 % of account 1030/2 in auction 7, at -95.5 USD for the whole at most',
      ],
      [['referral', 'set', MAKER], `name ${MAKER} as the one who brought this account, for good`],
    ];
    const runs = await many(dry.map(([argv]) => [...argv, '--dry-run', '--json']));
    for (const [at, [argv, summary]] of dry.entries()) {
      const run = runs[at] ?? { code: -1, stdout: '', stderr: '' };
      expect(run, argv.join(' ')).toMatchObject({ code: EXIT.ok, stderr: '' });
      expect(JSON.parse(run.stdout), argv.join(' ')).toMatchObject({ dry_run: true, summary });
    }
    const asked = await cli('rfq', 'request', '--leg', leg, '--dry-run', '--json');
    expect(json(asked)).toMatchObject({
      summary: expect.stringContaining(`ask for quotes on 1 × (${leg})`),
    });
    expect(node.pending).toEqual([]);
  });

  test('a block is offered in a file, shown, and taken by a transaction', async () => {
    const offer = ['block-trade', 'offer', '--to', TAKER, '--leg', `sell 25 ${SERIES} 1100`];
    const made = await cli(
      ...[...offer, '--out', 'block.json', '--yes', '--password-file', passwordFile, '--json'],
    );
    expect(json(made)).toMatchObject({ file: 'block.json' });
    expect(node.pending).toEqual([]);
    expect(json(await cli('block-trade', 'show', 'block.json', '--json'))).toMatchObject({
      net_usd: null,
      legs: [{ taker: 'sells', lots: 2_500, price_ticks: 1_100 }],
    });
    const again = await cli(
      ...[...offer, '--out', 'block.json', '--yes', '--password-file', passwordFile],
    );
    expect(again.code).toBe(EXIT.cannotCreate);
    const taken = await cli('block-trade', 'accept', 'block.json', '--dry-run', '--json');
    expect(json(taken)).toMatchObject({ summary: expect.stringContaining('block of 1 legs') });
  });

  test('what is not final in time says so by its status', async () => {
    const argv = ['order', 'place', 'buy', SERIES, '0.1', '1000', '--timeout', '50'];
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
  const reads = [
    [['order', 'list', MAKER], /order +client id +label +instrument/],
    [['order', 'show', '1'], /order_state +open/],
    [['order', 'triggers', MAKER], /order +instrument/],
    [['maker', 'status', MAKER], /fee tier/],
    [['combo', 'list'], /BTC-CS-1DEC25-0805-100000_110000 +call_spread +open +1 BTC/],
    [['rfq', 'list'], /request +units/],
    [['referral', 'show', MAKER], /referrer +none/],
    [['liquidation', 'list'], /No account is below maintenance margin/],
    [['liquidation', 'insurance'], /debt of all, USD +0/],
    [['trade', 'currencies'], /BTC +1 /],
    [['trade', 'trades', SERIES], /trade +time/],
    [['query', 'makers'], /counting begins/],
    [['query', 'proposers'], /blocks 1 to/],
    [['query', 'oracle'], /validator +weight +last vote/],
  ] as const;
  const shown = await many(reads.map(([argv]) => argv));
  for (const [at, [argv, said]] of reads.entries()) {
    expect(shown[at], argv.join(' ')).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(shown[at]?.stdout, argv.join(' ')).toMatch(said);
  }
  const account = await cli('account', MAKER);
  expect(account.stdout).toMatch(/0 +1000000 +0/);
  const proof = json(await cli('query', 'proof', 'supply', '00000000', '--json'));
  expect(proof).toMatchObject({ verified: true });
});

test('a settlement that does not verify says which step failed, and ends with status 5', async () => {
  // Headers of this node carry no config, so none of its blocks can be final.
  for (let i = 0; i < 9; i++) node.finalize();
  const [plain, asJson] = await many([
    ['query', 'settlement', 'BTC-1DEC25-0805', '--verify'],
    ['query', 'settlement', SERIES, '--verify', '--json'],
  ]);
  expect(plain).toMatchObject({ code: EXIT.notVerified, stdout: '' });
  expect(plain?.stderr).toMatch(
    /^miletus: finality: given wrong_config: block \d+ is of config 00/,
  );
  expect(asJson?.code).toBe(EXIT.notVerified);
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
