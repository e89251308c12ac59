import { Html, html } from './html-text.ts';

/** Colours for light and for dark; no fonts, scripts or pictures from elsewhere. */
const STYLE = new Html(`
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --warning: #9a6700; --faint: #656d76; --line: #d0d7de; --back: #ffffff; --ink: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; --warning: #d29922; --faint: #9198a1; --line: #3d444d; --back: #0d1117; --ink: #e6edf3; } }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
section { border-top: 1px solid var(--line); padding: 0.5rem 0; }
h2 { font-size: 1.1rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 0.75rem 0; }
th, td { padding: 0.2rem 0.75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.4rem; }
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
