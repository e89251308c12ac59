import type { MachineSpec } from '../host/machine.ts';
import type { Program, ThreadSpec } from './scenario.ts';
import { describe, isPlainFunction, isRecord, isWholeNumber } from './shape.ts';
import { UsageError } from './usage-error.ts';

/** Looks at the threads that a scenario has on a machine. @throws UsageError */
export function checkedThreads(
  threads: readonly ThreadSpec[],
  { vcpus }: MachineSpec,
): readonly ThreadSpec[] {
  if (!Array.isArray(threads) || threads.length === 0)
    throw new UsageError(`Expected at least one thread in a scenario, got ${describe(threads)}.`);
  const names = new Set<string>();
  const taken = new Map<number, string>();
  for (const thread of threads as readonly ThreadSpec[]) {
    if (!isRecord(thread) || typeof thread.name !== 'string' || !isPlainFunction(thread.start))
      throw new UsageError(
        `Expected each thread of a scenario to be { name, vcpu, start(thread) }, got ${describe(thread)}.`,
      );
    const { name, vcpu, steps } = thread;
    if (names.has(name))
      throw new UsageError(`Expected a name of its own for each thread, got two of ${name}.`);
    names.add(name);
    if (steps !== undefined && !isWholeNumber(steps, 0))
      throw new UsageError(
        `Expected steps of ${name} as a whole number of calls, got ${describe(steps)}.`,
      );
    if (vcpu === undefined) continue;
    if (!isWholeNumber(vcpu, 0, vcpus - 1))
      throw new UsageError(
        `Expected ${name} to be on a vCPU from 0 to ${vcpus - 1}, got ${describe(vcpu)}. The scenario's vcpus say how many there are.`,
      );
    const other = taken.get(vcpu);
    if (other !== undefined)
      throw new UsageError(
        `Expected one thread for each vCPU, got ${other} and ${name} for vCPU ${vcpu}. A thread of the host's has none.`,
      );
    taken.set(vcpu, name);
  }
  return threads;
}

/** Looks at what a thread's `start` returned. @throws TypeError */
export function checkedProgram(program: unknown, thread: string): Program {
  const expected = `Expected start of ${thread} to return { step() }`;
  if (!isRecord(program) || program instanceof Promise)
    throw new TypeError(`${expected}, got ${describe(program)}.`);
  for (const name of ['step', 'judge', 'finish'] as const) {
    const part = program[name];
    if (part === undefined && name !== 'step') continue;
    if (!isPlainFunction(part))
      throw new TypeError(
        `${expected}, whose ${name} is a plain function, synchronous and no generator, got ${describe(part)}.`,
      );
  }
  return program as unknown as Program;
}
