import { plain } from './text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML, between tags or in an attribute. */
export function escapeHtml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A piece of HTML that needs no more escaping. */
export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = Html | string | number | readonly Html[];

/** Builds HTML from a template: everything put in is escaped, unless it is HTML already. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings
      .map((text, index) => text + (index < parts.length ? sourceOf(parts[index]!) : ''))
      .join(''),
  );
}

function sourceOf(part: Part): string {
  if (part instanceof Html) return part.source;
  return typeof part === 'object'
    ? part.map(({ source }) => source).join('')
    : escapeHtml(`${part}`);
}
