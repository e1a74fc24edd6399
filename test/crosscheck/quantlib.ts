/**
 * Our prices, Greeks and implied volatilities against QuantLib's Python package, where it is installed:
 *
 *     node test/crosscheck/quantlib.ts [--python PATH] [--points N] [--json]
 *
 * Where it is not, it says so and compares nothing (exit status 0). Exit status 1 when anything differs
 * by more than is stated below, 64 when the arguments are wrong.
 *
 * What may differ: QuantLib's Black formula is a difference of two products, good to some ulp of
 * the greater of forward and strike; both our Greeks rest on ln(F/K) ÷ deviation, an ulp of which is
 * 1 ÷ deviation of theirs; its implied deviation (Li's iteration) is compared where vega says that a price can tell it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { greeks } from '../../runtime/pricing/greeks.ts';
import { impliedDeviation } from '../../runtime/pricing/implied-volatility.ts';

const EXIT_USAGE = 64;
const NOT_INSTALLED = 3;
const MOST_POINTS = 200_000;
const ULP = 2 ** -52;
/** In ulp of max(forward, strike). */
const PRICE_ULPS = 8;
/**
 * In ulp × (1 + 1 ÷ deviation), as d₁ is good to: of delta, and of a density of d₁. Against 40 digits of mpmath
 * the densities of QuantLib 1.44 are good to 134 of it six deviations out, ours to 13.
 */
const DISTANCE_ULPS = 4;
const DENSITY_ULPS = 256;
/** Of the deviation, beyond what an error of the price moves it by. */
const IMPLIED_ALLOWED = 1e-9;

type Point = {
  readonly kind: 'call' | 'put';
  readonly forward: number;
  readonly strike: number;
  readonly deviation: number;
  readonly price: number;
};
type Answer = {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly vega: number;
  readonly implied: number | null;
};

/** Points that a market could show: to six deviations from the money. The same every time. */
function points(count: number): Point[] {
  let seed = 20_261_121;
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const kind = next() < 0.5 ? 'call' : 'put';
    const forward = 10 ** (next() * 6 - 1);
    const deviation = 10 ** (next() * 3 - 2.5);
    const strike = forward * Math.exp(deviation * (12 * next() - 6));
    const price = (kind === 'call' ? callPrice : putPrice)(forward, strike, deviation);
    return { kind, forward, strike, deviation, price };
  });
}

/** The greatest difference of each number, in what it is allowed. */
function compare(all: readonly Point[], answers: readonly Answer[]): Record<string, number> {
  const worst = { price: 0, delta: 0, gamma: 0, vega: 0, implied: 0 };
  const note = (name: keyof typeof worst, error: number, allowed: number): void => {
    worst[name] = Math.max(worst[name], error / allowed);
  };
  for (const [i, { kind, forward, strike, deviation, price }] of all.entries()) {
    const answer = answers[i];
    if (answer === undefined) throw new Error(`no answer to point ${i}`);
    const own = greeks({ kind, forward, strike, volatility: deviation, years: 1 });
    const size = Math.max(forward, strike);
    note('price', Math.abs(price - answer.price), PRICE_ULPS * ULP * size);
    const perDeviation = ULP * (1 + 1 / deviation);
    note('delta', Math.abs(own.delta - answer.delta), DISTANCE_ULPS * perDeviation);
    const density = DENSITY_ULPS * perDeviation;
    note('gamma', Math.abs(own.gamma - answer.gamma), density * own.gamma);
    note('vega', Math.abs(own.vega - answer.vega), density * own.vega);
    const found = impliedDeviation({ kind, forward, strike, price });
    const told = (8 * ULP * size) / own.vega;
    if (answer.implied === null || !found.ok || told > IMPLIED_ALLOWED * deviation) continue;
    const allowed = IMPLIED_ALLOWED * deviation + told;
    note('implied', Math.abs(found.value - answer.implied), allowed);
  }
  return worst;
}

function run(): number {
  const { values } = parseArgs({
    options: {
      python: { type: 'string', default: 'python3' },
      points: { type: 'string', default: '20000' },
      json: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.points);
  if (!Number.isInteger(count) || count < 1 || count > MOST_POINTS) {
    console.error(`--points is a number from 1 to ${MOST_POINTS}`);
    return EXIT_USAGE;
  }
  const all = points(count);
  const { status, stdout, stderr, error } = spawnSync(
    values.python,
    [join(import.meta.dirname, 'quantlib.py')],
    { input: all.map((point) => JSON.stringify(point)).join('\n'), maxBuffer: 2 ** 28 },
  );
  if (error !== undefined || status === NOT_INSTALLED) {
    const why = error === undefined ? 'its QuantLib package is not installed' : error.message;
    console.log(`nothing compared: ${values.python}: ${why} (pip install QuantLib)`);
    return 0;
  }
  if (status !== 0) throw new Error(stderr.toString());
  const [first = '{}', ...lines] = stdout.toString().trim().split('\n');
  const { version } = JSON.parse(first) as { readonly version: string };
  const worst = compare(
    all,
    lines.map((line) => JSON.parse(line) as Answer),
  );
  const isWithin = Object.values(worst).every((share) => share <= 1);
  if (values.json) console.log(JSON.stringify({ version, points: count, worst, isWithin }));
  else {
    console.log(`QuantLib ${version}, ${count} points; greatest difference, of what is allowed:`);
    for (const [name, share] of Object.entries(worst)) console.log(`  ${name} ${share.toFixed(3)}`);
  }
  return isWithin ? 0 : 1;
}

process.exitCode = run();
