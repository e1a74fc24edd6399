/**
 * Governance in a genesis document: `governance`, whole or left out. Left out, the parameters are the
 * mainnet's of docs/spec/governance.md and there is no guardian. `guardian` is a `mil1…` address or null.
 */
import { parseAddress } from '../runtime/accounts/address-text.ts';
import { fromHex } from '../runtime/core/bytes.ts';
import {
  DEFAULT_GOVERNANCE_PARAMETERS,
  GOVERNANCE_RANGES,
  type GovernanceParameters,
  governanceParametersProblem,
} from '../runtime/governance/governance-parameters.ts';
import type { GovernanceSeed } from '../runtime/governance/seed.ts';
import { fields, integer, type JsonNode, note } from './json-reader.ts';

function readGuardian(node: JsonNode): Uint8Array[] {
  if (node.value === null) return [];
  const parsed = typeof node.value === 'string' ? parseAddress(node.value) : undefined;
  const raw = parsed?.ok ? fromHex(parsed.value) : undefined;
  if (raw !== undefined) return [raw];
  note(node, 'a mil1 address, or null: no guardian');
  return [];
}

/** Reads the node; notes what is out of range, and what does not go together. */
export function readGovernance(node: JsonNode): GovernanceSeed {
  if (node.value === undefined) return { parameters: DEFAULT_GOVERNANCE_PARAMETERS, guardian: [] };
  const names = Object.keys(GOVERNANCE_RANGES) as (keyof GovernanceParameters)[];
  const of = fields(node, [...names, 'guardian']);
  const before = node.problems.length;
  const parameters = Object.fromEntries(
    names.map((name) => {
      const { min, max, unit } = GOVERNANCE_RANGES[name];
      return [name, integer(of[name], { min, max }, unit)];
    }),
  ) as GovernanceParameters;
  const problem = governanceParametersProblem(parameters);
  if (node.problems.length === before && problem !== undefined) note(node, problem);
  return { parameters, guardian: readGuardian(of.guardian) };
}
