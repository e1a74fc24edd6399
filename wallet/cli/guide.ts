/**
 * Guides a person at a terminal: asks what is missing of a command, prints the one line that does the
 * same, and hands that over. Passwords and confirmations are the commands' own to ask.
 */
import { createInterface, type Interface } from 'node:readline/promises';
import { listKeys } from '../keys/key-folder.ts';
import { CliError } from './cli-error.ts';
import { type CommandNode, commandGroup, groupNames, type Positional } from './command-tree.ts';
import { EXIT } from './exit-codes.ts';
import { keysFolder } from './options.ts';
import { table } from './output.ts';

/** Options that a guide does not ask for: about where and how, not what. */
const OF_THE_MACHINE = new Set([
  ...['json', 'node', 'keys', 'password-file', 'yes', 'verify', 'checkpoint', 'from', 'timeout'],
  ...['dry-run', 'generate', 'signer', 'ttl', 'mnemonic-file'],
]);

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The line that a person could have typed. */
export function oneLine(argv: readonly string[]): string {
  return ['miletus', ...argv].map(shellWord).join(' ');
}

type Terminal = {
  readonly ask: (question: string) => Promise<string>;
  readonly say: (lines: readonly string[]) => void;
};

/** Asks until `take` gives something; `undefined` from it says why not on its own. */
async function choose<T>(
  { ask, say }: Terminal,
  question: string,
  choices: readonly { readonly name: string; readonly describe: string; readonly value: T }[],
): Promise<T> {
  say([
    question,
    ...table(choices.map(({ name, describe }, index) => [`  ${index + 1}`, name, describe])),
  ]);
  for (;;) {
    const given = (await ask('number or name: ')).trim();
    const found = choices.find(({ name }, index) => given === name || given === String(index + 1));
    if (found !== undefined) return found.value;
    if (given === '') throw left();
    say([`given ${given}; allowed: 1 to ${choices.length}, or a name; nothing leaves`]);
  }
}

function left(): CliError {
  const allowed = 'a command: `miletus --help` lists them';
  return new CliError(EXIT.declined, { field: 'guide', given: '', allowed });
}

/** Words of `given` that are no options and no values of options. */
function placesGiven(node: CommandNode, given: readonly string[]): number {
  const values = new Set(node.options.flatMap((one) => (one.kind === 'value' ? one.name : [])));
  let count = 0;
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? '';
    if (!word.startsWith('-')) count += 1;
    else if (values.has(word.replace(/^--?/, ''))) i += 1;
  }
  return count;
}

async function askPositional({ ask, say }: Terminal, place: Positional): Promise<string[]> {
  const { name, describe, isRequired, isVariadic } = place;
  const hint = isRequired ? '' : ' (nothing: leave it out)';
  for (;;) {
    const given = (await ask(`${name}: ${describe}${hint}\n> `)).trim();
    if (given !== '') return isVariadic ? given.split(/\s+/) : [given];
    if (!isRequired) return [];
    say([`${name}: given nothing; allowed: ${describe || 'a value'}`]);
  }
}

/** `--from`: the only key, or one that is chosen. */
async function askKey(
  terminal: Terminal,
  node: CommandNode,
  given: readonly string[],
): Promise<string[]> {
  const isAsked = node.options.some(({ name }) => name === 'from');
  if (!isAsked || given.some((word) => /^--(?:from|signer|account)\b/.test(word))) return [];
  // An account by place is shown for itself: no key is needed.
  if (node.positionals[0]?.name === 'account') return [];
  const keys = listKeys(keysFolder({}));
  if (keys.length < 2) return keys.flatMap(({ name }) => ['--from', name]);
  const choices = keys.map(({ name }) => ({ name, describe: '', value: name }));
  return ['--from', await choose(terminal, 'which key signs?', choices)];
}

/** Further options of the command itself, one a line. */
async function askOptions(
  { ask, say }: Terminal,
  node: CommandNode,
  given: readonly string[],
): Promise<string[]> {
  const open = node.options.filter(
    ({ name }) => !OF_THE_MACHINE.has(name) && !given.includes(`--${name}`),
  );
  if (open.length === 0) return [];
  const names = open.map(({ name, kind }) => `--${name}${kind === 'flag' ? '' : ' VALUE'}`);
  const chosen: string[] = [];
  for (;;) {
    const line = (
      await ask(`options (${names.join(', ')}; ? explains; nothing goes on)\n> `)
    ).trim();
    if (line === '') return chosen;
    if (line === '?') {
      say(table(open.map(({ name, describe }) => [`  --${name}`, describe])));
      continue;
    }
    const [word = '', ...rest] = line.replace(/^--/, '').split(/[\s=]+/);
    const option = open.find(({ name }) => name === word);
    const value = rest.join(' ');
    if (option === undefined || (option.kind === 'value') !== (value !== '')) {
      say([`given ${line}; allowed: ${names.join(', ')}`]);
    } else chosen.push(`--${word}`, ...(value === '' ? [] : [value]));
  }
}

/** The command that the words name, and how many of them do; groups are chosen from as needed. */
async function commandMeant(
  terminal: Terminal,
  words: readonly string[],
): Promise<{ readonly node: CommandNode; readonly named: number } | undefined> {
  let name = words[0];
  name ??= await choose(
    terminal,
    'what would you like to do?',
    groupNames().map(({ name: of, describe }) => ({ name: of, describe, value: of })),
  );
  let node = await commandGroup(name);
  let named = Math.min(1, words.length);
  while (node !== undefined && node.children.length > 0) {
    const next = words[named];
    const child = node.children.find(({ path }) => path.at(-1) === next);
    if (child !== undefined) named += 1;
    // A word that is no command below it is what the group's own command takes, or a mistake.
    else if (next !== undefined) return node.isCommand ? { node, named } : undefined;
    const { path, isCommand, describe, children }: CommandNode = node;
    // A group with a command of its own is complete by itself.
    if (child === undefined && isCommand && words.length > 0) return { node, named };
    const own = isCommand ? [{ name: path.at(-1) ?? '', describe, value: undefined }] : [];
    const below = children.map((one) => ({
      name: one.path.at(-1) ?? '',
      describe: one.describe,
      value: one as CommandNode | undefined,
    }));
    const chosen =
      child ?? (await choose(terminal, `${path.join(' ')}: what?`, [...own, ...below]));
    if (chosen === undefined) return { node, named };
    node = chosen;
  }
  return node && { node, named };
}

/**
 * The arguments, complete: as given when nothing is missing, else with what the person answered. Throws
 * `CliError` (declined) when the person leaves.
 */
export async function guided(argv: readonly string[]): Promise<readonly string[]> {
  const firstOption = argv.findIndex((word) => word.startsWith('-'));
  const words = firstOption < 0 ? argv : argv.slice(0, firstOption);
  let lines: Interface | undefined;
  // Nothing is read from the terminal before there is a question.
  const ask = async (question: string): Promise<string> => {
    const open = lines ?? createInterface({ input: process.stdin, output: process.stderr });
    lines = open;
    const closed = new Promise<never>((_, reject) => {
      open.once('close', () => reject(left()));
      open.once('SIGINT', () => reject(left()));
    });
    return Promise.race([open.question(question), closed]);
  };
  const terminal: Terminal = {
    ask,
    say: (text) => void process.stderr.write(`${text.join('\n')}\n`),
  };
  try {
    const meant = await commandMeant(terminal, words);
    if (meant === undefined) return argv;
    const { node, named } = meant;
    const given = argv.slice(named);
    const places = placesGiven(node, given);
    const isWhole = words.length >= node.path.length;
    const required = node.positionals.filter(({ isRequired }) => isRequired).length;
    if (isWhole && places >= required) return argv;
    const answers: string[] = [];
    // Of a command that was typed, only what it cannot do without.
    const missing = node.positionals.slice(places);
    for (const place of missing) {
      if (place.isRequired || !isWhole) answers.push(...(await askPositional(terminal, place)));
    }
    const key = isWhole ? [] : await askKey(terminal, node, given);
    const options = isWhole ? [] : await askOptions(terminal, node, given);
    const whole = [...node.path, ...given, ...answers, ...key, ...options];
    terminal.say(['', 'the same in one line:', `  ${oneLine(whole)}`, '']);
    return whole;
  } finally {
    lines?.close();
  }
}
