/** The actions on a market-maker protection: `setProtection` and `resetProtection`. */

import type { ProtectionLimits, ResetProtection, SetProtection } from '../actions/quoting.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  type AccountId,
  type PortfolioId,
  portfolioId,
  timestampMs,
  type UnderlyingId,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT, PROTECTION_CHANGE, type ProtectionChange } from '../event.ts';
import { MAX_PROTECTION_LIMIT, MAX_PROTECTION_MS } from '../limits.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { protectionKey, type State } from '../state/state.ts';
import type { Protection } from './protection.ts';
import { quotedSeries } from './quote-index.ts';

/** The first limit out of its range, or that there is none. */
function limitsRefusal(limits: ProtectionLimits): Refusal | undefined {
  const { windowMs, frozenMs, quantityLimit, deltaLimit, vegaLimit, fillsLimit } = limits;
  for (const given of [windowMs, frozenMs]) {
    if (given > MAX_PROTECTION_MS) {
      return refusal('bad_protection', { given, allowed: MAX_PROTECTION_MS });
    }
  }
  const bounds = [quantityLimit, deltaLimit, vegaLimit, fillsLimit];
  for (const given of bounds) {
    if (given > MAX_PROTECTION_LIMIT) {
      return refusal('bad_protection', { given, allowed: MAX_PROTECTION_LIMIT });
    }
  }
  return bounds.every((bound) => bound === 0) ? refusal('bad_protection') : undefined;
}

/**
 * `auction_frozen` while a quote may not leave its auction: with other limits it would take part with
 * fewer lots, or with none. O(series quoted) in the last seconds of an opening auction.
 */
function frozenRefusal(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  underlying: UnderlyingId,
): Refusal | undefined {
  if (state.derived.auctions.running === 0) return undefined;
  for (const instrument of quotedSeries(state, portfolio, underlying)) {
    const frozen = cancelRefusal(state, context, instrument);
    if (frozen !== undefined) return frozen;
  }
  return undefined;
}

function announce(context: BlockContext, row: Protection, change: ProtectionChange): void {
  const { portfolio, underlying, frozenUntil } = row;
  const value = { portfolio, underlying, change, frozenUntil };
  context.events.push({ selector: EVENT.protection, value });
}

/**
 * Sets the limits of a sub-account's quotes on an underlying, or takes them away (`windowMs` 0).
 * Errors in order: unknown_underlying, bad_protection, auction_frozen (of a series that it quotes).
 *
 * A window that runs goes on with what it has traded, and so does a freeze: only a reset ends it.
 * Without limits nothing is frozen.
 */
export function setProtection(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: SetProtection,
): Result<ActionResult, Refusal> {
  const { subAccount, underlying, ...limits } = action;
  if (!state.underlyings.has(underlying)) {
    return err(refusal('unknown_underlying', { given: underlying }));
  }
  const refused = limits.windowMs === 0 ? undefined : limitsRefusal(limits);
  if (refused !== undefined) return err(refused);
  const portfolio = portfolioId(account, subAccount);
  const frozen = frozenRefusal(state, context, portfolio, underlying);
  if (frozen !== undefined) return err(frozen);
  const key = protectionKey.pack(portfolio, underlying);
  const known = state.protections.get(key);
  const never = timestampMs(0);

  // From here it must succeed.
  if (limits.windowMs === 0) {
    state.protections.delete(key);
    if (known !== undefined) {
      announce(context, { ...known, frozenUntil: never }, PROTECTION_CHANGE.removed);
    }
    return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: never } });
  }
  const idle = { windowEndsAt: never, quantity: 0, delta: 0, vega: 0, fills: 0 };
  const row: Protection = {
    ...idle,
    frozenUntil: never,
    ...known,
    portfolio,
    underlying,
    limits: { ...limits },
  };
  state.protections.set(key, row);
  announce(context, row, PROTECTION_CHANGE.set);
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: row.frozenUntil } });
}

/**
 * Ends a freeze; the next fill starts a window. Errors in order: unknown_underlying, no_protection.
 * One that is not frozen starts a window anew as well.
 */
export function resetProtection(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, underlying }: ResetProtection,
): Result<ActionResult, Refusal> {
  if (!state.underlyings.has(underlying)) {
    return err(refusal('unknown_underlying', { given: underlying }));
  }
  const key = protectionKey.pack(portfolioId(account, subAccount), underlying);
  const row = state.protections.get(key);
  if (row === undefined) return err(refusal('no_protection', { given: underlying }));

  // From here it must succeed.
  row.frozenUntil = timestampMs(0);
  row.windowEndsAt = timestampMs(0);
  state.protections.touch(key);
  announce(context, row, PROTECTION_CHANGE.reset);
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: row.frozenUntil } });
}
