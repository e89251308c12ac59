import type { Effort } from './effort.ts';
import { subjectOf } from './exhaust.ts';
import { beside, type Figure } from './figure.ts';
import { BROKEN_SUBJECT, VERIFY } from './find.ts';
import { buildPan, firstMissing, type PanPlace, runPan, type SpinTools } from './pan.ts';
import { parsePan } from './pan-output.ts';
import { inTemporaryFolder } from './temporary-folder.ts';

/** Slots of SPIN's hash table, as powers of two: about as many as there are states, within these. */
const FEWEST_SLOTS = 16;
const MOST_SLOTS = 24;

/** With and without partial-order reduction, and which of ours each is held against. */
const WAYS = [
  { how: 'SPIN, reduced', options: [], ours: 'reduced' },
  { how: 'SPIN, all steps', options: ['-DNOREDUCE'], ours: 'all steps' },
] as const;

/** Explores the same seqlocks with SPIN, whose memory is sequentially consistent. */
export async function spin(
  effort: Effort,
  ours: readonly Figure[],
  tell: (figure: Figure) => void,
  tools: SpinTools = { spin: 'spin', compiler: 'gcc' },
): Promise<void> {
  const missing = await firstMissing(tools);
  if (missing !== undefined) {
    const why = `this machine has no ${missing}`;
    return tell({ subject: 'seqlock', how: 'SPIN', ending: 'absent', why });
  }
  const own = (subject: string, how: string): Figure | undefined =>
    ours.find((each) => each.subject === subject && each.model === 'sc' && each.how === how);
  await inTemporaryFolder(async (folder, signal) => {
    const place = { folder, signal, tools, ...effort };
    for (const figure of await breakAndStart(place)) {
      tell({ ...figure, ...beside(figure, own(figure.subject, VERIFY)) });
    }
    for (const updates of effort.updates) {
      for (const { how, options, ours } of WAYS) {
        for (const readers of effort.readers) {
          const subject = subjectOf(updates, readers);
          await buildPan([`-DUPDATES=${updates}`, `-DREADERS=${readers}`], options, place);
          const slots = slotsFor(own(subject, 'all steps'));
          const figure = await explore(subject, how, slots, place);
          tell({ ...figure, ...beside(figure, own(subject, ours)) });
          if (figure.ending === 'unfinished') break;
        }
      }
    }
  });
}

/** The broken reader; and a verifier that says its version and ends: the start of a process. */
async function breakAndStart(place: PanPlace): Promise<readonly Figure[]> {
  await buildPan(['-DUPDATES=2', '-DREADERS=1', '-DBROKEN'], [], place);
  const start = { subject: 'process', how: 'SPIN verifier that only starts' } as const;
  const pan = await runPan(['-V'], place);
  return [
    pan === undefined
      ? { ...start, ending: 'unfinished', why: 'out of time' }
      : { ...start, ending: 'done', seconds: pan.seconds },
    await explore(BROKEN_SUBJECT, 'SPIN, reduced', FEWEST_SLOTS, place),
  ];
}

/** Runs the verifier that was made last. */
async function explore(
  subject: string,
  how: string,
  slots: number,
  place: PanPlace,
): Promise<Figure> {
  const what = { subject, how, model: 'sc' } as const;
  const pan = await runPan([`-w${slots}`], place);
  if (pan === undefined) return { ...what, ending: 'unfinished', why: 'out of time' };
  const parsed = parsePan(pan.output);
  if (parsed === undefined) return { ...what, ending: 'unfinished', why: 'SPIN gave no figures' };
  return {
    ...what,
    ...parsed,
    ...(parsed.ending === 'unfinished' ? { why: 'out of memory or depth' } : {}),
    seconds: pan.seconds,
    perSecond: parsed.states / pan.seconds,
  };
}

function slotsFor(allSteps: Figure | undefined): number {
  if (allSteps?.ending !== 'holds') return MOST_SLOTS;
  const slots = Math.ceil(Math.log2(allSteps.states ?? 1)) + 1;
  return Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, slots));
}
