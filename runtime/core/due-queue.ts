/**
 * What is due next: keys with a time each, first the earliest, of one time the lowest key.
 *
 * A binary heap that knows where each key is, so that a key has one entry whatever happens to its
 * time. Invariants: no entry is before its parent; `place` names the position of every key. The
 * order of removal depends on times and keys alone, not on the order of insertion.
 */
import { assert } from './result.ts';

export type DueQueue = {
  readonly keys: number[];
  readonly times: number[];
  readonly place: Map<number, number>;
};

export function dueQueue(): DueQueue {
  return { keys: [], times: [], place: new Map() };
}

/** An entry on its way to its position. */
type Entry = { readonly key: number; readonly time: number };

function entryAt({ keys, times }: DueQueue, position: number): Entry | undefined {
  const key = keys[position];
  const time = times[position];
  return key === undefined || time === undefined ? undefined : { key, time };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.key < b.key);
}

function put(queue: DueQueue, position: number, { key, time }: Entry): void {
  queue.keys[position] = key;
  queue.times[position] = time;
  queue.place.set(key, position);
}

/** Moves an entry from a free position towards the root as far as it belongs. */
function rise(queue: DueQueue, from: number, entry: Entry): number {
  let position = from;
  while (position > 0) {
    const parent = (position - 1) >>> 1;
    const above = entryAt(queue, parent);
    if (above === undefined || !isBefore(entry, above)) break;
    put(queue, position, above);
    position = parent;
  }
  put(queue, position, entry);
  return position;
}

/** Moves an entry away from the root as far as it belongs. */
function sink(queue: DueQueue, from: number, entry: Entry): void {
  let position = from;
  while (true) {
    let child = 2 * position + 1;
    let below = entryAt(queue, child);
    if (below === undefined) break;
    const right = entryAt(queue, child + 1);
    if (right !== undefined && isBefore(right, below)) {
      child += 1;
      below = right;
    }
    if (!isBefore(below, entry)) break;
    put(queue, position, below);
    position = child;
  }
  put(queue, position, entry);
}

/** Gives a key its time, whether it is in the queue or not. O(log n). */
export function setDue(queue: DueQueue, key: number, time: number): void {
  const known = queue.place.get(key);
  const start = known ?? queue.keys.length;
  const position = rise(queue, start, { key, time });
  if (position === start && known !== undefined) sink(queue, position, { key, time });
}

/** Takes a key out; nothing when it is not in the queue. O(log n). */
export function clearDue(queue: DueQueue, key: number): void {
  const position = queue.place.get(key);
  if (position === undefined) return;
  queue.place.delete(key);
  const lastKey = queue.keys.pop();
  const lastTime = queue.times.pop();
  assert(lastKey !== undefined && lastTime !== undefined, 'a queue with a key has an entry');
  if (lastKey === key) return;
  const last: Entry = { key: lastKey, time: lastTime };
  if (rise(queue, position, last) === position) sink(queue, position, last);
}

/** The key due first, if it is due at `now`. O(1). */
export function firstDue({ keys, times }: DueQueue, now: number): number | undefined {
  const time = times[0];
  return time !== undefined && time <= now ? keys[0] : undefined;
}

/** Takes out what is due at `now`, earliest first. O(1) with nothing due, else O(log n) each. */
export function takeDue(queue: DueQueue, now: number): number[] {
  const due: number[] = [];
  for (let key = firstDue(queue, now); key !== undefined; key = firstDue(queue, now)) {
    clearDue(queue, key);
    due.push(key);
  }
  return due;
}

/** Empties the queue. */
export function resetDue({ keys, times, place }: DueQueue): void {
  keys.length = 0;
  times.length = 0;
  place.clear();
}
