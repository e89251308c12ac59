import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  idsIn,
  type Picture,
  pictureOf,
  picturesIn,
  storiesIn,
  withFacts,
} from '../../scripts/zoo-course.ts';
import { findMutant, mutants } from '../../src/zoo/index.ts';

const COURSE = readFileSync(
  fileURLToPath(new URL('../../../docs/zoo.md', import.meta.url)),
  'utf8',
);
const AGAIN = 'npm run docs:zoo makes it again';

/** One of few steps under each model. */
const QUICK = ['Z-P8 sc', 'Z-R1 tso', 'Z-W5 weak'];

/** Ids that are missing, told twice, or of no twin. */
function wrongStories(text: string): readonly string[] {
  const told = storiesIn(text);
  const known = mutants.map(({ id }) => id);
  return [
    ...known.filter((id) => told.filter((other) => other === id).length !== 1),
    ...idsIn(text).filter((id) => !known.includes(id)),
  ];
}

/** The rows of the table of twins: cells by column. */
function rowsIn(text: string): readonly (readonly string[])[] {
  const table = text.slice(text.indexOf('<!-- twins -->'), text.indexOf('<!-- end of twins -->'));
  return table
    .split('\n')
    .filter((line) => line.startsWith('| ['))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));
}

/** Sections that tell of twins and show none. */
function sectionsWithoutPicture(text: string): readonly string[] {
  return text
    .split(/^## /m)
    .filter((section) => storiesIn(section).length > 0 && picturesIn(section).length === 0)
    .map((section) => section.slice(0, section.indexOf('\n')));
}

test('the course tells the story of every twin once, and names no other', (t) => {
  t.deepEqual(wrongStories(COURSE), []);
});

test('its table says of every twin what the library says', (t) => {
  const expected = mutants.map(({ id, summary, invariants, visibleUnder, notOnThreads }) => [
    `[${id}](#${id.toLowerCase()})`,
    summary,
    invariants.join(', '),
    visibleUnder.join(', ') || 'none',
    notOnThreads === undefined ? 'yes' : 'no',
  ]);
  t.deepEqual(rowsIn(COURSE), expected, AGAIN);
});

test('its tables and the lines below its headings are those of the library', (t) => {
  t.is(withFacts(COURSE), COURSE, AGAIN);
});

test('every part has a picture of an interleaving, of one of its own twins', (t) => {
  t.deepEqual(sectionsWithoutPicture(COURSE), []);
  for (const section of COURSE.split(/^## /m)) {
    const told = storiesIn(section);
    for (const { id, model } of picturesIn(section)) {
      t.true(told.includes(id), id);
      t.true(findMutant(id).visibleUnder.includes(model), `${id} ${model}`);
    }
  }
});

for (const name of QUICK) {
  test(`its picture of ${name} is what verify shows`, async (t) => {
    const drawn = picturesIn(COURSE).find(({ id, model }) => `${id} ${model}` === name);
    t.truthy(drawn, `the course has no picture of ${name}`);
    const { id, model, block } = drawn as Picture;
    t.is(await pictureOf(id, model), block, AGAIN);
  });
}

test('a story that is left out, told twice or of nobody is seen, and so is a part without a picture', (t) => {
  t.deepEqual(wrongStories(COURSE.replace('### Z-P6\n', '')), ['Z-P6']);
  t.deepEqual(wrongStories(`${COURSE}\n### Z-P6\n\nOnce more.\n`), ['Z-P6']);
  t.deepEqual(wrongStories(`${COURSE}\nSee Z-Q7.\n`), ['Z-Q7']);
  t.deepEqual(sectionsWithoutPicture('## Nothing to see\n\n### Z-P6\n\nHost\n'), [
    'Nothing to see',
  ]);
});

test('what the library no longer says is put right, and no picture is drawn of what breaks nothing', async (t) => {
  const stale = COURSE.replace('breaks P1, P2', 'breaks P9').replace('| sc, tso, weak |', '| sc |');
  t.not(stale, COURSE);
  t.is(withFacts(stale), COURSE);
  await t.throwsAsync(pictureOf('Z-R1', 'sc'), { message: /draw it under a model that shows it/ });
});
