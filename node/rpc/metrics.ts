/** What the server counts. The process adds these to its Prometheus registry. */

/** `requests` and `request_ms` by method; `errors` by error name; the others by ''. */
export type RpcCounter =
  | 'requests'
  | 'request_ms'
  | 'errors'
  | 'connections_opened'
  | 'connections_refused'
  | 'slow_readers_dropped'
  | 'notifications';

export interface RpcMetrics {
  add(counter: RpcCounter, label: string, by: number): void;
  /** Open WebSockets now. */
  setConnections(open: number): void;
}

export const NO_METRICS: RpcMetrics = { add() {}, setConnections() {} };
