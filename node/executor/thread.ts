/**
 * The executor in a thread of its own, behind the same interface.
 *
 * Bounds: at most `MAX_READS` queries and judgements wait; more are refused at once. Blocks are
 * bounded by their sender.
 */

import { Worker } from 'node:worker_threads';
import { type Genesis, GenesisCodec } from '../../genesis/document.ts';
import { assert, InvariantViolation } from '../../runtime/core/result.ts';
import type { VersionOverride } from '../../runtime/upgrade/migrate-modules.ts';
import { DiskError } from '../storage/level-disk.ts';
import type { Executor } from './executor.ts';
import { StateError } from './state-machine.ts';
import {
  type ExecutorAnswer,
  type ExecutorRequest,
  type ExecutorThreadData,
  fromWireExecuted,
  fromWireOpened,
  ownBytes,
  packBytes,
} from './thread-wire.ts';

/** With three times as much, fresh pages of memory cost what fewer collections gain. */
const YOUNG_GENERATION_MB = 64;
/** Reads that may wait: at 0.1 ms each a tenth of a second of work. */
const MAX_READS = 1_024;

type Failed = Extract<ExecutorAnswer, { kind: 'failed' }>;

function errorOf({ name, code, message }: Failed): Error {
  if (name === 'StateError' && (code === 'genesis_mismatch' || code === 'corrupt')) {
    return new StateError(code, message);
  }
  if (name === 'DiskError' && (code === 'locked' || code === 'corrupt' || code === 'failed')) {
    return new DiskError(code, message);
  }
  if (name === 'InvariantViolation') return new InvariantViolation(message);
  return new Error(`executor: ${message}`);
}

type RequestBody = ExecutorRequest extends infer R
  ? R extends ExecutorRequest
    ? Omit<R, 'id'>
    : never
  : never;

/** Starts the thread. `folder` holds the LevelDBs; the thread opens `state`. */
export function createThreadExecutor(options: {
  readonly folder: string;
  readonly genesis: Genesis;
  readonly heapMb: number;
  readonly overrides?: readonly VersionOverride[];
}): Executor {
  const workerData: ExecutorThreadData = {
    folder: options.folder,
    genesis: GenesisCodec.encode(options.genesis),
    overrides: options.overrides ?? [],
  };
  const worker = new Worker(new URL('./thread-main.ts', import.meta.url), {
    workerData,
    resourceLimits: {
      maxOldGenerationSizeMb: options.heapMb,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  });
  type Waiter = {
    readonly resolve: (answer: ExecutorAnswer) => void;
    readonly reject: (error: unknown) => void;
  };
  const waiters = new Map<number, Waiter>();
  let nextId = 0;
  let reads = 0;
  let dead: Error | undefined;

  const fail = (error: Error): void => {
    dead = error;
    for (const { reject } of waiters.values()) reject(error);
    waiters.clear();
  };
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) => fail(new Error(`the executor thread ended with ${code}`)));
  worker.on('message', (answer: ExecutorAnswer) => {
    const waiter = waiters.get(answer.id);
    waiters.delete(answer.id);
    if (answer.kind === 'failed') waiter?.reject(errorOf(answer));
    else waiter?.resolve(answer);
  });

  const call = (
    body: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ExecutorAnswer> =>
    new Promise((resolve, reject) => {
      if (dead) {
        reject(dead);
        return;
      }
      const id = nextId++;
      waiters.set(id, { resolve, reject });
      const request = { ...body, id } as ExecutorRequest;
      worker.postMessage(request, [...transfer]);
    });

  const read = async (
    body: RequestBody,
    transfer: readonly ArrayBuffer[],
  ): Promise<ExecutorAnswer> => {
    if (reads >= MAX_READS) throw new Error(`executor: more than ${MAX_READS} reads wait`);
    reads += 1;
    try {
      return await call(body, transfer);
    } finally {
      reads -= 1;
    }
  };

  return {
    async open() {
      const answer = await call({ kind: 'open' });
      assert(answer.kind === 'opened', 'open is answered by opened');
      return fromWireOpened(answer.opened);
    },
    async execute(blockBytes, hashBytes) {
      const block = ownBytes(blockBytes);
      const hash = ownBytes(hashBytes);
      const answer = await call({ kind: 'execute', block, hash }, [block.buffer, hash.buffer]);
      assert(answer.kind === 'executed', 'execute is answered by executed');
      return fromWireExecuted(answer.executed);
    },
    async judge(payloads) {
      const { packed, lengths } = packBytes(payloads);
      const answer = await read({ kind: 'judge', packed, lengths }, [packed.buffer]);
      assert(answer.kind === 'judged', 'judge is answered by judged');
      return answer.numbers;
    },
    async query(bytes) {
      const request = ownBytes(bytes);
      const answer = await read({ kind: 'query', request }, [request.buffer]);
      assert(answer.kind === 'answered', 'query is answered by answered');
      return answer.answer;
    },
    async close() {
      if (!dead) await call({ kind: 'close' });
      worker.removeAllListeners('exit');
      await worker.terminate();
      fail(new Error('the executor is closed'));
    },
  };
}
