import type { GroupResult } from '../conformance/result.ts';
import { headOf } from './document.ts';
import type { Report } from './report.ts';

/** Whether the model and the recordings agree. */
export function conformVerdict(results: readonly GroupResult[]): 'pass' | 'fail' {
  return results.some(({ mismatches }) => mismatches.length > 0) ? 'fail' : 'pass';
}

/** The one document that `conform --json` prints. */
export function conformDocument(
  head: Omit<Report, 'results'>,
  results: readonly GroupResult[],
): Record<string, unknown> {
  return {
    ...headOf(head),
    verdict: conformVerdict(results),
    results: results.map(({ file, group, rows, matched, skipped, reasons, mismatches }) => ({
      file,
      group,
      rows,
      matched,
      skipped,
      reasons,
      mismatches,
    })),
  };
}
