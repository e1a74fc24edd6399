/**
 * The actions of governance, and contents of proposals, from human units: MIL as decimals, parts of a vote
 * in percent, parameters by set and name. Nothing is rounded; an error names the field, what was given
 * and what is allowed.
 */

import type { ParameterSetsInfo } from '../../node/rpc/schemas/governance.ts';
import type { CurrencyInfo } from '../../node/rpc/schemas/market.ts';
import type { Action } from '../../runtime/action.ts';
import { GOVERNANCE_ACTION } from '../../runtime/actions/governance.ts';
import { ANY_UNDERLYING } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { epoch, underlyingId } from '../../runtime/core/units.ts';
import {
  type Ballot,
  FULL_BALLOT,
  NO_BALLOT,
  proposalId,
} from '../../runtime/governance/ballot.ts';
import {
  CONTENT,
  type ParameterChange,
  type ProposalContent,
  STATE_SCOPE,
} from '../../runtime/governance/content.ts';
import {
  MAX_CHANGES,
  MAX_DELEGATIONS_PER_VOTE,
  MAX_SUMMARY_BYTES,
  MAX_TITLE_BYTES,
} from '../../runtime/governance/limits.ts';
import {
  PARAMETER_SET,
  type ParameterSetName,
  parameterSet,
} from '../../runtime/governance/parameter-sets.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { MODULE_NAMES } from '../../runtime/upgrade/modules.ts';
import { validatorId } from '../../staking/ids.ts';
import { type InputError, inputError, parseDecimal, parseMoney } from './amounts.ts';
import { addressOfText, checkedInteger } from './input-fields.ts';

/** Amounts in MIL. */
export type GovernanceActionInput =
  | {
      readonly type: 'submitProposal';
      readonly title: string;
      readonly summary: string;
      readonly content: ProposalContent;
      readonly expedited: boolean;
      readonly deposit: string;
    }
  | { readonly type: 'depositProposal'; readonly proposal: number; readonly amount: string }
  | {
      readonly type: 'castVote';
      readonly proposal: number;
      readonly ballot: Ballot;
      readonly validators: readonly number[];
    }
  | { readonly type: 'castValidatorVote'; readonly proposal: number; readonly ballot: Ballot }
  /** Without an underlying: all. */
  | {
      readonly type: 'pauseTrading';
      readonly underlying?: number;
      readonly durationMs: number;
    }
  | {
      readonly type: 'signalReady';
      readonly module: number;
      readonly version: number;
      readonly codeHash: string;
    };

const MAX_PROPOSAL = 2 ** 20 - 1;
const MAX_VALIDATOR = 2 ** 20 - 1;

/** UTF-8 of a text within bounds. */
function utf8Of(
  field: string,
  text: string,
  least: number,
  most: number,
): Result<Uint8Array, InputError> {
  const bytes = new TextEncoder().encode(text);
  return bytes.length >= least && bytes.length <= most
    ? ok(bytes)
    : inputError(field, text.slice(0, 40), `${least} to ${most} bytes of text`);
}

/** One action of governance, checked. The first error found, in the order of the fields. */
export function buildGovernanceAction(input: GovernanceActionInput): Result<Action, InputError> {
  if (input.type === 'submitProposal') {
    const title = utf8Of('title', input.title, 1, MAX_TITLE_BYTES);
    if (!title.ok) return title;
    const summary = utf8Of('summary', input.summary, 0, MAX_SUMMARY_BYTES);
    if (!summary.ok) return summary;
    const deposit = parseMoney('deposit', input.deposit);
    if (!deposit.ok) return deposit;
    const { content, expedited } = input;
    return ok({
      selector: GOVERNANCE_ACTION.submitProposal,
      value: {
        title: title.value,
        summary: summary.value,
        content,
        expedited,
        deposit: deposit.value,
      },
    });
  }
  if (input.type === 'pauseTrading') {
    const duration = checkedInteger('duration', input.durationMs, 1);
    if (!duration.ok) return duration;
    const underlying = underlyingId(input.underlying ?? ANY_UNDERLYING);
    const value = { underlying, durationMs: duration.value };
    return ok({ selector: GOVERNANCE_ACTION.pauseTrading, value });
  }
  if (input.type === 'signalReady') {
    const codeHash = fromHex(input.codeHash);
    if (codeHash?.length !== 32) {
      return inputError('code', input.codeHash, '64 hex characters');
    }
    const { module, version } = input;
    return ok({ selector: GOVERNANCE_ACTION.signalReady, value: { module, version, codeHash } });
  }
  const number = checkedInteger('proposal', input.proposal, 1, MAX_PROPOSAL);
  if (!number.ok) return number;
  const proposal = proposalId(number.value);
  switch (input.type) {
    case 'depositProposal': {
      const amount = parseMoney('amount', input.amount);
      if (!amount.ok) return amount;
      const value = { proposal, amount: amount.value };
      return ok({ selector: GOVERNANCE_ACTION.depositProposal, value });
    }
    case 'castVote': {
      const { validators, ballot } = input;
      if (validators.length < 1 || validators.length > MAX_DELEGATIONS_PER_VOTE) {
        const allowed = `1 to ${MAX_DELEGATIONS_PER_VOTE}`;
        return inputError('validators', String(validators.length), allowed);
      }
      const bad = validators.find((one) => !(one >= 1 && one <= MAX_VALIDATOR));
      if (bad !== undefined) return inputError('validators', String(bad), 'numbers of validators');
      const value = { proposal, ballot, validators: validators.map(validatorId) };
      return ok({ selector: GOVERNANCE_ACTION.castVote, value });
    }
    case 'castValidatorVote':
      return ok({
        selector: GOVERNANCE_ACTION.castValidatorVote,
        value: { proposal, ballot: input.ballot },
      });
  }
}

const ANSWER_NAMES: readonly (keyof Ballot)[] = ['yes', 'no', 'abstain', 'veto'];
const BALLOT_FORM = 'yes, no, abstain or veto, or parts in percent such as yes=60,no=40';

/** `yes`, or `yes=60,no=40`. */
export function parseBallot(text: string): Result<Ballot, InputError> {
  const wanted = text.toLowerCase();
  const single = ANSWER_NAMES.find((answer) => answer === wanted);
  if (single !== undefined) return ok({ ...NO_BALLOT, [single]: FULL_BALLOT });
  const parts: { -readonly [A in keyof Ballot]: number } = { ...NO_BALLOT };
  for (const part of wanted.split(',')) {
    const [name, percent = ''] = part.split('=');
    const answer = ANSWER_NAMES.find((one) => one === name);
    const bps = parseDecimal('ballot', percent, 2);
    if (answer === undefined || !bps.ok || bps.value <= 0n || parts[answer] !== 0) {
      return inputError('ballot', text, BALLOT_FORM);
    }
    parts[answer] = Number(bps.value);
  }
  const sum = parts.yes + parts.no + parts.abstain + parts.veto;
  return sum === FULL_BALLOT
    ? ok(parts)
    : inputError('ballot', text, 'parts that sum to 100 percent');
}

/** A parameter by its place: `chain.communityShareBps`, `underlying.BTC.makerFeeCentiBps`. */
export type ChangeInput = { readonly place: string; readonly value: number };

/** One change with the value that it finds. */
function changeOf(
  { sets }: ParameterSetsInfo,
  currencies: readonly CurrencyInfo[],
  { place, value }: ChangeInput,
): Result<ParameterChange, InputError> {
  const [setName = '', ...rest] = place.split('.');
  const number = PARAMETER_SET[setName as ParameterSetName] as number | undefined;
  const set = number === undefined ? undefined : parameterSet(number);
  if (number === undefined || set === undefined) {
    return inputError(
      'change',
      place,
      `SET.PARAMETER=VALUE, SET one of ${Object.keys(PARAMETER_SET).join(', ')}`,
    );
  }
  const scopeName = set.name === 'underlying' ? rest.shift()?.toUpperCase() : undefined;
  const name = rest.join('.');
  const found = sets.find((one) => one.set === setName && (one.scope ?? undefined) === scopeName);
  if (found === undefined) {
    const names = currencies.map(({ currency }) => currency).join(', ');
    return inputError('change', place, `${setName}.CURRENCY.PARAMETER, CURRENCY one of ${names}`);
  }
  const parameter = set.names.indexOf(name);
  const known = found.parameters[name];
  if (parameter < 0 || known === undefined) {
    const allowed = `a parameter of ${setName}: see \`miletus gov parameters\``;
    return inputError('change', place, allowed);
  }
  if (known.fixed) return inputError('change', place, 'a parameter that votes change');
  const checked = checkedInteger(name, value, known.min, known.max);
  if (!checked.ok) return checked;
  const scope = currencies.find(({ currency }) => currency === scopeName)?.underlying_id ?? 0;
  return ok({ set: number, scope, parameter, expected: known.value, value });
}

/** Parameters to change, each from the value that it has now. */
export function parametersContent(
  sets: ParameterSetsInfo,
  currencies: readonly CurrencyInfo[],
  inputs: readonly ChangeInput[],
): Result<ProposalContent, InputError> {
  if (inputs.length < 1 || inputs.length > MAX_CHANGES) {
    return inputError('change', String(inputs.length), `1 to ${MAX_CHANGES} parameters`);
  }
  const changes: ParameterChange[] = [];
  for (const input of inputs) {
    const change = changeOf(sets, currencies, input);
    if (!change.ok) return change;
    changes.push(change.value);
  }
  return ok({ selector: CONTENT.parameters, value: { changes } });
}

/** `document`: 64 hex characters, or nothing. */
export function textContent(document: string | undefined): Result<ProposalContent, InputError> {
  const hash = document === undefined ? new Uint8Array(32) : fromHex(document);
  if (hash?.length !== 32) {
    return inputError(
      'document',
      document ?? 'nothing',
      'the SHA-256 of a text, 64 hex characters',
    );
  }
  return ok({ selector: CONTENT.text, value: { document: hash } });
}

/** From the community's account. */
export function spendContent(spend: {
  readonly to: string;
  readonly amount: string;
  readonly currency: string;
}): Result<ProposalContent, InputError> {
  const to = addressOfText('to', spend.to);
  if (!to.ok) return to;
  const amount = parseMoney('amount', spend.amount);
  if (!amount.ok) return amount;
  const currency = spend.currency.toUpperCase();
  if (currency !== 'USD' && currency !== 'MIL') {
    return inputError('currency', spend.currency, 'USD or MIL');
  }
  const denomination = currency === 'USD' ? DENOMINATION.usd : DENOMINATION.mil;
  const value = { to: to.value, denomination, amount: amount.value };
  return ok({ selector: CONTENT.spend, value });
}

/** States that an order may give, by the interface's names. */
export const ORDERED_STATE_NAMES = ['open', 'post_only', 'reduce_only', 'halted'] as const;
export type OrderedStateName = (typeof ORDERED_STATE_NAMES)[number];

const STATE_OF_NAME: { readonly [N in OrderedStateName]: keyof typeof INSTRUMENT_STATE } = {
  open: 'open',
  post_only: 'postOnly',
  reduce_only: 'reduceOnly',
  halted: 'halted',
};

/** Of an underlying, or of one instrument. */
export function tradingContent(
  scope: keyof typeof STATE_SCOPE,
  id: number,
  state: OrderedStateName,
): ProposalContent {
  const to = INSTRUMENT_STATE[STATE_OF_NAME[state]];
  return { selector: CONTENT.trading, value: { scope: STATE_SCOPE[scope], id, to } };
}

/** `undefined`: no guardian. */
export function guardianContent(
  guardian: string | undefined,
  armed: boolean,
): Result<ProposalContent, InputError> {
  const raw = guardian === undefined ? ok(new Uint8Array(20)) : addressOfText('guardian', guardian);
  if (!raw.ok) return raw;
  return ok({ selector: CONTENT.guardian, value: { guardian: raw.value, armed } });
}

/** `matching=2@40:CODE`: a version from an epoch on, CODE the SHA-256 of the release that operators check. */
export function upgradeContent(given: string): Result<ProposalContent, InputError> {
  const [, name, version, at, code = ''] =
    /^([a-z]+)=([1-9][0-9]{0,8})@([0-9]{1,15}):([0-9a-f]{64})$/.exec(given) ?? [];
  const module = MODULE_NAMES.findIndex((one) => one === name);
  const codeHash = fromHex(code);
  if (module < 0 || codeHash === undefined) {
    const form = 'MODULE=VERSION@EPOCH:CODE, CODE 64 hex characters';
    return inputError('upgrade', given, `${form}, MODULE one of ${MODULE_NAMES.join(', ')}`);
  }
  const value = { module, version: Number(version), epoch: epoch(Number(at)), codeHash };
  return ok({ selector: CONTENT.upgrade, value });
}
