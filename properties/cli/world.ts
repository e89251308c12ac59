import { Writable } from 'node:stream';
import { EXIT, type ExitCode, type Io } from '../../src/cli/io.ts';
import type { Library } from '../../src/cli/library.ts';
import type { Broken, ScenarioResult } from '../../src/engines/result.ts';
import type { StressOptions } from '../../src/engines/stress/options.ts';
import type { MutantEntry, ScenarioEntry } from '../../src/report/catalogue.ts';

/** A stream that keeps what is written. */
export class Kept extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor(isTTY: boolean, columns: number | undefined) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** What a property decides about the world that a command runs in. */
export interface WorldOptions {
  readonly tty?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stderr is the same stream as stdout, as on a terminal. */
  readonly oneStream?: boolean;
  /** Files that cannot be written. */
  readonly locked?: readonly string[];
}

/** A world without a process: streams and files are kept, Ctrl-C is a call. */
export class World implements Io {
  readonly stdout: Kept;
  readonly stderr: Kept;
  readonly env: Readonly<Record<string, string>>;
  readonly files = new Map<string, string>();
  readonly #locked: readonly string[];
  readonly #listeners = new Set<() => void>();
  exitCode: ExitCode = EXIT.clean;

  constructor({
    tty = false,
    columns,
    env = {},
    oneStream = false,
    locked = [],
  }: WorldOptions = {}) {
    this.stdout = new Kept(tty, columns);
    this.stderr = oneStream ? this.stdout : new Kept(tty, columns);
    this.env = env;
    this.#locked = locked;
  }

  onInterrupt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ctrl-C. */
  interrupt(): void {
    for (const listener of this.#listeners) listener();
  }

  /** How many would be told of a Ctrl-C. */
  get listeners(): number {
    return this.#listeners.size;
  }

  async checkWritable(path: string): Promise<void> {
    if (this.#locked.includes(path)) throw new Error('EACCES: permission denied');
  }

  async writeFile(path: string, text: string): Promise<void> {
    this.files.set(path, text);
  }

  now(): number {
    return 0;
  }
}

const VCPUS = { default: 2, least: 1, most: 8 };

export const SCENARIOS: readonly ScenarioEntry[] = [
  {
    name: 'torn-read',
    summary: 'A host writes while a guest reads.',
    mechanism: 'kvmclock',
    roles: ['readClock'],
    invariants: ['P1'],
    vcpus: VCPUS,
  },
  {
    name: 'eoi-storm',
    summary: 'Interrupts come from everywhere.',
    mechanism: 'pv-eoi',
    roles: ['signalEoi'],
    invariants: ['E1', 'E4'],
    vcpus: VCPUS,
  },
  {
    name: 'store-buffering',
    summary: 'Two stores, two loads.',
    mechanism: 'litmus',
    roles: [],
    invariants: [],
    vcpus: { default: 2, least: 2, most: 2 },
  },
];

const TWIN = { source: 'constructed', visibleUnder: ['sc', 'tso', 'weak'] } as const;

export const MUTANTS: readonly MutantEntry[] = [
  {
    ...TWIN,
    id: 'Z-P1',
    mechanism: 'kvmclock',
    side: 'guest',
    summary: 'No barrier between the loads.',
    scenario: 'torn-read',
    invariants: ['P1'],
    visibleUnder: ['weak'],
    notOnThreads: 'x86 does not reorder loads.',
  },
  {
    ...TWIN,
    id: 'Z-P6',
    mechanism: 'kvmclock',
    side: 'guest',
    summary: 'The version is not looked at again.',
    scenario: 'torn-read',
    invariants: ['P1'],
  },
  {
    ...TWIN,
    id: 'Z-E1',
    mechanism: 'pv-eoi',
    side: 'host',
    summary: 'The bit is set in guest mode.',
    scenario: 'eoi-storm',
    invariants: ['E1'],
  },
];

/** A library whose races come to what `resultOf` says; `asked` keeps what it was asked for. */
export function fakeLibrary(
  resultOf: (options: StressOptions) => ScenarioResult | Promise<ScenarioResult> = passed,
  searched: (broken: Broken) => Broken = (broken) => broken,
): Library & { readonly asked: StressOptions[] } {
  const asked: StressOptions[] = [];
  return {
    scenarios: SCENARIOS,
    mutants: MUTANTS,
    asked,
    async stress(options) {
      asked.push(options);
      return resultOf(options);
    },
    async describeScenario(module) {
      return { ...SCENARIOS[0]!, name: module.pathname.split('/').pop()!.replace(/\..*$/, '') };
    },
    async verify({ scenario, seed = 'pvrace', model = 'tso' }) {
      return {
        ...common({ scenario, seed }),
        engine: 'verify',
        model,
        verdict: 'pass',
        outcomes: [],
      };
    },
    async replay() {
      return {
        ...common({ scenario: 'torn-read' }),
        engine: 'replay',
        verdict: 'pass',
        outcomes: [],
      };
    },
    async sample({ scenario, seed = 'pvrace', model = 'tso' }) {
      return {
        ...common({ scenario, seed }),
        engine: 'sample',
        model,
        verdict: 'pass',
        outcomes: [],
      };
    },
    async findSchedule(broken) {
      return searched(broken);
    },
    workloadNames: ['pvclock-read-solo'],
    async bench() {
      return { results: [], nativeAbsent: 'no cc', interrupted: false };
    },
    async guestRoles() {
      return ['readClock', 'signalEoi'];
    },
    async diagnose() {
      return {
        node: 'v20.19.0',
        platform: 'linux x64',
        cores: 2,
        availableParallelism: 2,
        pause: false,
        accessModes: [
          {
            access: 'plain',
            stressable: true,
            canaryCollisionsPerSecond: 70e6,
            storeBufferingPerMillion: 12_000,
          },
          {
            access: 'atomic',
            stressable: true,
            canaryCollisionsPerSecond: 9e6,
            storeBufferingPerMillion: 0,
          },
        ],
        sensitivity: 70e6,
        notes: ['Two vCPUs can run side by side.'],
      };
    },
    async conform() {
      return [];
    },
  };
}

/** What every fake result has. */
function common({ scenario, mutant, guest, access, seed }: StressOptions) {
  return {
    scenario: String(scenario),
    ...(mutant === undefined ? {} : { mutant }),
    ...(guest === undefined ? {} : { guest: `${guest}` }),
    ...(access === undefined ? {} : { access }),
    engine: 'stress' as const,
    seed: seed ?? 'pvrace',
    seconds: 1,
    instance: { vcpus: 1 },
    assumptions: [],
    samples: 10,
    operations: 100,
    sensitivity: 1000,
    outcomes: [
      {
        outcome: 'current',
        count: 10,
        expect: 'ACCEPTABLE' as const,
        description: 'A publication.',
      },
    ],
  };
}

export function passed(options: StressOptions): ScenarioResult {
  return { ...common(options), verdict: 'pass' };
}

export function broke(options: StressOptions, invariant: string): ScenarioResult {
  const evidence = [{ thread: 'vcpu1', text: 'read 7' }];
  return { ...common(options), verdict: 'fail', invariant, message: 'It read 7.', evidence };
}

export function stopped(options: StressOptions): ScenarioResult {
  return { ...common(options), verdict: 'incomplete', message: 'Interrupted.' };
}

export function failed(
  options: StressOptions,
  code: 'GUEST_LOAD' | 'GUEST_THREW' | 'HARNESS',
): ScenarioResult {
  return { ...common(options), verdict: 'error', code, message: 'It failed.' };
}
