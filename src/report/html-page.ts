import { Html, html } from './html-text.ts';

/** Colours for light and for dark; no fonts, scripts or pictures from elsewhere. */
const STYLE = new Html(`
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --warning: #9a6700; --store: #0969da; --faint: #656d76; --line: #d0d7de; --back: #ffffff; --ink: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --warning: #d29922; --store: #4493f8; --faint: #9198a1; --line: #3d444d; --back: #0d1117; --ink: #e6edf3; } }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
section { border-top: 1px solid var(--line); padding: 0.5rem 0; }
h2 { font-size: 1.1rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 0.75rem 0; }
th, td { padding: 0.2rem 0.75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.4rem; }
figure { margin: 0.75rem 0; overflow-x: auto; }
figcaption { font-size: 0.85rem; max-width: 60rem; }
.picture { display: block; font: 12px/1 ui-monospace, monospace; }
.picture text { fill: var(--ink); paint-order: stroke; stroke: var(--back); stroke-width: 4px; stroke-linejoin: round; }
.picture .name { font-weight: bold; font-size: 13px; }
.picture .number { fill: var(--faint); text-anchor: end; }
.picture .lane { stroke: var(--line); stroke-width: 2px; }
.picture .mark { fill: var(--ink); stroke: var(--ink); stroke-width: 1.5px; }
.picture .host .mark { fill: var(--store); stroke: var(--store); }
.picture .own .mark { fill: var(--faint); stroke: var(--faint); }
.picture .warning .mark { fill: var(--warning); stroke: var(--warning); }
.picture .bad .mark { fill: var(--bad); stroke: var(--bad); }
.picture .mark.open { fill: var(--back); }
.picture .warning text { fill: var(--warning); }
.picture text.bad, .picture .bad text { fill: var(--bad); }
.picture .loop { fill: var(--warning); }
.picture .end { fill: none; stroke: var(--bad); }
.picture .arrow { fill: none; stroke: var(--store); stroke-width: 1.5px; opacity: 0.75; }
.picture .arrow.drains { stroke: var(--faint); stroke-dasharray: 6 4; }
.picture .arrow.forwards, .picture .arrow.stale { stroke: var(--warning); stroke-dasharray: 2 3; }
.picture .tip { fill: var(--store); }
.picture .tip.drains { fill: var(--faint); }
.picture .tip.forwards, .picture .tip.stale { fill: var(--warning); }
.good { color: var(--good); } .bad { color: var(--bad); } .warning { color: var(--warning); } .faint { color: var(--faint); }
`);

/** One self-contained HTML file. */
export function htmlPage(title: string, body: readonly Html[]): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.source;
}

/** A page of lines that were laid out for a terminal. */
export function htmlOfLines(title: string, lines: readonly string[]): string {
  const text = lines.map(
    (line) => html`${line}
`,
  );
  return htmlPage(title, [html`<h1>${title}</h1>`, html`<pre>${text}</pre>`]);
}
