/**
 * Runs the node's own answering code over proven rows: its handlers ask, and what they ask is computed
 * from a state of proofs. So a proven answer has the fields and the rounding of a node's.
 */
import { delegationRows } from '../../node/query/delegation-rows.ts';
import { type AccountAnswer, QUESTION, type Question } from '../../node/query/format.ts';
import { validatorRows } from '../../node/query/validator-rows.ts';
import type { Ask } from '../../node/rpc/ask.ts';
import type { RpcContext } from '../../node/rpc/context.ts';
import { RpcFailure } from '../../node/rpc/errors.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Result } from '../../runtime/core/result.ts';
import { type Address, address, portfolioId, subAccount } from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { addressOfText } from '../client/input-fields.ts';
import { rpcErrorOf } from '../client/rpc-error.ts';
import type { LightClient, VerifiedAt } from './light-client.ts';
import { answerFromProofs } from './proven-state.ts';
import type { LightError } from './trust.ts';

/** A proof failed: the node lies, lags, or is not trusted any more. */
export class LightFailure extends Error {
  override readonly name = 'LightFailure';
  readonly error: LightError;
  constructor(error: LightError) {
    super(`${error.step}: ${error.code}: ${error.detail}`);
    this.error = error;
  }
}

/** Unwraps; throws `LightFailure`. */
export function mustProve<T>(result: Result<T, LightError>): T {
  if (result.ok) return result.value;
  throw new LightFailure(result.error);
}

/** Fails as a proof does. */
export function failProof(step: LightError['step'], code: string, detail: string): never {
  throw new LightFailure({ step, code, detail });
}

/** The address that a text is. */
export function provenAddress(text: string): Address {
  const raw = addressOfText('account', text);
  return raw.ok ? address(toHex(raw.value)) : failProof('proof', 'malformed_address', text);
}

/** A value with the place of the newest proof it rests on. */
export type Placed<T> = { readonly value: T; readonly at: VerifiedAt | undefined };

/** What of an answer's rows only the node can name; each is proved where it is used. */
export type Hints = {
  /** Accounts that may stand in rows by number. */
  readonly addresses?: readonly Address[];
  /** Sub-accounts whose balances are looked at. */
  readonly subAccounts?: readonly number[];
};

/** Delegations, where the account that they are paid to is proven too. */
function provenDelegations(state: State, raw: Uint8Array): ReturnType<typeof delegationRows> {
  const rows = delegationRows(state, raw);
  const id = state.accounts.get(address(toHex(raw)))?.id;
  const receiver = id === undefined ? undefined : state.staking.withdrawTo.get(id)?.account;
  if (receiver !== undefined && rows.withdrawAddress.length === 0) {
    throw new Error(`stake is paid to account ${receiver}, which is not the one the node names`);
  }
  return rows;
}

function accountAnswer(state: State, raw: Uint8Array, subs: readonly number[]): AccountAnswer {
  const account = state.accounts.get(address(toHex(raw)));
  const balances = subs.flatMap((sub) => {
    if (account === undefined) return [];
    const portfolio = portfolioId(account.id, subAccount(sub));
    const usd = balanceOf(state, portfolio, DENOMINATION.usd);
    const mil = balanceOf(state, portfolio, DENOMINATION.mil);
    return usd === 0n && mil === 0n ? [] : [{ subAccount: subAccount(sub), usd, mil }];
  });
  return { height: metaOf(state).height, account: account ? [account] : [], balances };
}

/**
 * Carries out a handler of the node's methods over proven rows. Throws `LightFailure`, and `RpcError`
 * where the chain's state makes the handler refuse: that too is proven then.
 */
export async function handleProven<T>(
  light: LightClient,
  handle: (context: RpcContext) => Promise<T> | T,
  hints: Hints = {},
): Promise<Placed<T>> {
  let at: VerifiedAt | undefined;
  const run = async <A>(answer: (state: State) => A): Promise<A> => {
    const proven = mustProve(await answerFromProofs(light, answer, hints.addresses));
    at = proven.at;
    return proven.value;
  };
  const ask = (question: Question): Promise<unknown> => {
    switch (question.selector) {
      case QUESTION.validators:
        return run((state) => validatorRows(state, question.value.validator));
      case QUESTION.delegations:
        return run((state) => provenDelegations(state, question.value.address));
      case QUESTION.account:
        return run((state) =>
          accountAnswer(state, question.value.address, hints.subAccounts ?? []),
        );
      default:
        return failProof('proof', 'not_provable', `question ${question.selector}`);
    }
  };
  try {
    const value = await handle({ ask: ask as Ask } as unknown as RpcContext);
    return { value, at };
  } catch (cause) {
    throw cause instanceof RpcFailure ? rpcErrorOf(cause.error) : cause;
  }
}

/** Computes something of proven rows. Throws `LightFailure`. */
export async function computeProven<T>(
  light: LightClient,
  answer: (state: State) => T,
): Promise<{ readonly value: T; readonly at: VerifiedAt }> {
  return mustProve(await answerFromProofs(light, answer));
}
