/**
 * Switches modules to the versions of the block's epoch, before anything of the block is executed.
 *
 * Overrides (`state.overrides`) are for the recovery from a bad release (design/chain.md §2): above the
 * last carried root all validators agree, outside of the chain, on a version from a height on. They are
 * configuration of the node, not state; with them a node executes final blocks again.
 */
import type { BlockContext } from '../block-context.ts';
import type { EpochConfig, ModuleVersion } from '../epoch-config.ts';
import { EVENT } from '../event.ts';
import { metaOf, type State } from '../state/state.ts';
import { MODULE_NAMES, migrateModule, moduleVersion, RUNTIME_MODULE } from './modules.ts';
import { UPGRADE_CHANGE } from './upgrade.ts';

/** A version that stands for the one that configs name, from a height on. */
export type VersionOverride = ModuleVersion & { readonly fromHeight: number };

/** A config as blocks of a height are executed by it. The same object where nothing is overridden. */
export function configAt(
  overrides: readonly VersionOverride[],
  config: EpochConfig,
  height: number,
): EpochConfig {
  const due = overrides.filter(({ fromHeight }) => fromHeight <= height);
  if (due.length === 0) return config;
  const kept = config.moduleVersions.filter(
    ({ module }) => !due.some((one) => one.module === module),
  );
  const taken = due.map(({ module, version }) => ({ module, version }));
  return { ...config, moduleVersions: [...kept, ...taken] };
}

/** Migrates what changed since the block before. Called when the state is still that block's. */
export function migrateModules(state: State, context: BlockContext): void {
  const meta = metaOf(state);
  const isSame = meta.epoch === context.config.epoch && state.overrides.length === 0;
  if (isSame) return;
  const last = state.epochConfigs.get(meta.epoch);
  if (last === undefined) return;
  const before = configAt(state.overrides, last, context.height - 1);
  for (const name of MODULE_NAMES) {
    const module = RUNTIME_MODULE[name];
    const from = moduleVersion(before, module);
    const to = moduleVersion(context.config, module);
    if (to <= from) continue;
    migrateModule(state, module, { from, to });
    context.events.push({
      selector: EVENT.upgradeChanged,
      value: { module, version: to, epoch: context.config.epoch, change: UPGRADE_CHANGE.migrated },
    });
  }
}
