/** Finds loopback ports that are free now. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
/**
 * Ports chosen at random lie below those that systems give to outgoing connections (Linux from 32,768,
 * others from 49,152): one of those may be some connection's before it is listened on.
 */
const LEAST_PORT = 15_000;
const BEYOND_PORTS = 32_000;

/** Whether nothing listens on `port` of loopback. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

/**
 * `count` different free ports: `preferred`, `preferred + 1`, … where those are free, others at random
 * where not. Another program may take one before it is used: the user of a port must report that.
 */
export async function freePorts(count: number, preferred?: number): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    let port = preferred === undefined ? randomPort() : preferred + i;
    while (ports.includes(port) || !(await isPortFree(port))) port = randomPort();
    ports.push(port);
  }
  return ports;
}

function randomPort(): number {
  return randomInt(LEAST_PORT, BEYOND_PORTS);
}
