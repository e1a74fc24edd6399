/**
 * What a signer may sign: the last line of defence against double signing, whatever the node asks.
 *
 * Source: design/chain.md §4, reference/consensus.md §1.4 and §1.7. A height/round/step counter
 * does not do: Simplex rightly signs finalize(v) after notarize(v + 1). So a signer remembers, for
 * each (epoch, view) at or above its mark, what it signed there.
 *
 * Rules, per (epoch, view): at most one notarize proposal; no notarize and no finalize after
 * nullify; no nullify after finalize; finalize names the notarized proposal, if there is one. The
 * identical subject may be signed again (signatures are deterministic). Nothing is signed below the
 * mark, which only rises. Notarize then nullify is legal.
 */
import { equalBytes } from '../runtime/core/bytes.ts';
import { sha256 } from '../runtime/core/hash.ts';
import { err, ok, type Result } from '../runtime/core/result.ts';
import { bool, byteList, type Codec, container, list, u64 } from '../runtime/core/ssz.ts';
import type { Epoch, View } from '../runtime/core/units.ts';
import { KIND, type Proposal, ProposalCodec, type Subject } from './messages.ts';

/** A place in the order of rounds: by epoch, then by view. */
export type Mark = { readonly epoch: Epoch; readonly view: View };

/** What was signed in one round. A digest is SHA-256 of the proposal's SSZ, or empty for none. */
export type SignedRound = {
  readonly epoch: Epoch;
  readonly view: View;
  readonly notarize: Uint8Array;
  readonly nullified: boolean;
  readonly finalize: Uint8Array;
};

/** Rounds ascending, none below the mark. */
export type SignerWindow = { readonly mark: Mark; readonly rounds: readonly SignedRound[] };

/** Rounds a stored window may hold: an epoch's retention many times over. */
export const MAX_SIGNED_ROUNDS = 65_536;

export const SignerWindowCodec: Codec<SignerWindow> = container<{
  mark: Mark;
  rounds: SignedRound[];
}>('SignerWindow', {
  mark: container<Mark>('Mark', { epoch: u64<Epoch>(), view: u64<View>() }),
  rounds: list(
    container<SignedRound>('SignedRound', {
      epoch: u64<Epoch>(),
      view: u64<View>(),
      notarize: byteList(32),
      nullified: bool(),
      finalize: byteList(32),
    }),
    MAX_SIGNED_ROUNDS,
  ),
}) as Codec<SignerWindow>;

export type SigningRefusal = {
  readonly code: 'below_low_water_mark' | 'conflicting_vote';
  readonly detail: string;
};

const NONE = new Uint8Array(0);

function compareRounds(a: Mark, b: Mark): number {
  return a.epoch === b.epoch ? a.view - b.view : a.epoch - b.epoch;
}

export function proposalDigest(proposal: Proposal): Uint8Array {
  return sha256(ProposalCodec.encode(proposal));
}

/** A window in which nothing was signed, for a key that must not sign below `mark`. */
export function emptyWindow(mark: Mark): SignerWindow {
  return { mark, rounds: [] };
}

function signedAt(window: SignerWindow, at: Mark): SignedRound {
  return (
    window.rounds.findLast((round) => compareRounds(round, at) === 0) ?? {
      epoch: at.epoch,
      view: at.view,
      notarize: NONE,
      nullified: false,
      finalize: NONE,
    }
  );
}

/** The round with `subject` added, or why it must not be. Errors: `conflicting_vote`. */
function withSubject(round: SignedRound, subject: Subject): Result<SignedRound, SigningRefusal> {
  const refuse = (detail: string): Result<SignedRound, SigningRefusal> =>
    err({ code: 'conflicting_vote', detail: `epoch ${round.epoch} view ${round.view}: ${detail}` });
  switch (subject.selector) {
    case KIND.nullify:
      if (round.finalize.length > 0) return refuse('nullify after finalize');
      return ok({ ...round, nullified: true });
    case KIND.notarize: {
      const digest = proposalDigest(subject.value);
      if (round.notarize.length > 0) {
        return equalBytes(round.notarize, digest) ? ok(round) : refuse('a second notarize');
      }
      if (round.nullified) return refuse('notarize after nullify');
      if (round.finalize.length > 0 && !equalBytes(round.finalize, digest)) {
        return refuse('notarize of another proposal than the finalized one');
      }
      return ok({ ...round, notarize: digest });
    }
    case KIND.finalize: {
      const digest = proposalDigest(subject.value);
      if (round.nullified) return refuse('finalize after nullify');
      if (round.finalize.length > 0) {
        return equalBytes(round.finalize, digest) ? ok(round) : refuse('a second finalize');
      }
      if (round.notarize.length > 0 && !equalBytes(round.notarize, digest)) {
        return refuse('finalize of another proposal than the notarized one');
      }
      return ok({ ...round, finalize: digest });
    }
  }
}

/**
 * The window after `subject` is signed. The signer stores it durably BEFORE it releases the
 * signature. Errors in order: `below_low_water_mark`, `conflicting_vote`.
 * Cost: O(rounds held); the newest are found first.
 */
export function maySign(
  window: SignerWindow,
  subject: Subject,
): Result<SignerWindow, SigningRefusal> {
  const at = subject.value;
  if (compareRounds(at, window.mark) < 0) {
    const detail = `epoch ${at.epoch} view ${at.view} is below ${window.mark.epoch}/${window.mark.view}`;
    return err({ code: 'below_low_water_mark', detail });
  }
  const added = withSubject(signedAt(window, at), subject);
  if (!added.ok) return added;
  const index = window.rounds.findLastIndex((round) => compareRounds(round, at) <= 0);
  const found = window.rounds[index];
  const replaced = found !== undefined && compareRounds(found, at) === 0;
  const rounds = [...window.rounds];
  rounds.splice(replaced ? index : index + 1, replaced ? 1 : 0, added.value);
  return ok({ mark: window.mark, rounds });
}

/** Raises the mark and forgets the rounds below it. A lower mark changes nothing. */
export function raiseMark(window: SignerWindow, mark: Mark): SignerWindow {
  if (compareRounds(mark, window.mark) <= 0) return window;
  return { mark, rounds: window.rounds.filter((round) => compareRounds(round, mark) >= 0) };
}
