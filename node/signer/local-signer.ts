/**
 * The signer of a node that holds its consensus key itself.
 *
 * Source: design/chain.md §4. It keeps the window of `consensus/signer-window.ts`, made at start
 * from the journal, and its record is the journal: the vote is appended with one sync before the
 * signature leaves this module. Two requests are judged one after the other, in the order asked.
 */
import { JOURNAL } from '../../consensus/journal.ts';
import { type Subject, type Vote, voteDigest } from '../../consensus/messages.ts';
import {
  emptyWindow,
  type Mark,
  maySign,
  raiseMark,
  type SignerWindow,
} from '../../consensus/signer-window.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import { assert, err, ok, type Result } from '../../runtime/core/result.ts';
import { epoch, type ValidatorIndex, view } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { SignerRefusal } from '../ports.ts';
import type { JournalStore } from '../storage/journal-store.ts';
import { wasSigned } from './was-signed.ts';

/** A key that can sign digests. */
export type SigningKey = {
  /** ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(digest: Uint8Array): Uint8Array;
};

/** What the driver asks for votes: a `Signer` that answers with the whole vote, recorded. */
export interface VoteSigner {
  readonly publicKey: Uint8Array;
  /** The vote, on disk in the journal. Rejects when the journal fails: the node must stop voting. */
  vote(subject: Subject, signer: ValidatorIndex): Promise<Result<Vote, SignerRefusal>>;
  /** Whether this very subject was signed here, or lies below what can be known. */
  signed(subject: Subject): boolean;
  /** Nothing below is ever signed again. */
  raise(mark: Mark): void;
}

/** Place of a key among an epoch's validators. */
export function placeOfKey(config: EpochConfig, key: Uint8Array): ValidatorIndex | undefined {
  const place = config.validators.findIndex(({ consensusKey }) => equalBytes(consensusKey, key));
  return place < 0 ? undefined : (place as ValidatorIndex);
}

/** Rebuilds the window that the journal's votes make. */
export async function recoverWindow(journal: JournalStore): Promise<SignerWindow> {
  const { votes, mark } = await journal.votes();
  let window = emptyWindow(mark ?? { epoch: epoch(0), view: view(0) });
  for (const { selector, value } of votes) {
    assert(selector === JOURNAL.vote, 'only votes were asked for');
    const next = maySign(window, value.subject);
    // Below the mark there may be records that were not pruned yet.
    if (!next.ok && next.error.code === 'below_low_water_mark') continue;
    assert(
      next.ok,
      `the journal holds two votes that contradict each other: this key signed twice`,
    );
    window = next.value;
  }
  return window;
}

/** A signer over `key`, whose record is `journal`. */
export async function createLocalSigner(options: {
  readonly key: SigningKey;
  readonly chainId: Uint8Array;
  readonly journal: JournalStore;
}): Promise<VoteSigner> {
  const { key, chainId, journal } = options;
  let window = await recoverWindow(journal);
  return {
    publicKey: key.publicKey,
    async vote(subject, signer) {
      const allowed = maySign(window, subject);
      if (!allowed.ok) return err(allowed.error);
      // The window moves before anything is written: a request that comes meanwhile sees it.
      window = allowed.value;
      const vote: Vote = { subject, signer, signature: key.sign(voteDigest(chainId, subject)) };
      await journal.append(subject.value.epoch, { selector: JOURNAL.vote, value: vote }, 'sync');
      return ok(vote);
    },
    signed: (subject) => wasSigned(window, subject),
    raise(mark) {
      window = raiseMark(window, mark);
    },
  };
}
