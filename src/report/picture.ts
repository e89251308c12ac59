import type { TraceStep } from '../engines/trace.ts';
import { type Html, html } from './html-text.ts';
import { actorsOf, stepInWords } from './interleaving.ts';
import { type Arrow, arrowsOf } from './reads-from.ts';
import { plain, wrap } from './text.ts';

/** Pixels: a line of text, the space around a step, the margin with the numbers, and the head with the names. */
const LINE = 16;
const AROUND = 12;
const MARGIN = 76;
const HEAD = 36;
/** Pixels of a character, on average, and of the space that a lane has besides its text. */
const CHARACTER = 7.3;
const BESIDE = 46;
/** Characters of a line, in all lanes together, and in one lane. */
const ALL_CHARACTERS = 118;
const MOST_CHARACTERS = 48;
const LEAST_CHARACTERS = 22;

/** Where a step is drawn. */
interface Place {
  readonly step: TraceStep;
  readonly x: number;
  readonly y: number;
  readonly lines: readonly string[];
}

/** A schedule as a picture: a lane for each thread, time running down, arrows from stores to who reads them. */
export function interleavingPicture(schedule: readonly TraceStep[], ending: string): Html {
  const actors = actorsOf(schedule);
  const characters = Math.min(
    MOST_CHARACTERS,
    Math.max(LEAST_CHARACTERS, Math.floor(ALL_CHARACTERS / actors.length)),
  );
  const lane = characters * CHARACTER + BESIDE;
  const width = MARGIN + actors.length * lane;
  const places: Place[] = [];
  let y = HEAD;
  for (const step of schedule) {
    const lines = wrap(stepInWords(step), characters);
    places.push({ step, x: MARGIN + actors.indexOf(step.actor) * lane + 10, y: y + LINE, lines });
    y += Math.max(1, lines.length) * LINE + AROUND;
  }
  const end = wrap(ending, Math.floor((width - 24) / CHARACTER));
  const height = y + end.length * LINE + 3 * AROUND;
  return html`<svg class="picture" role="img" aria-label="The interleaving, one step below the other" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}">
${actors.map((actor, at) => laneOf(actor, MARGIN + at * lane, y))}
${loopOf(places, y)}
${arrowsOf(schedule).map((arrow) => arrowOf(arrow, places))}
${places.map((place, at) => stepOf(place, at, at === places.length - 1))}
<rect class="end" x="4" y="${round(y + AROUND)}" width="${round(width - 8)}" height="${round(end.length * LINE + AROUND)}" rx="6"/>
<text class="bad">${end.map((line, at) => html`<tspan x="14" y="${round(y + AROUND + (at + 1) * LINE + 2)}">${line}</tspan>`)}</text>
</svg>`;
}

/** What the marks and the arrows of a picture say. */
export const PICTURE_LEGEND =
  '● reads or does something, ■ stores, □ stores into its store buffer. Full arrows lead from a store to whoever reads it, broken ones from the buffer to memory, dotted ones to a read of the own buffer or of a value that is not the newest. A bar at the left: these steps go on for ever.';

/** A bar beside the steps of a livelock, which go on for ever. */
function loopOf(places: readonly Place[], bottom: number): readonly Html[] {
  const first = places.find(({ step }) => step.repeats === true);
  if (first === undefined) return [];
  const top = first.y - LINE;
  return [
    html`<rect class="loop" x="6" y="${round(top)}" width="5" height="${round(bottom - top)}" rx="2"><title>These steps go on for ever.</title></rect>`,
  ];
}

function laneOf(actor: string, x: number, bottom: number): Html {
  return html`<text class="name" x="${round(x + 4)}" y="20">${plain(actor)}</text><line class="lane" x1="${round(x + 10)}" y1="28" x2="${round(x + 10)}" y2="${round(bottom)}"/>`;
}

function stepOf({ step, x, y, lines }: Place, index: number, isLast: boolean): Html {
  const kind = isLast ? 'bad' : step.stale === true ? 'warning' : (step.side ?? 'own');
  const text = lines.map(
    (line, at) => html`<tspan x="${round(x + 14)}" y="${round(y + at * LINE)}">${line}</tspan>`,
  );
  return html`<g class="step ${kind}"><text class="number" x="28" y="${round(y)}">${index + 1}</text>${markOf(step, x, y - 4)}<text>${text}</text></g>
`;
}

function markOf(step: TraceStep, x: number, y: number): Html {
  const { action } = step;
  if (action === 'store' && step.buffered === true) {
    return html`<rect class="mark open" x="${round(x - 5)}" y="${round(y - 5)}" width="10" height="10"/>`;
  }
  const stores = action !== 'load' && step.place !== undefined;
  return stores
    ? html`<rect class="mark" x="${round(x - 5)}" y="${round(y - 5)}" width="10" height="10"/>`
    : html`<circle class="mark" cx="${round(x)}" cy="${round(y)}" r="5"/>`;
}

/** An arrow, bent to the left of its lane where it stays there. */
function arrowOf({ from, to, kind }: Arrow, places: readonly Place[]): Html {
  const [a, b] = [places[from]!, places[to]!];
  const [y1, y2] = [a.y - 4, b.y - 4];
  const stays = a.x === b.x;
  const side = b.x >= a.x ? 1 : -1;
  const bend = stays
    ? -Math.min(42, 10 + (y2 - y1) / 8)
    : side * Math.min(60, Math.abs(b.x - a.x) / 3);
  const start = a.x + (stays ? -6 : side * 6);
  const end = b.x - side * 7;
  const numbers = [start, y1, a.x + bend, y1, stays ? b.x + bend : b.x - bend, y2, end, y2].map(
    round,
  );
  const [x0, y0, ...curve] = numbers;
  return html`<path class="arrow ${kind}" d="M${x0!} ${y0!}C${curve.join(' ')}"/><path class="tip ${kind}" d="M${round(end)} ${round(y2)}l${-7 * side} -4v8z"/>`;
}

/** As many digits as a picture needs. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
