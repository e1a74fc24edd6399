/**
 * `node --import ./hook.ts`: plants the bug that the environment names into its source file while it
 * is loaded. Nothing on disk changes, and production code knows of no bug.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUG_VARIABLE, plant } from './bug.ts';
import { PLANTED_BUGS } from './table.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const name = process.env[BUG_VARIABLE];
const bug = PLANTED_BUGS.find((one) => one.name === name);
if (!bug) throw new Error(`no planted bug ${name}`);
const target = pathToFileURL(join(ROOT, bug.file)).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== target) return loaded;
    const { source } = loaded;
    const text =
      typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined);
    return { ...loaded, source: plant(bug, text) };
  },
});
