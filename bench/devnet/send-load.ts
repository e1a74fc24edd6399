/**
 * Sends signed transactions at a steady rate, whatever the answers (an open loop: a slow chain does
 * not slow its load), and measures.
 *
 * Every SAMPLE-th transaction waits for its result and gives a latency, from the moment it was due;
 * the others go in batches whose answers are only looked at for errors. Final transactions are
 * counted from the blocks of one node.
 */
import { WebSocket } from 'ws';
import type { ReceiptInfo } from '../../node/rpc/schemas/transaction.ts';

/** Due transactions are sent this often. */
const TICK_MS = 10;
/** Most calls of a batch that a node takes. */
const BATCH = 20;
/** What is not final this long after the load ended is lost. */
const DRAIN_MS = 10_000;

export type LoadResult = {
  /** Offered and final transactions a second, while the load ran. */
  readonly offeredPerSecond: number;
  readonly finalPerSecond: number;
  /** Of sampled transactions, ms; those lost count as DRAIN_MS. */
  readonly latenciesMs: readonly number[];
  /** Share of the sampled transactions' orders that the chain took. */
  readonly acceptedShare: number;
  readonly refusedCalls: number;
  /** The first refusal, for people. */
  readonly problem: string | undefined;
};

export type SendOptions = {
  /** `ws://` of the nodes to send to, in turn. */
  readonly urls: readonly string[];
  readonly transactions: readonly string[];
  readonly perSecond: number;
  /** 1: every transaction is sampled. */
  readonly sampleEvery: number;
};

function open(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

type Answer = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly data?: { readonly transactions?: number } };
  readonly result?: { readonly status?: string; readonly receipt?: ReceiptInfo | null };
  readonly error?: { readonly message?: string; readonly data?: unknown };
};

const call = (id: number, transaction: string, wait: 'accepted' | 'final'): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"submit_transaction","params":{"transaction":"${transaction}",` +
  `"wait":"${wait}"${wait === 'final' ? `,"timeout_ms":${DRAIN_MS}` : ''}}}`;

/** Runs one load to its end. */
export async function sendLoad(options: SendOptions): Promise<LoadResult> {
  const { urls, transactions, perSecond, sampleEvery } = options;
  const sockets = await Promise.all(urls.map(open));
  const [counter] = sockets;
  if (!counter) throw new RangeError('a load needs nodes');
  const due = new Map<number, number>();
  const latenciesMs: number[] = [];
  let orders = 0;
  let accepted = 0;
  let refusedCalls = 0;
  let problem: string | undefined;
  const finals: { atMs: number; transactions: number }[] = [];

  const onAnswer = (answer: Answer): void => {
    if (answer.method === 'subscription') {
      const count = answer.params?.data?.transactions ?? 0;
      finals.push({ atMs: performance.now(), transactions: count });
      return;
    }
    if (answer.error) {
      refusedCalls++;
      problem ??= JSON.stringify(answer.error);
    }
    const dueAt = due.get(answer.id ?? -1);
    if (dueAt === undefined) return;
    due.delete(answer.id ?? -1);
    const { status, receipt } = answer.result ?? {};
    latenciesMs.push(status === 'final' ? performance.now() - dueAt : DRAIN_MS);
    for (const result of receipt?.results ?? []) {
      if (result.type === 'cancelled') continue;
      orders++;
      if (result.type === 'order') accepted++;
      else if (result.type === 'refused') problem ??= result.code;
    }
  };
  for (const socket of sockets) {
    socket.on('message', (data) => {
      const text = String(data);
      // Batches of accepted calls are the bulk: they are not worth parsing.
      if (text.startsWith('[') && !text.includes('"error"')) return;
      const answers = JSON.parse(text) as Answer | Answer[];
      for (const answer of Array.isArray(answers) ? answers : [answers]) onAnswer(answer);
    });
  }
  counter.send(
    '{"jsonrpc":"2.0","id":0,"method":"public/subscribe","params":{"channels":["blocks"]}}',
  );

  const startedAt = performance.now();
  let sent = 0;
  let turn = 0;
  while (sent < transactions.length) {
    const now = performance.now();
    const until = Math.min(
      transactions.length,
      Math.floor(((now - startedAt) * perSecond) / 1_000) + 1,
    );
    let batch: string[] = [];
    const flush = (): void => {
      if (batch.length > 0) sockets[turn++ % sockets.length]?.send(`[${batch.join(',')}]`);
      batch = [];
    };
    for (; sent < until; sent++) {
      const id = sent + 1;
      const transaction = transactions[sent] ?? '';
      if (sent % sampleEvery === 0) {
        due.set(id, startedAt + (sent * 1_000) / perSecond);
        sockets[turn++ % sockets.length]?.send(call(id, transaction, 'final'));
      } else {
        batch.push(call(id, transaction, 'accepted'));
        if (batch.length === BATCH) flush();
      }
    }
    flush();
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const endedAt = performance.now();
  while (due.size > 0 && performance.now() < endedAt + DRAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  for (const socket of sockets) socket.close();
  for (let i = 0; i < due.size; i++) latenciesMs.push(DRAIN_MS);
  // The pipeline fills in the first second and is not counted.
  const settled = startedAt + Math.min(1_000, (endedAt - startedAt) / 4);
  const counted = finals.filter(({ atMs }) => atMs > settled && atMs <= endedAt);
  const total = counted.reduce((sum, one) => sum + one.transactions, 0);
  const offeredPerSecond = (transactions.length * 1_000) / (endedAt - startedAt);
  return {
    offeredPerSecond,
    // What was sent before the window and is final in it must not count as more than was offered.
    finalPerSecond: Math.min(offeredPerSecond, (total * 1_000) / (endedAt - settled)),
    latenciesMs,
    acceptedShare: orders > 0 ? accepted / orders : 0,
    refusedCalls,
    problem,
  };
}
