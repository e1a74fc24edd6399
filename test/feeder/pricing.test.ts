import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { calibrateHeston, type Smile } from '../../feeder/pricing/calibrate-heston.ts';
import {
  type HestonParameters,
  hestonCalls,
  hestonPrice,
  meanVariance,
} from '../../feeder/pricing/heston.ts';
import { leastSquares, solveCholesky } from '../../feeder/pricing/least-squares.ts';
import { localQuote } from '../../feeder/pricing/local-quote.ts';
import { fitSabr, sabrVolatility } from '../../feeder/pricing/sabr.ts';
import {
  fitSsvi,
  repairSsvi,
  type SsviSurface,
  ssviFault,
  ssviTheta,
  ssviVariance,
} from '../../feeder/pricing/ssvi.ts';
import {
  butterflyDensity,
  calendarFault,
  fitSvi,
  jumpWingsOf,
  leastButterflyDensity,
  type RawSvi,
  rawOfJumpWings,
  repairButterfly,
  repairCalendar,
  sviFault,
  sviVariance,
} from '../../feeder/pricing/svi.ts';
import { callPrice } from '../../runtime/pricing/black76.ts';
import { impliedVolatility } from '../../runtime/pricing/implied-volatility.ts';

type Row = readonly [
  name: string,
  market: { s: number; r: number; q: number; t: number },
  parameters: HestonParameters,
  values: readonly (readonly [kind: 'call' | 'put', strike: number, value: number])[],
];

const heston = (v0: number, kappa: number, theta: number, sigma: number, rho: number) => ({
  v0,
  kappa,
  theta,
  sigma,
  rho,
});

/** Rows 20 to 28 of the published values: options.md §1, from QuantLib's tests and mpmath. */
const PUBLISHED: readonly Row[] = [
  [
    'Lewis',
    { s: 100, r: 0.01, q: 0.02, t: 1 },
    heston(0.04, 4, 0.25, 1, -0.5),
    [
      ['call', 80, 26.774758743998856],
      ['call', 90, 20.93334900059671],
      ['call', 100, 16.070154917028834],
      ['call', 110, 12.132211516709845],
      ['call', 120, 9.024913483457835],
    ],
  ],
  [
    'QuantLib COS',
    { s: 100, r: 0.15, q: 0.07, t: 1 },
    heston(0.1, 4, 0.22, 1.8, -0.75),
    [
      ['call', 120, 9.364410588426075],
      ['call', 250, 0.01036797658132471],
      ['put', 80, 5.319092971836708],
      ['put', 10, 0.01032681906278383],
    ],
  ],
  [
    'QuantLib all integrations',
    { s: 100, r: 0.05, q: 0.075, t: 1 },
    heston(0.1, 4, 0.05, 0.4, -0.75),
    [['put', 100, 10.147041515497]],
  ],
  [
    'Fang-Oosterlee, one year',
    { s: 100, r: 0, q: 0, t: 1 },
    heston(0.0175, 1.5768, 0.0398, 0.5751, -0.5711),
    [['call', 100, 5.785155434376189]],
  ],
  [
    'Fang-Oosterlee, ten years',
    { s: 100, r: 0, q: 0, t: 10 },
    heston(0.0175, 1.5768, 0.0398, 0.5751, -0.5711),
    [['call', 100, 22.31894579115449]],
  ],
  [
    'Kahl-Jäckel',
    { s: 100, r: 0, q: 0, t: 10 },
    heston(0.16, 1, 0.16, 2, -0.8),
    [['call', 200, 4.95211472087976]],
  ],
  [
    'Andersen I',
    { s: 100, r: 0, q: 0, t: 10 },
    heston(0.04, 0.5, 0.04, 1, -0.9),
    [
      ['call', 60, 44.32997507],
      ['call', 100, 13.08467014],
      ['call', 140, 0.29577444],
    ],
  ],
  [
    'Andersen II',
    { s: 100, r: 0, q: 0, t: 15 },
    heston(0.04, 0.3, 0.04, 0.9, -0.5),
    [
      ['call', 60, 45.28686397],
      ['call', 100, 16.64922292],
      ['call', 140, 5.13819049],
    ],
  ],
  [
    'Andersen III',
    { s: 100, r: 0.05, q: 0, t: 5 },
    heston(0.09, 1, 0.09, 1, -0.3),
    [
      ['call', 60, 56.57502467],
      ['call', 100, 33.59681806],
      ['call', 140, 18.15695689],
    ],
  ],
  [
    'Broadie-Kaya 1',
    { s: 100, r: 0.0319, q: 0, t: 1 },
    heston(0.010201, 6.21, 0.019, 0.61, -0.7),
    [['call', 100, 6.80611331346]],
  ],
  [
    'Broadie-Kaya 2',
    { s: 100, r: 0.05, q: 0, t: 5 },
    heston(0.09, 2, 0.09, 1, -0.3),
    [['call', 100, 34.9997583512]],
  ],
];

/** Half of the last digit printed, or the error of the pricer. */
function tolerance(value: number): number {
  const digits = `${value}`.split('.')[1]?.length ?? 0;
  return Math.max(1e-12, 0.6 * 10 ** -digits);
}

describe('Heston', () => {
  test.each(PUBLISHED)('gives the published values of %s', (_name, market, parameters, values) => {
    const { s, r, q, t } = market;
    const forward = s * Math.exp((r - q) * t);
    for (const [kind, strike, value] of values) {
      const price = hestonPrice(parameters, { kind, forward, strike, years: t });
      expect(Math.abs(Math.exp(-r * t) * price - value)).toBeLessThan(tolerance(value));
    }
  });

  const path = join('..', 'shared', 'data', 'pricing-vectors.json');
  test.runIf(existsSync(path))('gives the 24 vectors of ../shared/data to 1e-12', () => {
    const rows = JSON.parse(readFileSync(path, 'utf8')).heston as Record<string, string>[];
    expect(rows).toHaveLength(24);
    for (const row of rows) {
      const value = (name: string): number => Number(row[name]);
      const [s, strike, years, r] = [value('S'), value('K'), value('T'), value('r')];
      const forward = s * Math.exp((r - value('q')) * years);
      const parameters = heston(
        value('v0'),
        value('kappa'),
        value('theta'),
        value('sigma'),
        value('rho'),
      );
      for (const kind of ['call', 'put'] as const) {
        const price =
          Math.exp(-r * years) * hestonPrice(parameters, { kind, forward, strike, years });
        expect(Math.abs(price - value(kind))).toBeLessThan(1e-12 * Math.max(100, strike));
      }
    }
  });

  test('becomes Black where variance does not move', () => {
    const parameters = heston(0.3, 2, 0.1, 1e-3, 0);
    const years = 0.25;
    const deviation = Math.sqrt(meanVariance(parameters, years) * years);
    const strikes = [50, 80, 100, 130, 200];
    const calls = hestonCalls(parameters, { forward: 100, strikes, years });
    calls.forEach((call, i) => {
      expect(Math.abs(call - callPrice(100, strikes[i] ?? 0, deviation))).toBeLessThan(1e-5);
    });
  });

  test('has calls that fall and are convex in the strike, from an hour to two years', () => {
    for (const years of [1 / 8760, 1 / 365, 30 / 365, 2]) {
      const strikes = Array.from({ length: 41 }, (_, i) => 100 * Math.exp((i - 20) * 0.01));
      const calls = hestonCalls(heston(0.5, 3, 0.4, 2, -0.4), { forward: 100, strikes, years });
      for (let i = 1; i < 40; i++) {
        const [a, b, c] = [calls[i - 1] ?? 0, calls[i] ?? 0, calls[i + 1] ?? 0];
        const [x, y, z] = [strikes[i - 1] ?? 0, strikes[i] ?? 0, strikes[i + 1] ?? 0];
        expect(b).toBeLessThanOrEqual(a + 1e-11);
        expect((c - b) / (z - y) - (b - a) / (y - x)).toBeGreaterThan(-1e-9);
      }
    }
  });

  test('is found again by calibration to its own surface', () => {
    const truth = heston(0.35, 2.5, 0.5, 1.4, -0.35);
    const smiles = [0.02, 0.1, 0.3, 1].map((years): Smile => {
      const root = Math.sqrt(years);
      const strikes = [-1.5, -0.75, 0, 0.75, 1.5].map((x) => 60_000 * Math.exp(0.6 * x * root));
      const calls = hestonCalls(truth, { forward: 60_000, strikes, years });
      const points = strikes.map((strike, i) => {
        const quote = { kind: 'call', forward: 60_000, strike, price: calls[i] ?? 0 } as const;
        const found = impliedVolatility(quote, years);
        if (!found.ok) throw new Error(found.error.code);
        return { strike, volatility: found.value };
      });
      return { years, forward: 60_000, points };
    });
    const { parameters, rmsePoints } = calibrateHeston(smiles);
    expect(rmsePoints).toBeLessThan(1e-4);
    for (const name of ['v0', 'kappa', 'theta', 'sigma', 'rho'] as const) {
      expect(Math.abs(parameters[name] / truth[name] - 1)).toBeLessThan(1e-3);
    }
  });

  test('refuses to be calibrated to less than it has parameters', () => {
    const smile = { years: 1, forward: 100, points: [{ strike: 100, volatility: 0.5 }] };
    expect(() => calibrateHeston([smile])).toThrow('five parameters need five points, given 1');
  });
});

describe('SABR', () => {
  const parameters = { alpha: 0.3, beta: 0.6, nu: 0.02, rho: 0.01 };

  // Row 29 of the published values.
  test.each([
    [0.03, 1.16725837321531],
    [0.05, 1.05226642581503],
    [0.07, 0.98110791455718],
    [0.09, 0.930289384251337],
  ])('gives the published volatility at strike %f', (strike, volatility) => {
    const found = sabrVolatility(parameters, { forward: 0.039, strike, years: 1 });
    expect(Math.abs(found - volatility)).toBeLessThan(1e-13);
  });

  test('is smooth across the money', () => {
    const at = (strike: number): number =>
      sabrVolatility(
        { alpha: 0.6, beta: 1, nu: 1.2, rho: -0.3 },
        { forward: 100, strike, years: 0.1 },
      );
    // Both sides of where the series takes over.
    expect(Math.abs(at(100 * (1 + 4e-7)) - at(100 * (1 + 6e-7)))).toBeLessThan(1e-6);
    expect(Math.abs(at(100) - at(100 * (1 + 1e-9)))).toBeLessThan(1e-9);
  });

  test('is found again by a fit to its own smile', () => {
    const truth = { alpha: 0.7, beta: 1, nu: 1.5, rho: -0.4 };
    const points = [70, 85, 100, 115, 140].map((strike) => ({
      strike,
      volatility: sabrVolatility(truth, { forward: 100, strike, years: 0.2 }),
    }));
    const fit = fitSabr({ forward: 100, years: 0.2, beta: 1, points });
    expect(fit.rmsePoints).toBeLessThan(1e-6);
    expect(fit.parameters.nu).toBeCloseTo(1.5, 6);
    expect(fit.parameters.rho).toBeCloseTo(-0.4, 6);
  });
});

// Row 30: Axel Vogt's slice, which has a butterfly; all values of the paper at one year.
const VOGT: RawSvi = { a: -0.041, b: 0.1331, rho: 0.306, m: 0.3586, sigma: 0.4153 };

describe('SVI', () => {
  test('gives the jump wings of the paper', () => {
    const { v, psi, p, c, vMin } = jumpWingsOf(VOGT, 1);
    expect(v).toBeCloseTo(0.01742625, 8);
    expect(psi).toBeCloseTo(-0.1752111, 7);
    expect(p).toBeCloseTo(0.6997381, 7);
    expect(c).toBeCloseTo(1.316798, 6);
    expect(vMin).toBeCloseTo(0.0116249, 7);
  });

  test('goes to jump wings and back', () => {
    for (const slice of [
      VOGT,
      { ...VOGT, m: -0.2, a: 0.01 },
      { ...VOGT, m: 0, rho: -0.2, a: 0.02 },
    ]) {
      const back = rawOfJumpWings(jumpWingsOf(slice, 0.5), 0.5);
      for (const k of [-1, -0.1, 0, 0.3, 1]) {
        expect(back && sviVariance(back, k)).toBeCloseTo(sviVariance(slice, k), 10);
      }
    }
  });

  test("finds the butterfly of Vogt's slice, where and as deep as published", () => {
    const { k, g } = leastButterflyDensity(VOGT);
    expect(g).toBeCloseTo(-0.0328635, 6);
    expect(k).toBeCloseTo(0.879, 3);
    expect(sviFault(VOGT)).toMatchObject({ code: 'butterfly' });
  });

  test('repairs it as the paper does', () => {
    const repaired = repairButterfly(VOGT, 1);
    if (!repaired) throw new Error('no repair');
    const wings = jumpWingsOf(repaired, 1);
    expect(wings.c).toBeCloseTo(0.3493158, 7);
    expect(wings.vMin).toBeCloseTo(0.01548182, 8);
    expect(wings.v).toBeCloseTo(0.01742625, 8);
    expect(leastButterflyDensity(repaired).g).toBeGreaterThan(0.2);
    expect(sviFault(repaired)).toBeUndefined();
  });

  test('names each fault', () => {
    expect(sviFault({ ...VOGT, b: -1 })).toEqual({ code: 'bad_parameters', field: 'b' });
    expect(sviFault({ ...VOGT, rho: 1 })).toEqual({ code: 'bad_parameters', field: 'rho' });
    expect(sviFault({ ...VOGT, sigma: 0 })).toEqual({ code: 'bad_parameters', field: 'sigma' });
    expect(sviFault({ ...VOGT, a: -1 })).toEqual({ code: 'bad_parameters', field: 'a' });
    expect(sviFault({ ...VOGT, b: 2 })).toMatchObject({ code: 'wing_too_steep' });
  });

  test('finds and mends slices that cross', () => {
    const shorter: RawSvi = { a: 0.01, b: 0.1, rho: -0.4, m: 0, sigma: 0.1 };
    const longer: RawSvi = { a: 0.015, b: 0.06, rho: -0.2, m: 0.05, sigma: 0.2 };
    expect(calendarFault(shorter, longer)).toMatchObject({ code: 'calendar' });
    expect(calendarFault(shorter, repairCalendar(shorter, longer))).toBeUndefined();
    expect(calendarFault(shorter, { ...shorter, a: 0.011 })).toBeUndefined();
    // Flatter wings cross beyond any grid.
    const flatter = { ...shorter, a: 10, b: 0.09 };
    expect(calendarFault(shorter, flatter)).toMatchObject({ k: -Infinity });
  });

  test('is found again by a fit to its own variances', () => {
    const truth: RawSvi = { a: 0.01, b: 0.08, rho: -0.35, m: 0.03, sigma: 0.15 };
    const points = Array.from({ length: 21 }, (_, i) => {
      const k = (i - 10) * 0.05;
      return { k, w: sviVariance(truth, k) };
    });
    const { slice, rmse } = fitSvi(points);
    expect(rmse).toBeLessThan(1e-9);
    expect(butterflyDensity(slice, 0)).toBeCloseTo(butterflyDensity(truth, 0), 6);
  });
});

describe('SSVI', () => {
  const knots = [0.02, 0.1, 0.5].map((years) => ({ years, theta: 0.4 * years }));
  const surface: SsviSurface = { rho: -0.3, eta: 1.2, gamma: 0.45, knots };

  test('is total variance θ at the money and linear in time between knots', () => {
    expect(ssviVariance(surface, 0.04, 0)).toBeCloseTo(0.04, 15);
    expect(ssviTheta(surface, 0.3)).toBeCloseTo(0.12, 12);
    expect(ssviTheta(surface, 0.01)).toBeCloseTo(0.004, 12);
    expect(ssviTheta(surface, 1)).toBeCloseTo(0.4, 12);
  });

  test('names each fault, and repair leaves none', () => {
    expect(ssviFault(surface)).toBeUndefined();
    const cases: readonly [SsviSurface, object][] = [
      [
        { ...surface, rho: 1 },
        { code: 'bad_parameters', field: 'rho' },
      ],
      [
        { ...surface, eta: 0 },
        { code: 'bad_parameters', field: 'eta' },
      ],
      [
        { ...surface, gamma: 1 },
        { code: 'bad_parameters', field: 'gamma' },
      ],
      [{ ...surface, eta: 40 }, { code: 'butterfly' }],
      [
        { ...surface, knots: knots.toReversed() },
        { code: 'calendar', years: 0.1 },
      ],
    ];
    for (const [faulty, fault] of cases) expect(ssviFault(faulty)).toMatchObject(fault);
    for (const faulty of [
      { ...surface, eta: 40 },
      { ...surface, knots: knots.toReversed() },
    ]) {
      expect(ssviFault(repairSsvi(faulty))).toBeUndefined();
    }
    expect(repairSsvi(surface)).toEqual(surface);
  });

  test('without a fault has slices without butterflies that never cross', () => {
    // A raw slice of the same values: §4 of the paper.
    const slices = knots.map(({ theta }): RawSvi => {
      const phi = surface.eta / (theta ** surface.gamma * (1 + theta) ** (1 - surface.gamma));
      const { rho } = surface;
      const flat = Math.sqrt(1 - rho * rho);
      return {
        a: (theta / 2) * (1 - rho * rho),
        b: (theta * phi) / 2,
        rho,
        m: -rho / phi,
        sigma: flat / phi,
      };
    });
    slices.forEach((slice, i) => {
      expect(sviFault(slice)).toBeUndefined();
      const shorter = slices[i - 1];
      if (shorter) expect(calendarFault(shorter, slice)).toBeUndefined();
    });
  });

  test('is found again by a fit to its own smiles', () => {
    const smiles = knots.map(({ years, theta }) => ({
      years,
      points: [-0.3, -0.1, 0, 0.1, 0.3].map((k) => ({ k, w: ssviVariance(surface, theta, k) })),
    }));
    const fit = fitSsvi(smiles);
    expect(fit.relativeRmse).toBeLessThan(1e-6);
    expect(fit.surface.rho).toBeCloseTo(-0.3, 4);
    expect(fit.surface.gamma).toBeCloseTo(0.45, 3);
  });
});

test('least squares ends at the start where nothing is better, and solves what it can', () => {
  expect(leastSquares({ start: [1], residuals: () => [Number.NaN] }).at).toEqual([1]);
  // Rosenbrock's valley: the minimum is at (1, 1).
  const fit = leastSquares({
    start: [-1.2, 1],
    residuals: ([x = 0, y = 0]) => [10 * (y - x * x), 1 - x],
    iterations: 200,
  });
  expect(fit.at[0]).toBeCloseTo(1, 6);
  expect(fit.at[1]).toBeCloseTo(1, 6);
  expect(
    solveCholesky(
      [
        [4, 2],
        [2, 3],
      ],
      [8, 7],
    ),
  ).toEqual([expect.closeTo(1.25, 12), expect.closeTo(1.5, 12)]);
  expect(
    solveCholesky(
      [
        [0, 0],
        [0, 0],
      ],
      [1, 1],
    ),
  ).toBeUndefined();
});

describe('local quotes', () => {
  const input = {
    kind: 'call',
    forward: 60_000,
    strike: 65_000,
    years: 0.1,
    volatility: 0.5,
    halfSpread: 0.01,
    vegaHeld: 0,
    shiftPerVega: 1e-5,
    tick: 5,
  } as const;

  test('surround the value by the spread in volatility, on the grid', () => {
    const { bid = 0, ask, greeks } = localQuote(input);
    expect(bid % 5).toBe(0);
    expect(ask % 5).toBe(0);
    expect(bid).toBeLessThan(greeks.price);
    expect(ask).toBeGreaterThan(greeks.price);
    expect(Math.abs((ask - bid) / (0.02 * greeks.vega) - 1)).toBeLessThan(10 / (ask - bid));
  });

  test('give way when vega is held', () => {
    const flat = localQuote(input);
    const long = localQuote({ ...input, vegaHeld: 1_000 });
    expect(long.ask).toBeLessThan(flat.ask);
    expect(long.bid).toBeLessThan(flat.bid ?? 0);
  });

  test('bid nothing for a worthless option, and ask a tick', () => {
    const { bid, ask } = localQuote({ ...input, strike: 600_000, years: 0.001 });
    expect(bid).toBeUndefined();
    expect(ask).toBe(5);
  });
});
