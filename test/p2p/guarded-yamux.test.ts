import type { MessageStream } from '@libp2p/interface';
import { expect, test } from 'vitest';
import { guardedYamux } from '../../p2p/guarded-yamux.ts';

/** A connection that is gone, though nobody was told: every send throws. */
function deadConnection(): MessageStream {
  const log = Object.assign(() => {}, { error() {}, trace() {}, newScope: () => log });
  const connection = Object.assign(new EventTarget(), {
    log,
    direction: 'outbound',
    send() {
      throw new Error('Cannot write to a stream that is closed');
    },
  });
  return connection as unknown as MessageStream;
}

test('a stream asked for on a dead connection ends the muxer, not the process', async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => {
    uncaught.push(error);
  };
  process.on('uncaughtException', note);
  try {
    const muxer = guardedYamux({ enableKeepAlive: false })().createStreamMuxer(deadConnection());
    const stream = await muxer.createStream();
    await new Promise((resolve) => setImmediate(resolve));
    expect(muxer.status).toBe('closed');
    expect(stream.status).toBe('aborted');
  } finally {
    process.off('uncaughtException', note);
  }
  expect(uncaught).toEqual([]);
});
