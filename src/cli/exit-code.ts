import { type ReportedResult, wholeVerdict } from '../report/report.ts';
import { EXIT, type ExitCode } from './io.ts';

/** The exit code of a run: something broken goes over a guest that cannot be loaded, and that over the rest. */
export function exitCodeOf(results: readonly ReportedResult[]): ExitCode {
  const verdict = wholeVerdict(results);
  if (verdict === 'pass') return EXIT.clean;
  if (verdict === 'fail') return EXIT.broken;
  const unloadable = results.some(
    (result) =>
      result.verdict === 'error' &&
      (result.code === 'GUEST_LOAD' || result.code === 'SCENARIO_LOAD'),
  );
  return unloadable ? EXIT.usage : EXIT.incomplete;
}
