/** Numbers of accounts run out without stopping the chain: crediting an address costs next to nothing. */
import { expect, test } from 'vitest';
import { MAX_ACCOUNT_ID } from '../../runtime/accounts/create-account.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import {
  accountId,
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { RUNTIME_ERRORS } from '../../runtime/error.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { accountOf } from '../fixtures/block.ts';
import { runBlock, startChain, type TestChain, transactionOf } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';

const MAIN = subAccount(0);

function credit(name: string): Action {
  return {
    selector: ACTION.transfer,
    value: {
      fromSubAccount: MAIN,
      to: accountOf(testKey(name)),
      toSubAccount: MAIN,
      denomination: 0,
      amount: 1_000_000n,
    },
  };
}

function resultsOf(chain: TestChain, name: string, actions: Action[]) {
  return runBlock(chain, [transactionOf(chain, testKey(name), actions)]).receipts[0]?.results;
}

test('the account of the last number trades, and there is none after it', () => {
  const chain = startChain();
  runBlock(chain);
  metaOf(chain.state).nextAccountId = accountId(MAX_ACCOUNT_ID);
  const results = resultsOf(chain, 'alice', [credit('last'), credit('late'), credit('last')]);
  expect(results?.map(({ selector }) => selector)).toEqual([
    ACTION_RESULT.transferred,
    ACTION_RESULT.refused,
    ACTION_RESULT.transferred,
  ]);
  expect(results?.[1]?.value).toMatchObject({ number: RUNTIME_ERRORS.too_many_accounts.number });
  expect(chain.state.accounts.get(testKey('last').address)?.id).toBe(MAX_ACCOUNT_ID);
  expect(chain.state.accounts.has(testKey('late').address)).toBe(false);

  // Its sub-accounts have keys of positions, so what asks for one does not throw.
  const order = {
    ...PLAIN_TERMS,
    subAccount: subAccount(255),
    instrument: instrumentId(1),
    side: SIDE.buy,
    price: priceTicks(1),
    size: sizeLots(1),
    reduceOnly: true,
  };
  const placed = resultsOf(chain, 'last', [{ selector: ACTION.placeOrder, value: order }]);
  expect(placed?.[0]?.selector).toBe(ACTION_RESULT.refused);
});
