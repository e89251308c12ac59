/** How much a run of the benchmark takes on. */
export interface Effort {
  readonly updates: readonly number[];
  readonly readers: readonly number[];
  /** Where an exploration ends that does not come to one. */
  readonly mostStates: number;
  readonly mostBytes: number;
  readonly mostSeconds: number;
  /** Seconds for which a piece of work is repeated, so that the best run is a warm one. */
  readonly repeatSeconds: number;
  /** Schedules drawn in a row. */
  readonly schedules: number;
  /** Searches, each with a seed of its own. */
  readonly searches: number;
  /** Starts of a process. */
  readonly starts: number;
}

export const FULL: Effort = {
  updates: [2, 3],
  readers: [1, 2, 3, 4],
  mostStates: 10_000_000,
  mostBytes: 4 * 2 ** 30,
  mostSeconds: 10,
  repeatSeconds: 1.5,
  schedules: 200_000,
  searches: 25,
  starts: 5,
};

export const QUICK: Effort = {
  updates: [2],
  readers: [1, 2],
  mostStates: 100_000,
  mostBytes: 2 ** 28,
  mostSeconds: 1,
  repeatSeconds: 0.1,
  schedules: 20_000,
  searches: 5,
  starts: 1,
};
