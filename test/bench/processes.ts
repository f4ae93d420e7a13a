import { readdirSync, readFileSync } from "node:fs";

/** `/proc` counts in hundredths of a second on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** The fields of a process's `stat` from the third on, as proc(5) numbers them from 3; undefined when it is gone. */
function statOf(pid: number | "self"): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

const PPID = 4 - 3;
const UTIME = 14 - 3;
const CUTIME = 16 - 3;

function ticks(stat: readonly string[], at: number): number {
  return Number(stat[at]) + Number(stat[at + 1]);
}

/** What a process, its children, and those of them that have ended have used of the processors so far, in microseconds. */
export function familyCpuMicros(pid: number): number {
  let used = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (!stat) continue;
    if (Number(entry) === pid) used += ticks(stat, UTIME) + ticks(stat, CUTIME);
    else if (Number(stat[PPID]) === pid) used += ticks(stat, UTIME);
  }
  return used * MICROS_PER_TICK;
}

/** What this process's children that have ended had used, in microseconds. */
export function endedChildrenCpuMicros(): number {
  return ticks(statOf("self") as string[], CUTIME) * MICROS_PER_TICK;
}
