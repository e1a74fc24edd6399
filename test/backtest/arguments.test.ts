/** The command line of the back-test. */
import { describe, expect, test } from 'vitest';
import { HELP, readArguments } from '../../backtest/arguments.ts';
import { CRASH_DAYS } from '../../backtest/crash-days.ts';

describe('arguments', () => {
  test('of the issue', () => {
    const crash = readArguments(['--data', '../shared/data', '--json']);
    expect(crash).toMatchObject({ kind: 'crash', data: '../shared/data', json: true });
    if (crash.kind !== 'crash') throw new Error('crash days');
    expect(crash.accounts).toBe(10_000);
    expect(crash.days).toEqual(CRASH_DAYS.map(({ name }) => name));
    expect(crash.sets).toContain('default');
    expect(readArguments(['--manipulate'])).toMatchObject({ kind: 'manipulate', json: false });
    expect(readArguments(['--help'])).toEqual({ kind: 'help' });
  });

  test.each([
    [[], '--data FOLDER or --manipulate'],
    [['--data'], '--data needs a value'],
    [['--fast'], 'unknown option --fast'],
    [['--data', 'x', '--day', '1999-01-01'], 'no day 1999-01-01'],
    [['--data', 'x', '--set', 'lucky'], 'no parameter set lucky'],
    [['--data', 'x', '--accounts', '5'], '--accounts'],
    [['--data', 'x', '--seed', '-1'], '--seed'],
  ])('that are wrong say why: %j', (args, problem) => {
    const read = readArguments(args);
    expect(read.kind === 'wrong' && read.problem).toContain(problem);
  });

  test('the help names every day', () => {
    for (const { name } of CRASH_DAYS) expect(HELP).toContain(name);
  });
});
