import picocolors from 'picocolors';

/** Colours by meaning. Without colours each returns its text as it is. */
export interface Palette {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

/** Where a report is read: how wide it is, and whether it has colours. */
export interface Page {
  readonly columns: number;
  readonly palette: Palette;
}

/** Narrower terminals get lines of this many columns. */
const NARROWEST = 24;
/** Lines wider than this are hard to read. */
const WIDEST = 120;
/** What a file or a pipe gets. */
const UNKNOWN = 100;

/**
 * Lays a page out.
 *
 * @param columns of the terminal, if it is one
 */
export function pageOf(columns: number | undefined, colours: boolean): Page {
  return {
    columns: Math.min(WIDEST, Math.max(NARROWEST, columns || UNKNOWN)),
    palette: paletteOf(colours),
  };
}

function paletteOf(colours: boolean): Palette {
  const { green, red, yellow, bold, dim } = picocolors.createColors(colours);
  return { good: green, bad: red, warning: yellow, strong: bold, faint: dim };
}
