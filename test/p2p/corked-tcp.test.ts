import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { corkWrites } from '../../p2p/corked-tcp.ts';

/** A connection as `@libp2p/tcp` makes it: every piece is written to the socket by itself. */
function connectionOf(socket: Socket) {
  const connection = {
    socket,
    sendData(pieces: readonly Uint8Array[]): unknown {
      for (const piece of pieces) socket.write(piece);
      return { canSendMore: true };
    },
  };
  corkWrites(connection);
  return connection;
}

/** Both ends of a connection over loopback. */
async function socketPair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer({ noDelay: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const near = connect({ port: address.port, host: '127.0.0.1', noDelay: true });
  const far = await accepted;
  const close = (): void => {
    near.destroy();
    far.destroy();
    server.close();
  };
  return { near, far, close };
}

const received = (socket: Socket, bytes: number): Promise<Buffer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length >= bytes) resolve(all);
    });
  });

describe('corked writes', () => {
  test('of one turn leave together and in order, and the next turn writes again', async () => {
    const { near, far, close } = await socketPair();
    try {
      const connection = connectionOf(near);
      const all = received(far, 6);
      connection.sendData([new Uint8Array([1]), new Uint8Array([2])]);
      connection.sendData([new Uint8Array([3])]);
      expect(near.writableCorked).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(near.writableCorked).toBe(0);
      connection.sendData([new Uint8Array([4]), new Uint8Array([5, 6])]);
      expect([...(await all)]).toEqual([1, 2, 3, 4, 5, 6]);
    } finally {
      close();
    }
  });

  test('are not lost when the connection is closed in the same turn', async () => {
    const { near, far, close } = await socketPair();
    try {
      const connection = connectionOf(near);
      const all = received(far, 3);
      connection.sendData([new Uint8Array([7, 8]), new Uint8Array([9])]);
      near.destroySoon();
      expect([...(await all)]).toEqual([7, 8, 9]);
    } finally {
      close();
    }
  });
});
