import { headingInWords } from './heading.ts';
import { htmlPage } from './html-page.ts';
import { Html, html } from './html-text.ts';
import { killMatrix } from './kill-matrix.ts';
import { type Report, type ReportedResult, subject, wholeVerdict } from './report.ts';
import { cellInWords, totalInWords, zooVerdictInWords } from './zoo-lines.ts';

/** Sorts the table's rows by the column whose heading was clicked, the other way round the second time. */
const SORT = new Html(`<script>
for (const head of document.querySelectorAll('th[data-column]')) {
  head.style.cursor = 'pointer';
  head.addEventListener('click', () => {
    const body = head.closest('table').tBodies[0];
    const column = Number(head.dataset.column);
    const down = head.dataset.down !== 'true';
    head.dataset.down = String(down);
    const key = (row) => row.cells[column].dataset.key;
    const order = (a, b) => key(a).localeCompare(key(b), 'en', { numeric: true });
    const rows = [...body.rows].sort((a, b) => (down ? order(a, b) : order(b, a)));
    body.append(...rows);
  });
}
</script>`);

/** The kill matrix as one self-contained HTML file; a click on a heading sorts it. */
export function zooHtml(report: Report): string {
  const { engines, rows, totals, surprises } = killMatrix(report.results);
  const verdict = wholeVerdict(report.results);
  const heads = ['Twin', 'Scenario', ...engines].map(
    (text, column) => html`<th data-column="${column}" title="sort by this">${text}</th>`,
  );
  const body = rows.map(
    ({ twin, scenario, cells }) =>
      html`<tr><td data-key="${twin}">${twin}</td><td data-key="${scenario}">${scenario}</td>${cells.map(cellOf)}</tr>
`,
  );
  return htmlPage(`pvrace ${report.command}: ${verdict}`, [
    html`<h1>pvrace zoo: ${verdict.toUpperCase()}</h1>`,
    html`<p><strong>${zooVerdictInWords(report.results)}</strong></p>`,
    html`<p class="faint">${headingInWords(report)}</p>`,
    ...totals.map((total) => html`<p>${totalInWords(total)}</p>`),
    ...surprises.map(
      (result) =>
        html`<p class="warning">${result.engine}: ${subject(result)}. ${result.reason ?? ''}</p>`,
    ),
    html`<table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table>`,
    SORT,
  ]);
}

/** Sorted by what became of the twin, then by how long it took. */
function cellOf(result: ReportedResult | undefined): Html {
  if (result === undefined) return html`<td data-key="3"></td>`;
  const rank = { killed: 0, survived: 1, 'not-visible': 2 }[result.killed ?? 'survived'];
  const key = `${rank} ${Math.round(result.seconds * 1e6)}`;
  const style = ['plain', 'warning', 'faint'][rank]!;
  return html`<td class="${style}" data-key="${key}" title="${result.reason ?? ''}">${cellInWords(result)}</td>`;
}
