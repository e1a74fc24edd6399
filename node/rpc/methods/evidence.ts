/** `get_evidence`: what this node has seen validators do that no honest one does. */
import { VoteCodec } from '../../../consensus/messages.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { assert } from '../../../runtime/core/result.ts';
import { EvidenceRecordsCodec, faultOfRecord } from '../../storage/evidence-record.ts';
import type { Handlers } from '../context.ts';

export const evidenceMethods: Handlers<'get_evidence'> = {
  async get_evidence(_params, { backend }) {
    const records = EvidenceRecordsCodec.decode(await backend.evidence());
    assert(records.ok, 'the node shows evidence in the format of this release');
    return records.value.map((record) => {
      const { publicKey, first, second } = record;
      const { epoch, view } = first.subject.value;
      return {
        fault: faultOfRecord(record),
        epoch,
        view,
        signer: first.signer,
        public_key: toHex(publicKey),
        first: toHex(VoteCodec.encode(first)),
        second: toHex(VoteCodec.encode(second)),
      };
    });
  },
};
