/**
 * Parameters that change while a market lives: a node that was there and one that loads its state right
 * after execute the next blocks alike, whatever a mark, a book or a margin remembered of the values before.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import { timestampMs, validatorIndex } from '../../runtime/core/units.ts';
import { proposalId } from '../../runtime/governance/ballot.ts';
import { enactContent } from '../../runtime/governance/enact.ts';
import { PARAMETER_SET, PARAMETER_SETS } from '../../runtime/governance/parameter-sets.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import {
  auctionChain,
  calls,
  markTicks,
  NAMES,
  orderAction,
  rootOf,
  tryBlock,
  unsigned,
} from '../auction/chain.ts';
import { runBlock } from '../fixtures/chain.ts';
import { change } from '../fixtures/governance.ts';
import { runs } from '../fixtures/runs.ts';

/** Values that a market feels, by set. */
const CHANGED: readonly (readonly [set: number, name: string, values: readonly number[]])[] = [
  [PARAMETER_SET.chain, 'bandSpotBps', [50, 500, 900]],
  [PARAMETER_SET.chain, 'bandVolBps', [500, 2_500]],
  [PARAMETER_SET.chain, 'markIntervalMs', [500, 1_000, 5_000]],
  [PARAMETER_SET.chain, 'creditOrderCost', [0, 1, 3]],
  [PARAMETER_SET.chain, 'settlementSlots', [30, 60]],
  [PARAMETER_SET.liquidation, 'bufferBps', [500, 1_500]],
  [PARAMETER_SET.underlying, 'makerFeeCentiBps', [0, 100, 400]],
  [PARAMETER_SET.underlying, 'takerFeeCentiBps', [100, 300, 900]],
  [PARAMETER_SET.underlying, 'feeCapBps', [500, 1_250, 5_000]],
  [PARAMETER_SET.underlying, 'strikesListed', [3, 5, 9]],
  [PARAMETER_SET.underlying, 'expiriesListed', [2, 3, 4]],
  [PARAMETER_SET.underlying, 'maxSeriesOpenInterestLots', [0, 5, 50]],
  [PARAMETER_SET.underlying, 'maxAccountLots', [0, 20]],
];

function contextOf(state: State): BlockContext {
  const { height, timestamp, epoch } = metaOf(state);
  return {
    height,
    timestamp: timestampMs(timestamp),
    proposer: validatorIndex(0),
    config: state.epochConfigs.must(epoch),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
}

const step = fc.record({
  change: fc.nat(CHANGED.length - 1),
  value: fc.nat(2),
  orders: fc.array(
    fc.record({
      who: fc.nat(3),
      series: fc.nat(2),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      // Within the bands and beyond them.
      offset: fc.integer({ min: -600, max: 600 }),
      lots: fc.integer({ min: 1, max: 12 }),
    }),
    { maxLength: 4 },
  ),
});

test('a node that lived through a change and one that starts after it agree', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 6, maxLength: 10 }), (steps) => {
      const chain = auctionChain();
      for (let n = 0; n < 4; n++) runBlock(chain);
      let enacted = 0;
      for (const { change: which, value, orders } of steps) {
        const { state } = chain;
        const [set, name, values] = CHANGED[which] ?? CHANGED[0] ?? ([0, '', []] as const);
        const content = change(state, set, name, values[value % values.length] ?? 0);
        if (enactContent(state, contextOf(state), proposalId(1), content).ok) enacted += 1;
        const payloads = orders.flatMap(({ who, series, side, offset, lots }) => {
          const instrument = calls(state)[series];
          if (instrument === undefined) return [];
          const price = Math.max(1, markTicks(state, instrument.id) + offset);
          return unsigned(chain, NAMES[who] ?? 'alice', [
            orderAction(instrument.id, side, price, lots),
          ]);
        });
        const { state: loaded } = tryBlock(chain, payloads);
        runBlock(chain, payloads);
        expect(rootOf(chain.state), `${PARAMETER_SETS[set]?.name}.${name}`).toBe(rootOf(loaded));
      }
      expect(enacted).toBeGreaterThan(0);
      expect(conservationProblems(chain.state)).toEqual([]);
    }),
    { numRuns: runs(12) },
  );
});
