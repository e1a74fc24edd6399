/**
 * Yamux, made safe to lose its connection at any instant, and sparing with window updates.
 *
 * Yamux 8.0.3 announces a new stream in a microtask of its own (`onCreateStream`). If the connection
 * was reset in the turn in which the stream was asked for, that microtask throws, nobody can catch
 * it, and the process ends. Here a frame that the connection no longer takes is dropped and the
 * muxer ends, with all its streams, as it would have a moment later.
 *
 * It also answers every data frame with a window update, however small: one more frame to encrypt,
 * write, read and decrypt for each vote (11 % of a busy validator's main thread). Here updates are
 * saved up until a quarter of the smallest window is owed, so that a sender never has less than
 * three quarters of its window for want of one.
 */
import type { StreamMuxerFactory } from '@libp2p/interface';
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';

/** Of `@libp2p/yamux`: type of a frame, and flags that end a stream. */
const WINDOW_UPDATE = 1;
const ENDS_STREAM = 4 | 8;
/** A quarter of the window that every stream begins with. */
const MAX_OWED_BYTES: number = 64 * 1024;
/** Streams of one connection with updates owed; those that the peer reset are not told to us. */
const MAX_OWING_STREAMS = 256;

type FrameHeader = {
  readonly type: number;
  readonly flag: number;
  readonly streamID: number;
  readonly length: number;
};
type FrameSender = { sendFrame: (header: FrameHeader, data?: unknown) => unknown };

/** Makes `muxer` send its plain window updates in sums of at least `MAX_OWED_BYTES`. */
export function saveWindowUpdates(muxer: FrameSender): void {
  const owed = new Map<number, number>();
  const sendFrame = muxer.sendFrame.bind(muxer);
  const sendUpdate = (streamID: number, length: number): unknown => {
    owed.delete(streamID);
    return sendFrame({ type: WINDOW_UPDATE, flag: 0, streamID, length });
  };
  muxer.sendFrame = (header, data) => {
    const { type, flag, streamID, length } = header;
    if (type !== WINDOW_UPDATE || flag !== 0) {
      if ((flag & ENDS_STREAM) !== 0) owed.delete(streamID);
      return sendFrame(header, data);
    }
    const total = (owed.get(streamID) ?? 0) + length;
    if (total >= MAX_OWED_BYTES) return sendUpdate(streamID, total);
    owed.set(streamID, total);
    const [oldest] = owed;
    if (owed.size > MAX_OWING_STREAMS && oldest) sendUpdate(...oldest);
    return true;
  };
}

/** Like `yamux`. */
export function guardedYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const createFactory = yamux(init);
  return () => {
    const factory = createFactory();
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => {
        const muxer = factory.createStreamMuxer(connection);
        const send = muxer.send.bind(muxer);
        muxer.send = (frame) => {
          try {
            return send(frame);
          } catch (error) {
            // Does nothing the second time, so that the frames of the abort itself end here.
            muxer.abort(error instanceof Error ? error : new Error(String(error)));
            return false;
          }
        };
        saveWindowUpdates(muxer as unknown as FrameSender);
        return muxer;
      },
    };
  };
}
