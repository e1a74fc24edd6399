/**
 * TCP whose sockets write once per turn.
 *
 * `@libp2p/tcp` hands every piece of a frame to the socket by itself: length, header, body and tag of
 * an encrypted frame are four system calls, four segments on the wire (Nagle's delay is off) and up to
 * four wake-ups of the receiver. Here a socket is corked at the first piece and uncorked when the
 * current callback is over, so that all pieces of all frames of the turn leave in one write. Nothing
 * waits for I/O or a timer in between.
 */
import type { Socket } from 'node:net';
import type { Upgrader } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';

/** What is used of a connection of `@libp2p/tcp`. */
export type SocketConnection = {
  readonly socket: Pick<Socket, 'cork' | 'uncork'>;
  sendData: (data: never) => unknown;
};

/** Makes `connection` write once per turn. */
export function corkWrites(connection: SocketConnection): void {
  const { socket } = connection;
  const sendData = connection.sendData.bind(connection);
  let isCorked = false;
  connection.sendData = (data) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return sendData(data);
  };
}

/** `upgrader`, whose connections are corked before it sees them. */
function corking(upgrader: Upgrader): Upgrader {
  return new Proxy(upgrader, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...given: unknown[]) => unknown;
      if (property !== 'upgradeInbound' && property !== 'upgradeOutbound') return method;
      return (connection: SocketConnection, ...rest: unknown[]): unknown => {
        corkWrites(connection);
        return method(connection, ...rest);
      };
    },
  });
}

/** Like `tcp`. */
export function corkedTcp(options: Parameters<typeof tcp>[0]): ReturnType<typeof tcp> {
  const createTransport = tcp(options);
  return (components) => {
    const transport = createTransport(components);
    const dial = transport.dial.bind(transport);
    const createListener = transport.createListener.bind(transport);
    transport.dial = (address, dialing) =>
      dial(address, { ...dialing, upgrader: corking(dialing.upgrader) });
    transport.createListener = (listening) =>
      createListener({ ...listening, upgrader: corking(listening.upgrader) });
    return transport;
  };
}
