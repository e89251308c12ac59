import { findByName } from '../scenarios/find.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { workloads } from './bench/workloads.ts';

/** A scenario, or the scenario of a workload: whatever a thread can be told to run. @throws UsageError */
export function findRunnable(name: string): Scenario {
  const workload = workloads.find(({ scenario }) => scenario.name === name);
  return workload?.scenario ?? findByName('scenario', name, scenarios, (one) => one.name);
}
