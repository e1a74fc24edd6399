/**
 * Referrals: which account brought another, and what it has earned by it.
 *
 * Source: the issue of matching ("referrer share"). Set once, by the owner; never changed, so that a
 * referrer can rely on it.
 */
import type { SetReferrer } from '../actions/fees.ts';
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type Codec, container, i128, u64 } from '../core/ssz.ts';
import { type AccountId, address, type TimestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';

/** A row of the referred account. */
export type Referral = {
  readonly referrer: AccountId;
  readonly setAt: TimestampMs;
  /** Micro-USD paid to the referrer so far. */
  paid: bigint;
};

export const ReferralCodec: Codec<Referral> = container<Referral>('Referral', {
  referrer: u64<AccountId>(),
  setAt: u64<TimestampMs>(),
  paid: i128(),
});

/** Errors in order: unknown_referrer, self_referral, referrer_already_set. O(1). */
export function setReferrer(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: SetReferrer,
): Result<ActionResult, Refusal> {
  const found = state.accounts.get(address(toHex(action.referrer)));
  if (found === undefined) return err(refusal('unknown_referrer'));
  const referrer = found.id;
  if (referrer === account) return err(refusal('self_referral', { given: referrer }));
  const known = state.referrals.get(account);
  if (known !== undefined) {
    return err(refusal('referrer_already_set', { given: referrer, allowed: known.referrer }));
  }

  // From here it must succeed.
  state.referrals.set(account, { referrer, setAt: context.timestamp, paid: 0n });
  context.events.push({ selector: EVENT.referrerSet, value: { account, referrer } });
  return ok({ selector: ACTION_RESULT.referrerSet, value: { referrer } });
}
