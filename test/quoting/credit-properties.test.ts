/** Random spending, earning and waiting: credits stay in their bounds, cancels get through. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chargeAction } from '../../runtime/accounts/charge-action.ts';
import { earnCredits } from '../../runtime/accounts/earn-credits.ts';
import { refilled } from '../../runtime/accounts/rate-credits.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { orderId, subAccount } from '../../runtime/core/units.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { runs } from '../fixtures/runs.ts';
import { nextBlock } from '../fixtures/state.ts';
import { accountOf, markAt, orderOf, place } from '../matching/market.ts';
import { quotingMarket } from './quoting-market.ts';

const CANCEL_ALL: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };

const rules = fc.record({
  creditStart: fc.integer({ min: 1, max: 30 }),
  creditCap: fc.nat({ max: 60 }),
  creditRefillPerSecond: fc.nat({ max: 20 }),
  creditUsdPerCredit: fc.nat({ max: 5_000 }),
  creditOrderCost: fc.nat({ max: 7 }),
  creditQuotesPerCredit: fc.integer({ min: 1, max: 10 }),
  creditCancelCost: fc.nat({ max: 7 }),
  creditOtherCost: fc.nat({ max: 7 }),
});
const step = fc.constantFrom(
  'order' as const,
  'order' as const,
  'order' as const,
  'ownCancel' as const,
  'strayCancel' as const,
  'cancelAll' as const,
  'trade' as const,
  'block' as const,
);

test('credits are never negative nor above the cap, own cancels are never refused', () => {
  fc.assert(
    fc.property(rules, fc.array(step, { minLength: 10, maxLength: 60 }), (chosen, steps) => {
      const { market, maker, taker, call, callMark } = quotingMarket();
      const { state } = market;
      const parameters = { ...market.context.parameters, ...chosen };
      state.parameters.set(SINGLETON_KEY, parameters);
      market.context = { ...market.context, parameters };
      const account = accountOf(maker);
      const spender = { account, budgets: [] };
      const credits = (): number => {
        const row = state.rateCredits.get(account);
        if (row === undefined) return parameters.creditStart;
        return refilled(row, parameters, market.context.timestamp).credits;
      };
      const order = { instrument: call, side: 'sell', price: callMark + 5, lots: 1 } as const;
      let cancelledAll = false;
      for (const kind of steps) {
        const before = credits();
        const charge = (action: Action): boolean =>
          chargeAction(state, market.context, spender, action) === undefined;
        switch (kind) {
          case 'order': {
            const value = orderOf(maker, order);
            const passed = charge({ selector: ACTION.placeOrder, value });
            expect(passed).toBe(before >= parameters.creditOrderCost);
            expect(credits()).toBe(passed ? before - parameters.creditOrderCost : before);
            if (passed) place(market, maker, order);
            break;
          }
          case 'ownCancel': {
            const [own] = openOrdersOf(state, maker);
            if (own === undefined) break;
            expect(charge({ selector: ACTION.cancelOrder, value: { orderId: own.id } })).toBe(true);
            expect(credits()).toBe(before);
            break;
          }
          case 'strayCancel': {
            const stray: Action = {
              selector: ACTION.cancelOrder,
              value: { orderId: orderId(9_999) },
            };
            expect(charge(stray)).toBe(before >= parameters.creditCancelCost);
            break;
          }
          case 'cancelAll':
            if (charge(CANCEL_ALL)) {
              expect(credits()).toBe(cancelledAll ? before - parameters.creditCancelCost : before);
            } else expect(cancelledAll && before < parameters.creditCancelCost).toBe(true);
            cancelledAll = true;
            break;
          case 'trade':
            place(market, taker, {
              instrument: call,
              side: 'buy',
              price: callMark + 5,
              lots: 3,
              ioc: true,
            });
            break;
          case 'block':
            earnCredits(state, market.context);
            expect(credits()).toBeGreaterThanOrEqual(before);
            market.context = { ...nextBlock(state, 700), parameters };
            markAt(market, 100_000);
            cancelledAll = false;
            break;
        }
        expect(credits()).toBeGreaterThanOrEqual(0);
        const most = Math.max(parameters.creditCap, parameters.creditStart);
        expect(credits()).toBeLessThanOrEqual(most);
      }
    }),
    { numRuns: runs(500) },
  );
});
