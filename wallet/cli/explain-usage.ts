/**
 * Says of arguments that yargs refused which field is wrong, what was given, and what is allowed. Loaded
 * when a command failed so, and not before.
 */
import { type CommandNode, commandGroup, groupNames } from './command-tree.ts';

/** The command that the words reach, and how many name it. */
async function commandOf(
  argv: readonly string[],
): Promise<{ readonly node: CommandNode; readonly named: number } | undefined> {
  let node = await commandGroup(argv[0] ?? '');
  let named = 1;
  while (node !== undefined) {
    const next = node.children.find(({ path }) => path.at(-1) === argv[named]);
    if (next === undefined) return { node, named };
    node = next;
    named += 1;
  }
  return undefined;
}

const optionsOf = ({ options }: CommandNode): string =>
  options.map(({ name }) => `--${name}`).join(', ');

function optionNamed(node: CommandNode, name: string): string {
  const found = node.options.find((one) => one.name === name);
  return found?.describe || 'a value';
}

/** How many places are filled: words after the command that are no options and no values of theirs. */
function filled(node: CommandNode, given: readonly string[]): number {
  const values = new Set(node.options.flatMap((one) => (one.kind === 'value' ? one.name : [])));
  let count = 0;
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? '';
    if (!word.startsWith('-')) count += 1;
    else if (values.has(word.slice(2))) i += 1;
  }
  return count;
}

/** The line of a refusal in the form `field: given …; allowed: …`; `undefined` where there is no better. */
export async function explainUsage(
  message: string,
  argv: readonly string[],
): Promise<string | undefined> {
  const found = await commandOf(argv);
  if (found === undefined) {
    const names = groupNames().map(({ name }) => name);
    if (argv[0] === undefined || argv[0].startsWith('-')) return undefined;
    return `command: given ${argv[0]}; allowed: ${names.join(', ')}`;
  }
  const { node, named } = found;
  const given = argv.slice(named);
  if (/^Not enough non-option arguments/.test(message)) {
    const place = node.positionals[filled(node, given)];
    return place && `${place.name}: given nothing; allowed: ${place.describe || 'a value'}`;
  }
  const [, missing] = /^Missing required arguments?: ([\w-]+)/.exec(message) ?? [];
  if (missing !== undefined) {
    return `--${missing}: given nothing; allowed: ${optionNamed(node, missing)}`;
  }
  const [, empty] = /^Not enough arguments following: ([\w-]+)/.exec(message) ?? [];
  if (empty !== undefined) return `--${empty}: given nothing; allowed: ${optionNamed(node, empty)}`;
  const [, unknown] = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(message) ?? [];
  if (unknown === undefined) return undefined;
  // Yargs takes `--no-x` for the opposite of `--x`.
  const option = [`--${unknown}`, `--no-${unknown}`].find((name) =>
    given.some((word) => word.replace(/=.*/s, '') === name),
  );
  if (option !== undefined) return `${option}: given; allowed: ${optionsOf(node)}`;
  if (!node.isCommand || node.children.length > 0) {
    const names = node.children.map(({ path }) => path.at(-1));
    return `${node.path.join(' ')}: given ${unknown}; allowed: ${names.join(', ')}`;
  }
  const places = node.positionals.map(({ name }) => name).join(', ') || 'no more words';
  return `${node.path.join(' ')}: given ${unknown} besides; allowed: ${places}`;
}
