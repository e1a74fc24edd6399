/** `miletus feeder`: the price feeder of a validator. */
import { existsSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { CliError, usageError } from '../wallet/cli/cli-error.ts';
import { EXIT } from '../wallet/cli/exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  texts,
  withJson,
} from '../wallet/cli/options.ts';
import { print, table } from '../wallet/cli/output.ts';
import type { CheckReport } from './check.ts';
import { exampleConfig, readFeederConfig } from './config.ts';
import { createEventLog } from './event-log.ts';
import type { Replay } from './open-sources.ts';

const DEFAULT_CHECK_S = 10;

/** `--speed`: decimal, above 0. */
function speedOf(argv: Arguments): number {
  const given = text(argv, 'speed');
  if (given === undefined) return 1;
  const speed = /^\d{1,6}(?:\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  if (!(speed > 0)) throw usageError('--speed', given, 'a number above 0, to 999999');
  return speed;
}

function replayOf(argv: Arguments): Replay | undefined {
  const files = texts(argv, 'replay');
  if (files.length === 0) {
    if (text(argv, 'speed') !== undefined) throw usageError('--speed', 'alone', 'with --replay');
    return undefined;
  }
  return { files, speed: speedOf(argv) };
}

/** A line of the log as people read it. */
function readable(line: string): string {
  const { time, event, name: _name, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(facts).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 23)} ${String(event)}${shown.join('')}`;
}

async function run(argv: Arguments): Promise<void> {
  const config = readFeederConfig(mustText(argv, 'config', 'a file'));
  const replay = replayOf(argv);
  const isJson = flag(argv, 'json');
  const write = (line: string): void => {
    process.stdout.write(`${isJson ? line : readable(line)}\n`);
  };
  const log = createEventLog('feeder', write);
  const { startFeeder } = await import('./process.ts');
  const feeder = await startFeeder(config, { log, replay });
  if (feeder.metricsUrl !== undefined)
    log.event('metrics', { url: `${feeder.metricsUrl}/metrics` });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  log.event('stops');
  await feeder.stop();
  // Sockets of the client that are still being dialled would hold the process.
  process.exit(EXIT.ok);
}

function reportLines({ sources, underlyings, passed }: CheckReport): string[] {
  const rows = sources.map((source) => [
    source.name,
    source.state,
    `${source.quotes}`,
    `${source.faults}`,
    Object.entries(source.prices)
      .map(([coin, price]) => `${coin} ${price.toFixed(2)}`)
      .join(' ') || '–',
    `${source.options} in ${source.expiries} expiries`,
  ]);
  const faults = sources.flatMap(({ name, first_fault: fault }) =>
    fault === null ? [] : [`${name}: ${fault}`],
  );
  return [
    ...table([['source', 'state', 'quotes', 'faults', 'prices', 'options'], ...rows]),
    ...faults,
    ...underlyings.flatMap(({ underlying, index, confidence, sources: used, fits }) => [
      '',
      index === null
        ? `${underlying}: too few sources`
        : `${underlying}: index ${index.toFixed(2)}, confidence ${confidence.toFixed(3)}, ${used} sources`,
      ...table(
        fits.map((fit) => [
          `  ${new Date(fit.expiryMs).toISOString().slice(0, 16)}Z`,
          `forward ${fit.forward.toFixed(2)}`,
          `${fit.points} points`,
          `${fit.outliers} outliers`,
          `error ${fit.repairedRmsePoints.toFixed(2)} points of volatility`,
        ]),
      ),
    ]),
    '',
    passed ? 'Every source gave what it is configured for.' : 'Not every source gave its prices.',
  ];
}

async function check(argv: Arguments): Promise<void> {
  const config = readFeederConfig(mustText(argv, 'config', 'a file'));
  const replay = replayOf(argv);
  const seconds = integer(argv, 'seconds', { min: 1, max: 600 }) ?? DEFAULT_CHECK_S;
  const { openSources } = await import('./open-sources.ts');
  const { checkSources } = await import('./check.ts');
  const { sources, rules, minSources } = openSources(config, replay);
  const report = await checkSources({
    sources,
    underlyings: config.underlyings,
    rules: { ...config.aggregation, minSources, sources: rules },
    forMs: seconds * 1_000,
  });
  print(flag(argv, 'json'), report, reportLines(report));
  if (!report.passed) process.exitCode = EXIT.unreachable;
}

function init(argv: Arguments): void {
  const path = mustText(argv, 'file', 'a file to write');
  if (existsSync(path)) {
    const facts = { field: 'file', given: path, allowed: 'a file that is not there yet' };
    throw new CliError(EXIT.cannotCreate, facts);
  }
  writeFileSync(path, exampleConfig());
  print(flag(argv, 'json'), { config: path }, [
    `Wrote ${path}. Look through it, then: miletus feeder check --config ${path}`,
  ]);
}

const withConfig = (y: Argv): Argv =>
  withJson(y)
    .option('config', { type: 'string', demandOption: true, describe: 'Configuration file' })
    .option('replay', {
      type: 'string',
      array: true,
      describe: 'Recording in place of sources; may come several times',
    })
    .option('speed', {
      type: 'string',
      describe: 'Times the recorded speed (1)',
    }) as unknown as Argv;

export function buildFeeder(yargs: Argv): Argv {
  return yargs
    .command(
      'init <file>',
      'Write a configuration with every key explained',
      (y) =>
        withJson(y)
          .positional('file', { type: 'string', describe: 'File to write; must not be there' })
          .example('$0 feeder init n0/feeder.toml', 'then edit it'),
      init,
    )
    .command(
      'check',
      'Listen to each source for some seconds and show what it said',
      (y) =>
        withConfig(y)
          .option('seconds', { type: 'string', describe: `How long (${DEFAULT_CHECK_S})` })
          .example('$0 feeder check --config n0/feeder.toml', 'signs and sends nothing'),
      check,
    )
    .command(
      'run',
      'Vote prices until it is stopped',
      (y) => withConfig(y).example('$0 feeder run --config n0/feeder.toml', 'Ctrl-C stops it'),
      run,
    );
}
