/**
 * `Verifier` with a thread of its own. At most two pieces are under way, so that a proposal waits
 * for 13 ms of admission work at the most, and the thread is never idle between two.
 */
import { Worker } from 'node:worker_threads';
import type { SignatureCheck } from '../../runtime/validity.ts';
import { verifyEd25519 } from './ed25519.ts';
import type { Verifier } from './verifier.ts';
import type { VerifyAnswer, VerifyRequest } from './verifier-messages.ts';
import { fitsWire, otherChecks, packChecks } from './verifier-wire.ts';

/** Checks of one piece: 256 × 50 µs = 13 ms. */
const PIECE_CHECKS = 256;
const PIECES_UNDER_WAY = 2;

/** A batch on its way: answered when `pending` pieces have come back. */
type Job = {
  readonly good: boolean[];
  pending: number;
  readonly resolve: (good: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
};
type Piece = { readonly job: Job; readonly checks: readonly SignatureCheck[]; readonly at: number };

/** `onFailure`: the thread died; every batch under way is rejected. */
export function createThreadVerifier(options: {
  readonly heapMb: number;
  readonly onFailure: (error: unknown) => void;
}): Verifier {
  const worker = new Worker(new URL('./verifier-thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb, maxYoungGenerationSizeMb: 4 },
  });
  const queues: { readonly [P in 'proposal' | 'admission']: Piece[] } = {
    proposal: [],
    admission: [],
  };
  const underWay = new Map<number, Piece>();
  let nextId = 0;
  let closed = false;

  const send = (): void => {
    while (underWay.size < PIECES_UNDER_WAY) {
      const piece = queues.proposal.shift() ?? queues.admission.shift();
      if (!piece) return;
      const id = nextId++;
      underWay.set(id, piece);
      const packed = packChecks(piece.checks);
      const others = otherChecks(piece.checks);
      const request: VerifyRequest = { id, packed, others };
      worker.postMessage(request, [packed.buffer]);
    }
  };

  const fail = (error: unknown): void => {
    closed = true;
    const pieces = [
      ...underWay.values(),
      ...queues.proposal.splice(0),
      ...queues.admission.splice(0),
    ];
    underWay.clear();
    for (const { job } of pieces) job.reject(error);
  };

  worker.on('message', ({ id, good }: VerifyAnswer) => {
    const piece = underWay.get(id);
    if (!piece) return;
    underWay.delete(id);
    const { job, at } = piece;
    for (const [index, one] of good.entries()) job.good[at + index] = one === 1;
    job.pending -= 1;
    if (job.pending === 0) job.resolve(job.good);
    send();
  });
  worker.on('error', (error) => {
    fail(error);
    options.onFailure(error);
  });

  return {
    verifyNow: verifyEd25519,
    verify(checks, priority) {
      if (closed) return Promise.reject(new Error('the verifier is closed'));
      if (checks.length === 0) return Promise.resolve([]);
      // What has another length is no ed25519 signature; it never travels.
      const fitting = checks.filter(fitsWire);
      if (fitting.length < checks.length) {
        return this.verify(fitting, priority).then((good) => {
          let next = 0;
          return checks.map((check) => fitsWire(check) && (good[next++] ?? false));
        });
      }
      return new Promise((resolve, reject) => {
        const pending = Math.ceil(checks.length / PIECE_CHECKS);
        const job: Job = { good: new Array(checks.length).fill(false), pending, resolve, reject };
        for (let at = 0; at < checks.length; at += PIECE_CHECKS) {
          queues[priority].push({ job, checks: checks.slice(at, at + PIECE_CHECKS), at });
        }
        send();
      });
    },
    async close() {
      fail(new Error('the verifier is closed'));
      await worker.terminate();
    },
  };
}
