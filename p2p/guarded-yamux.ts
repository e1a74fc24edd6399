/**
 * Yamux, made safe to lose its connection at any instant.
 *
 * Yamux 8.0.3 announces a new stream in a microtask of its own (`onCreateStream`). If the connection
 * was reset in the turn in which the stream was asked for, that microtask throws, nobody can catch
 * it, and the process ends. Here a frame that the connection no longer takes is dropped and the
 * muxer ends, with all its streams, as it would have a moment later.
 */
import type { StreamMuxerFactory } from '@libp2p/interface';
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';

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
        return muxer;
      },
    };
  };
}
