/** Positions shown by a wallet: lots and names of the rows, whatever the node says of them. */
import { expect, test } from 'vitest';
import type { PositionInfo } from '../../node/rpc/schemas/account.ts';
import { address, positionLots, subAccount } from '../../runtime/core/units.ts';
import { positionKey } from '../../runtime/state/state.ts';
import { provenPositions } from '../../wallet/light/prove-positions.ts';
import { testState } from '../fixtures/state.ts';
import { MAKER, MAKER_PORTFOLIO, openMarket, SERIES } from '../rpc/market.ts';

const state = testState();
const { instrument } = openMarket(state);
state.positions.set(positionKey.pack(MAKER_PORTFOLIO, instrument), {
  portfolio: MAKER_PORTFOLIO,
  instrument,
  lots: positionLots(-250),
});
const owner = { address: address(MAKER), sub: subAccount(0) };

const info: PositionInfo = {
  instrument_name: SERIES,
  sub_account: 0,
  direction: 'sell',
  size: -2.5,
  size_lots: -250,
  mark_price: null,
  value: null,
  delta: null,
  average_price: null,
  floating_profit_loss: null,
  funding_owed: null,
};
const shown = (said: Partial<PositionInfo>, id: number = instrument) =>
  provenPositions(state, owner, [{ id, info: { ...info, ...said } }]);

test('an honest one is shown as it is', () => {
  expect(shown({})).toEqual({ positions: [info], notes: [] });
});

test('other lots, another side: shown are the proven ones, and what the node said is told', () => {
  const { positions, notes } = shown({ size_lots: 9_000, size: 90, direction: 'buy' });
  expect(positions).toEqual([info]);
  expect(notes).toEqual([`${SERIES}: the node says 9000 lots, proven are -250`]);
});

test('one that is not there is not shown, by whatever name', () => {
  const other = shown({ instrument_name: 'BTC-1DEC25-0805-200000-C' });
  expect(other.positions).toEqual([]);
  expect(other.notes[0]).toContain('no such instrument is proven');
  expect(shown({}, 999_999).positions).toEqual([]);
  const stranger = provenPositions(state, { ...owner, address: address('77'.repeat(20)) }, [
    { id: instrument, info },
  ]);
  expect(stranger.positions).toEqual([]);
});
