import { referenceGuest } from '../../guest/reference.ts';
import type { GuestRoles } from '../../guest/roles.ts';
import { referenceHost } from '../../host/host-ops.ts';
import type { Mutant, Scenario, ThreadSpec } from '../../scenarios/scenario.ts';
import { GuessWithdrawn, Withdrawn } from './guesses.ts';
import { type Instance, type InstanceOptions, instanceOf } from './instance.ts';
import { Learner } from './learner.ts';
import { makeModel } from './models/index.ts';
import type { MemoryModel, ModelName, StateShape } from './models/memory-model.ts';
import { ThreadProgram } from './program.ts';
import { Recorder } from './recorder.ts';
import { type SharedAccess, Sharing, SharingGrew } from './sharing.ts';

/** A scenario whose threads are programs that can be run again and again. */
export interface SystemSpec extends InstanceOptions {
  readonly scenario: Scenario;
  readonly mutant?: Mutant | undefined;
  /** Roles of the user's. */
  readonly guest?: Partial<GuestRoles> | undefined;
  readonly model: ModelName;
  /** Invariants whose checks are left out: what only they would have caught passes. */
  readonly without?: readonly string[] | undefined;
  /** Explores all steps in every state, and takes no state for another one: for comparison. */
  readonly unreduced?: boolean;
  /** Accesses that are steps, whoever else turns out to make them: of a schedule that has them as steps. */
  readonly shared?: readonly SharedAccess[] | undefined;
  /** Told when a program begins to run, and when it has come back: whoever watches knows who is at work. */
  readonly pulse?: ((running: boolean) => void) | undefined;
}

/** Threads learned so far, and the model of the memory that they share. What an engine explores. */
export interface System {
  readonly instance: Instance;
  /** One for each thread; threads that are alike have the same. */
  readonly learners: readonly Learner[];
  readonly names: readonly string[];
  /** Threads that are alike, in ascending order: groups of two and more. */
  readonly alike: readonly (readonly number[])[];
  /** Compares what is said to be alike. @throws GuessWithdrawn where it is not */
  checkAlike(random: () => number): void;
  readonly model: MemoryModel;
  /** Addresses of the shared cells. */
  readonly cells: readonly number[];
  /** For each of them the other half of its 64 bits, where anybody accesses these as one, else −1. */
  readonly halves: Int32Array;
}

/** Makes systems of one scenario: each knows more of what the threads share than the one before. */
export class SystemFactory {
  readonly instance: Instance;
  readonly #spec: SystemSpec;
  readonly #sharing: Sharing;
  readonly #withdrawn = new Withdrawn();
  readonly #programs: { program: ThreadProgram; recorder: Recorder }[];
  readonly #image: Uint8Array;
  /** For each thread the first one that it is like, itself if there is none before it. */
  readonly #likeness: number[];

  /** @throws ProgramFailed */
  constructor(spec: SystemSpec) {
    this.#spec = spec;
    const { scenario, mutant, guest } = spec;
    const { instance, memory } = instanceOf(scenario, mutant, spec);
    this.instance = instance;
    this.#sharing = new Sharing(instance.memoryBytes);
    for (const access of spec.shared ?? []) this.#sharing.share(access);
    const replacements = {
      roles: { ...referenceGuest, ...mutant?.roles, ...guest },
      host: { ...referenceHost, ...scenario.host, ...mutant?.host },
    };
    const { fences } = makeModel(spec.model, EMPTY);
    const view = new DataView(memory.u8.buffer);
    const specs = scenario.threads(instance.machine);
    this.#likeness =
      spec.unreduced === true ? [...specs.keys()] : likenessOf(specs, instance.steps);
    if (spec.unreduced === true) for (const { name } of specs) this.#withdrawn.identities.add(name);
    this.#programs = specs.map((thread, index) => {
      const recorder = new Recorder(index, this.#sharing, fences, view);
      const steps = instance.steps[index]!;
      return {
        recorder,
        program: new ThreadProgram(
          scenario,
          thread,
          instance,
          steps,
          replacements,
          recorder,
          spec.pulse,
        ),
      };
    });
    for (const { program } of this.#programs) program.setUp();
    this.#image = memory.u8.slice(0, instance.memoryBytes);
    this.#scout();
  }

  /** Runs the threads one after the other, for a first idea of what they share. */
  #scout(): void {
    for (const order of [this.#programs, [...this.#programs].reverse()]) {
      const memory = new DataView(this.#image.slice().buffer);
      for (const { program, recorder } of order) {
        recorder.seal(this.#image);
        recorder.scout(memory);
        try {
          program.run();
        } catch {
          // Alone, a program may do what it never does in company.
        }
      }
    }
    for (const { recorder } of this.#programs) recorder.seal(this.#image);
  }

  /** Explores systems until one lasts: learning may void what was learned before. */
  explore<Result>(explore: (system: System) => Result): Result {
    for (;;) {
      try {
        return explore(this.#make());
      } catch (error) {
        if (!(error instanceof SharingGrew || error instanceof GuessWithdrawn)) throw error;
      }
    }
  }

  #make(): System {
    this.#sharing.settle();
    const { cells } = this.#sharing;
    const words = new DataView(this.#image.buffer);
    const shape: StateShape = {
      threads: this.#programs.length,
      cells: Int32Array.from(cells, (address) => words.getInt32(address, true)),
      upperOf: this.#sharing.uppers,
      ghost: Uint8Array.from(cells, (address) => (address >= this.instance.ledger ? 1 : 0)),
      clockSteps: this.instance.clock.steps,
    };
    const model = makeModel(this.#spec.model, shape);
    const learners: Learner[] = [];
    this.#sharing.standForThemselves();
    for (const [thread, { program, recorder }] of this.#programs.entries()) {
      const first = this.#likeness[thread]!;
      if (first !== thread) {
        learners.push(learners[first]!);
        this.#sharing.standFor(first, thread);
        continue;
      }
      learners.push(new Learner(thread, program, recorder, this.#sharing, model, this.#withdrawn));
    }
    return {
      instance: this.instance,
      learners,
      names: this.#programs.map(({ program }) => program.name),
      alike: groupsOf(this.#likeness),
      checkAlike: (random) => this.#checkAlike(learners, random),
      model,
      cells: [...cells],
      halves: halvesOf(shape.upperOf),
    };
  }

  #checkAlike(learners: readonly Learner[], random: () => number): void {
    for (const [thread, first] of this.#likeness.entries()) {
      if (first === thread) continue;
      const { program, recorder } = this.#programs[thread]!;
      if (learners[first]!.isAlike(program, recorder, random)) continue;
      for (const each of this.#likeness.keys()) this.#likeness[each] = each;
      throw new GuessWithdrawn();
    }
  }
}

/** By what the scenario says, and for host threads by what they start with: all they are given is the same. */
function likenessOf(specs: readonly ThreadSpec[], steps: readonly number[]): number[] {
  return specs.map((spec, thread) => {
    const first = specs.findIndex(
      (other, place) =>
        place < thread &&
        steps[place] === steps[thread] &&
        (spec.alike === undefined
          ? spec.vcpu === undefined && other.vcpu === undefined && other.start === spec.start
          : other.alike === spec.alike),
    );
    return first < 0 ? thread : first;
  });
}

function halvesOf(upperOf: Int32Array): Int32Array {
  const halves = new Int32Array(upperOf.length).fill(-1);
  for (const [cell, upper] of upperOf.entries()) {
    if (upper < 0) continue;
    halves[cell] = upper;
    halves[upper] = cell;
  }
  return halves;
}

function groupsOf(likeness: readonly number[]): number[][] {
  const groups = new Map<number, number[]>();
  for (const [thread, first] of likeness.entries()) {
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [thread]);
    else group.push(thread);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

const EMPTY: StateShape = {
  threads: 0,
  cells: new Int32Array(0),
  upperOf: new Int32Array(0),
  ghost: new Uint8Array(0),
  clockSteps: 0,
};
