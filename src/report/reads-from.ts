import type { TraceStep } from '../engines/trace.ts';

/** How one step of a schedule leads to another, by their places in it. */
export interface Arrow {
  readonly from: number;
  readonly to: number;
  /**
   * `reads`: a load or a locked operation reads what the other one stored. `stale`: the same, though
   * something newer was there. `forwards`: from the thread's own store buffer. `drains`: a store that was
   * in a buffer reaches memory.
   */
  readonly kind: 'reads' | 'stale' | 'forwards' | 'drains';
}

/** A store that others see, or that waits in a buffer. */
interface Stored {
  readonly index: number;
  readonly address: number;
  readonly bytes: number;
  readonly value: string | undefined;
}

const READS_AND_WRITES: readonly string[] = ['xchg', 'cmpxchg', 'and', 'or', 'add'];

/** Which store each load reads, and where each buffered store reaches memory. What was there before has no arrow. */
export function arrowsOf(schedule: readonly TraceStep[]): readonly Arrow[] {
  const visible: Stored[] = [];
  const buffers = new Map<string, Stored[]>();
  const arrows: Arrow[] = [];
  for (const [index, step] of schedule.entries()) {
    const { actor, action, address, bytes } = step;
    if (address === undefined || bytes === undefined) continue;
    const stored: Stored = { index, address, bytes, value: step.after };
    const buffer = buffers.get(actor) ?? [];
    buffers.set(actor, buffer);
    if (action === 'store') {
      (step.buffered === true ? buffer : visible).push(stored);
    } else if (action === 'drain') {
      const waiting = buffer.findIndex((each) => overlaps(each, stored));
      if (waiting >= 0) {
        arrows.push({ from: buffer[waiting]!.index, to: index, kind: 'drains' });
        buffer.splice(0, waiting + 1);
      }
      visible.push(stored);
    } else if (action === 'load') {
      const arrow = readBy(step, stored, buffer, visible);
      if (arrow !== undefined) arrows.push(arrow);
    } else if (READS_AND_WRITES.includes(action)) {
      const from = newest(visible, stored, step.before);
      if (from !== undefined) arrows.push({ from: from.index, to: index, kind: 'reads' });
      visible.push(stored);
    }
  }
  return arrows;
}

function readBy(
  { answer, stale }: TraceStep,
  at: Stored,
  buffer: readonly Stored[],
  visible: readonly Stored[],
): Arrow | undefined {
  const own = buffer.findLast((each) => overlaps(each, at));
  if (own !== undefined) return { from: own.index, to: at.index, kind: 'forwards' };
  const from = newest(visible, at, answer);
  if (from === undefined) return undefined;
  return { from: from.index, to: at.index, kind: stale === true ? 'stale' : 'reads' };
}

/** The latest store to a place, and where it is one of the same bytes, of this value. */
function newest(
  visible: readonly Stored[],
  at: Stored,
  value: string | undefined,
): Stored | undefined {
  return visible.findLast(
    (each) =>
      overlaps(each, at) &&
      (each.address !== at.address || each.bytes !== at.bytes || each.value === value),
  );
}

function overlaps(one: Stored, other: Stored): boolean {
  return one.address < other.address + other.bytes && other.address < one.address + one.bytes;
}
