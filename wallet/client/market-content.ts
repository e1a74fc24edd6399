/**
 * Contents of proposals on markets from files: an underlying to list, parameters of portfolio margin.
 */
import type { RiskParametersInfo } from '../../node/rpc/schemas/margin.ts';
import { asciiBytes, fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { underlyingId } from '../../runtime/core/units.ts';
import {
  CONTENT,
  type ProposalContent,
  ProposalContentCodec,
} from '../../runtime/governance/content.ts';
import { underlyingProblem } from '../../runtime/governance/underlying-parameters.ts';
import {
  PARAMETER_NAMES,
  SHOCK,
  type StoredParameters,
} from '../../runtime/margin/mode/risk-parameters.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import { type InputError, inputError } from './amounts.ts';

/** A content, if the chain could decode it. */
function encodable(content: ProposalContent, field: string): Result<ProposalContent, InputError> {
  try {
    ProposalContentCodec.encode(content);
    return ok(content);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    return inputError(field, problem.slice(0, 80), 'every field of its row, each in its range');
  }
}

/** A row as JSON: every field of docs/spec/options.md, `name` as text, `id` the next one. */
export function listingContent(json: unknown, nextId: number): Result<ProposalContent, InputError> {
  if (typeof json !== 'object' || json === null || !('name' in json)) {
    return inputError('underlying', typeof json, 'an object with every field of an underlying');
  }
  const row = {
    id: underlyingId(nextId),
    ...json,
    name: asciiBytes(String(json.name)),
  } as Underlying;
  const content = encodable(
    { selector: CONTENT.listUnderlying, value: { underlying: row } },
    'underlying',
  );
  if (!content.ok) return content;
  const problem = underlyingProblem(row);
  return problem === undefined ? content : inputError('underlying', String(json.name), problem);
}

/** What changes in the parameters of an underlying, from those that were announced last. */
export type RiskInput = {
  readonly underlying: number;
  readonly last: RiskParametersInfo;
  /** Hex of the hash that `get_parameter_sets` gives. */
  readonly expected: string;
  readonly set: { readonly [name: string]: number };
  readonly noticeMs: number;
  readonly phaseMs: number;
};

export function riskContent(input: RiskInput): Result<ProposalContent, InputError> {
  const { parameters, scenarios } = input.last.change?.target ?? input.last.in_force;
  const names: readonly string[] = PARAMETER_NAMES;
  const unknown = Object.keys(input.set).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return inputError('set', unknown, 'a name that `miletus risk parameters` lists');
  }
  const expected = fromHex(input.expected) ?? new Uint8Array(32);
  const stored = {
    ...parameters,
    ...input.set,
    scenarios: scenarios.map(({ spotPpm, volatility, weightPpm }) => ({
      spotPpm,
      shock: SHOCK[volatility],
      weightPpm,
    })),
  } as unknown as StoredParameters;
  const { noticeMs, phaseMs } = input;
  const underlying = underlyingId(input.underlying);
  const value = { underlying, expected, parameters: stored, noticeMs, phaseMs };
  return encodable({ selector: CONTENT.risk, value }, 'set');
}
