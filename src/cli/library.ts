import type { GroupResult } from '../conformance/result.ts';
import type { BenchOptions, BenchReport } from '../engines/bench/index.ts';
import type { FindScheduleOptions } from '../engines/replay/find-schedule.ts';
import type { Broken, ScenarioResult } from '../engines/result.ts';
import type { SampleOptions } from '../engines/sample/options.ts';
import type { Diagnosis } from '../engines/stress/diagnosis.ts';
import type { StressOptions } from '../engines/stress/options.ts';
import type { VerifyOptions } from '../engines/verify/options.ts';
import type { RoleName } from '../guest/roles.ts';
import type { Catalogue, ScenarioEntry } from '../report/catalogue.ts';

/** What the commands are a skin over. */
export interface Library extends Catalogue {
  stress(options: StressOptions): Promise<ScenarioResult>;
  verify(options: VerifyOptions): Promise<ScenarioResult>;
  /** @throws UsageError for a text that is no replay file */
  replay(text: string, signal?: AbortSignal): Promise<ScenarioResult>;
  sample(options: SampleOptions): Promise<ScenarioResult>;
  /** Adds a schedule that breaks what a race broke, or why none was found. */
  findSchedule(broken: Broken, options: FindScheduleOptions): Promise<Broken>;
  /** @throws UsageError for a module that cannot be loaded or has no role */
  guestRoles(guest: string): Promise<readonly RoleName[]>;
  /** @throws UsageError for a module that cannot be loaded or defines no scenario */
  describeScenario(module: URL): Promise<ScenarioEntry>;
  readonly workloadNames: readonly string[];
  /** @throws UsageError, MeasurementFailed */
  bench(options: BenchOptions): Promise<BenchReport>;
  diagnose(): Promise<Diagnosis>;
  /** @throws UsageError for a file that cannot be read or is no recording */
  conform(file: string): Promise<readonly GroupResult[]>;
}
