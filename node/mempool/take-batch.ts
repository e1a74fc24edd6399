/** A batch of payloads from gossip: whether it is passed on, and what of it is new. */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { PayloadBatchCodec } from '../../p2p/messages.ts';
import type { GossipVerdict } from '../../p2p/network.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { Payload } from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import type { RecentSet } from '../crypto/recent-set.ts';
import type { Clock } from '../ports.ts';
import type { Admission } from './admission.ts';
import { type Entry, entryOf, knownDigest } from './entry.ts';
import type { Mempool } from './mempool.ts';

export type BatchTaker = {
  readonly chainId: Uint8Array;
  readonly clock: Clock;
  readonly mempool: Mempool;
  readonly admission: Admission;
  readonly configOf: (payload: Payload) => EpochConfig | undefined;
  readonly verifyNow: VerifySignature;
  /** Wire ids whose signatures are known to be good. */
  readonly verified: RecentSet;
};

/** Whether a signature of the payload is known to be bad. What cannot be checked here passes. */
function isForged(entry: Entry, taker: BatchTaker): boolean {
  const { chainId, configOf, verifyNow, verified } = taker;
  const { payload, key } = entry;
  const config = configOf(payload);
  const checks = config && signatureChecks(payload, chainId, config, knownDigest(entry));
  if (!checks) return false;
  const isGood = checks.every(({ publicKey, digest, signature }) =>
    verifyNow(publicKey, digest, signature),
  );
  if (isGood) verified.add(key);
  return !isGood;
}

/**
 * New payloads go to admission. `reject`: malformed, or forged. One signature is checked before the
 * batch is passed on, so that a flood of forged ones stops at its first honest peer; the others are
 * checked in batches.
 */
export function takeBatch(bytes: Uint8Array, taker: BatchTaker): GossipVerdict {
  const { chainId, clock, mempool, admission } = taker;
  const batch = PayloadBatchCodec.decode(bytes);
  if (!batch.ok) return 'reject';
  const entries: Entry[] = [];
  for (const payload of batch.value) {
    const entry = entryOf(payload, chainId, clock.now());
    if (!entry.ok) return 'reject';
    const { key } = entry.value;
    if (!mempool.has(key) && !admission.find(key)) entries.push(entry.value);
  }
  const sample = entries[(bytes.at(-1) ?? 0) % Math.max(1, entries.length)];
  if (!sample) return 'ignore';
  if (isForged(sample, taker)) return 'reject';
  for (const entry of entries) admission.offer(entry);
  return 'accept';
}
