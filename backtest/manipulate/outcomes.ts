/** Every strategy of design/exchange.md §6, priced. */
import { dodgeOutcomes } from './deleveraging-dodge.ts';
import { insolvencyOutcomes } from './insolvent-pair.ts';
import {
  batchOutcomes,
  fundingOutcomes,
  ladderOutcomes,
  pumpOutcomes,
  settlementOutcomes,
} from './market-strategies.ts';
import type { Outcome } from './strategy.ts';
import { omissionOutcomes } from './vote-omission.ts';

/** In the order of the design's list. A few seconds. */
export function allOutcomes(): Outcome[] {
  return [
    ...pumpOutcomes(),
    ...fundingOutcomes(),
    ...settlementOutcomes(),
    ...omissionOutcomes(),
    ...ladderOutcomes(),
    ...insolvencyOutcomes(),
    ...dodgeOutcomes(),
    ...batchOutcomes(),
  ];
}
