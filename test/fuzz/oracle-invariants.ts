/** What must hold of oracle and settlement rows after every block. */
import { windowSums } from '../../runtime/options/delivery-price.ts';
import { samplesKey, samplesOf } from '../../runtime/options/settlement-samples.ts';
import { expiryKey, parametersOf, type State } from '../../runtime/state/state.ts';

/** 10⁻⁶ of volatility in a hundredth of a point. */
const BPS_TO_MICRO = 100;

/** Sums of settlement windows that are not those of their samples, and samples of no window. */
function settlementProblems(state: State): string[] {
  const problems: string[] = [];
  const known = new Set<string>();
  for (const [key, window] of state.settlements.unorderedEntries()) {
    const samples = samplesOf(state, window, window.slots);
    const { decided, sampled, sum, lastSample } = windowSums(samples, window.slots);
    if (
      decided !== window.decided ||
      sampled !== window.sampled ||
      sum !== window.sum ||
      lastSample !== window.lastSample
    ) {
      problems.push(`settlement ${key} has other sums than its samples`);
    }
    for (let slot = 0; slot < window.slots; slot++) known.add(samplesKey(window, slot));
  }
  for (const key of state.settlementSamples.sortedKeys()) {
    if (!known.has(key)) problems.push(`samples ${key} are of no window`);
  }
  return problems;
}

/** Offsets beyond their bound or of no traded expiry, and counts that do not add up. */
export function oracleProblems(state: State): string[] {
  const problems = settlementProblems(state);
  const most = parametersOf(state).pullMaxBps * BPS_TO_MICRO;
  for (const [key, { offset }] of state.surfaceOffsets.unorderedEntries()) {
    if (Math.abs(offset) > most) problems.push(`surface ${key} is pulled by ${offset}`);
    const expiries = state.derived.series.expiries.get(expiryKey.high(key) as never) ?? [];
    if (!expiries.some((expiry) => expiry === expiryKey.low(key))) {
      problems.push(`offset ${key} is of no expiry`);
    }
  }
  for (const [key, { current, previous }] of state.oracleConduct.unorderedEntries()) {
    for (const { slots, missed, far } of [current, previous]) {
      if (missed + far > slots) problems.push(`conduct of ${key}: ${missed} + ${far} of ${slots}`);
    }
  }
  return problems;
}
