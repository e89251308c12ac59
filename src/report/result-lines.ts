import type { Broken } from '../engines/result.ts';
import { INVARIANTS } from '../scenarios/invariants.ts';
import { evidenceLines } from './evidence.ts';
import { interleavingLines } from './interleaving.ts';
import { compact, grouped, span } from './numbers.ts';
import { outcomeTable } from './outcome-table.ts';
import type { Page, Palette } from './page.ts';
import { meaning, type ReportedResult, subject } from './report.ts';
import { hanging, indented, plain } from './text.ts';

/** How much to say of a result: `full` adds the outcome table of what passed. Failures are always told in full. */
export type Detail = 'brief' | 'full';

const INDENT = 2;
const HEAD = 12;

/** One result in words: a line, and for what is broken everything that is known of it. */
export function resultLines(result: ReportedResult, detail: Detail, page: Page): readonly string[] {
  const told = result.verdict === 'fail' || detail === 'full';
  return [
    ...verdictLines(result, page),
    ...messageLines(result, page),
    ...(result.verdict === 'fail' ? evidenceBlock(result.evidence, page) : []),
    ...(result.verdict === 'fail' ? scheduleBlock(result, page) : []),
    ...(told ? outcomeBlock(result, page) : []),
    ...(result.verdict === 'fail' ? replayBlock(result.replay, page) : []),
    ...(told ? [''] : []),
  ];
}

function sentenceOf(invariant: string): string {
  return INVARIANTS.find(({ id }) => id === invariant)?.sentence ?? '';
}

/** The invariant that a failure names with its sentence, and what the failure says besides. */
export function brokenInWords({ invariant, sentence: own, message }: Broken): {
  readonly broken: string;
  readonly seen: string;
} {
  const sentence = own ?? sentenceOf(invariant);
  return {
    broken: `Broken invariant ${plain(invariant)}: ${plain(sentence)}`,
    seen: message.startsWith(sentence) ? message.slice(sentence.length).trim() : message,
  };
}

/** What stands at the end of an interleaving, in one sentence. */
export function endingInWords({ invariant, sentence }: Broken): string {
  return `Here ${plain(invariant)} is broken: ${plain(sentence ?? sentenceOf(invariant))}`;
}

/** Samples, operations a second, seconds and access mode, as far as they were measured. */
export function factsOf(result: ReportedResult): string {
  const { samples, operations, seconds, access, states } = result;
  const facts: string[] = [];
  if (samples !== undefined) facts.push(`${grouped(samples)} samples`);
  if (states !== undefined) facts.push(`${grouped(states)} states`);
  if (operations && seconds > 0) facts.push(`${compact(operations / seconds)} operations/s`);
  facts.push(span(seconds));
  if (access !== undefined) facts.push(`${access} access`);
  for (const [name, value] of Object.entries(result.instance))
    facts.push(`${plain(name)} ${plain(`${value}`)}`);
  return facts.join(', ');
}

/** The word for a result: its verdict, or what became of a twin. */
export function verdictWord(result: ReportedResult): string {
  if (result.killed === 'killed') return 'CAUGHT';
  const raced = result.verdict === 'pass' || result.verdict === 'fail';
  if (result.killed === 'survived' && raced) return 'SURVIVED';
  return result.verdict.toUpperCase();
}

/** The colour of a verdict. */
export function paintOf(result: ReportedResult, palette: Palette): (text: string) => string {
  const verdict = meaning(result);
  if (verdict === 'pass') return palette.good;
  return verdict === 'incomplete' ? palette.warning : palette.bad;
}

/** The interleaving, and at its end what it broke. */
function scheduleBlock(result: Broken, page: Page): readonly string[] {
  const { schedule = [], search } = result;
  const searched =
    search === undefined ? [] : ['', ...indented(search.message, page.columns, INDENT)];
  if (schedule.length === 0) return searched;
  return [
    ...searched,
    '',
    ...interleavingLines(schedule, page),
    ...indented(endingInWords(result), page.columns, INDENT),
  ];
}

function verdictLines(result: ReportedResult, page: Page): readonly string[] {
  const word = verdictWord(result);
  const text = `${plain(subject(result))}${brokeInWords(result)}: ${factsOf(result)}`;
  const indent = page.columns < 60 ? 2 * INDENT : HEAD;
  const [first = '', ...rest] = hanging(word.padEnd(HEAD), text, page.columns, indent);
  return [paintOf(result, page.palette)(word) + first.slice(word.length), ...rest];
}

function brokeInWords(result: ReportedResult): string {
  if (result.verdict !== 'fail') return '';
  const other = result.killed === 'survived' ? ', which is none of its own invariants' : '';
  return ` broke ${plain(result.invariant)}${other}`;
}

function messageLines(result: ReportedResult, page: Page): readonly string[] {
  if (result.message === undefined) return [];
  if (result.verdict !== 'fail') return indented(result.message, page.columns, INDENT);
  const { broken, seen } = brokenInWords(result);
  return [
    ...indented(broken, page.columns, INDENT).map(paintOf(result, page.palette)),
    ...indented(seen, page.columns, INDENT),
  ];
}

function evidenceBlock(evidence: Broken['evidence'], page: Page): readonly string[] {
  return evidence.length === 0 ? [] : ['', ...evidenceLines(evidence, page)];
}

function outcomeBlock(result: ReportedResult, page: Page): readonly string[] {
  const empty = result.outcomes.length === 0 || (result.verdict === 'error' && !result.samples);
  return empty ? [] : ['', ...outcomeTable(result.outcomes, page)];
}

/** A command is never broken into lines, so that it can be copied. */
function replayBlock(replay: string | undefined, page: Page): readonly string[] {
  if (replay === undefined) return [];
  return [
    '',
    `${' '.repeat(INDENT)}See it again:`,
    page.palette.strong(`${' '.repeat(2 * INDENT)}${plain(replay)}`),
  ];
}
