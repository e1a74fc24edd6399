import { expect, test } from 'vitest';
import { orderReferences, runBookAlone } from '../../bench/matching/book-alone.ts';
import { comparisonFlow } from '../../bench/matching/flow.ts';

test('the flow for comparison ends as two independent engines say', () => {
  const flow = comparisonFlow();
  const end = runBookAlone(flow, orderReferences(flow));
  expect(end).toEqual({ restingBuys: 11_978, restingSells: 12_277, fills: 167_275 });
});
