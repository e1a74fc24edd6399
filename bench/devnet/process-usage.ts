/** What a process used, from /proc: Linux only. */
import { readFileSync } from 'node:fs';

/** Kernel ticks of CPU time a second: fixed at 100 for user space on Linux. */
const TICKS_PER_SECOND = 100;
/** Positions in /proc/PID/stat, counted from the field after the name in parentheses. */
const UTIME = 11;
const STIME = 12;

/** Seconds of CPU time that process `pid` has used, all threads together. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
}

/** Resident memory of process `pid` in MB (10⁶ bytes). */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const match = /^VmRSS:\s+(\d+) kB/m.exec(status);
  return (Number(match?.[1] ?? Number.NaN) * 1_024) / 1e6;
}
