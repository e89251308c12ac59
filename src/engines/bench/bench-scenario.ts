import type { Scenario } from '../../scenarios/scenario.ts';

/** What the scenarios of all workloads have alike: nothing is judged, time stands still for readers. */
export const BENCH_SCENARIO = {
  mechanism: 'litmus',
  roles: [],
  invariants: [],
  outcomes: [],
  vcpus: { default: 1, least: 1, most: 64 },
  machine: { timeSource: 'still-tick' },
  ledgerBytes: 0,
} as const satisfies Partial<Scenario>;
