import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const LINK = /\]\(([^)\s]+)\)/g;
const HEADING = /^#+ +(.+)$/gm;

/** How a heading is linked to: lower case, no punctuation, dashes for spaces. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** Links of a document that lead nowhere, of those that stay in the repository. */
function deadLinks(text: string, file: string): string[] {
  return [...text.matchAll(LINK)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path, fragment] = target.split('#');
      const linked = path === '' ? file : join(dirname(file), path!);
      if (!existsSync(linked)) return true;
      if (fragment === undefined) return false;
      const headings = [...readFileSync(linked, 'utf8').matchAll(HEADING)];
      return !headings.some(([, heading]) => slug(heading!) === fragment);
    });
}

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/README.md',
  'benchmarks/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

for (const name of documents) {
  test(`every link of ${name} leads somewhere`, (t) => {
    const file = join(ROOT, name);
    t.deepEqual(deadLinks(readFileSync(file, 'utf8'), file), []);
  });
}

test('a dead link is seen, to a file and to a heading', (t) => {
  const file = join(ROOT, 'README.md');
  const text =
    '[a](docs/nowhere.md) [b](#no-such-heading) [c](docs/model.md) [d](https://example.org)';
  t.deepEqual(deadLinks(text, file), ['docs/nowhere.md', '#no-such-heading']);
});
