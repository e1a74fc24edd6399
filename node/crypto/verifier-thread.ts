/** The verifier's thread: takes packed checks, gives a byte for each. Holds no state. */
import { flushCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../runtime/core/result.ts';
import { verifyEd25519 } from './ed25519.ts';
import { CHECK_BYTES, type VerifyAnswer, type VerifyRequest } from './verifier-wire.ts';
import { verifySignature } from './verify-signature.ts';

const port = parentPort;
assert(port !== null, 'the verifier runs in a thread');

port.on('message', ({ id, packed, others }: VerifyRequest) => {
  const places = new Map(others.map(({ index, check }) => [index, check]));
  const good = new Uint8Array(packed.length / CHECK_BYTES);
  for (let index = 0; index < good.length; index++) {
    const other = places.get(index);
    if (other !== undefined) {
      good[index] = verifySignature(other) ? 1 : 0;
      continue;
    }
    const at = index * CHECK_BYTES;
    const publicKey = packed.subarray(at, at + 32);
    const digest = packed.subarray(at + 32, at + 64);
    const signature = packed.subarray(at + 64, at + 128);
    good[index] = verifyEd25519(publicKey, digest, signature) ? 1 : 0;
  }
  const answer: VerifyAnswer = { id, good };
  port.postMessage(answer, [good.buffer]);
});

// A thread that is ended by its process writes nothing then.
flushCompileCache();
