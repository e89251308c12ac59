import type { Broken, EvidenceLine, OutcomeCount } from '../engines/result.ts';
import type { TraceStep } from '../engines/trace.ts';
import { threadsOf } from './evidence.ts';
import { headingInWords } from './heading.ts';
import { htmlPage } from './html-page.ts';
import { type Html, html } from './html-text.ts';
import { actorsOf, stepInWords } from './interleaving.ts';
import { grouped, percent } from './numbers.ts';
import { expectation, sortedOutcomes } from './outcome-table.ts';
import { interleavingPicture, PICTURE_LEGEND } from './picture.ts';
import {
  meaning,
  type Report,
  type ReportedResult,
  subject,
  type Verdict,
  wholeVerdict,
} from './report.ts';
import { brokenInWords, endingInWords, factsOf, verdictWord } from './result-lines.ts';
import { sensitivityInWords, verdictInWords, warnings } from './summary.ts';
import { plain } from './text.ts';

/** The report as one self-contained HTML file. */
export function htmlReport(report: Report): string {
  const verdict = wholeVerdict(report.results);
  return htmlPage(`pvrace ${report.command}: ${verdict}`, [
    html`<h1>pvrace: <span class="${classOf(verdict)}">${verdict.toUpperCase()}</span></h1>`,
    html`<p><strong>${verdictInWords(report.results, verdict)}</strong></p>`,
    html`<p class="faint">${headingInWords(report)}</p>`,
    html`<p>${sensitivityInWords(report.results)}</p>`,
    ...warnings(report).map((text) => html`<p class="warning">Warning: ${text}</p>`),
    ...report.results.map(section),
  ]);
}

function section(result: ReportedResult): Html {
  return html`<section>
<h2><span class="${classOf(meaning(result))}">${verdictWord(result)}</span> ${subject(result)}</h2>
<p class="faint">${factsOf(result)}</p>
${message(result)}
${result.verdict === 'fail' ? evidenceTable(result.evidence) : []}
${result.verdict === 'fail' ? scheduleFigure(result) : []}
${outcomeTable(result.outcomes)}
${result.verdict === 'fail' && result.replay !== undefined ? html`<pre>${result.replay}</pre>` : []}
</section>`;
}

function message(result: ReportedResult): readonly Html[] {
  if (result.message === undefined) return [];
  if (result.verdict !== 'fail') return [html`<p>${result.message}</p>`];
  const { broken, seen } = brokenInWords(result);
  return [html`<p class="${classOf(meaning(result))}">${broken}</p>`, html`<p>${seen}</p>`];
}

/** The interleaving as a picture, and the same as a table for who cannot see it. */
function scheduleFigure(result: Broken): readonly Html[] {
  const { schedule = [], search } = result;
  const searched = search === undefined ? [] : [html`<p>${search.message}</p>`];
  if (schedule.length === 0) return searched;
  return [
    ...searched,
    html`<figure>${interleavingPicture(schedule, endingInWords(result))}
<figcaption class="faint">${PICTURE_LEGEND}</figcaption></figure>
<details><summary>The same as a table</summary>${scheduleTable(schedule)}</details>`,
  ];
}

/** A column for each thread, one step in a row. */
function scheduleTable(schedule: readonly TraceStep[]): readonly Html[] {
  const actors = actorsOf(schedule);
  const rows = schedule.map(
    (step, index) =>
      html`<tr><td class="number">${`${index + 1}`}</td>${actors.map((actor) => html`<td>${actor === step.actor ? stepInWords(step) : ''}</td>`)}</tr>`,
  );
  return [
    html`<table><tr><th></th>${actors.map((actor) => html`<th>${plain(actor)}</th>`)}</tr>${rows}</table>`,
  ];
}

function evidenceTable(evidence: readonly EvidenceLine[]): readonly Html[] {
  if (evidence.length === 0) return [];
  const threads = threadsOf(evidence);
  const rows = evidence.map(
    ({ thread, text }) =>
      html`<tr>${threads.map((each) => html`<td>${each === plain(thread) ? text : ''}</td>`)}</tr>`,
  );
  return [
    html`<table><tr>${threads.map((thread) => html`<th>${thread}</th>`)}</tr>${rows}</table>`,
  ];
}

function outcomeTable(outcomes: readonly OutcomeCount[]): readonly Html[] {
  if (outcomes.length === 0) return [];
  const total = outcomes.reduce((sum, { count }) => sum + count, 0);
  const rows = sortedOutcomes(outcomes).map(
    (row) =>
      html`<tr class="${rowClass(row)}"><td class="number">${row.outcome}</td><td class="number">${grouped(row.count)}</td><td class="number">${percent(row.count, total)}</td><td>${expectation(row.expect)}</td><td>${row.description}</td></tr>`,
  );
  return [
    html`<table><tr><th>Result</th><th>Samples</th><th>Freq</th><th>Expect</th><th>Description</th></tr>
${rows}</table>`,
  ];
}

function rowClass({ count, expect }: OutcomeCount): string {
  if (count === 0) return 'faint';
  if (expect === 'FORBIDDEN') return 'bad';
  return expect === 'INTERESTING' ? 'warning' : 'plain';
}

function classOf(verdict: Verdict): string {
  if (verdict === 'pass') return 'good';
  return verdict === 'incomplete' ? 'warning' : 'bad';
}
