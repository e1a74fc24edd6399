/**
 * Keeps secrets out of core dumps. Node.js cannot set RLIMIT_CORE, but on Linux a process may say
 * which of its memory a dump would hold (core(5), `/proc/PID/coredump_filter`); nothing is an answer.
 * Other systems need the limit, as the example units set it (`LimitCORE=0`).
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILTER = '/proc/self/coredump_filter';

/** `off`: a dump of this process would hold no memory. `unknown`: the system cannot be told. */
export function denyCoreDumps(): 'off' | 'unknown' {
  try {
    writeFileSync(FILTER, '0x0');
    return Number.parseInt(readFileSync(FILTER, 'utf8'), 16) === 0 ? 'off' : 'unknown';
  } catch {
    // No such file: not Linux, or a /proc that may not be written.
    return 'unknown';
  }
}
