import type { ModelName } from '../../src/engines/controlled/models/memory-model.ts';
import { type Verified, verifyHere } from '../../src/engines/verify/verify-here.ts';
import type { Effort } from './effort.ts';
import { beside, type Figure } from './figure.ts';
import { fastest, type Timed } from './repeat.ts';
import { seqlock } from './seqlock.ts';

const MODELS: readonly ModelName[] = ['sc', 'tso', 'weak'];

/** What makes the ways of exploring the same seqlock differ; ratios are to the first. */
const WAYS = [
  { how: 'reduced', relaxes: true, unreduced: false },
  { how: 'all steps', relaxes: true, unreduced: true },
  { how: 'reduced, no relax()', relaxes: false, unreduced: false },
] as const;

type Way = (typeof WAYS)[number];

/** Explores the correct seqlock to the end, in every size, under every model, in every way. */
export function* exhaust(effort: Effort): Generator<Figure> {
  for (const model of MODELS) {
    for (const updates of effort.updates) {
      const tooMuch = new Set<Way>();
      for (const readers of effort.readers) {
        let first: Figure | undefined;
        for (const way of WAYS) {
          const figure = tooMuch.has(way)
            ? notTried(updates, readers, model, way)
            : explore(updates, readers, model, way, effort);
          if (figure.ending === 'unfinished') tooMuch.add(way);
          yield { ...figure, ...beside(figure, first) };
          first ??= figure;
        }
      }
    }
  }
}

function explore(
  updates: number,
  readers: number,
  model: ModelName,
  { how, relaxes, unreduced }: Way,
  effort: Effort,
): Figure {
  const scenario = seqlock({ updates, readers, relaxes });
  const timed = fastest(effort.repeatSeconds, () => {
    const deadline = performance.now() + effort.mostSeconds * 1000;
    return verifyHere(
      { scenario, model, unreduced },
      {
        maxStates: effort.mostStates,
        maxBytes: effort.mostBytes,
        onProgress: () => performance.now() < deadline,
      },
    );
  });
  return { subject: subjectOf(updates, readers), model, how, ...explored(timed) };
}

function explored({
  result,
  seconds,
  cpuSeconds,
}: Timed<Verified>): Omit<Figure, 'subject' | 'how'> {
  const { kind, why, states, transitions, bytes } = result;
  return {
    ...(kind === 'all'
      ? { ending: 'holds' }
      : kind === 'failure'
        ? { ending: 'broken' }
        : { ending: 'unfinished', why: limitInWords(why) }),
    seconds,
    cpuSeconds,
    states,
    transitions,
    perSecond: states / seconds,
    bytesPerState: bytes / states,
  };
}

function notTried(updates: number, readers: number, model: ModelName, { how }: Way): Figure {
  const why = 'fewer readers did not finish';
  return { subject: subjectOf(updates, readers), model, how, ending: 'not tried', why };
}

function limitInWords(why: Verified['why']): string {
  if (why === 'interrupted') return 'out of time';
  return why === 'memory' ? 'out of memory' : 'too many states';
}

/** The name of a seqlock in figures. */
export function subjectOf(updates: number, readers: number): string {
  return `seqlock ${updates}x${readers}`;
}
