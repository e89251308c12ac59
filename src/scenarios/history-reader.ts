import type { History } from './history.ts';
import type { InvariantId } from './invariants.ts';
import type { Match } from './match.ts';
import type { HostThread } from './scenario.ts';

/** Places in {@link READ_OUTCOMES}. */
const QUIET = 0;
const RACED = 1;
const UNJUDGED = 2;
const BROKEN = 3;

/** The outcome table of every scenario that judges reads with a {@link HistoryReader}. */
export const READ_OUTCOMES = [
  {
    outcome: 'quiet',
    expect: 'ACCEPTABLE',
    description: 'The host wrote nothing during the read, which is the latest publication.',
  },
  {
    outcome: 'raced',
    expect: 'INTERESTING',
    description: 'The host wrote during the read, which is one publication all the same.',
  },
  {
    outcome: 'unjudged',
    expect: 'ACCEPTABLE',
    description: 'More publications than the checker remembers came during the read.',
  },
  {
    outcome: 'broken',
    expect: 'FORBIDDEN',
    description: 'The read is no publication that was current during the call.',
  },
] as const;

/** Latest publications of each writer that are shown as evidence. */
const SHOWN = 6;

/** A piece of a published value that is stored by itself, such as `sec`. */
export interface Part {
  readonly name: string;
  of(published: bigint): bigint;
}

/** What a reader's values are held against. */
export interface HistoryCheck {
  /** What each writer published. Of several writers, the newest of each counts as current. */
  readonly histories: readonly History[];
  /** What a value breaks that mixes two publications. */
  readonly torn: InvariantId;
  /** The pieces in which a torn value would mix two publications. */
  readonly parts: readonly [Part, Part];
}

interface Publication {
  readonly name: string;
  readonly value: bigint;
}

/** Judges reads of what the host publishes: F1, and an invariant for torn ones. */
export class HistoryReader {
  readonly #thread: HostThread;
  readonly #check: HistoryCheck;
  readonly #from: number[];
  readonly #to: number[];

  constructor(thread: HostThread, check: HistoryCheck) {
    this.#thread = thread;
    this.#check = check;
    this.#from = check.histories.map(() => 0);
    this.#to = check.histories.map(() => 0);
  }

  /** Before a read: samples what is out. */
  before(): void {
    const { histories } = this.#check;
    for (let writer = 0; writer < histories.length; writer++)
      this.#from[writer] = histories[writer]!.finished;
  }

  /**
   * After a read: holds it against what was current at some instant of the call.
   *
   * @param readings what the publication may have been, by the value that was read
   */
  after(readings: readonly bigint[]): void {
    const { histories } = this.#check;
    let raced = false;
    for (let writer = 0; writer < histories.length; writer++) {
      this.#to[writer] = histories[writer]!.started;
      raced ||= this.#to[writer] !== this.#from[writer];
    }
    const match = this.#match((published) => readings.includes(published));
    if (match === 'current') this.#thread.outcome(raced ? RACED : QUIET);
    else if (match === 'forgotten') this.#thread.outcome(UNJUDGED);
    else this.#broken(match, readings);
  }

  /** The best match of all writers. */
  #match(explains: (published: bigint) => boolean): Match {
    let best: Match = 'none';
    for (const [writer, history] of this.#check.histories.entries()) {
      const match = history.match(this.#from[writer]!, this.#to[writer]!, explains);
      if (match === 'current') return match;
      if (match === 'forgotten' || best === 'none') best = match;
    }
    return best;
  }

  #broken(match: Match, readings: readonly bigint[]): never {
    this.#thread.outcome(BROKEN);
    const value = readings.map((reading) => this.#show(reading)).join(' or ');
    const evidence = this.#duringCall().map(
      ({ name, value: published }) => `${name}: ${this.#show(published)}`,
    );
    evidence.push(`read ${value}`);
    if (match === 'stale') {
      this.#thread.violated(
        'F1',
        `What was read (${value}) had been replaced before the call.`,
        evidence,
      );
    }
    const torn = readings
      .map((reading) => this.#mixture(reading))
      .find((mixture) => mixture !== undefined);
    if (torn === undefined) {
      this.#thread.violated(
        'F1',
        `What was read (${value}) was not published, nor mixed from what was.`,
        evidence,
      );
    }
    const message = `What was read (${value}) mixes two publications.`;
    return this.#thread.violated(this.#check.torn, message, [...evidence, torn]);
  }

  /** The latest publications that the call may have seen. */
  #duringCall(): Publication[] {
    return this.#check.histories.flatMap((_, writer) => {
      const to = this.#to[writer]!;
      return this.#publications(writer, Math.max(0, this.#from[writer]! - 1, to - SHOWN), to);
    });
  }

  /** Which two of the remembered publications a torn value mixes. */
  #mixture(reading: bigint): string | undefined {
    const [first, second] = this.#check.parts;
    const all = this.#check.histories.flatMap((history, writer) =>
      this.#publications(writer, history.oldest, history.started),
    );
    const one = all.findLast(({ value }) => first.of(value) === first.of(reading));
    const other = all.findLast(({ value }) => second.of(value) === second.of(reading));
    if (one === undefined || other === undefined) return undefined;
    return `torn: the ${first.name} of ${one.name} with the ${second.name} of ${other.name}`;
  }

  #publications(writer: number, from: number, to: number): Publication[] {
    const history = this.#check.histories[writer]!;
    return Array.from({ length: to - from }, (_, index) => ({
      name: `publication ${from + index} of vcpu${writer}`,
      value: history.read(from + index),
    }));
  }

  #show(value: bigint): string {
    return this.#check.parts.map((part) => `${part.name} ${part.of(value)}`).join(', ');
  }
}
