/**
 * Where the time of profiled validators went: `node bench/devnet/read-profiles.ts FOLDER` sums the CPU
 * profiles of a folder by thread and by place (folder of the project, library, or native), self time,
 * without the start of each thread, which is loading of modules.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

const ROOT = join(import.meta.dirname, '..', '..');
const SHOWN = 40;
/** Start of a profile that is left out. */
const START_US = 8_000_000;
/** Time in which a thread waited. */
const WAITING = new Set(['(idle)', '(program)']);

/** A short name of a place: folder of the project, library, or what V8 calls it. */
function placeOf({ functionName, url }: { functionName: string; url: string }): string {
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (library?.[1]) return `lib ${library[1]}`;
  const at = url.indexOf(ROOT);
  if (at >= 0) return url.slice(at + ROOT.length + 1).replace(/\/[^/]*$/, '/');
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  return functionName === '' ? '(native)' : `native ${functionName}`;
}

/** The thread that a profile is of, by the file it runs that no other does. */
function threadOf({ nodes }: Profile): string {
  const urls = nodes.map(({ callFrame }) => callFrame.url);
  const has = (part: string): boolean => urls.some((url) => url.includes(part));
  if (has('node/executor/thread-main')) return 'executor';
  if (has('node/crypto/verifier-thread')) return 'verifier';
  if (has('node/rpc/worker')) return 'rpc';
  return 'main';
}

const [folder = '.'] = process.argv.slice(2);
const byThread = new Map<string, { busyUs: number; count: number; places: Map<string, number> }>();
for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const name = threadOf(profile);
  const sum = byThread.get(name) ?? { busyUs: 0, count: 0, places: new Map<string, number>() };
  sum.count++;
  let elapsedUs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const us = profile.timeDeltas[i] ?? 0;
    elapsedUs += us;
    if (!frame || WAITING.has(frame.functionName) || elapsedUs < START_US) continue;
    sum.busyUs += us;
    const place = placeOf(frame);
    sum.places.set(place, (sum.places.get(place) ?? 0) + us);
  }
  byThread.set(name, sum);
}
const total = [...byThread.values()].reduce((sum, { busyUs }) => sum + busyUs, 0);
for (const [name, { busyUs, count, places }] of byThread) {
  const share = ((100 * busyUs) / total).toFixed(1);
  console.log(`\n${name} (${count} profiles): ${(busyUs / 1e6).toFixed(1)} s, ${share} % of all`);
  const sorted = [...places].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [place, us] of sorted) {
    console.log(`  ${((100 * us) / total).toFixed(1).padStart(5)} %  ${place}`);
  }
}
