/** Metrics of a signer process; names on the wire are prefixed with `miletus_signer_`. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type SignerMetrics = {
  readonly registry: Registry;
  signed(kind: string, tookMs: number): void;
  refused(code: string): void;
  bound(): void;
  /** Whether a node's link stands. */
  connected(node: string, is: boolean): void;
};

/** Upper bounds in ms: a signature is a synced write and 20 µs. */
const BUCKETS_MS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export function createSignerMetrics(): SignerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const name = (of: string): string => `miletus_signer_${of}`;
  collectDefaultMetrics({ register: registry });
  const signed = new Counter({
    name: name('signed_total'),
    help: 'Votes signed',
    labelNames: ['kind'],
    registers,
  });
  const refused = new Counter({
    name: name('refused_total'),
    help: 'Requests refused',
    labelNames: ['code'],
    registers,
  });
  const bound = new Counter({ name: name('bound_total'), help: 'Peer keys bound', registers });
  const connected = new Gauge({
    name: name('connected'),
    help: '1 while the link to a node stands',
    labelNames: ['node'],
    registers,
  });
  const took = new Histogram({
    name: name('sign_ms'),
    help: 'From a request to its signature, the synced record included',
    buckets: BUCKETS_MS,
    registers,
  });
  return {
    registry,
    signed(kind, tookMs) {
      signed.inc({ kind });
      took.observe(tookMs);
    },
    refused: (code) => refused.inc({ code }),
    bound: () => bound.inc(),
    connected: (node, is) => connected.set({ node }, is ? 1 : 0),
  };
}
