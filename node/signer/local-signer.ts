/**
 * The signer that holds the consensus key: in a node, or in a signer process.
 *
 * Source: design/chain.md §4. It keeps the window of `consensus/signer-window.ts`, made at start
 * from the journal, and its record is the journal: the vote is appended with one sync before the
 * signature leaves this module. Two requests are judged one after the other, in the order asked.
 *
 * Invariant: a validator whose key rotates has one window over all its keys, so it never votes twice
 * in a view, whichever key the epoch names.
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
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
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

/** At least one of something. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** What the driver asks for votes: a `Signer` that answers with the whole vote, recorded. */
export interface VoteSigner {
  /** Keys that it signs with: more than one around the rotation of a key. */
  readonly publicKeys: NonEmpty<Uint8Array>;
  /**
   * The vote of `place`, by the key that the epoch names, on disk in the journal. Rejects when the
   * journal fails: the node must stop voting.
   */
  vote(subject: Subject, place: Place): Promise<Result<Vote, SignerRefusal>>;
  /** Whether this very subject was signed here, or lies below what can be known. */
  signed(subject: Subject): boolean;
  /** Nothing below is ever signed again. */
  raise(mark: Mark): void;
}

/** Where a key stands among an epoch's validators. */
export type Place = { readonly signer: ValidatorIndex; readonly key: Uint8Array };

/** The first of `keys` that the epoch names, if it names any. An epoch names one key a validator. */
export function placeOfKeys(config: EpochConfig, keys: readonly Uint8Array[]): Place | undefined {
  for (const key of keys) {
    const signer = placeOfKey(config, key);
    if (signer !== undefined) return { signer, key };
  }
  return undefined;
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

/** A signer over `keys`, whose record is `journal`. */
export async function createLocalSigner(options: {
  readonly keys: NonEmpty<SigningKey>;
  readonly chainId: Uint8Array;
  readonly journal: JournalStore;
}): Promise<VoteSigner> {
  const { keys, chainId, journal } = options;
  const [first, ...rest] = keys;
  let window = await recoverWindow(journal);
  return {
    publicKeys: [first.publicKey, ...rest.map(({ publicKey }) => publicKey)],
    async vote(subject, { signer, key: publicKey }) {
      const key = keys.find((one) => equalBytes(one.publicKey, publicKey));
      if (key === undefined) {
        return err({ code: 'unknown_key', detail: `no key ${toHex(publicKey)} here` });
      }
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
