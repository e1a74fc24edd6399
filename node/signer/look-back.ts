/**
 * The look-back at start: listens for votes of this node's own key before it votes, so that a second
 * process with the same key is found before both sign.
 *
 * Source: design/chain.md §4: max(3 s, 2 timeouts) of wall time; it yields only to votes that are
 * not in its own window, since a restarted node hears its own old votes again.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { type Vote, voteDigest } from '../../consensus/messages.ts';
import { leaderTimeoutMs } from '../../consensus/timeouts.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import type { EpochConfig, Pacing } from '../../runtime/epoch-config.ts';
import type { VoteSigner } from './local-signer.ts';

const LOOK_BACK_MIN_MS = 3_000;

/** How long a validator listens before it votes. */
export function lookBackMs(pacing: Pacing): number {
  return Math.max(LOOK_BACK_MIN_MS, 2 * leaderTimeoutMs(pacing, 0));
}

/** Whether a vote is by this node's key, well signed, and none that this node signed. */
export function isTwinsVote(
  vote: Vote,
  options: {
    readonly signer: VoteSigner;
    readonly config: EpochConfig;
    readonly chainId: Uint8Array;
    readonly verify: VerifySignature;
  },
): boolean {
  const { signer, config, chainId, verify } = options;
  const key = config.validators[vote.signer]?.consensusKey;
  const isOwn = key !== undefined && signer.publicKeys.some((own) => equalBytes(own, key));
  if (!isOwn || signer.signed(vote.subject)) return false;
  return verify(key, voteDigest(chainId, vote.subject), vote.signature);
}
