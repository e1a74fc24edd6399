/**
 * Parameters of portfolio margin in a genesis document: `riskParameters` of an underlying, whole or left
 * out. Left out they are the defaults of docs/spec/portfolio-margin.md; what the model does not accept
 * is refused.
 */
import type { UnderlyingId } from '../runtime/core/units.ts';
import {
  defaultRiskParameters,
  modelParameters,
  PARAMETER_NAMES,
  SHOCK,
  type ShockNumber,
  type StoredParameters,
  type StoredScenario,
} from '../runtime/margin/mode/risk-parameters.ts';
import {
  MAX_SCENARIOS,
  PORTFOLIO_PARAMETER_RANGES,
  type PortfolioParameterError,
  type PortfolioParameterName,
  portfolioModel,
} from '../runtime/margin/portfolio/portfolio-parameters.ts';
import { fields, integer, items, type JsonNode, note } from './json-reader.ts';

/** Parameters of one underlying at genesis. */
export type GenesisRisk = {
  readonly underlying: UnderlyingId;
  readonly parameters: StoredParameters;
};

const U32 = { min: 0, max: 0xffff_ffff };

function readShock(node: JsonNode): ShockNumber {
  switch (node.value) {
    case 'none':
      return SHOCK.none;
    case 'up':
      return SHOCK.up;
    case 'down':
      return SHOCK.down;
    default:
      note(node, 'up, none or down');
      return SHOCK.none;
  }
}

function readScenario(node: JsonNode): StoredScenario {
  const of = fields(node, ['spotPpm', 'volatility', 'weightPpm']);
  return {
    spotPpm: integer(of.spotPpm, U32, 'ppm'),
    shock: readShock(of.volatility),
    weightPpm: integer(of.weightPpm, U32, 'ppm'),
  };
}

/** What is allowed where a set of parameters is refused. */
function allowedInstead(error: PortfolioParameterError): string {
  switch (error.code) {
    case 'parameter_out_of_range':
      return `${error.name} in its range`;
    case 'initial_below_maintenance':
      return 'initialFactorPpm at least maintenanceFactorPpm';
    case 'too_many_scenarios':
      return `at most ${MAX_SCENARIOS} scenarios`;
    case 'scenario_out_of_range':
      return `scenario ${error.index} in range`;
    case 'not_one_flat_scenario':
      return 'exactly one scenario at spot 1000000, volatility none, weight 1000000';
    case 'wider_range_not_covered':
      return 'scenarios with volatility up at twice the regular range, both ways';
  }
}

/** Reads the `riskParameters` of an underlying's node. */
export function readRiskParameters(underlying: JsonNode, id: UnderlyingId): GenesisRisk {
  const { value, problems, path } = underlying;
  const given = typeof value === 'object' && value !== null && 'riskParameters' in value;
  if (!given) return { underlying: id, parameters: defaultRiskParameters(id).parameters };
  const node = { path: `${path}.riskParameters`, value: value.riskParameters, problems };
  const names: readonly (PortfolioParameterName | 'scenarios')[] = [
    ...PARAMETER_NAMES,
    'scenarios',
  ];
  const of = fields(node, names);
  const scalars = Object.fromEntries(
    PARAMETER_NAMES.map((name) => {
      const { least: min, most: max } = PORTFOLIO_PARAMETER_RANGES[name];
      return [name, integer(of[name], { min, max })];
    }),
  ) as { readonly [name in PortfolioParameterName]: number };
  const scenarios = items(of.scenarios, { min: 1, max: MAX_SCENARIOS }).map(readScenario);
  const parameters: StoredParameters = { ...scalars, scenarios };
  const model = portfolioModel(modelParameters(parameters));
  if (!model.ok) note(node, allowedInstead(model.error));
  return { underlying: id, parameters };
}
