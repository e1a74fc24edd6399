/**
 * What this release can execute: versions of the runtime's modules, against those that an epoch's config
 * names; and versions that its operator orders for it.
 *
 * Source: design/chain.md §2 (recovery from a bad release), §3 (a node that lacks a version stops voting
 * at the final block before). `without` lets a release act as one that lacks versions: for rehearsals.
 */
import type { EpochConfig, ModuleVersion } from '../runtime/epoch-config.ts';
import type { VersionOverride } from '../runtime/upgrade/migrate-modules.ts';
import { holdsVersion, versionName } from '../runtime/upgrade/modules.ts';

export type ReleaseSettings = {
  readonly without: readonly ModuleVersion[];
  readonly overrides: readonly VersionOverride[];
};

export const WHOLE_RELEASE: ReleaseSettings = { without: [], overrides: [] };

/** Versions that a config names and this release lacks. */
export function missingVersions(
  { without }: ReleaseSettings,
  { moduleVersions }: EpochConfig,
): readonly ModuleVersion[] {
  return moduleVersions.filter(
    (one) =>
      !holdsVersion(one) ||
      without.some(({ module, version }) => module === one.module && version === one.version),
  );
}

/** What an operator is told who must install another release. */
export function upgradeText(config: EpochConfig, missing: readonly ModuleVersion[]): string {
  const names = missing.map(versionName).join(', ');
  return `epoch ${config.epoch} needs ${names}, which this release lacks: install a release with ${names} and start it`;
}
