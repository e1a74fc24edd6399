/** What is wrong with a set of the chain's parameters. */
import { PARAMETER_RANGES, type Parameters } from './parameters.ts';

/**
 * The first field that is no integer of its range, then the first rule between fields; `undefined`
 * when nothing is wrong.
 */
export function parametersProblem(parameters: Parameters): string | undefined {
  for (const [name, { min, max, unit }] of Object.entries(PARAMETER_RANGES)) {
    const given = parameters[name as keyof Parameters];
    if (!Number.isSafeInteger(given) || given < min || given > max) {
      return `${name}: given ${given}, allowed ${min} to ${max} ${unit}`;
    }
  }
  if (parameters.settlementWindowMs % parameters.settlementSlots !== 0) {
    return 'settlementWindowMs is no multiple of settlementSlots: slots are equal';
  }
  if (parameters.insuranceShareBps + parameters.communityShareBps > 10_000) {
    return 'insuranceShareBps + communityShareBps are above 10000';
  }
  return undefined;
}
