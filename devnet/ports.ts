/** Finds loopback ports that are free now. */
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** Whether nothing listens on `port` of loopback; 0 asks the system, which gives its choice. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address();
      const given = typeof address === 'object' && address ? address.port : undefined;
      server.close(() => resolve(given));
    });
  });
}

/**
 * `count` different free ports: `preferred`, `preferred + 1`, … where those are free, others chosen
 * by the system where not. Another program may take one before it is used: the user of a port must
 * report that.
 */
export async function freePorts(count: number, preferred?: number): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; ports.length < count; i++) {
    const wanted = preferred === undefined || i >= count ? 0 : preferred + i;
    const port = (await tryPort(wanted)) ?? (await tryPort(0));
    if (port !== undefined && !ports.includes(port)) ports.push(port);
  }
  return ports;
}

/** Whether `port` of loopback is free. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}
