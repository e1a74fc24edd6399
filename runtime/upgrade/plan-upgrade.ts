/** A vote decides on a version; operators say that they hold it; a config that is fixed takes it up. */

import type { SignalReady } from '../actions/governance.ts';
import type { BlockContext } from '../block-context.ts';
import { equalBytes, toHex } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, type Epoch, epoch } from '../core/units.ts';
import type { EpochValidator, ModuleVersion } from '../epoch-config.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import type { UpgradeContent } from '../governance/content.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { metaOf, type State } from '../state/state.ts';
import { MODULE_NAMES } from './modules.ts';
import {
  MAX_SLIPS,
  READY_PARTS,
  readinessKey,
  UPGRADE_CHANGE,
  type UpgradeChange,
  type UpgradePlan,
} from './upgrade.ts';

/** The version of the last config that is fixed: what the next one follows. */
function lastVersion(state: State, module: number): number {
  const { moduleVersions } = state.epochConfigs.must(epoch(metaOf(state).epoch + 1));
  return moduleVersions.find((one) => one.module === module)?.version ?? 1;
}

function note(
  context: BlockContext,
  { module, version }: ModuleVersion,
  at: Epoch,
  change: UpgradeChange,
): void {
  const value = { module, version, epoch: at, change };
  context.events.push({ selector: EVENT.upgradeChanged, value });
}

/**
 * Why a version cannot be decided on. Errors in order: unknown_module, upgrade_planned (given: the version
 * on its way), version_not_next (allowed: the one after that in force). The rule knows of no release: nodes
 * that hold the version and nodes that do not judge alike.
 */
export function upgradeProblem(
  state: State,
  { module, version }: Pick<UpgradeContent, 'module' | 'version'>,
): Refusal | undefined {
  if (MODULE_NAMES[module] === undefined) return refusal('unknown_module', { given: module });
  const planned = state.governance.upgrades.get(module);
  if (planned !== undefined) return refusal('upgrade_planned', { given: planned.version });
  const next = lastVersion(state, module) + 1;
  return version === next
    ? undefined
    : refusal('version_not_next', { given: version, allowed: next });
}

/** Notes a version that a vote has decided on and that has no problem. */
export function planUpgrade(state: State, context: BlockContext, content: UpgradeContent): void {
  const { module, version, epoch: wanted, codeHash } = content;
  const first = epoch(Math.max(wanted, context.config.epoch + 2));
  state.governance.upgrades.set(module, { module, version, epoch: first, codeHash, slips: 0 });
  note(context, content, first, UPGRADE_CHANGE.planned);
}

/**
 * `signalReady`: an operator holds the code of a planned version. Errors in order: not_operator,
 * no_upgrade (no plan of this module and version), wrong_code. It can be said again, and is forgotten when
 * the plan is over. O(1).
 */
export function signalReady(
  state: State,
  context: BlockContext,
  account: AccountId,
  { module, version, codeHash }: SignalReady,
): Result<ActionResult, Refusal> {
  const validator = state.staking.operators.get(account)?.validator;
  if (validator === undefined) return err(refusal('not_operator'));
  const plan = state.governance.upgrades.get(module);
  if (plan?.version !== version) return err(refusal('no_upgrade', { given: version }));
  if (!equalBytes(plan.codeHash, codeHash)) return err(refusal('wrong_code'));

  // From here it must succeed.
  state.governance.readiness.set(readinessKey.pack(module, validator), { version, codeHash });
  context.events.push({ selector: EVENT.upgradeReady, value: { validator, module, version } });
  return ok({ selector: ACTION_RESULT.validator, value: { validator } });
}

/** Weight of the validators of a set that are ready for a plan, and of all. */
export function readyWeight(
  state: State,
  plan: UpgradePlan,
  validators: readonly EpochValidator[],
): { readonly ready: bigint; readonly total: bigint } {
  let ready = 0n;
  let total = 0n;
  for (const { consensusKey, weight } of validators) {
    total += weight;
    const validator = state.staking.validatorKeys.get(toHex(consensusKey))?.validator;
    if (validator === undefined) continue;
    const said = state.governance.readiness.get(readinessKey.pack(plan.module, validator));
    if (said?.version === plan.version && equalBytes(said.codeHash, plan.codeHash)) ready += weight;
  }
  return { ready, total };
}

/** A plan is over: nobody's readiness for it is of use. O(validators). */
function endPlan(state: State, { module }: UpgradePlan): void {
  state.governance.upgrades.delete(module);
  for (const validator of state.staking.validators.sortedKeys()) {
    state.governance.readiness.delete(readinessKey.pack(module, validator));
  }
}

/**
 * The versions of the config of `target`, which follows one with `before`: each plan whose epoch has come
 * and of which five sixths of the config's weight are ready. The others slip, five times at most.
 * O(plans × validators).
 */
export function nextVersions(
  state: State,
  context: BlockContext,
  target: Epoch,
  {
    before,
    validators,
  }: {
    readonly before: readonly ModuleVersion[];
    readonly validators: readonly EpochValidator[];
  },
): ModuleVersion[] {
  const versions = before.map((one) => ({ ...one }));
  for (const module of state.governance.upgrades.sortedKeys()) {
    const plan = state.governance.upgrades.must(module);
    if (plan.epoch > target) continue;
    const { ready, total } = readyWeight(state, plan, validators);
    if (ready * READY_PARTS.of >= total * READY_PARTS.needed) {
      const { version } = plan;
      const known = versions.findIndex((one) => one.module === module);
      if (known >= 0) versions[known] = { module, version };
      else versions.push({ module, version });
      endPlan(state, plan);
      note(context, plan, target, UPGRADE_CHANGE.scheduled);
    } else if (plan.slips >= MAX_SLIPS) {
      endPlan(state, plan);
      note(context, plan, target, UPGRADE_CHANGE.expired);
    } else {
      plan.slips += 1;
      state.governance.upgrades.touch(module);
      note(context, plan, epoch(target + 1), UPGRADE_CHANGE.slipped);
    }
  }
  return versions;
}
