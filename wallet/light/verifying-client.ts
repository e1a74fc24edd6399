/**
 * A client whose answers are proven where proofs exist, and which remembers what was proven and what not,
 * so that whoever shows an answer can say so. Subscriptions pass through unproven.
 */
import type { MethodName, ParamsOf, ResultOf } from '../../node/rpc/schemas/methods.ts';
import type { Client } from '../client/client.ts';
import type { LightClient, VerifiedAt } from './light-client.ts';
import { PROVERS, type ProvenAnswer, type ProverContext } from './provers.ts';

/** What is known of the answers so far. */
export type Verification = {
  /** The oldest place that a proven answer stands on; `undefined` when none is proven. */
  readonly at: VerifiedAt | undefined;
  readonly proven: readonly MethodName[];
  /** Methods without proofs that were called, and fields of proven ones that are the node's word. */
  readonly unproven: readonly string[];
  readonly notes: readonly string[];
};

export type VerifyingClient = Client & {
  readonly light: LightClient;
  readonly verification: () => Verification;
};

/** Methods about the node itself, or that write: nothing in them is the chain's to prove. */
const NOT_OF_THE_CHAIN: ReadonlySet<MethodName> = new Set([
  'public/test',
  'public/get_time',
  'rpc.discover',
  'get_peers',
  'get_mempool',
] as const);

const DEFAULT_WAIT_MS = 30_000;

/**
 * `client` with answers proven by `light`. Calls reject with `LightFailure` where a proof fails.
 * `waitMs`: longest wait for the proof of a receipt, 30 s unless told.
 */
export function verifyingClient(
  client: Client,
  light: LightClient,
  { waitMs = DEFAULT_WAIT_MS }: { readonly waitMs?: number } = {},
): VerifyingClient {
  const context: ProverContext = { light, raw: client, waitMs };
  const proven = new Set<MethodName>();
  const unproven = new Set<string>();
  const notes = new Set<string>();
  let oldest: VerifiedAt | undefined;

  const note = <M extends MethodName>(method: M, answer: ProvenAnswer<M>): void => {
    const { at } = answer;
    if (at === undefined) unproven.add(method);
    else {
      proven.add(method);
      if (oldest === undefined || at.height < oldest.height) oldest = at;
    }
    for (const field of answer.unproven ?? []) unproven.add(`${method} ${field}`);
    for (const one of answer.notes ?? []) notes.add(one);
  };

  return {
    url: client.url,
    light,
    verification: () => ({
      at: oldest,
      proven: [...proven],
      unproven: [...unproven],
      notes: [...notes],
    }),
    async call<M extends MethodName>(
      method: M,
      params: ParamsOf<M>,
      options?: Parameters<Client['call']>[2],
    ): Promise<ResultOf<M>> {
      const prover = PROVERS[method] as
        | ((context: ProverContext, params: ParamsOf<M>) => Promise<ProvenAnswer<M>>)
        | undefined;
      if (prover === undefined) {
        if (!NOT_OF_THE_CHAIN.has(method)) unproven.add(method);
        return client.call(method, params, options);
      }
      const answer = await prover(context, params);
      note(method, answer);
      return answer.value;
    },
    subscribe: (...request) => client.subscribe(...request),
    close: () => client.close(),
  };
}
