/**
 * Signs votes with the oracle key and sends them to one or several nodes.
 *
 * The first node that answers and is not behind tells where the key stands in the epoch's list; a vote
 * goes to all of them at once and is cast when one takes it. Nodes that are down cost a timeout, no
 * vote.
 */
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import {
  epoch,
  timestampMs,
  type ValidatorIndex,
  validatorIndex,
} from '../../runtime/core/units.ts';
import {
  type OracleVote,
  oracleVoteDigest,
  SignedOracleVoteCodec,
  type UnderlyingVote,
} from '../../runtime/oracle/vote.ts';
import type { Client } from '../../wallet/client/client.ts';
import { RpcError } from '../../wallet/client/rpc-error.ts';
import type { KeySigner } from '../../wallet/client/sign.ts';

/** Where the key stands. */
export type VoterPlace = {
  readonly chainId: Uint8Array;
  readonly epoch: number;
  readonly validator: ValidatorIndex;
};

export type PlaceAnswer =
  | { readonly kind: 'validator'; readonly place: VoterPlace }
  /** The key is not one of this epoch's. */
  | { readonly kind: 'not_a_validator'; readonly epoch: number }
  | { readonly kind: 'syncing' };

/** What the nodes said to a vote; `accepted` + refusals = nodes. */
export type CastReport = {
  readonly accepted: number;
  readonly refusals: readonly { readonly url: string; readonly problem: string }[];
};

export type Voter = {
  /** Rejects when no node answers, with what the last one failed of. */
  findPlace(): Promise<PlaceAnswer>;
  /** Signs and sends. Rejects when no node took it. */
  cast(
    place: VoterPlace,
    observation: { readonly observedAtMs: number; readonly underlyings: UnderlyingVote[] },
    timeoutMs: number,
  ): Promise<CastReport>;
};

/** The first answer of `nodes` in their order that `ask` finds good; rejects with the last failure. */
export async function firstAnswer<T>(
  nodes: readonly Client[],
  ask: (node: Client) => Promise<T | undefined>,
): Promise<T | undefined> {
  let failure: unknown;
  let hasAnswered = false;
  for (const node of nodes) {
    try {
      const answer = await ask(node);
      hasAnswered = true;
      if (answer !== undefined) return answer;
    } catch (cause) {
      failure = cause;
    }
  }
  if (hasAnswered) return undefined;
  throw failure ?? new RangeError('no nodes to ask');
}

function problemOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** A vote that the node has already, from another node, is as good as taken. */
function isKnown(cause: unknown): boolean {
  return cause instanceof RpcError && cause.data.code === 'duplicate_transaction';
}

export function createVoter(options: {
  readonly nodes: readonly Client[];
  readonly signer: KeySigner;
}): Voter {
  const { nodes, signer } = options;
  const ownKey = toHex(signer.publicKey);
  /** Of the last epoch asked for: it changes with the epoch only. */
  let known: Extract<PlaceAnswer, { kind: 'validator' | 'not_a_validator' }> | undefined;
  const epochOf = (answer: typeof known): number | undefined =>
    answer?.kind === 'validator' ? answer.place.epoch : answer?.epoch;

  const askPlace = async (node: Client): Promise<typeof known> => {
    const status = await node.call('get_status', {});
    if (status.syncing) return undefined;
    if (epochOf(known) === status.epoch) return known;
    const chainId = fromHex(status.chain_id);
    if (!chainId) throw new TypeError(`${node.url}: chain_id is not hex`);
    const { epoch: current, validators } = await node.call('get_validators', {});
    const own = validators.find(({ oracle_key: key }) => key === ownKey);
    known = own
      ? {
          kind: 'validator',
          place: { chainId, epoch: current, validator: validatorIndex(own.index) },
        }
      : { kind: 'not_a_validator', epoch: current };
    return known;
  };

  return {
    findPlace: async () => (await firstAnswer(nodes, askPlace)) ?? { kind: 'syncing' },
    async cast(place, { observedAtMs, underlyings }, timeoutMs) {
      const vote: OracleVote = {
        epoch: epoch(place.epoch),
        validator: place.validator,
        observedAt: timestampMs(observedAtMs),
        underlyings,
      };
      const signature = signer.sign(oracleVoteDigest(place.chainId, vote));
      const hex = toHex(SignedOracleVoteCodec.encode({ vote, signature }));
      const answers = await Promise.allSettled(
        nodes.map((node) => node.call('submit_oracle_vote', { vote: hex }, { timeoutMs })),
      );
      const failed = answers.flatMap((answer, i) =>
        answer.status === 'rejected' && !isKnown(answer.reason)
          ? [{ url: nodes[i]?.url ?? '', cause: answer.reason as unknown }]
          : [],
      );
      const accepted = nodes.length - failed.length;
      if (accepted === 0) throw failed[0]?.cause ?? new RangeError('no nodes to send to');
      return {
        accepted,
        refusals: failed.map(({ url, cause }) => ({ url, problem: problemOf(cause) })),
      };
    },
  };
}
