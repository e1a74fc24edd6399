/**
 * The commands as data: their paths, what they take, what they say of it. Read from yargs' own tables, so
 * the guide and the tests walk exactly the commands that there are.
 *
 * `getInternalMethods` is yargs' door to them; it is not typed, and the version is pinned.
 */
import yargs, { type Argv } from 'yargs';
import { GROUPS } from './run.ts';

/** What a command takes by place. */
export type Positional = {
  readonly name: string;
  readonly describe: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
};
export type CommandOption = {
  readonly name: string;
  readonly describe: string;
  readonly kind: 'flag' | 'value';
  /** Yargs refuses the command without it. */
  readonly isRequired: boolean;
};
export type CommandNode = {
  /** Words that name it, e.g. `stake`, `delegate`. */
  readonly path: readonly string[];
  readonly describe: string;
  readonly positionals: readonly Positional[];
  readonly options: readonly CommandOption[];
  /** Commands below it; one that is also a command itself has both. */
  readonly children: readonly CommandNode[];
  /** Whether the path alone is a command. */
  readonly isCommand: boolean;
};

type Place = { readonly cmd: readonly string[]; readonly variadic: boolean };
type Handler = {
  readonly original: string;
  readonly description: string | false | undefined;
  readonly builder?: unknown;
  readonly demanded: readonly Place[];
  readonly optional: readonly Place[];
};
type Inside = {
  getInternalMethods(): {
    getCommandInstance(): { getCommandHandlers(): Readonly<Record<string, Handler>> };
    getUsageInstance(): { getDescriptions(): Readonly<Record<string, string | undefined>> };
  };
  getOptions(): { readonly boolean: readonly string[]; readonly demandedOptions: object };
};

const inside = (of: Argv): Inside => of as unknown as Inside;
const handlersOf = (of: Argv): Readonly<Record<string, Handler>> =>
  inside(of).getInternalMethods().getCommandInstance().getCommandHandlers();

const textOf = (describe: string | undefined): string =>
  (describe ?? '').replace(/^__yargsString__:/, '');

function positionalsOf(
  handler: Pick<Handler, 'demanded' | 'optional'>,
  describe: (name: string) => string,
): Positional[] {
  const of = ({ cmd, variadic }: Place, isRequired: boolean): Positional => {
    const name = cmd[0] ?? '';
    return { name, describe: describe(name), isRequired, isVariadic: variadic };
  };
  return [
    ...handler.demanded.map((place) => of(place, true)),
    ...handler.optional.map((place) => of(place, false)),
  ];
}

async function nodeOf(
  path: readonly string[],
  handler: Handler,
  build: (of: Argv) => unknown,
): Promise<CommandNode> {
  const built = yargs([]);
  await build(built);
  const handlers = handlersOf(built);
  // A group's own command, where it has one, takes what its builder adds.
  const own = handlers['$0'];
  if (typeof own?.builder === 'function') await (own.builder as (of: Argv) => unknown)(built);
  const descriptions = inside(built).getInternalMethods().getUsageInstance().getDescriptions();
  const { boolean, demandedOptions } = inside(built).getOptions();
  const describe = (name: string): string => textOf(descriptions[name]);
  const positionals = positionalsOf(own ?? handler, describe);
  const places = new Set(positionals.map(({ name }) => name));
  const children: CommandNode[] = [];
  for (const [name, child] of Object.entries(handlers)) {
    if (name === '$0') continue;
    const { builder } = child;
    const inner = typeof builder === 'function' ? (y: Argv) => builder(y) as unknown : () => {};
    children.push(await nodeOf([...path, name], child, inner));
  }
  return {
    path,
    describe: handler.description === false ? '' : textOf(handler.description),
    positionals,
    options: Object.keys(descriptions)
      .filter((name) => !places.has(name) && name !== 'help' && name !== 'version')
      .map((name) => ({
        name,
        describe: describe(name),
        kind: boolean.includes(name) ? ('flag' as const) : ('value' as const),
        isRequired: name in demandedOptions,
      })),
    children,
    isCommand: children.length === 0 || own !== undefined,
  };
}

/** Groups by name with what they are for: nothing is loaded. */
export function groupNames(): { readonly name: string; readonly describe: string }[] {
  return GROUPS.map(({ command, describe }) => ({ name: command.split(' ')[0] ?? '', describe }));
}

/** A group with everything below it; `undefined` when there is none of that name. */
export async function commandGroup(name: string): Promise<CommandNode | undefined> {
  const group = GROUPS.find(({ command }) => command.split(' ')[0] === name);
  if (group === undefined) return undefined;
  const build = await group.load();
  const outer = yargs([]).command({
    command: group.command,
    describe: group.describe,
    handler: () => {},
  });
  const handler = Object.values(handlersOf(outer))[0];
  return handler && nodeOf([name], handler, build);
}

/** Every command that can be carried out, in the order of the help. */
export async function everyCommand(): Promise<CommandNode[]> {
  const found: CommandNode[] = [];
  const visit = (node: CommandNode): void => {
    if (node.isCommand) found.push(node);
    node.children.forEach(visit);
  };
  for (const { name } of groupNames()) {
    const group = await commandGroup(name);
    if (group !== undefined) visit(group);
  }
  return found;
}
