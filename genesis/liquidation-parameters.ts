/**
 * Parameters of liquidation in a genesis document: `liquidation`, whole or left out. Left out they are
 * the defaults of docs/spec/liquidation.md.
 */
import {
  DEFAULT_LIQUIDATION_PARAMETERS,
  LIQUIDATION_PARAMETER_RANGES,
  type LiquidationParameters,
  liquidationParametersProblem,
} from '../runtime/liquidation/parameters.ts';
import { fields, integer, type JsonNode, note } from './json-reader.ts';

/** Reads the node; notes what is out of range, and what does not go together. */
export function readLiquidationParameters(node: JsonNode): LiquidationParameters {
  if (node.value === undefined) return DEFAULT_LIQUIDATION_PARAMETERS;
  const names = Object.keys(LIQUIDATION_PARAMETER_RANGES) as (keyof LiquidationParameters)[];
  const of = fields(node, names);
  const before = node.problems.length;
  const parameters = Object.fromEntries(
    names.map((name) => {
      const { min, max, unit } = LIQUIDATION_PARAMETER_RANGES[name];
      return [name, integer(of[name], { min, max }, unit)];
    }),
  ) as LiquidationParameters;
  const problem = liquidationParametersProblem(parameters);
  if (node.problems.length === before && problem !== undefined) note(node, problem);
  return parameters;
}
