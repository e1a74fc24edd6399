/**
 * What one position receives or pays at delivery.
 *
 * Source: design/exchange.md §5, design/parameters.md. Delivery price and strikes lie on a grid of
 * `optionLotsPerCoin` micro-USD, so every payoff and notional is a whole number of micro-USD and
 * the payments of an instrument sum to 0 without a remainder.
 *
 * The settlement fee is taken from those who receive a payoff, out of it: at most a share of it, so
 * it never makes a debt. Writers and holders of worthless options pay none.
 */
import { minBigint, mulDivCeil, mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import { type Instrument, optionKind } from './instrument.ts';
import type { Underlying } from './underlying.ts';

const CENTI_BPS = 1_000_000n;
const BPS = 10_000n;

/** Micro-USD; `cash` has the sign of the holder's gain, `fee` is not negative. */
export type SettlementPayment = { readonly cash: bigint; readonly fee: bigint };

/** Payoff of one lot in micro-USD, not negative. `instrument.deliveryPrice` is fixed. */
export function payoffPerLot(underlying: Underlying, instrument: Instrument): bigint {
  const { deliveryPrice, strike } = instrument;
  const kind = optionKind(instrument);
  assert(kind !== undefined, 'only options settle by payoff');
  const payoff = Math.max(0, kind === 'call' ? deliveryPrice - strike : strike - deliveryPrice);
  assert(payoff % underlying.optionLotsPerCoin === 0, 'the payoff of a lot is whole micro-USD');
  return BigInt(payoff / underlying.optionLotsPerCoin);
}

/** Payment of a position of `lots`, negative when short. */
export function settlementPayment(
  underlying: Underlying,
  instrument: Instrument,
  lots: number,
): SettlementPayment {
  const cash = payoffPerLot(underlying, instrument) * BigInt(lots);
  if (cash <= 0n) return { cash, fee: 0n };
  const lotsPerCoin = BigInt(underlying.optionLotsPerCoin);
  const notional = mulDivCeil(BigInt(instrument.deliveryPrice), BigInt(lots), lotsPerCoin);
  // The fee is rounded up, against the payer; the cap down, so that it is kept.
  const fee = mulDivCeil(notional, BigInt(underlying.settlementFeeCentiBps), CENTI_BPS);
  const cap = mulDivFloor(cash, BigInt(underlying.settlementFeeCapBps), BPS);
  return { cash, fee: minBigint(fee, cap) };
}
