/**
 * What the insurance fund may pay for an account, and its payments.
 *
 * Source: design/exchange.md §6: at most the account's last initial margin, and at most 10 % of the
 * fund an hour and underlying. A payment is counted for the underlyings of what is held by notional,
 * each part rounded up. Hours are those of the clock; the tenth is of what the fund held at its first
 * use in the hour. Units: micro-USD.
 */
import { ANY_UNDERLYING } from '../actions/orders.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { absBigint, maxBigint, minBigint, mulDivCeil, mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import type { PortfolioId, UnderlyingId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { State } from '../state/state.ts';
import type { InsuranceUse, Liquidation } from './liquidation.ts';
import { livePositions } from './move-position.ts';
import { liquidationParametersOf } from './parameters.ts';

const HOUR_MS = 3_600_000;
const BPS = 10_000n;

/** Shares of a payment by underlying; together the whole. */
export type InsuredParts = ReadonlyMap<UnderlyingId, bigint>;

/** Notional held by underlying; of who holds nothing any more, a part of its own. O(positions). */
export function insuredParts(state: State, portfolio: PortfolioId): InsuredParts {
  const parts = new Map<UnderlyingId, bigint>();
  for (const { instrument, lots, lotNotional } of livePositions(state, portfolio)) {
    const { underlying } = state.instruments.must(instrument);
    const notional = absBigint(BigInt(lots)) * lotNotional;
    parts.set(underlying, (parts.get(underlying) ?? 0n) + notional);
  }
  if (parts.size === 0) parts.set(ANY_UNDERLYING, 1n);
  return parts;
}

function fundOf(state: State): bigint {
  return maxBigint(0n, balanceOf(state, MODULE.insurance, DENOMINATION.usd));
}

/** Use in the hour of the block, or that of nothing yet. */
export function useInHour(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
): InsuranceUse {
  const hour = Math.floor(context.timestamp / HOUR_MS);
  const row = state.insuranceUse.get(underlying);
  if (row !== undefined && row.hour === hour) return row;
  return { underlying, hour, fund: fundOf(state), used: 0n };
}

/** What the fund may still pay in this hour for an underlying. */
export function leftInHour(state: State, use: InsuranceUse): bigint {
  const { insuranceHourBps } = liquidationParametersOf(state);
  // Rounded down: the cap is kept.
  return maxBigint(0n, mulDivFloor(use.fund, BigInt(insuranceHourBps), BPS) - use.used);
}

/** What the fund may pay now for parts, whatever the account. */
function allowanceOf(state: State, context: BlockContext, parts: InsuredParts): bigint {
  let allowance = fundOf(state);
  let total = 0n;
  for (const part of parts.values()) total += part;
  for (const [underlying, part] of parts) {
    if (part === 0n) continue;
    const left = leftInHour(state, useInHour(state, context, underlying));
    allowance = minBigint(allowance, mulDivFloor(left, total, part));
  }
  return allowance;
}

/** What the fund may pay now for an account. O(underlyings). */
export function insuranceAllowance(
  state: State,
  context: BlockContext,
  { initialMargin, insured }: Liquidation,
  parts: InsuredParts,
): bigint {
  const ofAccount = maxBigint(0n, initialMargin - insured);
  return minBigint(ofAccount, allowanceOf(state, context, parts));
}

/** Counts a payment against the hour of each part. */
function countUse(state: State, context: BlockContext, parts: InsuredParts, amount: bigint): void {
  let total = 0n;
  for (const part of parts.values()) total += part;
  for (const [underlying, part] of parts) {
    if (part === 0n) continue;
    const use = useInHour(state, context, underlying);
    const counted = mulDivCeil(amount, part, total);
    assert(counted <= leftInHour(state, use), 'insurance stays within its hourly cap');
    state.insuranceUse.set(underlying, { ...use, used: use.used + counted });
  }
}

function pay(state: State, to: PortfolioId, amount: bigint): void {
  const denomination = DENOMINATION.usd;
  transfer(state, { from: MODULE.insurance, to, denomination, amount, reason: 'insurance' });
}

/** Pays for an account what is within its allowance, and says so. */
export function payInsurance(
  state: State,
  context: BlockContext,
  row: Liquidation,
  payment: { readonly parts: InsuredParts; readonly amount: bigint },
): void {
  const { parts, amount } = payment;
  if (amount === 0n) return;
  assert(
    row.insured + amount <= row.initialMargin,
    'insurance pays at most the initial margin of an account',
  );
  countUse(state, context, parts, amount);
  row.insured += amount;
  state.liquidations.touch(row.portfolio);
  pay(state, row.portfolio, amount);
  const value = { portfolio: row.portfolio, amount };
  context.events.push({ selector: EVENT.insurancePaid, value });
}

/** Pays of a debt that is nobody's any more what the hour still allows; the amount. */
export function payFromFund(
  state: State,
  context: BlockContext,
  to: PortfolioId,
  most: bigint,
): bigint {
  const parts: InsuredParts = new Map([[ANY_UNDERLYING, 1n]]);
  const amount = minBigint(most, allowanceOf(state, context, parts));
  if (amount === 0n) return 0n;
  countUse(state, context, parts, amount);
  pay(state, to, amount);
  context.events.push({ selector: EVENT.insurancePaid, value: { portfolio: to, amount } });
  return amount;
}
