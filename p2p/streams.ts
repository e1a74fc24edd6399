/**
 * libp2p streams without their traps.
 *
 * `send`, `close` and listeners of a stream throw when the peer closed a moment before, and what a
 * listener throws ends the process. Everything here is total: a failure aborts the stream, and the
 * stream's `close` event tells its owner.
 */
import type { Connection, Stream } from '@libp2p/interface';

/** Text of whatever was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Resets the stream: both ends lose what is not delivered yet. */
export function abortStream(stream: Stream, reason: string): void {
  try {
    stream.abort(new Error(reason));
  } catch {
    // It was closed already, which is what the caller wants.
  }
}

/** Ends our half once everything is sent; resets the stream if that fails or takes too long. */
export function closeStream(stream: Stream, timeoutMs: number): void {
  stream
    .close({ signal: AbortSignal.timeout(timeoutMs) })
    .catch((error: unknown) => abortStream(stream, describeError(error)));
}

/** Closes the connection, within `timeoutMs`; resets it if that fails. Never rejects. */
export async function closeConnection(connection: Connection, timeoutMs: number): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    abortConnection(connection, describeError(error));
  }
}

export function abortConnection(connection: Connection, reason: string): void {
  try {
    connection.abort(new Error(reason));
  } catch {
    // It was closed already, which is what the caller wants.
  }
}

/**
 * Sends or buffers `bytes`, which nobody changes after. `false` when the stream cannot take them
 * and was aborted. The caller bounds what it sends by `stream.writeBufferLength`.
 */
export function sendOn(stream: Stream, bytes: Uint8Array): boolean {
  try {
    stream.send(bytes);
    return true;
  } catch (error) {
    abortStream(stream, describeError(error));
    return false;
  }
}

/** A stream's events. `onEnd` comes once: the peer sends no more, or the stream is gone. */
export type StreamListeners = {
  readonly onChunk: (chunk: Uint8Array) => void;
  readonly onEnd: () => void;
};

/** Listens from now on; chunks that came before are delivered in a microtask. */
export function listen(stream: Stream, { onChunk, onEnd }: StreamListeners): void {
  let ended = false;
  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      abortStream(stream, describeError(error));
    }
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    guard(onEnd);
  };
  stream.addEventListener('end', end);
  stream.addEventListener('close', end);
  stream.addEventListener('message', ({ data }) => {
    guard(() => {
      if (data instanceof Uint8Array) onChunk(data);
      else for (const chunk of data) onChunk(chunk);
    });
  });
  if (stream.readableEnded || stream.status !== 'open') end();
}

/**
 * Waits until all that was sent on the stream has left it. `onDrain()` is of no use: its promise
 * is never renewed after the first drain.
 */
export function whenIdle(
  stream: Stream,
  timeoutMs: number,
): Promise<'idle' | 'closed' | 'timeout'> {
  if (stream.status !== 'open') return Promise.resolve('closed');
  if (stream.writeBufferLength === 0) return Promise.resolve('idle');
  return new Promise((resolve) => {
    const settle = (outcome: 'idle' | 'closed' | 'timeout') => (): void => {
      clearTimeout(timer);
      stream.removeEventListener('idle', onIdle);
      stream.removeEventListener('close', onClose);
      resolve(outcome);
    };
    const onIdle = settle('idle');
    const onClose = settle('closed');
    const timer = setTimeout(settle('timeout'), timeoutMs);
    stream.addEventListener('idle', onIdle);
    stream.addEventListener('close', onClose);
  });
}
