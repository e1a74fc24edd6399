import { describe, expect, it } from 'vitest';
import { type TimestampMs, timestampMs, underlyingId } from '../../../runtime/core/units.ts';
import { MARGIN_MODE } from '../../../runtime/margin/mode/margin-mode.ts';
import { replayParameters } from '../../../runtime/margin/mode/replay-parameters.ts';
import { modelOf } from '../../../runtime/margin/mode/risk-index.ts';
import {
  announceRiskChange,
  MAX_RISK_PHASE_MS,
  MIN_RISK_NOTICE_MS,
  mustModel,
  PHASE_STEPS,
  parametersAt,
  riskParametersOf,
  storedParameters,
} from '../../../runtime/margin/mode/risk-parameters.ts';
import {
  defaultPortfolioParameters,
  type PortfolioParameters,
} from '../../../runtime/margin/portfolio/portfolio-parameters.ts';
import { accountMargin } from '../../../runtime/margin/requirements.ts';
import { SINGLETON_KEY } from '../../../runtime/state/key-codec.ts';
import { metaOf } from '../../../runtime/state/state.ts';
import { BTC, reloaded } from '../../fixtures/state.ts';
import { type Market, markAt } from '../../matching/market.ts';
import { modeWorld } from './mode-world.ts';

const DAY_MS = 24 * 3_600_000;
const defaults = defaultPortfolioParameters();
/** Twice the charge of short options, and another maintenance factor. */
const stricter: PortfolioParameters = {
  ...defaults,
  optionMaintenancePpm: 6_000,
  maintenanceFactorPpm: 1_000_000,
};

function announce(
  market: Market,
  change: {
    parameters?: PortfolioParameters;
    noticeMs?: number;
    phaseMs?: number;
    underlying?: number;
  } = {},
) {
  const { parameters = stricter, noticeMs = DAY_MS, phaseMs = 10 * DAY_MS } = change;
  return announceRiskChange(market.state, market.context, {
    underlying: underlyingId(change.underlying ?? BTC.id),
    parameters,
    startsAt: timestampMs(market.context.timestamp + noticeMs),
    phaseMs,
  });
}

/** Moves the chain's clock, with fresh marks. */
function at(market: Market, time: TimestampMs): void {
  metaOf(market.state).timestamp = time;
  market.state.meta.touch(SINGLETON_KEY);
  market.context = { ...market.context, timestamp: time };
  markAt(market, 100_000);
}

describe('a change of risk parameters', () => {
  it.each([
    ['unknown_underlying', { underlying: 9, noticeMs: 0 }],
    ['notice_too_short', { noticeMs: MIN_RISK_NOTICE_MS - 1, phaseMs: -1 }],
    ['bad_phase', { phaseMs: MAX_RISK_PHASE_MS + 1, parameters: { ...defaults, leastTermMs: 1 } }],
    ['parameters_refused', { parameters: { ...defaults, initialFactorPpm: 700_000 } }],
  ] as const)('is refused: %s', (code, change) => {
    const { market } = modeWorld(0n);
    const result = announce(market, change);
    expect(result.ok ? 'ok' : result.error.code).toBe(code);
    expect(market.state.riskParameters.size).toBe(0);
  });

  it('is refused where a step on the way is no model', () => {
    const { market } = modeWorld(0n);
    // The flat cell changes places with another: on the way neither is at the mark.
    const scenarios = defaults.scenarios.map((cell) =>
      cell.spotPpm === 1_000_000 && cell.volatility === 'none'
        ? { ...cell, spotPpm: 1_010_000 }
        : cell,
    );
    const flat = { spotPpm: 1_000_000, volatility: 'none', weightPpm: 1_000_000 } as const;
    const swapped = scenarios.map((cell, index) => (index === 2 ? flat : cell));
    const result = announce(market, { parameters: { ...defaults, scenarios: swapped } });
    expect(result.ok ? 'ok' : result.error).toMatchObject({ code: 'parameters_refused', step: 1 });
  });

  it('comes in equal steps, rounded down, and is whole at its end', () => {
    const { market } = modeWorld(0n);
    const from = market.context.timestamp;
    expect(announce(market).ok).toBe(true);
    const row = riskParametersOf(market.state, BTC.id);
    const charge = (days: number): number =>
      parametersAt(row, timestampMs(from + days * DAY_MS)).optionMaintenancePpm;
    expect([0, 0.99, 1, 1.49, 1.5, 6, 10.99, 11, 99].map(charge)).toEqual([
      3_000, 3_000, 3_000, 3_000, 3_150, 4_500, 5_850, 6_000, 6_000,
    ]);
    expect(PHASE_STEPS).toBe(20);
  });

  it('moves margin with the steps, alike on a node that loads the state', () => {
    const { market, alice } = modeWorld(60_000n, { near100000C: -100 }, MARGIN_MODE.portfolio);
    const start = market.context.timestamp;
    expect(announce(market, { phaseMs: 2 * DAY_MS }).ok).toBe(true);
    const margins: bigint[] = [];
    for (const days of [0.5, 2, 3]) {
      at(market, timestampMs(start + days * DAY_MS));
      const margin = accountMargin(market.state, alice);
      expect(accountMargin(reloaded(market.state), alice)).toEqual(margin);
      margins.push(margin.maintenance);
    }
    const [first = 0n, second = 0n, third = 0n] = margins;
    expect(second - first).toBeGreaterThan(500_000_000n);
    expect(third - second).toBeGreaterThan(500_000_000n);
  });

  it('replaces one that waits, from what is in force', () => {
    const { market } = modeWorld(0n);
    expect(announce(market, { phaseMs: 0 }).ok).toBe(true);
    at(market, timestampMs(market.context.timestamp + 2 * DAY_MS));
    expect(announce(market, { parameters: defaults }).ok).toBe(true);
    const row = riskParametersOf(market.state, BTC.id);
    expect(row.parameters).toEqual(storedParameters(stricter));
    expect(modelOf(market.state, BTC.id)).toEqual(mustModel(storedParameters(stricter)));
  });
});

describe('a replay on current accounts', () => {
  it('counts who would be below maintenance, and changes nothing', () => {
    const { market, alice } = modeWorld(30_000n, { near110000C: -100 }, MARGIN_MODE.portfolio);
    const { state } = market;
    const before = accountMargin(state, alice);
    const none = replayParameters(state, BTC.id, mustModel(storedParameters(defaults)));
    expect(none).toEqual({ accounts: 1, belowNow: 0, belowThen: 0, shortfall: 0n });
    const hard = { ...defaults, initialFactorPpm: 5_000_000, maintenanceFactorPpm: 5_000_000 };
    const replay = replayParameters(state, BTC.id, mustModel(storedParameters(hard)));
    expect(replay).toMatchObject({ accounts: 1, belowNow: 0, belowThen: 1 });
    expect(replay.shortfall).toBeGreaterThan(0n);
    expect(accountMargin(state, alice)).toEqual(before);
    // What it foresees is what comes.
    const parameters = storedParameters(hard);
    state.riskParameters.set(BTC.id, { underlying: BTC.id, parameters, change: [] });
    markAt(market, 100_000);
    const after = accountMargin(state, alice);
    expect(after.bareMaintenance - after.cash).toBe(replay.shortfall);
  });
});
