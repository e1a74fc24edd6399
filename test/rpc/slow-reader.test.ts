/** A client that subscribes and does not read: what it may hold of the server's memory is bounded. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CLOSE_CODE, DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import type { RpcCounter } from '../../node/rpc/metrics.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { createClient } from '../../wallet/client/client.ts';
import { type FakeNode, fakeNode } from './fake-node.ts';
import { quietLog } from './quiet-log.ts';

const MAX_SEND_BUFFER_BYTES = 64 * 1024;
const counts = new Map<RpcCounter, number>();
let node: FakeNode;
let server: RunningServer;

beforeAll(async () => {
  node = fakeNode();
  const config = { ...DEFAULT_RPC_CONFIG, port: 0, maxSendBufferBytes: MAX_SEND_BUFFER_BYTES };
  server = await startRpcInline(node.api, config, quietLog(), {
    add: (counter, _label, by) => counts.set(counter, (counts.get(counter) ?? 0) + by),
    setConnections: () => {},
  });
});
afterAll(() => server.close());

/** A WebSocket by hand: a masked text frame of a short message. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, mask, masked]);
}

async function openRaw(): Promise<Socket> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const upgraded = new Promise((resolve) => socket.once('data', resolve));
  socket.write(
    'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await upgraded;
  return socket;
}

test('it is dropped with its code, and readers beside it miss nothing', async () => {
  const reader = createClient({ url: server.url });
  let seen = 0;
  await reader.subscribe('blocks', () => {
    seen++;
  });
  const slow = await openRaw();
  slow.write(
    frame('{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["blocks"]}}'),
  );
  await new Promise((resolve) => slow.once('data', resolve));
  slow.pause();

  let sent = 0;
  while (!counts.has('slow_readers_dropped') && sent < 60_000) {
    node.finalize();
    sent++;
    // The kernel takes some megabytes before the server holds any.
    if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(counts.get('slow_readers_dropped')).toBe(1);
  const closed = new Promise((resolve) => slow.once('close', resolve));
  const tail: Buffer[] = [];
  slow.on('data', (chunk) => tail.push(Buffer.from(chunk)));
  slow.on('error', () => {});
  slow.resume();
  await closed;
  // The close frame: its code is in its first two payload bytes.
  const bytes = Buffer.concat(tail);
  const code = Buffer.from([CLOSE_CODE.slowReader >> 8, CLOSE_CODE.slowReader & 255]);
  expect(bytes.includes(Buffer.concat([code, Buffer.from('too slow')]))).toBe(true);
  await vi.waitUntil(() => seen === sent);
  reader.close();
});
