import { compact, counted, grouped } from './numbers.ts';
import type { Page } from './page.ts';
import { type Report, type ReportedResult, subject, type Verdict, wholeVerdict } from './report.ts';
import { plain, wrap } from './text.ts';

/** What a report says after its results: how far to trust them, and the verdict as its last line. */
export function summaryLines(report: Report, page: Page): readonly string[] {
  const { warning } = page.palette;
  return [
    ...(report.results.some(({ engine }) => engine === 'stress')
      ? wrap(sensitivityInWords(report.results), page.columns)
      : []),
    ...warnings(report).flatMap((text) =>
      wrap(`Warning: ${text}`, page.columns).map((line) => warning(line)),
    ),
    verdictLine(report, page),
  ];
}

/** What was measured of the canary race, in a sentence. */
export function sensitivityInWords(results: readonly ReportedResult[]): string {
  const measured = sensitivities(results);
  if (measured.length === 0) return 'Race sensitivity: not measured.';
  const [least, most] = [Math.min(...measured), Math.max(...measured)];
  const range =
    compact(least) === compact(most) ? compact(most) : `${compact(least)} to ${compact(most)}`;
  return `Race sensitivity: ${range} canary collisions per second on this machine in this run.`;
}

/** Why a green result may say less than it seems to. */
export function warnings(report: Report): readonly string[] {
  const { results, machine } = report;
  const blind = sensitivities(results).filter((sensitivity) => sensitivity === 0).length;
  const crowded = results.filter(
    (result) => result.engine === 'stress' && threadsOf(result) > machine.cores,
  );
  const texts: string[] = [];
  if (blind > 0) {
    texts.push(
      `the canary race did not collide once in ${counted(blind, 'run')}, so no race could have shown there; ` +
        'a pass means nothing. Run longer, or on more cores.',
    );
  }
  if (crowded.length > 0) {
    const most = Math.max(...crowded.map(threadsOf));
    texts.push(
      `${counted(crowded.length, 'run')} had more threads (up to ${grouped(most)}) than there are usable cores ` +
        `(${grouped(machine.cores)}); threads took turns, and races show more rarely.`,
    );
  }
  return texts;
}

/** The whole run in one line, never wrapped. */
export function verdictLine(report: Report, page: Page): string {
  const verdict = wholeVerdict(report.results);
  const { good, warning, bad } = page.palette;
  const paint = verdict === 'pass' ? good : verdict === 'incomplete' ? warning : bad;
  return `${paint(verdict.toUpperCase())}: ${verdictInWords(report.results, verdict)}`;
}

/** The whole run in a sentence without its verdict. */
export function verdictInWords(results: readonly ReportedResult[], verdict: Verdict): string {
  const references = results.filter((result) => result.killed === undefined);
  const twins = results.filter((result) => result.killed !== undefined);
  if (results.length === 0) return 'nothing was run';
  if (verdict === 'fail') return brokenInWords(references);
  if (verdict === 'pass') return passedInWords(references, twins);
  const parts = [
    part(references, 'error', 'could not be run'),
    part(references, 'incomplete', 'came to no verdict'),
    part(twins, 'survived', 'not caught'),
  ];
  return parts.filter((text) => text !== '').join(', ');
}

function passedInWords(
  references: readonly ReportedResult[],
  twins: readonly ReportedResult[],
): string {
  const held = `${counted(references.length, 'scenario')} held over ${extentInWords(references)}`;
  return twins.length === 0 ? held : `${held}, ${counted(twins.length, 'broken twin')} caught`;
}

/** How much was gone through, in what the engine counts. */
function extentInWords(results: readonly ReportedResult[]): string {
  const sum = (of: (result: ReportedResult) => number | undefined): number =>
    results.reduce((total, result) => total + (of(result) ?? 0), 0);
  const [first] = results;
  if (first?.engine === 'verify') return `${compact(sum(({ states }) => states))} states`;
  if (first?.engine === 'sample') return `${compact(sum(({ samples }) => samples))} schedules`;
  if (first?.engine === 'replay') return 'the schedule';
  return `${compact(sum(({ operations }) => operations))} operations`;
}

function brokenInWords(references: readonly ReportedResult[]): string {
  const broken = references.filter((result) => result.verdict === 'fail');
  const [first] = broken;
  if (broken.length === 1) return `${plain(subject(first!))} broke ${plain(first!.invariant)}`;
  const ids = [...new Set(broken.map(({ invariant }) => plain(invariant)))].join(', ');
  return `${broken.length} of ${counted(references.length, 'scenario')} broke an invariant (${ids})`;
}

function part(results: readonly ReportedResult[], state: string, words: string): string {
  const those = results.filter((result) => result.verdict === state || result.killed === state);
  if (those.length === 0) return '';
  return those.length === 1
    ? `${plain(subject(those[0]!))} ${words}`
    : `${those.length} of ${results.length} ${words}`;
}

/** Of the runs that took place: one that failed at once had no time for the canary. */
function sensitivities(results: readonly ReportedResult[]): readonly number[] {
  return results.flatMap(({ verdict, sensitivity }) =>
    sensitivity === undefined || verdict === 'error' ? [] : [sensitivity],
  );
}

/** How many threads a run had, by its instance. */
function threadsOf({ instance }: ReportedResult): number {
  const threads = instance.threads ?? instance.vcpus;
  return typeof threads === 'number' ? threads : 0;
}
