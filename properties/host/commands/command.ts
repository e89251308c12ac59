import type fc from 'fast-check';
import type { Area } from '../msr-specification.ts';
import { type Machine, type Model, VCPUS } from './machine.ts';

/**
 * One command: what it does to the specification, what it does to the machine, and which memory the host
 * may write meanwhile besides the areas that are enabled before or after it.
 */
export abstract class MachineCommand implements fc.Command<Model, Machine> {
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  /** Returns what the specification expects of {@link act}. */
  protected abstract expect(model: Model): unknown;
  protected abstract act(machine: Machine): unknown;
  /** A write of the wall clock has no enable bit. */
  protected exempt(_model: Readonly<Model>): readonly Area[] {
    return [];
  }

  run(model: Model, machine: Machine): void {
    const areas = [...allAreas(model), ...this.exempt(model)];
    machine.look();
    const got = this.act(machine);
    const expected = this.expect(model);
    if (got !== expected) throw new Error(`${this.toString()}: got ${got}, expected ${expected}`);
    machine.checkWrites([...areas, ...allAreas(model)]);
    machine.checkReads(model);
  }

  abstract toString(): string;
}

/**
 * All areas that are enabled. A command that disables one may still write it before it is done; whoever
 * writes it after that is caught by the next command.
 */
function allAreas({ msrs }: Model): Area[] {
  return Array.from({ length: VCPUS }, (_, vcpu) => msrs.areas(vcpu)).flat();
}
