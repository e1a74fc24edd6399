/**
 * What an engine writes down: own votes, certificates, and which notarized bodies it holds. One
 * journal for each epoch, append-only; `recover` rebuilds the engine from its records in any order.
 *
 * Source: design/chain.md §4 and §6, reference/consensus.md §1.6. Others' votes are not recorded:
 * they are sent again, or come as certificates. Selectors are a storage format.
 */
import {
  bool,
  bytes,
  type Codec,
  container,
  u64,
  union,
  type Variant,
} from '../runtime/core/ssz.ts';
import type { View } from '../runtime/core/units.ts';
import { type Certificate, CertificateCodec, type Vote, VoteCodec } from './messages.ts';

/** A notarized block whose header and body are on this disk. */
export type Certified = {
  readonly view: View;
  readonly payload: Uint8Array;
  /** The block is the last of its epoch. */
  readonly epochLast: boolean;
};

/** `vote` is written by the signer (see the effect `vote`), the others by the effect `persist`. */
export const JOURNAL = { vote: 0, certificate: 1, certified: 2 } as const;
export type JournalRecord =
  | Variant<typeof JOURNAL.vote, Vote>
  | Variant<typeof JOURNAL.certificate, Certificate>
  | Variant<typeof JOURNAL.certified, Certified>;

const CertifiedCodec: Codec<Certified> = container<Certified>('Certified', {
  view: u64<View>(),
  payload: bytes(32),
  epochLast: bool(),
});

export const JournalRecordCodec: Codec<JournalRecord> = union<JournalRecord>('JournalRecord', {
  [JOURNAL.vote]: VoteCodec,
  [JOURNAL.certificate]: CertificateCodec,
  [JOURNAL.certified]: CertifiedCodec,
});

/** The view a record belongs to: what pruning goes by. */
export function recordView(record: JournalRecord): View {
  return record.selector === JOURNAL.certified
    ? record.value.view
    : record.value.subject.value.view;
}
