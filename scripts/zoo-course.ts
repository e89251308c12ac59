import type { ModelName } from '../src/engines/controlled/models/memory-model.ts';
import type { Broken } from '../src/engines/result.ts';
import { verify } from '../src/engines/verify/index.ts';
import { interleavingLines } from '../src/report/interleaving.ts';
import { pageOf } from '../src/report/page.ts';
import { endingInWords } from '../src/report/result-lines.ts';
import { indented } from '../src/report/text.ts';
import { INVARIANTS } from '../src/scenarios/invariants.ts';
import type { Mutant } from '../src/scenarios/scenario.ts';
import { findMutant, mutants } from '../src/zoo/index.ts';

/** What a file or a pipe gets: pictures in a document are as wide. */
const PAGE = pageOf(undefined, false);

const STORY = /^### (\S+)\n\n.*\n/gm;
const PICTURE = /^<!-- picture (\S+) (sc|tso|weak) -->\n[\s\S]*?^<!-- end -->$/gm;

/** Ids in a text that look like those of twins. */
export function idsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b[AZ]-[A-Z]\d+\b/g)].map(([id]) => id);
}

/** Ids of the twins whose stories a document tells, in its order. */
export function storiesIn(text: string): readonly string[] {
  return [...text.matchAll(STORY)].map(([, id]) => id!);
}

/** A picture in a document: of which twin, under which model, and all that stands between its markers. */
export interface Picture {
  readonly id: string;
  readonly model: ModelName;
  readonly block: string;
}

/** The pictures of a document, as it has them. */
export function picturesIn(text: string): readonly Picture[] {
  return [...text.matchAll(PICTURE)].map(([block, id, model]) => ({
    id: id!,
    model: model as ModelName,
    block,
  }));
}

/** The document with its tables and the lines below its headings as the library has them now. */
export function withFacts(text: string): string {
  return betweenMarkers(
    betweenMarkers(text, 'twins', twinTable()),
    'invariants',
    invariantTable(),
  ).replace(STORY, (story, id: string) =>
    mutants.some((mutant) => mutant.id === id)
      ? `### ${id}\n\n${factsOf(findMutant(id))}\n`
      : story,
  );
}

/** The document with the pictures that `verify` shows now. */
export async function withPictures(text: string): Promise<string> {
  let drawn = text;
  for (const { id, model, block } of picturesIn(text)) {
    const picture = await pictureOf(id, model);
    drawn = drawn.replace(block, () => picture);
  }
  return drawn;
}

/**
 * The interleaving that breaks a twin, between its markers, under the command that shows it.
 *
 * @throws Error if nothing is broken
 */
export async function pictureOf(id: string, model: ModelName): Promise<string> {
  const mutant = findMutant(id);
  const result = await verify({ scenario: mutant.scenario, mutant: id, model });
  if (result.verdict !== 'fail') {
    throw new Error(
      `Expected ${id} to break something under ${model}, but the verdict was ${result.verdict}; draw it under a model that shows it.`,
    );
  }
  return [
    `<!-- picture ${id} ${model} -->`,
    '',
    `\`${commandOf(mutant, model)}\``,
    '',
    '```text',
    ...interleavingOf(result),
    '```',
    '',
    '<!-- end -->',
  ].join('\n');
}

function interleavingOf(result: Broken): readonly string[] {
  return [
    ...interleavingLines(result.schedule ?? [], PAGE),
    ...indented(endingInWords(result), PAGE.columns, 2),
  ];
}

/** `verify` runs under x86 unless told otherwise. */
function commandOf({ id, scenario }: Mutant, model: ModelName): string {
  const under = model === 'tso' ? '' : ` --model ${model}`;
  return `npx pvrace verify ${scenario} --mutant ${id}${under}`;
}

/** Where a twin comes from, what it breaks, who sees it, and how. */
function factsOf(mutant: Mutant): string {
  const { source, invariants, insteadOf, visibleUnder, side } = mutant;
  const model = visibleUnder.length === 0 || visibleUnder.includes('tso') ? 'tso' : visibleUnder[0];
  return [
    `${side === 'guest' ? 'Guest' : 'Host'}; ${source}`,
    `${visibleUnder.length === 0 ? 'breaks nothing, aims at' : 'breaks'} ${invariants.join(', ')}`,
    seenBy(mutant),
    `\`${commandOf(mutant, model!)}\``,
    ...(insteadOf === undefined
      ? []
      : [`not ${insteadOf.invariant}, which the catalogue names: ${insteadOf.because}`]),
  ].join(' · ');
}

function seenBy({ visibleUnder, notOnThreads }: Mutant): string {
  const seen = [...visibleUnder, ...(notOnThreads === undefined ? ['threads'] : [])];
  return seen.length === 0 ? 'seen nowhere' : `seen by ${seen.join(', ')}`;
}

function twinTable(): string {
  return table(
    ['twin', 'what is wrong', 'breaks', 'models', 'threads'],
    mutants.map(({ id, summary, invariants, visibleUnder, notOnThreads }) => [
      `[${id}](#${id.toLowerCase()})`,
      summary,
      invariants.join(', '),
      visibleUnder.join(', ') || 'none',
      notOnThreads === undefined ? 'yes' : 'no',
    ]),
  );
}

function invariantTable(): string {
  const broken = new Set<string>(mutants.flatMap(({ invariants }) => invariants));
  return table(
    ['invariant', 'what holds'],
    INVARIANTS.filter(({ id }) => broken.has(id)).map(({ id, sentence }) => [id, sentence]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return lines.join('\n');
}

/**
 * @throws Error if the document has no such markers
 */
function betweenMarkers(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->\n`, `\n<!-- end of ${name} -->`];
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) {
    throw new Error(
      `Expected "${open.trim()}" and "${close.trim()}" in the document; put them back.`,
    );
  }
  return `${text.slice(0, start + open.length)}\n${content}\n${text.slice(end)}`;
}
