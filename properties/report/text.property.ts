import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { hanging, plain, width, wrap } from '../../src/report/text.ts';
import { anyText, hasEscapes } from './results.ts';

const unspaced = (text: string): string => text.replaceAll(' ', '');

test('wrapped lines fit their columns and lose nothing but spaces', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 60 }), (text, columns) => {
        const lines = wrap(text, columns);
        return (
          lines.every((line) => width(line) <= columns) &&
          unspaced(lines.join('')) === unspaced(plain(text))
        );
      }),
    ),
  );
});

test('a line is broken only where the next word does not fit', (t) => {
  const words = fc.array(
    fc.string({ unit: fc.constantFrom(...'abc'), minLength: 1, maxLength: 8 }),
    { minLength: 1 },
  );
  t.notThrows(() =>
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 30 }), (each, columns) => {
        const lines = wrap(each.join(' '), columns);
        return lines.slice(1).every((line, index) => {
          const [word = ''] = line.split(' ');
          return width(lines[index]!) + 1 + width(word) > columns;
        });
      }),
    ),
  );
});

test('a hanging text has its head once and its indent below', (t) => {
  t.deepEqual(hanging('HEAD  ', 'one two three', 12, 4), ['HEAD  one', '    two', '    three']);
});

test('plain text has no control characters', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(anyText, (text) => !hasEscapes(plain(text)) && !plain(text).includes('\n')),
    ),
  );
  t.is(plain('\u001b[31mred\u001b[0m\nline'), 'red line');
});
