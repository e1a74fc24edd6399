/**
 * What an adversary is: an honest node whose words are twisted on their way out.
 *
 * Inside runs the node's own code, so the adversary keeps up with the chain; its `Behaviour` replaces
 * what leaves, drops what arrives, and sends more. It signs with its own key whatever it likes, past
 * the signer and its window. Nobody else's key is within reach, as nobody else's would be.
 */
import type { Committee } from '../../../consensus/committee.ts';
import type {
  Certificate,
  ConsensusMessage,
  ProposalMessage,
  Subject,
  Vote,
} from '../../../consensus/messages.ts';
import { CONSENSUS_MESSAGE, KIND } from '../../../consensus/messages.ts';
import { blockHash, type Header } from '../../../runtime/block.ts';
import type { Epoch, ValidatorIndex, View } from '../../../runtime/core/units.ts';
import type { Prng } from '../prng.ts';

export type Round = { readonly epoch: Epoch; readonly view: View };

export type AdversaryContext = {
  /** The number of this machine, and how many there are. */
  readonly machine: number;
  readonly machines: number;
  /** Whether another machine had this one's key first. */
  readonly isTwin: boolean;
  readonly prng: Prng;
  /** Runs `fire` after so many virtual ms, unless this life of the machine is over. */
  readonly after: (delayMs: number, fire: () => void) => void;
  /** Where the node inside is. */
  readonly now: () => Round;
  readonly committee: (at: Epoch) => Committee;
  /** This machine's key among the validators of an epoch. */
  readonly place: (at: Epoch) => ValidatorIndex | undefined;
  /** A vote with this machine's key; undefined when it is no validator of that epoch. */
  readonly sign: (subject: Subject) => Vote | undefined;
  /** A vote that any validator cast on another chain: genuine there. */
  readonly signedElsewhere: (signer: ValidatorIndex, subject: Subject) => Vote;
  /** Sends past the behaviour. */
  readonly send: (to: number, message: ConsensusMessage) => void;
};

export type Behaviour = {
  /** What goes to machine `to` instead of `message`. */
  readonly outgoing?: (to: number, message: ConsensusMessage) => readonly ConsensusMessage[];
  /** Sees what arrives; false keeps it from the node inside. */
  readonly incoming?: (from: number, message: ConsensusMessage) => boolean;
  /** What is answered when machine `to` asks for certificates. */
  readonly certificates?: (to: number, held: readonly Certificate[]) => readonly Certificate[];
  /** The header that is answered when machine `to` asks for a block; undefined: no answer. */
  readonly header?: (to: number, held: Header) => Header | undefined;
};

export type Adversary = (context: AdversaryContext) => Behaviour;

export function voteMessage(value: Vote): ConsensusMessage {
  return { selector: CONSENSUS_MESSAGE.vote, value };
}

export function certificateMessage(value: Certificate): ConsensusMessage {
  return { selector: CONSENSUS_MESSAGE.certificate, value };
}

/** The vote in a message of this machine, if it carries one. */
export function voteIn(message: ConsensusMessage): Vote | undefined {
  switch (message.selector) {
    case CONSENSUS_MESSAGE.vote:
      return message.value;
    case CONSENSUS_MESSAGE.proposal:
      return message.value.vote;
    case CONSENSUS_MESSAGE.certificate:
      return undefined;
  }
}

/** The proposal of another header in the same view, signed anew; undefined if this key may not. */
export function proposalOf(
  context: AdversaryContext,
  original: ProposalMessage,
  header: Header,
  wireIds: Uint8Array[] = original.block.wireIds,
): ProposalMessage | undefined {
  const { subject } = original.vote;
  if (subject.selector === KIND.nullify) return undefined;
  const value = { ...subject.value, payload: blockHash(header) };
  const vote = context.sign({ selector: KIND.notarize, value });
  return vote && { ...original, vote, block: { header, wireIds } };
}

export function proposalMessage(value: ProposalMessage): ConsensusMessage {
  return { selector: CONSENSUS_MESSAGE.proposal, value };
}
