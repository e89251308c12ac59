import { build } from 'hdr-histogram-js';
import type { FailureCode } from '../result.ts';
import { type RunSetUp, setUpRun } from '../stress/set-up.ts';
import { supervise } from '../stress/supervisor.ts';
import { blocksOf, type ThreadBlock } from '../stress/thread-block.ts';
import type { Workload } from './workload.ts';

/** Seconds at the start of a run that are not counted. */
const WARM_UP_SECONDS = 0.15;

/** What one run of a workload came to. */
export interface Measurement {
  readonly operationsPerSecond: number;
  /** Tries per operation beyond the first, of clock reads; undefined where nothing can be retried. */
  readonly retryRate: number | undefined;
  /** Percentiles of sampled single operations, ns. */
  readonly latencyNs:
    | { readonly p50: number; readonly p99: number; readonly p999: number }
    | undefined;
  /** Store buffering: samples that no interleaving explains, per second. */
  readonly weakPerSecond: number | undefined;
}

/** The guest could not be measured. */
export class MeasurementFailed extends Error {
  override readonly name = 'MeasurementFailed';
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface MeasureOptions {
  readonly vcpus: number;
  readonly seconds: number;
  readonly guest?: string | URL | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Checks every result of a role instead of measuring at full speed. */
  readonly checked?: boolean;
}

/**
 * Runs a workload once.
 *
 * @throws MeasurementFailed where the guest threw, hung, or returned nonsense
 */
export async function measure(workload: Workload, options: MeasureOptions): Promise<Measurement> {
  const { scenario } = workload;
  const run = setUpRun(scenario, undefined, {
    scenario: scenario.name,
    vcpus: options.vcpus,
    ...(options.guest === undefined ? {} : { guest: options.guest }),
    quiet: options.checked !== true,
  });
  const counters = new Counters(run, workload);
  let warm = { elapsed: 0, ...counters.read() };
  const supervised = await supervise(run.tasks, run.names, run.memory, {
    seconds: options.seconds + WARM_UP_SECONDS,
    canarySeconds: 0,
    signal: options.signal,
    onProgress({ phase, elapsed }) {
      // What compilers and caches need at first is not what is measured.
      if (phase === 'racing' && elapsed <= WARM_UP_SECONDS) warm = { elapsed, ...counters.read() };
    },
  });
  const failed = supervised.reports.find((report) => report?.kind === 'failure');
  if (supervised.failure !== undefined) {
    throw new MeasurementFailed(supervised.failure.code, supervised.failure.message);
  }
  if (failed?.kind === 'failure') throw new MeasurementFailed(failed.code, failed.message);
  const end = counters.read();
  const seconds = supervised.seconds - warm.elapsed;
  const { vcpus } = counters;
  const reports = vcpus
    .map((index) => supervised.reports[index])
    .filter((report) => report !== undefined);
  const samples = reports.reduce((sum, report) => sum + report.tscSamples, 0);
  return {
    operationsPerSecond: (end.operations - warm.operations) / seconds,
    retryRate:
      samples === 0 || end.operations === 0 ? undefined : Math.max(0, samples / end.operations - 1),
    latencyNs: percentiles(reports.flatMap((report) => report.latencies)),
    weakPerSecond: workload.counts === 'samples' ? (end.weak - warm.weak) / seconds : undefined,
  };
}

/** Reads what the threads of a run have counted so far. */
class Counters {
  readonly #workload: Workload;
  /** Places of the vCPU threads among all. */
  readonly vcpus: readonly number[];
  readonly #blocks: readonly ThreadBlock[];

  constructor({ names, memory, control }: RunSetUp, workload: Workload) {
    this.#workload = workload;
    this.vcpus = names.flatMap((name, index) => (name.startsWith('vcpu') ? [index] : []));
    const blocks = blocksOf(memory, control, names.length);
    this.#blocks = this.vcpus.map((index) => blocks[index]!);
  }

  read(): { readonly operations: number; readonly weak: number } {
    const { scenario, counts } = this.#workload;
    const outcomes = scenario.outcomes.map((_, outcome) =>
      sum(this.#blocks.map((block) => block.outcomes[outcome]!)),
    );
    return {
      operations:
        counts === 'samples'
          ? sum(outcomes)
          : sum(this.#blocks.map(({ operations }) => operations)),
      weak: outcomes[0] ?? 0,
    };
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((one, other) => one + other, 0);
}

function percentiles(nanoseconds: readonly number[]): Measurement['latencyNs'] {
  if (nanoseconds.length === 0) return undefined;
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 1e10,
    numberOfSignificantValueDigits: 3,
  });
  for (const value of nanoseconds) histogram.recordValue(value);
  return {
    p50: histogram.getValueAtPercentile(50),
    p99: histogram.getValueAtPercentile(99),
    p999: histogram.getValueAtPercentile(99.9),
  };
}
