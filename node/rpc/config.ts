/** Settings and bounds of the RPC server, with their defaults. */

export type RpcConfig = {
  /** Loopback unless the operator says otherwise. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Origins of web pages that may call, e.g. `http://127.0.0.1:5173`; none by default. */
  readonly corsOrigins: readonly string[];
  /** Bytes of one HTTP body or WebSocket message: a largest transaction in hex is 128 KiB. */
  readonly maxRequestBytes: number;
  readonly maxBatch: number;
  /** Open TCP connections, HTTP and WebSocket together. */
  readonly maxConnections: number;
  readonly maxSubscriptionsPerConnection: number;
  /** Requests of one WebSocket that wait for their answers. */
  readonly maxInFlightPerConnection: number;
  /** Bytes that wait to be read by one WebSocket; a slower reader is dropped with code 4001. */
  readonly maxSendBufferBytes: number;
  /** Questions of all connections that wait for the executor. */
  readonly maxPendingQueries: number;
  /** Transactions of all connections whose finality is waited for. */
  readonly maxWaiters: number;
  /** A WebSocket that answers no ping for two of these is closed. */
  readonly pingIntervalMs: number;
  /** A client has this long to send a whole HTTP request. */
  readonly requestTimeoutMs: number;
  /** Blocks whose changes are remembered for clients that resume. */
  readonly backlogBlocks: number;
  /** Orders and trades in them: at half a KB each 16 MB. */
  readonly backlogChanges: number;
  /** Trades and closed orders that are remembered. */
  readonly rememberedTrades: number;
  readonly rememberedOrders: number;
};

export const DEFAULT_RPC_CONFIG: RpcConfig = {
  host: '127.0.0.1',
  port: 8545,
  corsOrigins: [],
  maxRequestBytes: 512 * 1024,
  maxBatch: 20,
  maxConnections: 1_024,
  maxSubscriptionsPerConnection: 500,
  maxInFlightPerConnection: 4_096,
  maxSendBufferBytes: 8 * 1024 * 1024,
  maxPendingQueries: 256,
  maxWaiters: 16_384,
  pingIntervalMs: 30_000,
  requestTimeoutMs: 15_000,
  backlogBlocks: 512,
  backlogChanges: 32_768,
  rememberedTrades: 10_000,
  rememberedOrders: 20_000,
};

/** Close codes of WebSockets, beside the standard ones. */
export const CLOSE_CODE = {
  slowReader: 4001,
  pingTimeout: 4002,
  shuttingDown: 1001,
} as const;
