/** A WebSocket server on loopback that plays a venue: it keeps what it is told, and says what it is given. */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export type LocalVenue = {
  readonly url: string;
  /** Messages of all connections, in order. */
  readonly heard: string[];
  readonly connections: () => number;
  /** To every open connection. */
  say(message: unknown): void;
  /** Cuts every connection without a close. */
  cut(): void;
  close(): Promise<void>;
};

/** Starts one on a free port; `onMessage` may answer. */
export async function startLocalVenue(
  onMessage: (text: string, socket: WebSocket) => void = () => {},
): Promise<LocalVenue> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const heard: string[] = [];
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.on('message', (data) => {
      const text = data.toString();
      heard.push(text);
      onMessage(text, socket);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    connections: () => connections,
    say(message) {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      for (const socket of server.clients) socket.send(text);
    },
    cut() {
      for (const socket of server.clients) socket.terminate();
    },
    close() {
      for (const socket of server.clients) socket.terminate();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
