/**
 * Epochs: who validates next, and when.
 *
 * Source: design/chain.md §3. Executing the last block of epoch e fixes the config of e+2; genesis
 * fixes 0 and 1. Stake elects the validators (`elect.ts`); seed and end are new.
 *
 * Invariants: configs of the current and the next epoch exist; a config never changes once made.
 */

import type { Header } from '../runtime/block.ts';
import type { BlockContext } from '../runtime/block-context.ts';
import { asciiBytes, concatBytes } from '../runtime/core/bytes.ts';
import { DOMAIN, sha256 } from '../runtime/core/hash.ts';
import { type Epoch, epoch, height, timestampMs } from '../runtime/core/units.ts';
import type { EpochValidator } from '../runtime/epoch-config.ts';
import { EVENT } from '../runtime/event.ts';
import { nextConsensusParameters } from '../runtime/governance/consensus-parameters.ts';
import { SINGLETON_KEY, u64Key } from '../runtime/state/key-codec.ts';
import { metaOf, type State } from '../runtime/state/state.ts';
import { nextVersions } from '../runtime/upgrade/plan-upgrade.ts';

/** Configs kept behind the current epoch: for late evidence and for verifying old certificates. */
const KEPT_EPOCHS = 8;

/** Seed of an epoch's leader schedule: a block's hash with the epoch's number. */
export function leaderSeed(lastBlockHash: Uint8Array, target: Epoch): Uint8Array {
  return sha256(
    concatBytes(asciiBytes(DOMAIN.leaderSeed), lastBlockHash, u64Key<Epoch>().encode(target)),
  );
}

/** On the first block of an epoch: moves the state's epoch on. */
export function startEpochIfDue(state: State, context: BlockContext, header: Header): void {
  const meta = metaOf(state);
  if (header.epoch === meta.epoch) return;
  meta.epoch = header.epoch;
  meta.previousEpochLastHeight = height(header.height - 1);
  state.meta.touch(SINGLETON_KEY);
  if (header.epoch > KEPT_EPOCHS) state.epochConfigs.delete(epoch(header.epoch - KEPT_EPOCHS - 1));
  context.events.push({ selector: EVENT.epochStarted, value: { epoch: header.epoch } });
}

/**
 * On the last block of epoch e, whose hash is `hash`: fixes the config of e+2 with the elected
 * validators; `undefined`: those of e+1 stay.
 */
export function fixNextEpoch(
  state: State,
  context: BlockContext,
  hash: Uint8Array,
  elected: readonly EpochValidator[] | undefined,
): void {
  const next = state.epochConfigs.must(epoch(context.config.epoch + 1));
  const target = epoch(context.config.epoch + 2);
  const validators = elected === undefined ? next.validators : [...elected];
  const before = next.moduleVersions;
  state.epochConfigs.set(target, {
    ...next,
    ...nextConsensusParameters(state, next),
    epoch: target,
    validators,
    moduleVersions: nextVersions(state, context, target, { before, validators }),
    // After a long halt the next epoch may be over before it began; this one starts from now.
    endsAt: timestampMs(Math.max(next.endsAt, context.timestamp) + context.parameters.epochMs),
    leaderSeed: leaderSeed(hash, target),
  });
}
