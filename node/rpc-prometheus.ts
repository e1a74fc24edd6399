/** What the RPC server counts, in the node's registry. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { RpcCounter, RpcMetrics } from './rpc/metrics.ts';

const HELP: Readonly<Record<RpcCounter, { readonly help: string; readonly label?: string }>> = {
  requests: { help: 'JSON-RPC requests', label: 'method' },
  request_ms: { help: 'Time spent on JSON-RPC requests, ms', label: 'method' },
  errors: { help: 'JSON-RPC errors', label: 'error' },
  connections_opened: { help: 'WebSockets opened' },
  connections_refused: { help: 'Connections refused' },
  slow_readers_dropped: { help: 'WebSockets closed because they did not read' },
  notifications: { help: 'Notifications sent' },
};

/** Registers the metrics and returns their sink. */
export function createRpcMetrics(registry: Registry): RpcMetrics {
  const registers = [registry];
  const counters = new Map(
    Object.entries(HELP).map(([name, { help, label }]) => [
      name,
      {
        label,
        counter: new Counter({
          name: `miletus_rpc_${name}_total`,
          help,
          labelNames: label === undefined ? [] : [label],
          registers,
        }),
      },
    ]),
  );
  const open = new Gauge({ name: 'miletus_rpc_connections', help: 'Open WebSockets', registers });
  return {
    add(name, value, by) {
      const found = counters.get(name);
      if (found?.label) found.counter.inc({ [found.label]: value }, by);
      else found?.counter.inc(by);
    },
    setConnections: (count) => open.set(count),
  };
}
