/** Every adversary by name. Twins are added by the scenario, which gives them their second machine. */
import type { Adversary } from './adversary.ts';
import { blockRevoker } from './block-revoker.ts';
import { censor } from './censor.ts';
import { certificateForger } from './certificate-forger.ts';
import { equivocator } from './equivocator.ts';
import { flooder } from './flooder.ts';
import { forker } from './forker.ts';
import { lateRevealer } from './late-revealer.ts';
import { nuller } from './nuller.ts';
import { replayer } from './replayer.ts';
import { splitBrain } from './split-brain.ts';
import { syncLiar } from './sync-liar.ts';
import { timeLiar } from './time-liar.ts';
import { withholder } from './withholder.ts';

export const ADVERSARY_NAMES = [
  'block-revoker',
  'censor',
  'certificate-forger',
  'equivocator',
  'flooder',
  'forker',
  'late-revealer',
  'nuller',
  'replayer',
  'split-brain',
  'sync-liar',
  'time-liar',
  'withholder',
] as const;
export type AdversaryName = (typeof ADVERSARY_NAMES)[number];

export const ADVERSARIES: Readonly<Record<AdversaryName, Adversary>> = {
  'block-revoker': blockRevoker,
  censor,
  'certificate-forger': certificateForger,
  equivocator,
  flooder,
  forker,
  'late-revealer': lateRevealer,
  nuller,
  replayer,
  'split-brain': splitBrain,
  'sync-liar': syncLiar,
  'time-liar': timeLiar,
  withholder,
};
