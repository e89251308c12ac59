import type { ClockAddresses } from '../guest/roles.ts';
import type { ClockParameters } from '../host/kvmclock.ts';
import type { InvariantId } from './invariants.ts';
import { type Publications, timeAt } from './publications.ts';
import type { VcpuThread } from './scenario.ts';

/** Places in a clock scenario's outcome table. */
export const READ_CURRENT = 0;
export const READ_RETRIED = 1;
export const READ_UNJUDGED = 2;
export const READ_BROKEN = 3;

/** The outcome table of every scenario that judges single clock reads. */
export const CLOCK_OUTCOMES = [
  {
    outcome: 'current',
    expect: 'ACCEPTABLE',
    description: 'The read is one publication, scaled by one TSC sample of the call.',
  },
  {
    outcome: 'retried',
    expect: 'INTERESTING',
    description: 'The same, after at least one try that an update disturbed.',
  },
  {
    outcome: 'unjudged',
    expect: 'ACCEPTABLE',
    description: 'More updates, or TSC samples, than the checker remembers came during the call.',
  },
  { outcome: 'broken', expect: 'FORBIDDEN', description: 'No publication explains the read.' },
] as const;

/** Latest publications, and TSC samples, that are shown as evidence. */
const SHOWN = 4;

/** A TSC sample and a publication that together explain a value, or do not. */
type Explains = (published: ClockParameters, tsc: bigint, value: bigint) => boolean;

/** A publication says nothing of the time before it: a TSC that was sampled earlier than its own is not for it. */
function exactly(published: ClockParameters, tsc: bigint, value: bigint): boolean {
  const ticks = BigInt.asIntN(64, tsc - published.tscTimestamp);
  return ticks >= 0n && timeAt(published, tsc) === value;
}

/**
 * Reads the clock through the role and holds every value against what the host published: F1, and
 * the invariant that a value breaks which nothing explains.
 */
export class ClockReader {
  readonly #thread: VcpuThread;
  readonly #publications: Publications;
  readonly #at: ClockAddresses;
  readonly #unexplained: InvariantId;
  readonly #explains: Explains;

  /**
   * @param unexplained what a value breaks that no publication explains: P1 or P5
   * @param explains by default exactly, as P1 says
   */
  constructor(
    thread: VcpuThread,
    publications: Publications,
    at: ClockAddresses,
    unexplained: InvariantId = 'P1',
    explains: Explains = exactly,
  ) {
    this.#thread = thread;
    this.#publications = publications;
    this.#at = at;
    this.#unexplained = unexplained;
    this.#explains = explains;
  }

  /** One judged read. */
  read(): bigint {
    const { cpu, roles } = this.#thread;
    const from = this.#publications.finished;
    cpu.forgetSamples();
    const value = roles.readClock(cpu, this.#at);
    const to = this.#publications.started;
    this.#judge(value, from, to);
    return value;
  }

  #judge(value: bigint, from: number, to: number): void {
    const { cpu, outcome } = this.#thread;
    const samples = cpu.remembered;
    const match = this.#publications.match(from, to, (published) => {
      for (let back = 0; back < samples; back++) {
        if (this.#explains(published, cpu.sample(back), value)) return true;
      }
      return false;
    });
    if (match === 'current') {
      outcome(cpu.sampled > 1 ? READ_RETRIED : READ_CURRENT);
      return;
    }
    // The sample that explains the value may be one that is not remembered any more.
    if (match === 'forgotten' || cpu.sampled > samples) {
      outcome(READ_UNJUDGED);
      return;
    }
    outcome(READ_BROKEN);
    if (cpu.sampled === 0) {
      this.#broken('F1', `${value} ns was returned without a look at the TSC.`, value, from, to);
    }
    // By tolerance an old publication may seem to explain a value that is merely wrong.
    if (match === 'stale' && this.#unexplained === 'P1') {
      this.#broken(
        'F1',
        `${value} ns is by a publication that was replaced before the call.`,
        value,
        from,
        to,
      );
    }
    this.#broken(
      this.#unexplained,
      `${value} ns is explained by none of the publications during the call.`,
      value,
      from,
      to,
    );
  }

  /** The two publications that a torn value mixes: whose system_time, and whose tsc_timestamp. */
  #mixture(value: bigint, from: number, to: number): readonly [number, number] | undefined {
    const { cpu } = this.#thread;
    for (let time = to - 1; time >= from; time--) {
      for (let line = to - 1; line >= from; line--) {
        const { systemTime } = this.#publications.read(time);
        const mixed = { ...this.#publications.read(line), systemTime };
        for (let back = 0; back < cpu.remembered; back++) {
          if (time !== line && timeAt(mixed, cpu.sample(back)) === value) return [time, line];
        }
      }
    }
    return undefined;
  }

  #broken(invariant: InvariantId, message: string, value: bigint, from: number, to: number): never {
    const { cpu } = this.#thread;
    const evidence = [`returned ${value} ns`];
    for (let back = Math.min(cpu.remembered, SHOWN) - 1; back >= 0; back--) {
      evidence.push(`sampled TSC ${cpu.sample(back)}`);
    }
    const first = Math.max(0, from - 1);
    const mixed = this.#mixture(value, first, to);
    const shown = new Set(mixed);
    for (let number = Math.max(first, to - SHOWN); number < to; number++) shown.add(number);
    if (to - first > shown.size) evidence.push(`publications during the call: ${to - first}`);
    for (const number of [...shown].sort((a, b) => a - b)) {
      evidence.push(this.#publicationInWords(number));
    }
    if (mixed !== undefined) {
      const [time, line] = mixed;
      evidence.push(
        `torn: the system_time of publication ${time} with the tsc_timestamp of ${line}`,
      );
    }
    return this.#thread.violated(invariant, message, evidence);
  }

  #publicationInWords(number: number): string {
    const { cpu } = this.#thread;
    const published = this.#publications.read(number);
    const { tscTimestamp, systemTime } = published;
    // It says nothing of the time before it.
    const gives =
      cpu.remembered > 0 && BigInt.asIntN(64, cpu.sample(0) - tscTimestamp) >= 0n
        ? `, which gives ${timeAt(published, cpu.sample(0))} ns`
        : '';
    return `publication ${number}: tsc_timestamp ${tscTimestamp}, system_time ${systemTime}${gives}`;
  }
}
