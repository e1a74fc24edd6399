/**
 * Virtual time: a queue of events in order of (time, order of scheduling).
 *
 * Time is whole microseconds since the start of the simulation, and stands still while an event
 * runs. `run` is for code with promises: after each event it lets the event loop turn once
 * (`setImmediate`), by when every microtask has run, however long the chain; so time advances only
 * when all code waits for the simulator. That holds for code whose only ways to wait are promises
 * settled by the simulator's clock, disk, network and signer: no real I/O, threads or timers.
 * `runSync` is the same without turning, for code without promises, and about ten times faster.
 */

export type Scheduler = {
  /** Microseconds since the start. */
  readonly nowUs: () => number;
  /** Runs `fire` in `delayUs`; returns how to cancel it. */
  readonly after: (delayUs: number, fire: () => void) => () => void;
  /** Runs events up to and at `untilUs`, or until `stop` says so; time is then `untilUs` or the stop's. */
  readonly runSync: (untilUs: number, stop?: () => boolean) => void;
  readonly run: (untilUs: number, stop?: () => boolean) => Promise<void>;
  /** Events run so far. */
  readonly events: () => number;
};

type Event = {
  readonly atUs: number;
  readonly order: number;
  fire: (() => void) | undefined;
};

function before(a: Event, b: Event): boolean {
  return a.atUs === b.atUs ? a.order < b.order : a.atUs < b.atUs;
}

/** A binary heap, lowest first. */
function createHeap(): {
  push: (event: Event) => void;
  pop: () => Event | undefined;
  peek: () => Event | undefined;
} {
  const heap: Event[] = [];
  const at = (index: number): Event => {
    const event = heap[index];
    if (!event) throw new RangeError(`no event at ${index}`);
    return event;
  };
  const swap = (i: number, j: number): void => {
    const event = at(i);
    heap[i] = at(j);
    heap[j] = event;
  };
  const sink = (): void => {
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && before(at(right), at(left)) ? right : left;
      if (!before(at(least), at(i))) return;
      swap(i, least);
      i = least;
    }
  };
  return {
    peek: () => heap[0],
    push: (event) => {
      let i = heap.push(event) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!before(at(i), at(parent))) return;
        swap(i, parent);
        i = parent;
      }
    },
    pop: () => {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
}

export function createScheduler(): Scheduler {
  const heap = createHeap();
  let nowUs = 0;
  let order = 0;
  let events = 0;

  /** Runs the next event that is due; false when there is none. */
  const runOne = (untilUs: number): boolean => {
    for (;;) {
      const next = heap.peek();
      if (!next || next.atUs > untilUs) return false;
      heap.pop();
      if (!next.fire) continue;
      nowUs = next.atUs;
      events += 1;
      next.fire();
      return true;
    }
  };
  const never = (): boolean => false;

  return {
    nowUs: () => nowUs,
    events: () => events,
    after(delayUs, fire) {
      const atUs = nowUs + Math.max(0, Math.round(delayUs));
      const event: Event = { atUs, order: order++, fire };
      heap.push(event);
      return () => {
        event.fire = undefined;
      };
    },
    runSync(untilUs, stop = never) {
      while (!stop()) {
        if (runOne(untilUs)) continue;
        nowUs = Math.max(nowUs, untilUs);
        return;
      }
    },
    async run(untilUs, stop = never) {
      // What was started before the first event must come to rest as well.
      await turn();
      while (!stop()) {
        if (!runOne(untilUs)) {
          nowUs = Math.max(nowUs, untilUs);
          return;
        }
        await turn();
      }
    },
  };
}

/** One turn of the event loop: every microtask queued until then, and by those, has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
