/**
 * Gossip of payloads, in batches: one message costs the same for one payload as for a hundred.
 *
 * A batch leaves at once when the last one left `FLUSH_INTERVAL_MS` ago or more, else when that time
 * is over: on a quiet network the next leader has a transaction before it builds. A busy node sends
 * 12 messages a second.
 */

import { MAX_BATCH_PAYLOADS, MAX_GOSSIP_BYTES, PayloadBatchCodec } from '../../p2p/messages.ts';
import { assert } from '../../runtime/core/result.ts';
import type { Clock, TimerHandle } from '../ports.ts';

const FLUSH_INTERVAL_MS = 25;
/** After a batch of this many a node is busy: batches cost more than their payloads, so fewer leave. */
const BUSY_BATCH = 6;
const BUSY_FLUSH_INTERVAL_MS = 80;
/** SSZ adds an offset of 4 bytes to each payload. */
const OFFSET_BYTES = 4;

export type PayloadGossip = {
  /** Sends a payload with the next batch. */
  add(bytes: Uint8Array): void;
  stop(): void;
};

export function createPayloadGossip(options: {
  readonly clock: Clock;
  readonly publish: (bytes: Uint8Array) => void;
}): PayloadGossip {
  const { clock, publish } = options;
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let lastFlushAt = 0;
  let intervalMs = FLUSH_INTERVAL_MS;
  let timer: TimerHandle | undefined;

  const flush = (): void => {
    timer?.cancel();
    timer = undefined;
    if (batch.length === 0) return;
    lastFlushAt = clock.now();
    intervalMs = batch.length >= BUSY_BATCH ? BUSY_FLUSH_INTERVAL_MS : FLUSH_INTERVAL_MS;
    const bytes = PayloadBatchCodec.encode(batch);
    batch = [];
    batchBytes = 0;
    assert(bytes.length <= MAX_GOSSIP_BYTES, 'a batch fits a gossip message');
    publish(bytes);
  };

  return {
    add(bytes) {
      const cost = bytes.length + OFFSET_BYTES;
      if (batch.length >= MAX_BATCH_PAYLOADS || batchBytes + cost > MAX_GOSSIP_BYTES) flush();
      batch.push(bytes);
      batchBytes += cost;
      if (timer) return;
      const dueMs = lastFlushAt + intervalMs - clock.now();
      timer = clock.setTimer(Math.max(0, dueMs), flush);
    },
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };
}
