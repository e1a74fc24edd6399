/**
 * What proposals do: whether each kind of content is possible, and carrying it out.
 *
 * Source: design/staking-and-keys.md §5. `contentProblem` is asked at submission and by simulations;
 * `enactContent` asks it again, since the state has moved on. Invariant: a content with a problem changes
 * nothing; one without is carried out whole.
 */

import { DENOMINATION } from '../actions/transfer.ts';
import {
  ORDERED_STATES,
  type StateOrder,
  setInstrumentState,
} from '../auction/set-instrument-state.ts';
import type { BlockContext } from '../block-context.ts';
import { equalBytes, toHex } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { err, ok, type Result, unreachable } from '../core/result.ts';
import {
  address,
  instrumentId,
  type PortfolioId,
  portfolioId,
  subAccount,
  type TimestampMs,
  timestampMs,
  underlyingId,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { MAX_ORACLE_UNDERLYINGS } from '../limits.ts';
import { isAnyInsolvent } from '../liquidation/liquidation-index.ts';
import {
  announceRiskChange,
  defaultRiskParameters,
  modelParameters,
  planRiskChange,
  type RiskAnnouncement,
  riskParametersOf,
  StoredParametersCodec,
} from '../margin/mode/risk-parameters.ts';
import { INSTRUMENT_STATE } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { planUpgrade, upgradeProblem } from '../upgrade/plan-upgrade.ts';
import type { ProposalId } from './ballot.ts';
import {
  CONTENT,
  type ParametersContent,
  type ProposalContent,
  type RiskContent,
  type SpendContent,
  STATE_SCOPE,
  type TradingContent,
} from './content.ts';
import { isTightening, parameterSet } from './parameter-sets.ts';
import { planParameters } from './plan-parameters.ts';
import { changedGovernanceMeta } from './tables.ts';
import { underlyingProblem } from './underlying-parameters.ts';

const NO_GUARDIAN: Uint8Array = new Uint8Array(20);

/** SHA-256 of the parameters of an underlying that are last in force or announced. */
export function riskParametersHash(
  state: State,
  underlying: RiskContent['underlying'],
): Uint8Array {
  const { parameters, change } = riskParametersOf(state, underlying);
  return sha256(StoredParametersCodec.encode(change[0]?.parameters ?? parameters));
}

function announcement(content: RiskContent, now: TimestampMs): RiskAnnouncement {
  const { underlying, noticeMs, phaseMs, parameters } = content;
  // Beyond what a time can be it is no notice that anybody could wait for.
  const startsAt = timestampMs(Math.min(now + noticeMs, Number.MAX_SAFE_INTEGER));
  return { underlying, parameters: modelParameters(parameters), startsAt, phaseMs };
}

/** Errors in order: unknown_underlying, parameter_expected, risk_refused (given, allowed: ms of notice). */
function riskProblem(state: State, now: TimestampMs, content: RiskContent): Refusal | undefined {
  const { underlying, expected } = content;
  if (!state.underlyings.has(underlying)) {
    return refusal('unknown_underlying', { given: underlying });
  }
  if (!equalBytes(riskParametersHash(state, underlying), expected)) {
    return refusal('parameter_expected');
  }
  const planned = planRiskChange(state, now, announcement(content, now));
  if (planned.ok) return undefined;
  const { error } = planned;
  switch (error.code) {
    case 'notice_too_short':
    case 'bad_phase':
      return refusal('risk_refused', { given: error.given, allowed: error.allowed });
    case 'unknown_underlying':
    case 'parameters_refused':
      return refusal('risk_refused');
  }
}

/** Errors in order: bad_content, underlying_exists. */
function listingProblem(
  state: State,
  { underlying }: Extract<ProposalContent, { selector: typeof CONTENT.listUnderlying }>['value'],
): Refusal | undefined {
  if (underlyingProblem(underlying) !== undefined) return refusal('bad_content');
  const ids = state.underlyings.sortedKeys();
  if (ids.length >= MAX_ORACLE_UNDERLYINGS) {
    return refusal('underlying_exists', { given: ids.length, allowed: MAX_ORACLE_UNDERLYINGS });
  }
  const next = (ids.at(-1) ?? -1) + 1;
  const named = ids.some((id) => equalBytes(state.underlyings.must(id).name, underlying.name));
  if (underlying.id !== next || named) {
    return refusal('underlying_exists', { given: underlying.id, allowed: next });
  }
  return undefined;
}

/** The receiver's sub-account 0, if it has one. */
function receiverOf(state: State, to: Uint8Array): PortfolioId | undefined {
  const account = state.accounts.get(address(toHex(to)));
  return account === undefined ? undefined : portfolioId(account.id, subAccount(0));
}

/** Errors in order: bad_content, unknown_receiver, withdrawals_stopped, insufficient_treasury. */
function spendProblem(
  state: State,
  { to, denomination, amount }: SpendContent,
): Refusal | undefined {
  const isKnown = denomination === DENOMINATION.usd || denomination === DENOMINATION.mil;
  if (!isKnown || amount === 0n) return refusal('bad_content');
  if (receiverOf(state, to) === undefined) return refusal('unknown_receiver');
  if (denomination === DENOMINATION.usd && isAnyInsolvent(state)) {
    return refusal('withdrawals_stopped');
  }
  const held = balanceOf(state, MODULE.community, denomination);
  if (amount <= held) return undefined;
  return refusal('insufficient_treasury', { given: amount, allowed: held });
}

/** The order of state, or `undefined` of an unknown scope. */
function orderOf({ scope, id, to }: TradingContent): StateOrder | undefined {
  if (scope === STATE_SCOPE.underlying) {
    return id < 255 ? { kind: 'underlying', underlying: underlyingId(id), to } : undefined;
  }
  if (scope !== STATE_SCOPE.instrument) return undefined;
  return { kind: 'instrument', instrument: instrumentId(id), to };
}

/** Errors in order: bad_content, unknown_underlying or unknown_instrument. What the state is then decides. */
function tradingProblem(state: State, content: TradingContent): Refusal | undefined {
  const order = orderOf(content);
  if (order === undefined || !ORDERED_STATES.includes(content.to)) return refusal('bad_content');
  if (order.kind === 'underlying') {
    return state.underlyings.has(order.underlying)
      ? undefined
      : refusal('unknown_underlying', { given: content.id });
  }
  return state.instruments.has(order.instrument)
    ? undefined
    : refusal('unknown_instrument', { given: content.id });
}

/** Why a content is not possible now, or `undefined`. Cost: of risk parameters ~1 ms, else microseconds. */
export function contentProblem(
  state: State,
  now: TimestampMs,
  content: ProposalContent,
): Refusal | undefined {
  switch (content.selector) {
    case CONTENT.text:
      return undefined;
    case CONTENT.parameters: {
      const plan = planParameters(state, content.value);
      return plan.ok ? undefined : plan.error;
    }
    case CONTENT.listUnderlying:
      return listingProblem(state, content.value);
    case CONTENT.risk:
      return riskProblem(state, now, content.value);
    case CONTENT.spend:
      return spendProblem(state, content.value);
    case CONTENT.upgrade:
      return upgradeProblem(state, content.value);
    case CONTENT.trading:
      return tradingProblem(state, content.value);
    case CONTENT.guardian: {
      const { guardian, armed } = content.value;
      return armed && equalBytes(guardian, NO_GUARDIAN) ? refusal('bad_content') : undefined;
    }
    default:
      return unreachable(content);
  }
}

/** Whether a content touches nothing that anybody could want to leave before. */
export function needsNoTimelock(content: ProposalContent): boolean {
  return content.selector === CONTENT.text;
}

function tightensParameters({ changes }: ParametersContent): boolean {
  return changes.every(({ set: number, parameter, expected, value }) => {
    const set = parameterSet(number);
    const name = set?.names[parameter];
    return (
      set !== undefined &&
      name !== undefined &&
      isTightening(set, name, { before: expected, after: value })
    );
  });
}

/** Whether a content only restrains: what an expedited proposal may do. */
export function onlyTightens(content: ProposalContent): boolean {
  const { open } = INSTRUMENT_STATE;
  switch (content.selector) {
    case CONTENT.text:
      return true;
    case CONTENT.parameters:
      return tightensParameters(content.value);
    case CONTENT.trading:
      return content.value.to !== open;
    case CONTENT.listUnderlying:
    case CONTENT.risk:
    case CONTENT.spend:
    case CONTENT.upgrade:
    case CONTENT.guardian:
      return false;
    default:
      return unreachable(content);
  }
}

function enactParameters(
  state: State,
  context: BlockContext,
  proposal: ProposalId,
  content: ParametersContent,
): Result<void, Refusal> {
  const plan = planParameters(state, content);
  if (!plan.ok) return plan;

  // From here it must succeed.
  for (const { set, scope, values } of plan.value.sets) set.enact(state, context, scope, values);
  for (const change of plan.value.changes) {
    context.events.push({ selector: EVENT.parameterChanged, value: { proposal, ...change } });
  }
  return ok(undefined);
}

function enactTrading(
  state: State,
  context: BlockContext,
  content: TradingContent,
): Result<void, Refusal> {
  const order = orderOf(content);
  if (order === undefined) return err(refusal('bad_content'));
  if (order.kind === 'underlying') {
    // The order takes the place of the guardian's pause: nothing lifts it afterwards.
    const pause = state.governance.pauses.get(order.underlying);
    const ordered = setInstrumentState(state, context, order);
    const isPaused = pause !== undefined && content.to === INSTRUMENT_STATE.reduceOnly;
    if (!ordered.ok && !isPaused) return ordered;
    state.governance.pauses.delete(order.underlying);
    return ok(undefined);
  }
  return setInstrumentState(state, context, order);
}

/** Carries out the content of a proposal. Errors: those of `contentProblem`; it has changed nothing then. */
export function enactContent(
  state: State,
  context: BlockContext,
  proposal: ProposalId,
  content: ProposalContent,
): Result<void, Refusal> {
  const problem = contentProblem(state, context.timestamp, content);
  if (problem !== undefined) return err(problem);
  switch (content.selector) {
    case CONTENT.text:
      return ok(undefined);
    case CONTENT.parameters:
      return enactParameters(state, context, proposal, content.value);
    case CONTENT.listUnderlying: {
      const { underlying } = content.value;
      state.underlyings.set(underlying.id, { ...underlying });
      state.riskParameters.set(underlying.id, defaultRiskParameters(underlying.id));
      context.events.push({ selector: EVENT.underlyingChanged, value: { ...underlying } });
      return ok(undefined);
    }
    case CONTENT.risk: {
      const done = announceRiskChange(
        state,
        context,
        announcement(content.value, context.timestamp),
      );
      return done.ok ? ok(undefined) : err(refusal('risk_refused'));
    }
    case CONTENT.spend: {
      const { to, denomination, amount } = content.value;
      const receiver = receiverOf(state, to);
      if (receiver === undefined) return err(refusal('unknown_receiver'));
      const reason = 'treasury';
      transfer(state, { from: MODULE.community, to: receiver, denomination, amount, reason });
      context.events.push({
        selector: EVENT.transfer,
        value: { from: MODULE.community, to: receiver, denomination, amount },
      });
      return ok(undefined);
    }
    case CONTENT.upgrade:
      planUpgrade(state, context, content.value);
      return ok(undefined);
    case CONTENT.trading:
      return enactTrading(state, context, content.value);
    case CONTENT.guardian: {
      const { guardian, armed } = content.value;
      const meta = changedGovernanceMeta(state);
      meta.guardian = equalBytes(guardian, NO_GUARDIAN) ? [] : [guardian];
      meta.armed = armed;
      return ok(undefined);
    }
    default:
      return unreachable(content);
  }
}
