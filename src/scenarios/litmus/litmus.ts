import type { Vcpu } from '../../cpu/vcpu.ts';
import type { Gpa } from '../../memory/memory-port.ts';
import { SCRATCH } from '../guest-map.ts';
import type { OutcomeSpec, Scenario } from '../scenario.ts';

/** The steps of a vCPU that litmus programs are made of. */
export type LitmusPort = Pick<Vcpu, 'load32' | 'store32' | 'rmb' | 'wmb'>;

/**
 * What one thread does with the variables of an instance. It returns its share of the outcome's place
 * in the table: the shares of all threads add up to it.
 */
export type LitmusBody = (cpu: LitmusPort, x: Gpa, y: Gpa) => number;

/** A litmus test: a few accesses per thread, and what may come of them. */
export interface LitmusTest {
  readonly name: string;
  readonly summary: string;
  readonly bodies: readonly LitmusBody[];
  readonly outcomes: readonly OutcomeSpec[];
}

/**
 * Instances that run between two barriers, their variables packed: threads that go through them at
 * the same pace fight for the same cache lines, and stores wait in the store buffers.
 */
const INSTANCES = 256;
const VARIABLE_BYTES = 4;
/** All of x, then all of y: a thread's store and its load are to different lines. */
const Y = 0x1000;
/** Where a thread leaves its shares: in lines of its own. */
const SHARES = 0x1000;
const SHARE_BYTES = 4;

const xOf = (instance: number): Gpa => SCRATCH + instance * VARIABLE_BYTES;
const shareOf = (thread: number, instance: number): Gpa =>
  SCRATCH + SHARES * (thread + 2) + instance * SHARE_BYTES;

/** Runs one thread's body on one instance and leaves its share. */
export function runBody(cpu: LitmusPort, body: LitmusBody, thread: number, instance: number): void {
  const x = xOf(instance);
  cpu.store32(shareOf(thread, instance), body(cpu, x, x + Y));
}

/** The place of the outcome of an instance, which is then as new. */
export function takeOutcome(cpu: LitmusPort, threads: number, instance: number): number {
  let outcome = 0;
  for (let thread = 0; thread < threads; thread++) outcome += cpu.load32(shareOf(thread, instance));
  const x = xOf(instance);
  cpu.store32(x, 0);
  cpu.store32(x + Y, 0);
  return outcome;
}

/** Makes a scenario of a litmus test. It calibrates: it shows what this machine's memory really does. */
export function litmus({ name, summary, bodies, outcomes }: LitmusTest): Scenario {
  const threads = bodies.length;
  return {
    name,
    summary,
    mechanism: 'litmus',
    roles: [],
    invariants: ['L1'],
    outcomes,
    vcpus: { default: threads, least: threads, most: threads },
    machine: {},
    ledgerBytes: 0,
    rounds: { instances: INSTANCES },
    threads: () =>
      bodies.map((body, index) => ({
        name: `vcpu${index}`,
        vcpu: index,
        start({ cpu, outcome, violated }) {
          const step = (instance: number): void => runBody(cpu, body, index, instance);
          if (index !== 0) return { step };
          return {
            step,
            judge(instance) {
              const seen = takeOutcome(cpu, threads, instance);
              outcome(seen);
              const { expect, outcome: values, description } = outcomes[seen]!;
              if (expect === 'FORBIDDEN') violated('L1', `${values} was seen: ${description}`);
            },
          };
        },
      })),
  };
}
