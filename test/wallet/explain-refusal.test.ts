/** Facts of refusals in the units of people: by hand from the grids of ETH and of a BTC combo. */

import { expect, test } from 'vitest';
import { RUNTIME_ERRORS, type RuntimeErrorCode } from '../../runtime/error.ts';
import { coinsOfLots, explainRefusal } from '../../wallet/client/explain-refusal.ts';
import type { ActionInput } from '../../wallet/client/transaction-builder.ts';

/** Tick $0.1, lot 0.1. */
const ETH = {
  instrument_id: 7,
  instrument_name: 'ETH-25DEC26-4000-C',
  tick_micro_usd: 100_000,
  lots_per_coin: 10,
};
/** Tick $1, lot 0.01; net prices above a zero. */
const COMBO = {
  instrument_id: 9,
  instrument_name: 'BTC-RR-25DEC26-90000_110000',
  tick_micro_usd: 1_000_000,
  lots_per_coin: 100,
  price_zero_ticks: 1_000_000_000,
};
const order: ActionInput = {
  type: 'order',
  instrument: ETH,
  side: 'buy',
  price: '900',
  amount: '1',
};
const ofCombo: ActionInput = { ...order, instrument: COMBO, price: '-40', amount: '0.02' };
const send: ActionInput = { type: 'transfer', to: '', amount: '5', currency: 'MIL' };
const accept: ActionInput = {
  type: 'acceptQuote',
  request: 1,
  side: 'buy',
  limit: '1',
  units: 5,
};

function explain(code: RuntimeErrorCode, given: bigint, allowed: bigint, input: ActionInput) {
  const { number, field, text } = RUNTIME_ERRORS[code];
  const facts = { given: String(given), allowed: String(allowed) };
  return explainRefusal({ type: 'refused', code, number, field, message: text, ...facts }, input);
}

test.each<[RuntimeErrorCode, bigint, bigint, ActionInput, string | undefined, string | undefined]>([
  ['price_band', 9_000n, 1_359n, order, '900 USD', '135.9 USD'],
  ['bad_price', 999_999_960n, 1n, ofCombo, '-40 USD', '-999999999 USD'],
  ['above_max_size', 10_000_000n, 1_000_000n, order, '1000000 coins', '100000 coins'],
  ['not_a_reduction', 50n, 0n, { ...order, type: 'reduce', order: {} }, '5 coins', '0 coins'],
  ['nothing_to_reduce', 2n, -2n, ofCombo, '0.02 coins', '-0.02 coins'],
  ['bad_size', 5n, 4n, accept, '5', '4'],
  ['insufficient_margin', 1_234_567n, -500_000n, order, '1.234567 USD', '-0.5 USD'],
  ['insufficient_balance', 5_000_000n, 0n, send, '5 MIL', '0 MIL'],
  // For 0.02 coins in all: −800,000 and −600,000 micro-USD are −40 and −30 USD a coin.
  ['net_band', -800_000n, -600_000n, ofCombo, '-40 USD', '-30 USD'],
  ['trigger_holds', 1_000_000n, 2_764_496_586n, order, '1 USD', '2764.496586 USD'],
  ['bad_expires_at', 1_000n, 0n, order, '1970-01-01T00:00:01.000Z', undefined],
  ['bad_expires_at', 2n ** 60n, 0n, order, String(2n ** 60n), undefined],
  ['instrument_not_open', 7n, 0n, order, 'halted', undefined],
  ['instrument_not_open', 0n, 0n, order, 'past its expiry', undefined],
  ['instrument_not_open', 12n, 0n, ofCombo, 'leg 12', undefined],
  ['not_in_auction', 2n, 0n, order, 'fok', 'gtc, gtt, gfa'],
  ['duplicate_client_id', 1n, 28_945n, order, '1', 'another; order 28945 has it'],
  ['order_not_found', 4_711n, 0n, { type: 'cancel', orderId: 4_711 }, '4711', undefined],
  ['post_only_required', 0n, 0n, order, undefined, undefined],
  // A bound on the sums of the margin is no size.
  ['position_limit', 2n ** 52n, 2n ** 52n, order, String(2n ** 52n), String(2n ** 52n)],
])('%s: given %s, allowed %s', (code, rawGiven, rawAllowed, input, given, allowed) => {
  expect(explain(code, rawGiven, rawAllowed, input)).toEqual({ given, allowed });
});

test('a name of another release keeps its numbers', () => {
  const refused = {
    type: 'refused',
    code: 'unknown',
    number: 9_999,
    field: '',
    message: '',
  } as const;
  expect(explainRefusal({ ...refused, given: '3', allowed: '4' }, order)).toEqual({
    given: '3',
    allowed: '4',
  });
});

test('lots are shown as the coins they are', () => {
  expect(coinsOfLots(ETH, 15)).toBe('1.5');
  expect(coinsOfLots(COMBO, 0)).toBe('0');
});
