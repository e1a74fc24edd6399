/**
 * Every command there is, from the command line's own tables: help with an example, one JSON document, and
 * for arguments that are missing or wrong one line that names the field. Nothing is listed by hand, so a
 * new command is in the test as soon as it is there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandNode, everyCommand, groupNames } from '../../wallet/cli/command-tree.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { type Output, runMany } from './run-cli.ts';

/** They run until they are stopped; of these only help and wrong options are tried. */
const RUNNING = /^(?:node start|devnet|feeder (?:run|check)|signer )/;
/** What runs for ever prints events, one JSON object a line, without being asked. */
const WITHOUT_JSON = /^(?:node start|devnet stop|signer )/;

let home = '';
let commands: CommandNode[] = [];

/** Batches: a process takes its commands as one argument, of at most 128 KB. */
async function all(argvs: readonly (readonly string[])[]): Promise<Output[]> {
  const outputs: Output[] = [];
  for (let from = 0; from < argvs.length; from += 300) {
    const options = { cwd: home, env: { MILETUS_NODE: 'http://127.0.0.1:9' } };
    outputs.push(...(await runMany(argvs.slice(from, from + 300), options)));
  }
  return outputs;
}

const nameOf = ({ path }: CommandNode): string => path.join(' ');
const stopping = (): CommandNode[] => commands.filter((node) => !RUNNING.test(nameOf(node)));

/** A command with something in each of its places, and in each option that it cannot do without. */
function whole({ path, positionals, options }: CommandNode, value: string): string[] {
  const required = positionals.filter((one) => one.isRequired).map(() => value);
  const needed = options.filter((one) => one.isRequired);
  return [...path, ...required, ...needed.flatMap(({ name }) => [`--${name}`, value])];
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-every-'));
  commands = await everyCommand();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('every command has help with an example and takes --json', async () => {
  expect(commands.length).toBeGreaterThan(90);
  const helps = await all(commands.map(({ path }) => [...path, '--help']));
  for (const [at, node] of commands.entries()) {
    const name = nameOf(node);
    expect(helps[at], name).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(helps[at]?.stdout, name).toMatch(/Examples:\n {2}miletus /);
    if (!WITHOUT_JSON.test(name)) expect(helps[at]?.stdout, name).toContain('--json');
    const isWriting = node.options.some((one) => one.name === 'yes');
    if (isWriting) expect(helps[at]?.stdout, name).toContain('--dry-run');
  }
});

test('every place and option says what it is for', () => {
  const silent = commands.flatMap((node) =>
    [...node.positionals, ...node.options]
      .filter(({ describe }) => describe === '')
      .map(({ name }) => `${nameOf(node)} ${name}`),
  );
  expect(silent).toEqual([]);
});

test('an option that is none is named, with those that are', async () => {
  const given = stopping();
  const runs = await all(given.map((node) => [...whole(node, 'x'), '--no-such-option']));
  for (const [at, node] of given.entries()) {
    expect(runs[at], nameOf(node)).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(runs[at]?.stderr, nameOf(node)).toMatch(
      /^miletus: --no-such-option: given; allowed: --[^\n]+ \(see miletus [^\n]+ --help\)\n$/,
    );
  }
});

test('each place that is left empty is named, with what belongs there', async () => {
  const cases = commands.flatMap((node) => {
    const required = node.positionals.filter((one) => one.isRequired);
    return required.map((place, index) => ({
      node,
      place,
      argv: [...node.path, ...required.slice(0, index).map(() => 'x')],
    }));
  });
  expect(cases.length).toBeGreaterThan(60);
  const runs = await all(cases.map(({ argv }) => argv));
  for (const [at, { argv, place }] of cases.entries()) {
    const line = argv.join(' ');
    expect(runs[at], line).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(runs[at]?.stderr, line).toMatch(/^miletus: [^\n]+\n$/);
    expect(runs[at]?.stderr, line).toContain(`miletus: ${place.name}: given nothing; allowed: `);
  }
});

test('an option with an empty value is refused, and the line is never that of a broken program', async () => {
  // Two options of each command, in turn, so that all names are met: each costs a start of the parser.
  const cases = stopping().flatMap((node, at) => {
    const values = node.options.filter(({ kind }) => kind === 'value');
    const chosen = [values[at % values.length], values[(3 * at + 1) % values.length]];
    return [...new Set(chosen)].flatMap((one) =>
      one === undefined ? [] : { name: one.name, argv: [...whole(node, '7'), `--${one.name}`, ''] },
    );
  });
  expect(cases.length).toBeGreaterThan(100);
  const runs = await all(cases.map(({ argv }) => argv));
  for (const [at, { argv }] of cases.entries()) {
    const line = argv.join(' ');
    expect(runs[at]?.code, `${line}: ${runs[at]?.stderr}`).not.toBe(EXIT.unexpected);
    expect(runs[at]?.stderr, line).not.toMatch(/\n {4}at |TypeError|undefined/);
  }
}, 120_000);

test('whatever stands in the places, the answer is one line and a status that says what to do', async () => {
  const junk = ['', '☃', '-1', '0x10', '1e3', '9'.repeat(40), '../../etc/x', '{"a":1}', 'mil1qqqq'];
  const cases = stopping()
    .filter(({ positionals }) => positionals.length > 0)
    .flatMap((node, at) =>
      [at, at + 4].map((index) => whole(node, junk[index % junk.length] ?? '')),
    );
  const runs = await all(cases.map((argv) => [...argv, '--json']));
  for (const [at, argv] of cases.entries()) {
    const line = argv.join(' ');
    const run = runs[at];
    expect(run?.code, `${line}: ${run?.stderr}`).not.toBe(EXIT.unexpected);
    if (run === undefined || run.code === EXIT.ok || run.stderr === '') continue;
    const { error } = JSON.parse(run.stderr) as { error: { code: string; message: string } };
    expect(error.message, line).not.toBe('');
    expect(error.message, line).not.toMatch(/TypeError|undefined|\n/);
  }
}, 120_000);

test('a group names what is in it, and a word that is no command is refused with those that are', async () => {
  const groups = groupNames().map(({ name }) => name);
  const runs = await all([...groups.map((name) => [name, 'no-such-word']), ['no-such-group']]);
  for (const [at, name] of [...groups, 'command'].entries()) {
    const run = runs[at];
    expect(run?.code, name).not.toBe(EXIT.ok);
    expect(run?.code, name).not.toBe(EXIT.unexpected);
    expect(run?.stderr, name).toMatch(/^miletus: [^\n]+; allowed: [^\n]+\n$|^miletus: [^\n]+\n$/);
  }
});
