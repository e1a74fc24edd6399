/**
 * Evidence as a node keeps and shows it: two votes that one key signed and that cannot both be honest.
 * The key is kept with them, since the config that names it is forgotten after some epochs.
 */
import { evidenceOf, type Fault } from '../../consensus/evidence.ts';
import { type Vote, VoteCodec } from '../../consensus/messages.ts';
import { assert } from '../../runtime/core/result.ts';
import { bytes, type Codec, container, list } from '../../runtime/core/ssz.ts';

export type EvidenceRecord = {
  /** Consensus key of both votes, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly first: Vote;
  readonly second: Vote;
};

/** Records shown at once: more is one validator's many views, of which one a epoch counts. */
export const MAX_EVIDENCE_SHOWN = 256;

export const EvidenceRecordCodec: Codec<EvidenceRecord> = container<EvidenceRecord>(
  'EvidenceRecord',
  { publicKey: bytes(32), first: VoteCodec, second: VoteCodec },
);

export const EvidenceRecordsCodec: Codec<EvidenceRecord[]> = list(
  EvidenceRecordCodec,
  MAX_EVIDENCE_SHOWN,
);

/** Which fault a stored record is of. */
export function faultOfRecord({ first, second }: EvidenceRecord): Fault {
  const evidence = evidenceOf(first, second);
  assert(evidence !== undefined, 'only evidence is kept');
  return evidence.fault;
}
