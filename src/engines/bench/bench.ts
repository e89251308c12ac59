import { availableParallelism } from 'node:os';
import { findByName } from '../../scenarios/find.ts';
import { guestRoles } from '../stress/guest-roles.ts';
import { UsageError } from '../usage-error.ts';
import { type Measurement, measure } from './measure.ts';
import { compileNative, measureNative, type Native } from './native.ts';
import { STORE_BUFFERING, storeBufferingSweep } from './store-buffering-sweep.ts';
import type { Workload } from './workload.ts';
import { workloadNames } from './workload-names.ts';
import { workloads } from './workloads.ts';

/** What to measure. */
export interface BenchOptions {
  /** Names of workloads; none means all. */
  readonly workloads?: readonly string[];
  /** A module whose roles are measured beside the reference's. */
  readonly guest?: string | URL;
  /** Most vCPUs that a workload which scales is run with; by default the cores. */
  readonly vcpus?: number;
  /** Seconds for each row. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
  /** Told before each row. */
  readonly onRow?: (workload: string, vcpus: number) => void;
  /** The C compiler; by default `cc`. */
  readonly compiler?: string;
}

/** One row of a benchmark. Null is what was not measured. */
export interface BenchResult {
  readonly workload: string;
  readonly vcpus: number;
  readonly operationsPerSecond: number;
  readonly retryRate: number | null;
  readonly latencyNs: { readonly p50: number; readonly p99: number; readonly p999: number } | null;
  readonly guest: string | null;
  /** Operations per second over the reference's, in the same run. */
  readonly ratioToReference: number | null;
  /** Operations per second over native C's, in the same run. */
  readonly ratioToNative: number | null;
  /** Store buffering: weak outcomes per second, and over native C's. */
  readonly weakPerSecond: number | null;
  readonly weakRatioToNative: number | null;
  /** Store buffering: which batch and layout this was. */
  readonly variant: string | null;
}

/** A whole benchmark. */
export interface BenchReport {
  readonly results: readonly BenchResult[];
  /** Why there is no native figure, where there is none. */
  readonly nativeAbsent: string | undefined;
  readonly interrupted: boolean;
}

const DEFAULT_SECONDS = 5;
/** The time of a row is split, so that noise of the machine hits all that is compared. */
const TURNS = 3;
/** Seconds in which a guest is held to its signatures before it is measured. */
const CHECK_SECONDS = 0.2;

/**
 * Measures workloads, each beside the reference and beside C in the same run.
 *
 * @throws UsageError for an unknown workload
 * @throws MeasurementFailed where a guest throws, hangs or returns nonsense
 */
export async function bench(options: BenchOptions = {}): Promise<BenchReport> {
  const names = options.workloads?.length ? options.workloads : workloadNames;
  for (const name of names)
    findByName('workload', name, workloadNames, (one) => one, 'pvrace bench --help');
  const taken = options.guest === undefined ? undefined : await guestRoles(options.guest);
  const native = await compileNative(options.compiler);
  const results: BenchResult[] = [];
  /** A row that was interrupted is none. */
  const keep = (result: BenchResult): void => {
    if (!aborted(options)) results.push(result);
  };
  for (const name of names) {
    if (aborted(options)) break;
    if (name === STORE_BUFFERING) {
      if (options.guest === undefined) keep(await sweep(options, native));
      continue;
    }
    const workload = workloads.find((one) => one.name === name)!;
    if (taken !== undefined && !workload.scenario.roles.some((role) => taken.includes(role)))
      continue;
    for (const vcpus of vcpuCounts(workload, options.vcpus)) {
      if (aborted(options)) break;
      keep(await row(workload, vcpus, options, native));
    }
  }
  return {
    results,
    nativeAbsent: native.kind === 'absent' ? native.reason : undefined,
    interrupted: aborted(options),
  };
}

/** 1, 2, 4 … vCPUs up to the most for a workload that scales, else what its scenario has. */
function vcpuCounts({ scenario, scales }: Workload, most = availableParallelism()): number[] {
  if (!scales) return [scenario.vcpus.default];
  if (most < scenario.vcpus.least)
    throw new UsageError(`Expected at least ${scenario.vcpus.least} vCPUs, got ${most}.`);
  const counts: number[] = [];
  for (let count = scenario.vcpus.default; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

async function row(
  workload: Workload,
  vcpus: number,
  options: BenchOptions,
  native: Native,
): Promise<BenchResult> {
  options.onRow?.(workload.name, vcpus);
  const { guest, signal, seconds = DEFAULT_SECONDS } = options;
  if (guest !== undefined)
    await measure(workload, { vcpus, seconds: CHECK_SECONDS, guest, signal, checked: true });
  const parts = guest === undefined ? 2 : 3;
  const turn = seconds / TURNS / parts;
  const [reference, own, nativeRates]: [Measurement[], Measurement[], number[]] = [[], [], []];
  for (let i = 0; i < TURNS; i++) {
    reference.push(await measure(workload, { vcpus, seconds: turn, signal }));
    if (guest !== undefined)
      own.push(await measure(workload, { vcpus, seconds: turn, guest, signal }));
    const threads = workload.scenario.vcpus.least > 1 ? vcpus - 1 : vcpus;
    const c = workload.native
      ? await measureNative(native, workload.name, turn, threads)
      : undefined;
    if (c !== undefined) nativeRates.push(c.operationsPerSecond);
  }
  const shown = guest === undefined ? reference : own;
  const best = shown.reduce((a, b) => (b.operationsPerSecond > a.operationsPerSecond ? b : a));
  return {
    workload: workload.name,
    vcpus,
    operationsPerSecond: median(shown.map((one) => one.operationsPerSecond)),
    retryRate: best.retryRate ?? null,
    latencyNs: best.latencyNs ?? null,
    guest: guest === undefined ? null : String(guest),
    ratioToReference: guest === undefined ? null : ratio(rates(own), rates(reference)),
    ratioToNative: ratio(rates(shown), nativeRates),
    weakPerSecond: null,
    weakRatioToNative: null,
    variant: null,
  };
}

/** Store buffering in every variant for a while, then the one with most weak outcomes, beside C. */
async function sweep(options: BenchOptions, native: Native): Promise<BenchResult> {
  options.onRow?.(STORE_BUFFERING, 2);
  const { signal, seconds = DEFAULT_SECONDS } = options;
  const each = seconds / 2 / storeBufferingSweep.length;
  let best: { workload: Workload; weak: number } | undefined;
  for (const workload of storeBufferingSweep) {
    const { weakPerSecond = 0 } = await measure(workload, { vcpus: 2, seconds: each, signal });
    if (best === undefined || weakPerSecond > best.weak) best = { workload, weak: weakPerSecond };
  }
  const { workload } = best!;
  const [measured, c]: [Rate[], Rate[]] = [[], []];
  for (let i = 0; i < TURNS; i++) {
    const turn = seconds / 4 / TURNS;
    const { operationsPerSecond, weakPerSecond = 0 } = await measure(workload, {
      vcpus: 2,
      seconds: turn,
      signal,
    });
    measured.push({ samples: operationsPerSecond, weak: weakPerSecond });
    const inC = await measureNative(native, STORE_BUFFERING, turn, 2);
    if (inC !== undefined) c.push({ samples: inC.operationsPerSecond, weak: inC.retriesPerSecond });
  }
  const shown = mostWeak(measured)!;
  const beside = mostWeak(c);
  return {
    workload: STORE_BUFFERING,
    vcpus: 2,
    operationsPerSecond: shown.samples,
    retryRate: null,
    latencyNs: null,
    guest: null,
    ratioToReference: null,
    ratioToNative: beside === undefined ? null : shown.samples / beside.samples,
    weakPerSecond: shown.weak,
    weakRatioToNative: beside === undefined || beside.weak === 0 ? null : shown.weak / beside.weak,
    variant: workload.name.slice(STORE_BUFFERING.length + 1),
  };
}

/** Store buffering in one turn, both per second. */
interface Rate {
  readonly samples: number;
  readonly weak: number;
}

/**
 * The turn that saw most weak outcomes: how often two cores overlap depends on where the machine ran
 * them that time, for C as well.
 */
function mostWeak(rates: readonly Rate[]): Rate | undefined {
  return rates.reduce<Rate | undefined>(
    (best, one) => (best === undefined || one.weak > best.weak ? one : best),
    undefined,
  );
}

function aborted({ signal }: BenchOptions): boolean {
  return signal?.aborted ?? false;
}

function rates(measurements: readonly Measurement[]): number[] {
  return measurements.map((one) => one.operationsPerSecond);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Null where there is nothing to compare with. */
function ratio(of: readonly number[], to: readonly number[]): number | null {
  return to.length === 0 || median(to) === 0 ? null : median(of) / median(to);
}
