/** A block as it is pushed, decoded for the count of fade. */
import { BlockCodec } from '../../../runtime/block.ts';
import { assert } from '../../../runtime/core/result.ts';
import { EventsCodec } from '../../../runtime/event.ts';
import { ReceiptsCodec } from '../../../runtime/receipt.ts';
import { PAYLOAD, PayloadCodec } from '../../../runtime/transaction.ts';
import type { BlockNotice } from '../../api.ts';
import type { FadeBlock } from './fade.ts';

/** Decodes transactions, receipts and events: only while someone wants the count. */
export function fadeBlock(notice: BlockNotice): FadeBlock {
  const block = BlockCodec.decode(notice.block);
  const receipts = ReceiptsCodec.decode(notice.receipts);
  const events = EventsCodec.decode(notice.events);
  assert(block.ok && receipts.ok && events.ok, 'a final block and its results decode');
  const { header, payloads } = block.value;
  const transactions = receipts.value.flatMap((receipt) => {
    const payload = PayloadCodec.decode(payloads[receipt.index] ?? new Uint8Array());
    assert(
      payload.ok && payload.value.selector === PAYLOAD.transaction,
      'a receipt is that of a transaction of its block',
    );
    return { transaction: payload.value.value, receipt };
  });
  return { height: header.height, timestamp: header.timestamp, transactions, events: events.value };
}
