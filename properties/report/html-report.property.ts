import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { htmlReport } from '../../src/report/html-report.ts';
import type { Report } from '../../src/report/report.ts';
import { plain } from '../../src/report/text.ts';
import { anyText, reportsOf } from './results.ts';

/** Free texts of a generated report: a digit, then the place of the text to come. */
const places = fc.constantFrom('1TEXT', '2TEXT');

/** The same report with other words. */
function inWords(report: Report, words: string): Report {
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace('TEXT', () => words);
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each)]));
  };
  return replaced(report) as Report;
}

/** The page without what stands between its tags, and without its pictures. */
function tagsOf(page: string): readonly string[] {
  return page.replace(/<svg[\s\S]*?<\/svg>/g, '').match(/<[^>]*>/g) ?? [];
}

/** The kinds of tags of a page. In pictures, numbers and how many lines there are follow from the words. */
function kindsOf(page: string): readonly string[] {
  const kinds = (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/-?\d+(\.\d+)?/g, '0'));
  return [...new Set(kinds)].sort();
}

function readable(page: string): string {
  const names: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  };
  return page.replace(/&(?:lt|gt|quot|amp|#39);/g, (name) => names[name]!);
}

test('no text that a report carries can become a tag', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(places), anyText, (report, words) => {
        const page = htmlReport(inWords(report, words));
        t.deepEqual(tagsOf(page), tagsOf(htmlReport(inWords(report, 'harmless'))));
        t.deepEqual(kindsOf(page), kindsOf(htmlReport(inWords(report, 'harmless'))));
        t.true(readable(page).includes(plain(report.seed.replace('TEXT', () => words))));
      }),
    ),
  );
});

test('the page needs nothing from elsewhere, and knows light and dark', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(fc.constant('words')), (report) => {
        const page = htmlReport(report);
        t.notRegex(page, /https?:|src=|url\(|@import|<script|<link/);
        t.regex(page, /prefers-color-scheme: dark/);
        t.regex(page, /^<!doctype html>\n<html lang="en">/);
      }),
    ),
  );
});

test('every outcome of every result has its row', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(reportsOf(places), (report) => {
        const rows = htmlReport(report).match(/<tr class="(?:faint|bad|warning|plain)">/g) ?? [];
        return (
          rows.length === report.results.reduce((sum, { outcomes }) => sum + outcomes.length, 0)
        );
      }),
    ),
  );
});
