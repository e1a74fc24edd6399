/** Legs as arguments: `--leg "buy 0.1 BTC-25DEC26-100000-C"`, with a price for blocks. */
import type { Argv } from 'yargs';
import type { Client } from '../client/client.ts';
import type { LegInput } from '../client/multileg-input.ts';
import { usageError } from './cli-error.ts';
import { type Arguments, integer, texts } from './options.ts';
import { instrumentOf, timeOf } from './order-options.ts';

const FORM = 'buy|sell AMOUNT INSTRUMENT [PRICE], e.g. "buy 0.1 BTC-25DEC26-100000-C"';
/** How long requests and quotes live unless told, ms. */
const DEFAULT_LIFE_MS = 10_000;

/** Adds `--leg`, which may come several times. */
export function withLegs(yargs: Argv): Argv {
  return yargs.option('leg', {
    type: 'string',
    array: true,
    describe: `${FORM}; once for each leg`,
  }) as unknown as Argv;
}

/** The legs of the arguments, with the grids of their instruments. */
export function legsOf(argv: Arguments, client: Client): Promise<LegInput[]> {
  const given = texts(argv, 'leg');
  if (given.length === 0) throw usageError('--leg', '', FORM);
  return Promise.all(
    given.map(async (leg): Promise<LegInput> => {
      const [side, amount, name, price, ...rest] = leg.trim().split(/\s+/);
      const isSide = side === 'buy' || side === 'sell';
      if (!isSide || amount === undefined || name === undefined || rest.length > 0) {
        throw usageError('--leg', leg, FORM);
      }
      const instrument = await instrumentOf(client, name);
      return { instrument, side, amount, ...(price === undefined ? {} : { price }) };
    }),
  );
}

/** Legs as the summary of a command says them. */
export function describeLegs(legs: readonly LegInput[]): string {
  return legs
    .map(({ side, amount, instrument, price }) => {
      const at = price === undefined ? '' : ` at ${price}`;
      return `${side} ${amount} ${instrument.instrument_name}${at}`;
    })
    .join(', ');
}

/** Adds `--valid-until` and `--valid-for`. */
export function withLife(yargs: Argv): Argv {
  return yargs
    .option('valid-for', { type: 'string', describe: `Milliseconds it lives (${DEFAULT_LIFE_MS})` })
    .option('valid-until', {
      type: 'string',
      describe: 'Or its end: 2026-12-25T08:00:00Z, or ms since 1970',
    }) as unknown as Argv;
}

/** When what arguments describe ends, ms since 1970. */
export function validUntilOf(argv: Arguments, defaultLifeMs: number = DEFAULT_LIFE_MS): number {
  const until = timeOf(argv, 'valid-until');
  const life = integer(argv, 'valid-for', { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (until !== undefined && life !== undefined) {
    throw usageError('--valid-for', 'with --valid-until', 'one of the two');
  }
  return until ?? Date.now() + (life ?? defaultLifeMs);
}
