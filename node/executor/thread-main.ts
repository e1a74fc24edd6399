/**
 * The executor's thread. Blocks first: queries and judgements wait while a block does, and get
 * `READ_BUDGET_MS` between two blocks, so that no load of reads holds the chain up.
 */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { GenesisCodec } from '../../genesis/document.ts';
import { assert, unreachable } from '../../runtime/core/result.ts';
import { choosePairHasher } from '../pair-hasher.ts';
import { answerQuery } from '../query/answer-query.ts';
import { createLevelDisk } from '../storage/level-disk.ts';
import { createStateMachine } from './state-machine.ts';
import {
  type ExecutorAnswer,
  type ExecutorRequest,
  type ExecutorThreadData,
  ownBytes,
  toWireExecuted,
  toWireOpened,
  unpackBytes,
} from './thread-wire.ts';

/** Time for queries and judgements after each block that waits. */
const READ_BUDGET_MS = 4;

const port = parentPort;
assert(port !== null, 'the executor runs in a thread');
const data = workerData as ExecutorThreadData;
const genesis = GenesisCodec.decode(data.genesis);
assert(genesis.ok, 'the node hands over a genesis that decodes');
const disk = createLevelDisk(data.folder);
const machine = createStateMachine({
  genesis: genesis.value,
  openStore: () => disk.open('state'),
  hashPairs: choosePairHasher().hashPairs,
  answerQuery,
  overrides: data.overrides,
});

type Waiting = { readonly blocks: ExecutorRequest[]; readonly reads: ExecutorRequest[] };
const waiting: Waiting = { blocks: [], reads: [] };
let working = false;

async function answer(request: ExecutorRequest): Promise<[ExecutorAnswer, ArrayBuffer[]]> {
  const { id, kind } = request;
  switch (kind) {
    case 'open':
      return [{ id, kind: 'opened', opened: toWireOpened(await machine.open()) }, []];
    case 'execute': {
      const executed = toWireExecuted(await machine.execute(request.block, request.hash));
      const receipts = ownBytes(executed.receipts);
      const events = ownBytes(executed.events);
      const transactions = ownBytes(executed.transactions);
      return [
        { id, kind: 'executed', executed: { ...executed, receipts, events, transactions } },
        [receipts.buffer, events.buffer, transactions.buffer],
      ];
    }
    case 'judge': {
      const numbers = await machine.judge(unpackBytes(request.packed, request.lengths));
      return [{ id, kind: 'judged', numbers }, []];
    }
    case 'query': {
      const bytes = ownBytes(await machine.query(request.request));
      return [{ id, kind: 'answered', answer: bytes }, [bytes.buffer]];
    }
    case 'close':
      await machine.close();
      return [{ id, kind: 'closed' }, []];
    default:
      return unreachable(kind);
  }
}

async function serve(request: ExecutorRequest): Promise<void> {
  try {
    const [message, transfer] = await answer(request);
    port?.postMessage(message, transfer);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const message: ExecutorAnswer = {
      id: request.id,
      kind: 'failed',
      name: error instanceof Error ? error.name : 'Error',
      code: typeof code === 'string' ? code : undefined,
      message: error instanceof Error ? error.message : String(error),
    };
    port?.postMessage(message);
  }
}

async function work(): Promise<void> {
  working = true;
  for (;;) {
    const block = waiting.blocks.shift();
    if (block) await serve(block);
    const until = performance.now() + READ_BUDGET_MS;
    for (;;) {
      const read = waiting.reads.shift();
      if (!read) break;
      await serve(read);
      if (performance.now() >= until && waiting.blocks.length > 0) break;
    }
    if (waiting.blocks.length === 0 && waiting.reads.length === 0) break;
  }
  working = false;
}

port.on('message', (request: ExecutorRequest) => {
  const isRead = request.kind === 'query' || request.kind === 'judge';
  (isRead ? waiting.reads : waiting.blocks).push(request);
  if (!working) void work();
});

// A thread that is ended by its process writes nothing then.
flushCompileCache();
