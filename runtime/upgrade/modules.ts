/**
 * The runtime as modules with versions: which there are, and what a change of version does to the tables.
 *
 * Source: design/chain.md §3, design/staking-and-keys.md §5. An epoch's config says which version of each
 * module its blocks are executed by; code asks `moduleVersion`. Numbers of modules are wire format. A
 * release holds some versions of each; a node whose release lacks one that a config names stops before
 * that epoch. Migrations are pure and bounded; where rows are many they are lazy: code takes rows of the
 * version before and writes its own.
 */
import { assert } from '../core/result.ts';
import type { EpochConfig, ModuleVersion } from '../epoch-config.ts';
import type { State } from '../state/state.ts';
import { forgetSettledTrades } from './forget-settled-trades.ts';

/** Numbers of modules; append-only wire format. */
export const RUNTIME_MODULE = {
  /** Whatever is of no other. */
  runtime: 0,
  matching: 1,
  staking: 2,
} as const;
export type RuntimeModuleName = keyof typeof RUNTIME_MODULE;
export type RuntimeModule = (typeof RUNTIME_MODULE)[RuntimeModuleName];

export const MODULE_NAMES: readonly RuntimeModuleName[] = Object.keys(
  RUNTIME_MODULE,
) as RuntimeModuleName[];

/** A version of a module after its first. */
type Release = {
  readonly version: number;
  /** What it does, for operators. */
  readonly about: string;
  /** Brings the tables from the version before. */
  readonly migrate: (state: State) => void;
};

/** Of rows that are taken as they are, or renewed when they are touched. */
const LAZY = (): void => {};

/** The versions after 1 that this release holds, ascending. */
export const RELEASES: { readonly [N in RuntimeModuleName]: readonly Release[] } = {
  runtime: [],
  matching: [
    {
      version: 2,
      about: 'last trades of series are forgotten when they are settled',
      migrate: forgetSettledTrades,
    },
  ],
  staking: [
    {
      version: 2,
      about: 'delegations forget what entered them while a vote ran, once none runs',
      migrate: LAZY,
    },
  ],
};

/** The versions that a new chain starts with. */
export const FIRST_VERSIONS: readonly ModuleVersion[] = MODULE_NAMES.map((name) => ({
  module: RUNTIME_MODULE[name],
  version: 1,
}));

/** The version of a module that a config names; 1 where it names none. O(modules). */
export function moduleVersion(
  { moduleVersions }: Pick<EpochConfig, 'moduleVersions'>,
  module: RuntimeModule,
): number {
  return moduleVersions.find((one) => one.module === module)?.version ?? 1;
}

/** `matching 2`. */
export function versionName({ module, version }: ModuleVersion): string {
  return `${MODULE_NAMES[module] ?? `module ${module}`} ${version}`;
}

/** Whether this release holds a version. */
export function holdsVersion({ module, version }: ModuleVersion): boolean {
  const name = MODULE_NAMES[module];
  if (name === undefined) return false;
  return version === 1 || RELEASES[name].some((release) => release.version === version);
}

/** Migrates a module's tables from one version to another, step by step. */
export function migrateModule(
  state: State,
  module: RuntimeModule,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const name = MODULE_NAMES[module];
  assert(name !== undefined, `no module has the number ${module}`);
  for (let version = from + 1; version <= to; version++) {
    const release = RELEASES[name].find((one) => one.version === version);
    assert(release !== undefined, `this release lacks ${versionName({ module, version })}`);
    release.migrate(state);
  }
}
