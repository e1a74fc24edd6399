/**
 * Views that brought no final block, counted for those who led them: what final headers show of a
 * leader that is away (design/chain.md §3, downtime).
 */
import { type Committee, leader } from '../../consensus/committee.ts';
import type { Header } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { view } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { Metrics } from '../metrics.ts';

/** Views of one gap that are counted; a longer halt has another cause than its leaders. */
const MAX_COUNTED_VIEWS = 1_024;

/** Counts the views between two final blocks that follow each other. Cost: O(views skipped). */
export function countSkippedViews(
  metrics: Metrics,
  final: {
    readonly parent: Pick<Header, 'epoch' | 'view'>;
    readonly header: Pick<Header, 'epoch' | 'view'>;
    /** Of the header's epoch. */
    readonly committee: Committee;
    readonly config: EpochConfig;
    /** This node's consensus key in hex, if it validates. */
    readonly ownKey: string | undefined;
  },
): void {
  const { parent, header, committee, config, ownKey } = final;
  const below = parent.epoch === header.epoch ? parent.view : 0;
  const last = Math.min(header.view - 1, below + MAX_COUNTED_VIEWS);
  for (let at = below + 1; at <= last; at++) {
    const led = config.validators[leader(committee, view(at))];
    if (!led) continue;
    metrics.count('views_skipped', 1, toHex(led.operator));
    if (toHex(led.consensusKey) === ownKey) metrics.count('own_slots_missed');
  }
}
