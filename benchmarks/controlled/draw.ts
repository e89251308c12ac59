import type { ModelName } from '../../src/engines/controlled/models/memory-model.ts';
import { sampleHere } from '../../src/engines/sample/sample-here.ts';
import type { Strategy } from '../../src/engines/sample/walk.ts';
import type { Effort } from './effort.ts';
import type { Figure } from './figure.ts';
import { fastest } from './repeat.ts';
import { seqlock } from './seqlock.ts';

const READERS = [
  { subject: 'broken seqlock 2x1', checks: false },
  { subject: 'seqlock 2x1', checks: true },
] as const;
const MODELS: readonly ModelName[] = ['sc', 'tso'];
const STRATEGIES: readonly Strategy[] = ['blocks', 'pct'];

/** How many schedules are drawn and walked in a second, by a search that no failure ends. */
export function* draw(effort: Effort): Generator<Figure> {
  for (const { subject, checks } of READERS) {
    const scenario = seqlock({ updates: 2, readers: 1, relaxes: true, checks });
    for (const model of MODELS) {
      for (const strategy of STRATEGIES) {
        const { result, seconds, cpuSeconds } = fastest(effort.repeatSeconds, () =>
          sampleHere(
            { scenario, model },
            { runs: effort.schedules, strategy, seed: 'pvrace', keepGoing: true },
          ),
        );
        const { hits, schedules } = result;
        yield {
          subject,
          how: `sample, ${strategy}, keeps going`,
          model,
          ending: hits > 0 ? 'broken' : 'holds',
          seconds,
          cpuSeconds,
          schedules,
          perSecond: schedules / seconds,
        };
      }
    }
  }
}
