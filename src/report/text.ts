import { stripVTControlCharacters } from 'node:util';

/**
 * Text that is safe in a line of a report: names and messages can come from a user's module, so
 * escape sequences go, and control characters and line ends become spaces.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** How many columns a text takes, one for each code point. */
export function width(text: string): number {
  return [...text].length;
}

/** Fills a text up to so many columns on its right. */
export function padRight(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/** Fills a text up to so many columns on its left. */
export function padLeft(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - width(text))) + text;
}

/** Breaks a text at its spaces into lines of at most so many columns; breaks words that are longer. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of plain(text).split(/ +/)) {
    for (const piece of pieces(word, columns)) {
      if (line === '') {
        line = piece;
      } else if (width(line) + 1 + width(piece) <= columns) {
        line += ` ${piece}`;
      } else {
        lines.push(line);
        line = piece;
      }
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Wraps a text after a head; the lines below the first are indented. */
export function hanging(
  head: string,
  text: string,
  columns: number,
  indent: number,
): readonly string[] {
  const [first = '', ...rest] = wrap(text, columns - Math.max(indent, width(head)));
  return [head + first, ...rest.map((line) => ' '.repeat(indent) + line)];
}

/** Wraps a text with every line indented. */
export function indented(text: string, columns: number, indent: number): readonly string[] {
  return wrap(text, columns - indent).map((line) => ' '.repeat(indent) + line);
}

/** A word, cut where it is wider than a line. */
function pieces(word: string, columns: number): readonly string[] {
  const characters = [...word];
  const room = Math.max(1, columns);
  if (characters.length <= room) return word === '' ? [] : [word];
  const cut: string[] = [];
  for (let start = 0; start < characters.length; start += room) {
    cut.push(characters.slice(start, start + room).join(''));
  }
  return cut;
}
