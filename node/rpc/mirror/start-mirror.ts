/**
 * Starts the mirror at the first request that needs it, and keeps it with every block from then on.
 *
 * Order: watch blocks, then read the snapshot, then apply the blocks above it. Orders come in pages
 * of ascending numbers, each at its own height, so blocks executed between two pages are counted in
 * the later pages and not in the earlier ones; `pages` remembers which.
 */

import { HeaderCodec } from '../../../runtime/block.ts';
import { assert } from '../../../runtime/core/result.ts';
import { type OrderId, orderId, timestampMs } from '../../../runtime/core/units.ts';
import { EventsCodec } from '../../../runtime/event.ts';
import type { BlockNotice } from '../../api.ts';
import { MAX_ORDERS_PAGE, QUESTION } from '../../query/format.ts';
import type { Ask } from '../ask.ts';
import { applyBlock, type BlockEvents, type MarketChanges } from './apply-block.ts';
import { openOrder } from './apply-order.ts';
import { type MarketMirror, marketMirror } from './market.ts';

/** Orders from number `from` on (up to the next page's) are as block `height` left them. */
type Page = { readonly from: number; readonly height: number };

export type MirrorOptions = {
  readonly rememberedTrades: number;
  readonly rememberedOrders: number;
};

/** A started mirror, and what takes the blocks from then on. */
export type StartedMirror = {
  readonly mirror: MarketMirror;
  /** Applies a block; `undefined` when the snapshot already counts it whole. */
  readonly apply: (notice: BlockNotice) => MarketChanges | undefined;
};

/** The block's timestamp: the header is the first, fixed-size field of the block's SSZ. */
export function headerTimestamp(notice: BlockNotice): number {
  const header = HeaderCodec.decode(notice.block.subarray(0, HeaderCodec.maxBytes));
  assert(header.ok, 'a final block starts with its header');
  return header.value.timestamp;
}

function blockEvents(notice: BlockNotice): BlockEvents {
  const events = EventsCodec.decode(notice.events);
  assert(events.ok, 'the executor emits events in the format of this release');
  const timestamp = timestampMs(headerTimestamp(notice));
  return { height: notice.height, timestamp, events: events.value };
}

/** Reads the snapshot. The caller watches blocks since before, and applies those it gets after. */
export async function startMirror(ask: Ask, options: MirrorOptions): Promise<StartedMirror> {
  const snapshot = await ask({ selector: QUESTION.market, value: { unused: 0 } });
  const mirror = marketMirror(snapshot);
  const pages: Page[] = [];
  let from = orderId(1);
  do {
    const question = { from, limit: MAX_ORDERS_PAGE };
    const page = await ask({ selector: QUESTION.orders, value: question });
    pages.push({ from, height: page.height });
    for (const order of page.orders) openOrder(mirror, order, page.height);
    for (const trigger of page.triggers) mirror.triggers.set(trigger.id, trigger);
    from = page.next;
  } while (from > 0);
  const pagesUpTo = Math.max(...pages.map(({ height }) => height));

  const countedAt = (order: OrderId): number =>
    pages.findLast((page) => page.from <= order)?.height ?? 0;
  return {
    mirror,
    apply(notice) {
      if (notice.height <= snapshot.height) return undefined;
      const isCounted =
        notice.height > pagesUpTo
          ? () => false
          : (order: OrderId) => notice.height <= countedAt(order);
      return applyBlock(mirror, blockEvents(notice), { ...options, isCounted });
    },
  };
}
