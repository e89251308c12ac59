import cliProgress from 'cli-progress';
import type { StressProgress } from '../engines/stress/options.ts';
import { compact, grouped, span } from './numbers.ts';

/** How far a run of several scenarios is. */
export interface RunProgress extends StressProgress {
  /** The place of the scenario in the run, from 1. */
  readonly place: number;
  /** How many scenarios the run has. */
  readonly count: number;
}

/** How far a run of several searches is: there is no telling how long the one that is on will take. */
export interface SearchProgress {
  readonly scenario: string;
  readonly place: number;
  readonly count: number;
  /** Seconds of this search so far. */
  readonly elapsed: number;
  /** States reached so far, or schedules tried. */
  readonly states: number;
  readonly frontier: number;
  readonly depth: number;
  readonly bytes: number;
}

/** How far a run of many short trials is. */
export interface TrialProgress {
  /** Which one has begun, in words. */
  readonly trial: string;
  readonly place: number;
  readonly count: number;
}

type Progress = RunProgress | SearchProgress | TrialProgress;

/** Shows people how far a run is. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Makes room for a line of the report. */
  clear(): void;
}

/** Where progress is shown. */
export type ProgressStream = NodeJS.WritableStream & { readonly columns?: number | undefined };

/** Shows nothing. */
export const noProgress: ProgressDisplay = { show() {}, clear() {} };

/** Seconds between lines. */
const INTERVAL = 5;
/** What the bar leaves for the words behind it. */
const WORDS = 64;

/** One line every few seconds, for streams that are no terminal. */
export function lineProgress(stream: ProgressStream, now: () => number): ProgressDisplay {
  let last = now();
  return {
    show(progress) {
      if (now() - last < INTERVAL) return;
      last = now();
      stream.write(`${progressInWords(progress)}\n`);
    },
    clear() {},
  };
}

/** A bar on a terminal. */
export function barProgress(stream: ProgressStream): ProgressDisplay {
  let bar: cliProgress.SingleBar | undefined;
  return {
    show(progress) {
      const payload = { words: progressInWords(progress) };
      if (bar === undefined) {
        bar = newBar(stream);
        bar.start(1, wholeFraction(progress), payload);
      } else {
        bar.update(wholeFraction(progress), payload);
      }
    },
    clear() {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** Scenario, phase, speed and the time that is left of the whole run. */
export function progressInWords(progress: Progress): string {
  if ('trial' in progress) return `[${progress.place}/${progress.count}] ${progress.trial}`;
  if ('states' in progress) return searchInWords(progress);
  const { scenario, phase, elapsed, total, operations, place, count } = progress;
  const head = `[${place}/${count}] ${scenario}`;
  if (phase !== 'racing') return `${head}: ${phase}`;
  const speed = elapsed > 0 ? `${compact(operations / elapsed)}/s` : '';
  const left = Math.max(0, total - elapsed) + total * (count - place);
  return `${head}: ${grouped(operations)} operations ${speed}, ${timeLeft(left)} left`;
}

function searchInWords(progress: SearchProgress): string {
  const { scenario, elapsed, states, frontier, depth, bytes, place, count } = progress;
  const rate = elapsed > 0 ? compact(states / elapsed) : '0';
  const megabytes = grouped(Math.ceil(bytes / 2 ** 20));
  return `[${place}/${count}] ${scenario}: ${grouped(states)} states ${rate}/s, depth ${depth}, frontier ${grouped(frontier)}, ${megabytes} MB`;
}

/** How much of the whole run is done, from 0 to 1. */
export function wholeFraction(progress: Progress): number {
  if ('states' in progress || 'trial' in progress) return (progress.place - 1) / progress.count;
  const { phase, elapsed, total, place, count } = progress;
  const share = total > 0 ? Math.min(1, elapsed / total) : 0;
  return (place - 1 + (phase === 'stopping' ? 1 : share)) / count;
}

/** Seconds without their fraction, which would only flicker. */
function timeLeft(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : span(seconds);
}

function newBar(stream: ProgressStream): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    stream,
    format: '[{bar}] {words}',
    barsize: Math.min(30, Math.max(5, (stream.columns ?? 80) - WORDS)),
    clearOnComplete: true,
    linewrap: true,
    emptyOnZero: true,
  });
}
