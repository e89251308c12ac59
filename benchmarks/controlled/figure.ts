import type { ModelName } from '../../src/engines/controlled/models/memory-model.ts';

/** How a measured piece of work ended; only what is measured to its end has figures that compare. */
export type Ending =
  | 'holds'
  | 'broken'
  /** It reached its limit of time, states or memory. */
  | 'unfinished'
  /** A smaller one did not finish. */
  | 'not tried'
  /** This machine lacks what it takes. */
  | 'absent'
  | 'done';

/** One measured thing. What does not apply to it is left out. */
export interface Figure {
  /** What was worked on, such as `seqlock 2x3`: two updates, three readers. */
  readonly subject: string;
  /** What was done with it. */
  readonly how: string;
  readonly model?: ModelName;
  readonly ending: Ending;
  /** What an ending that is no verdict is due to. */
  readonly why?: string;
  /** The best run's, or the median where `how` says so. */
  readonly seconds?: number;
  /** Of them, those on a core; of work in this process. Where they are fewer, others had the machine. */
  readonly cpuSeconds?: number;
  readonly states?: number;
  readonly transitions?: number;
  readonly schedules?: number;
  /** States, or schedules where there are no states. */
  readonly perSecond?: number;
  readonly bytesPerState?: number;
  /** Of the schedule that was found. */
  readonly steps?: number;
  readonly contextSwitches?: number;
  /** Seconds beside those of another figure of the same run. */
  readonly ratio?: number;
  /** Which one that is. */
  readonly ratioTo?: string;
}

/** The ratio of a figure to another one, where both came to an end. */
export function beside(
  figure: Figure,
  other: Figure | undefined,
): Pick<Figure, 'ratio' | 'ratioTo'> {
  if (!isMeasured(figure) || other === undefined || !isMeasured(other)) return {};
  return { ratio: figure.seconds / other.seconds, ratioTo: other.how };
}

function isMeasured(figure: Figure): figure is Figure & { readonly seconds: number } {
  return figure.seconds !== undefined && figure.ending !== 'unfinished';
}
