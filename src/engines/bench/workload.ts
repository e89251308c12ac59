import type { Scenario } from '../../scenarios/scenario.ts';

/** Something that is measured rather than judged: a scenario whose threads only do their work. */
export interface Workload {
  readonly name: string;
  readonly summary: string;
  readonly scenario: Scenario;
  /** What counts as an operation: the steps of the vCPU threads, or the samples in the outcome table. */
  readonly counts: 'vcpu-steps' | 'samples';
  /** Whether more vCPUs than `scenario.vcpus.default` are measured as well. */
  readonly scales: boolean;
  /** Whether the C program of `benchmarks/native` has it. */
  readonly native: boolean;
}
