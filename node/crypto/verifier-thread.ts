/** The verifier's thread: takes packed checks, gives a byte for each. Holds no state. */
import { flushCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../runtime/core/result.ts';
import { verifyEd25519 } from './ed25519.ts';
import { CHECK_BYTES, type VerifyAnswer, type VerifyRequest } from './verifier-messages.ts';

const port = parentPort;
assert(port !== null, 'the verifier runs in a thread');

/** Verifies the checks of other schemes. */
type VerifyOthers = typeof import('./verify-signature.ts').verifySignature;

function verifyAll(
  { packed, others }: VerifyRequest,
  verifyOther: VerifyOthers | undefined,
): Uint8Array<ArrayBuffer> {
  const places = new Map(others.map(({ index, check }) => [index, check]));
  const good = new Uint8Array(packed.length / CHECK_BYTES);
  for (let index = 0; index < good.length; index++) {
    const other = places.get(index);
    if (other !== undefined) {
      good[index] = verifyOther?.(other) === true ? 1 : 0;
      continue;
    }
    const at = index * CHECK_BYTES;
    const publicKey = packed.subarray(at, at + 32);
    const digest = packed.subarray(at + 32, at + 64);
    const signature = packed.subarray(at + 64, at + 128);
    good[index] = verifyEd25519(publicKey, digest, signature) ? 1 : 0;
  }
  return good;
}

port.on('message', async (request: VerifyRequest) => {
  // What other schemes need takes 28 MB, which a node that never meets them does without.
  const isPlain = request.others.length === 0;
  const schemes = isPlain ? undefined : await import('./verify-signature.ts');
  const good = verifyAll(request, schemes?.verifySignature);
  const answer: VerifyAnswer = { id: request.id, good };
  port.postMessage(answer, [good.buffer]);
});

// A thread that is ended by its process writes nothing then.
flushCompileCache();
