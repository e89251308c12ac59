import type { Scenario } from '../../scenarios/scenario.ts';
import { BENCH_SCENARIO } from './bench-scenario.ts';
import type { Workload } from './workload.ts';

/** How far apart the variables of neighbouring samples are, in bytes, by name. */
const LAYOUTS = { packed: 4, spread: 16, line: 64, page: 4096 } as const;

/** Samples between two barriers. */
const BATCHES = [64, 256, 1_024, 4_096] as const;

/** GPAs of the two arrays of variables and of each thread's results: far enough apart for any batch. */
const X = 0x100000;
const Y = 0x1200000;
const RESULTS = [0x2400000, 0x2410000] as const;

/** Bytes of guest RAM that the widest layout takes. */
const RAM_BYTES = 0x2420000;

const WEAK = 0;

const OUTCOMES = [
  { outcome: '0, 0', expect: 'INTERESTING', description: 'Both loads were before both stores.' },
  { outcome: 'other', expect: 'ACCEPTABLE', description: 'At least one store was seen.' },
] as const;

function scenario(name: string, batch: number, stride: number): Scenario {
  return {
    ...BENCH_SCENARIO,
    name: `bench:${name}`,
    summary: 'Store buffering: x = 1; r0 = y beside y = 1; r1 = x.',
    outcomes: OUTCOMES,
    vcpus: { default: 2, least: 2, most: 2 },
    machine: { ...BENCH_SCENARIO.machine, ramBytes: RAM_BYTES },
    rounds: { instances: batch },
    threads: () =>
      [0, 1].map((vcpu) => ({
        name: `vcpu${vcpu}`,
        vcpu,
        start({ cpu, kvm, outcome }) {
          const [mine, other] = vcpu === 0 ? [X, Y] : [Y, X];
          const results = RESULTS[vcpu as 0 | 1];
          const step = (sample: number): void => {
            cpu.store32(mine + sample * stride, 1);
            cpu.store32(results + sample * 4, cpu.load32(other + sample * stride));
          };
          const { memory } = kvm;
          // Each thread resets the variable that it loads: in the next round its load then finds the
          // line in its own cache, while its store waits in the store buffer for a line of the other's.
          const reset = (sample: number): void => memory.store32(other + sample * stride, 0);
          if (vcpu !== 0) return { step, judge: reset };
          return {
            step,
            judge(sample) {
              const seen =
                memory.load32(RESULTS[0] + sample * 4) + memory.load32(RESULTS[1] + sample * 4);
              outcome(seen === 0 ? WEAK : 1);
              reset(sample);
            },
          };
        },
      })),
  };
}

/** Store buffering in every layout and batch: which shows most is a property of the machine. */
export const storeBufferingSweep: readonly Workload[] = Object.entries(LAYOUTS).flatMap(
  ([layout, stride]) =>
    BATCHES.map((batch): Workload => {
      const name = `store-buffering-${layout}-${batch}`;
      return {
        name,
        summary: `Store buffering, ${batch} samples between two barriers, variables ${stride} bytes apart.`,
        scenario: scenario(name, batch, stride),
        counts: 'samples',
        scales: false,
        native: false,
      };
    }),
);

/** What the sweep is asked for by, and what its best is shown as. */
export const STORE_BUFFERING = 'store-buffering';
