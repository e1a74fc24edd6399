/**
 * Validity of what is final, judged from headers and certificates alone: each block extends the one
 * before it and was proposed by the leader of its view; its time is above its parent's and was not in
 * the future; epochs end where they should; each finalization is signed by a quorum of the epoch's
 * weight.
 */

import { committeeOf, leader } from '../../../consensus/committee.ts';
import type { Certificate } from '../../../consensus/messages.ts';
import { voteDigest } from '../../../consensus/messages.ts';
import type { Header } from '../../../runtime/block.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { SIM_EPOCH_MS } from '../clock.ts';
import type { Scheduler } from '../scheduler.ts';
import type { SignatureScheme } from '../signature.ts';
import type { Checker, Truth } from './checker.ts';

export type ValidityOptions = {
  readonly truth: Truth;
  readonly scheduler: Pick<Scheduler, 'nowUs'>;
  readonly scheme: SignatureScheme;
  readonly chainId: Uint8Array;
  readonly genesis: { readonly header: Header; readonly hash: Uint8Array };
  /** Every so many blocks end an epoch. */
  readonly blocksPerEpoch: number;
  /** How far ahead of true time the clock of a voter that matters may be, in ms. */
  readonly aheadMs: number;
};

export function validity(options: ValidityOptions): Checker {
  const { truth, scheduler, genesis } = options;
  const violations: string[] = [];
  const final = new Map<string, Header>([[toHex(genesis.hash), genesis.header]]);
  const schedules = new Map<number, ReturnType<typeof committeeOf>>();
  const certified = new Set<string>();

  const checkHeader = (header: Header, hash: string): void => {
    const place = `block ${header.height} of ${header.epoch}/${header.view}`;
    const parent = final.get(toHex(header.parent));
    if (!parent) violations.push(`${place} extends no final block`);
    else {
      if (header.height !== parent.height + 1)
        violations.push(`${place} is not one above its parent`);
      if (header.timestamp <= parent.timestamp)
        violations.push(`${place} is not later than its parent`);
      const isLater =
        header.epoch > parent.epoch || (header.epoch === parent.epoch && header.view > parent.view);
      if (!isLater) violations.push(`${place} extends ${parent.epoch}/${parent.view}`);
    }
    // Heights are never reused, so the epoch of a block follows from its height.
    const epochDue = Math.floor((header.height - 1) / options.blocksPerEpoch);
    if (header.epoch !== epochDue) violations.push(`${place} should be of epoch ${epochDue}`);
    const nowMs = SIM_EPOCH_MS + scheduler.nowUs() / 1_000;
    if (header.timestamp > nowMs + options.aheadMs) {
      violations.push(`${place} is ${header.timestamp - nowMs} ms ahead of time`);
    }
    let committee = schedules.get(header.epoch);
    if (!committee) {
      committee = committeeOf(truth.configOf(header.epoch));
      schedules.set(header.epoch, committee);
    }
    if (leader(committee, header.view) !== header.proposer) {
      violations.push(`${place} was proposed by ${header.proposer}, who does not lead that view`);
    }
    final.set(hash, header);
  };

  const checkFinalization = ({ subject, signers, signatures }: Certificate): void => {
    const { epoch, view } = subject.value;
    const { validators } = truth.configOf(epoch);
    const digest = voteDigest(options.chainId, subject);
    let weight = 0n;
    let at = 0;
    for (const [index, validator] of validators.entries()) {
      if ((((signers[index >> 3] ?? 0) >> (index & 7)) & 1) === 0) continue;
      const signature = signatures[at++];
      if (signature && options.scheme.verify(validator.consensusKey, digest, signature)) {
        weight += validator.weight;
      }
    }
    const total = validators.reduce((sum, one) => sum + one.weight, 0n);
    if (3n * weight <= 2n * total) {
      violations.push(`the finalization of ${epoch}/${view} has ${weight} of ${total}`);
    }
  };

  return {
    name: 'validity',
    violations,
    observer: {
      onFinal(_node, header, payload) {
        const hash = toHex(payload);
        if (!final.has(hash)) checkHeader(header, hash);
      },
      onFinalized(_node, certificate) {
        const { epoch, view } = certificate.subject.value;
        const id = `${epoch}/${view}/${toHex(certificate.signers)}`;
        if (certified.has(id)) return;
        certified.add(id);
        checkFinalization(certificate);
      },
    },
  };
}
