/**
 * Logs: pino behind the `Log` port, a level per module, JSON lines or, on a terminal, one readable
 * line an event.
 */
import { pino } from 'pino';
import type { Log, LogLevel } from './ports.ts';

/** `default` for every module that is not named. */
export type LogLevels = { readonly default: LogLevel } & { readonly [module: string]: LogLevel };

/** `json`: one object a line. `text`: for people. `auto`: text on a terminal. */
export type LogFormat = 'auto' | 'json' | 'text';

type Line = { readonly [field: string]: unknown };

const FIXED_FIELDS = new Set(['time', 'level', 'module', 'msg']);

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === 'string') return /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

/** `12:00:00.000 INFO  driver  block final height=12 txs=3`. */
export function textLine(line: Line): string {
  const time = new Date(Number(line['time'])).toISOString().slice(11, 23);
  const level = pino.levels.labels[Number(line['level'])] ?? 'info';
  const facts = Object.entries(line)
    .filter(([name]) => !FIXED_FIELDS.has(name))
    .map(([name, value]) => ` ${name}=${show(value)}`)
    .join('');
  const module = String(line['module'] ?? 'node');
  return `${time} ${level.toUpperCase().padEnd(5)} ${module.padEnd(9)} ${String(line['msg'])}${facts}\n`;
}

/** Bigints as text, errors with their stacks: whatever a fact may hold. */
function plain(facts: object): object {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => {
      if (typeof value === 'bigint') return [name, `${value}`];
      if (value instanceof Error) return [name, value.stack ?? value.message];
      return [name, value as unknown];
    }),
  );
}

/** The log of a process; modules are its children, each at its own level. */
export function createLog(options: {
  readonly levels: LogLevels;
  readonly format: LogFormat;
  /** Where lines go. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}): Log {
  const { levels, format, stream = process.stdout } = options;
  const asText = format === 'text' || (format === 'auto' && stream.isTTY === true);
  const root = pino(
    { level: 'trace', base: null },
    {
      write: (line: string) => {
        stream.write(asText ? textLine(JSON.parse(line) as Line) : line);
      },
    },
  );
  const logOf = (module: string): Log => {
    const level = levels[module] ?? levels[module.split('.')[0] ?? ''] ?? levels.default;
    const logger = root.child({ module }, { level });
    return {
      trace: (facts, event) => logger.trace(plain(facts), event),
      debug: (facts, event) => logger.debug(plain(facts), event),
      info: (facts, event) => logger.info(plain(facts), event),
      warn: (facts, event) => logger.warn(plain(facts), event),
      error: (facts, event) => logger.error(plain(facts), event),
      child: (name) => logOf(module === 'node' ? name : `${module}.${name}`),
    };
  };
  return logOf('node');
}
