/** Versions of modules as operators write them. */
import type { ModuleVersion } from '../epoch-config.ts';
import { MODULE_NAMES } from './modules.ts';

/** `matching=2`, or with a height `matching=3@1200`; undefined where it is neither. */
export function parseVersion(
  text: string,
): (ModuleVersion & { readonly fromHeight: number | undefined }) | undefined {
  const [, name, version, height] =
    /^([a-z]+)=([1-9][0-9]{0,8})(?:@([1-9][0-9]{0,14}))?$/.exec(text) ?? [];
  const module = MODULE_NAMES.findIndex((one) => one === name);
  if (module < 0) return undefined;
  const fromHeight = height === undefined ? undefined : Number(height);
  return { module, version: Number(version), fromHeight };
}
