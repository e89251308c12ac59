import type { EvidenceLine } from '../engines/result.ts';
import type { Page } from './page.ts';
import { hanging, padRight, plain, width, wrap } from './text.ts';

const INDENT = 2;
const GAP = 3;
/** With columns narrower than this, lines are listed instead. */
const NARROWEST_COLUMN = 20;

/** What happened, top to bottom, with a column for each thread; as a list where that is too wide. */
export function evidenceLines(evidence: readonly EvidenceLine[], page: Page): readonly string[] {
  if (evidence.length === 0) return [];
  const threads = threadsOf(evidence);
  const widths = columnWidths(evidence, threads, page.columns);
  if (widths === undefined) return listed(evidence, page);
  const row = (column: number, text: string): string => {
    const before = widths.slice(0, column).reduce((sum, each) => sum + each + GAP, INDENT);
    return ' '.repeat(before) + text;
  };
  const head = threads
    .map((thread, column) => padRight(thread, widths[column]!))
    .join(' '.repeat(GAP));
  return [
    page.palette.strong(' '.repeat(INDENT) + head.trimEnd()),
    ...evidence.flatMap(({ thread, text }) => {
      const column = threads.indexOf(plain(thread));
      return wrap(text, widths[column]!).map((line) => row(column, line));
    }),
  ];
}

/** The threads of some evidence, in the order of their first lines. */
export function threadsOf(evidence: readonly EvidenceLine[]): readonly string[] {
  return [...new Set(evidence.map(({ thread }) => plain(thread)))];
}

/** As wide as the texts are where the page has room, else an equal share; none where that is too narrow. */
function columnWidths(
  evidence: readonly EvidenceLine[],
  threads: readonly string[],
  columns: number,
): readonly number[] | undefined {
  const room = columns - INDENT - GAP * (threads.length - 1);
  const natural = threads.map((thread) =>
    Math.max(
      width(thread),
      ...evidence
        .filter((line) => plain(line.thread) === thread)
        .map((line) => width(plain(line.text))),
    ),
  );
  if (natural.reduce((sum, each) => sum + each, 0) <= room) return natural;
  const share = Math.floor(room / threads.length);
  const readable = share >= NARROWEST_COLUMN && threads.every((thread) => width(thread) <= share);
  return readable ? threads.map(() => share) : undefined;
}

function listed(evidence: readonly EvidenceLine[], page: Page): readonly string[] {
  return evidence.flatMap(({ thread, text }) =>
    hanging(' '.repeat(INDENT), `${plain(thread)}: ${text}`, page.columns, 2 * INDENT),
  );
}
