/** Recorded order flow through our book: whom it trades with, and its best quotes. */
import type { Report } from './measure.ts';
import { replayBitstamp } from './replay-bitstamp.ts';
import {
  type Difference,
  readLobster,
  replayLobster,
  withUnrecordedAdds,
} from './replay-lobster.ts';

/** Replays what lies in the folder `data`; `remark` gets every difference, one by one. */
export function measureRealFlow(
  data: string,
  report: Report,
  remark: (text: string) => void,
): void {
  const { messages, quotes } = readLobster(data);
  const asIs = replayLobster(messages, quotes);
  const name = 'l3_lobster';
  const list = (what: string, differences: readonly Difference[]): void => {
    for (const { time, what: difference } of differences) remark(`${what} ${time}  ${difference}`);
  };
  report(name, 'events', asIs.events, 'events');
  report(name, 'events_per_s', (1_000 * asIs.events) / asIs.ms, 'events/s');
  report(name, 'executions', asIs.executions, 'executions');
  report(name, 'maker_agreement', asIs.sameMaker / asIs.executions, 'of 1');
  report(name, 'quotes', asIs.quotes, 'states');
  report(name, 'quotes_in_order', asIs.quotesInOrder / asIs.quotes, 'of 1');
  report(name, 'unknown_orders', asIs.unknown, 'events');
  list(name, asIs.differences);

  const whole = replayLobster(withUnrecordedAdds(messages), quotes);
  const added = 'l3_lobster, unrecorded adds put in';
  report(added, 'maker_agreement', whole.sameMaker / whole.executions, 'of 1');
  report(added, 'quotes_in_order', whole.quotesInOrder / whole.quotes, 'of 1');
  list(added, whole.differences);

  const bitstamp = replayBitstamp(data);
  const other = 'l3_bitstamp';
  report(other, 'events', bitstamp.events, 'events');
  report(other, 'adds', bitstamp.adds, 'orders');
  report(other, 'cancels', bitstamp.cancels, 'cancels');
  report(other, 'cancels_found', bitstamp.cancelsFound / bitstamp.cancels, 'of 1');
  report(other, 'trades', bitstamp.trades, 'trades');
  report(other, 'trade_agreement', bitstamp.sameTrades / bitstamp.trades, 'of 1');
  report(other, 'unknown_orders', bitstamp.unknown, 'events');
  list(other, bitstamp.differences);
}
