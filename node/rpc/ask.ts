/** Puts a question of `node/query` to the executor and takes the answer of its kind. */
import { assert } from '../../runtime/core/result.ts';
import {
  ANSWER,
  type Answer,
  AnswerCodec,
  type Question,
  QuestionCodec,
  REFUSAL,
} from '../query/format.ts';
import type { RpcBackend } from './backend.ts';
import { failure, type RpcErrorCode } from './errors.ts';

/** Asks; rejects with `RpcFailure` when the executor's queue is full or it refuses. */
export type Ask = <S extends Question['selector']>(
  question: Extract<Question, { selector: S }>,
) => Promise<Extract<Answer, { selector: S }>['value']>;

const FAILURE_OF_REFUSAL: { readonly [refusal: number]: RpcErrorCode } = {
  [REFUSAL.malformedQuestion]: 'internal_error',
  [REFUSAL.unknownTable]: 'unknown_table',
  [REFUSAL.malformedKey]: 'invalid_params',
  [REFUSAL.noCheckpoint]: 'proof_not_available',
  [REFUSAL.rowMovedOn]: 'proof_not_available',
};

/** The asker over a backend with at most `maxPending` questions under way. */
export function createAsk(backend: RpcBackend, maxPending: number): Ask {
  let pending = 0;
  return async (question) => {
    if (pending >= maxPending) {
      throw failure('too_many_requests', { given: pending, allowed: `${maxPending} at once` });
    }
    pending++;
    let bytes: Uint8Array;
    try {
      bytes = await backend.query(QuestionCodec.encode(question as Question));
    } finally {
      pending--;
    }
    const answer = AnswerCodec.decode(bytes);
    assert(answer.ok, 'the executor answers in the format of this release');
    if (answer.value.selector === ANSWER.refused) {
      const { refusal, detail } = answer.value.value;
      throw failure(FAILURE_OF_REFUSAL[refusal] ?? 'internal_error', {
        field: refusal === REFUSAL.unknownTable ? 'table' : 'key',
        allowed: new TextDecoder().decode(detail),
      });
    }
    assert(answer.value.selector === question.selector, 'an answer is of its question’s kind');
    return answer.value.value as never;
  };
}
