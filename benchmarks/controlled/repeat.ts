/** Runs at the most: by then compilers have done what they will do. */
const MOST_RUNS = 100;

/** What a piece of work came to, and what it took. */
export interface Timed<Result> {
  readonly result: Result;
  readonly seconds: number;
  /** Of them, those on a core: on a busy machine fewer, with the garbage collector's threads more. */
  readonly cpuSeconds: number;
}

/** Does a piece of work once and, for about so many seconds, again: the fastest run counts. */
export function fastest<Result>(seconds: number, work: () => Result): Timed<Result> {
  const began = performance.now();
  let best = timed(work);
  for (let run = 1; run < MOST_RUNS && performance.now() - began < seconds * 1000; run++) {
    const next = timed(work);
    if (next.seconds < best.seconds) best = next;
  }
  return best;
}

export function timed<Result>(work: () => Result): Timed<Result> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { result, seconds, cpuSeconds: (user + system) / 1e6 };
}

/** The one in the middle by seconds. */
export function median<Result>(runs: readonly Timed<Result>[]): Timed<Result> {
  return runs.toSorted((a, b) => a.seconds - b.seconds)[runs.length >>> 1]!;
}
