import { type Failure, follow, sameFailure } from './failure.ts';
import { contextSwitches, type Move } from './move.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';

/**
 * The shortest schedule that can be made of a failing one: no step can be left out, and no two
 * neighbouring blocks of steps can change places for fewer context switches, without losing the failure.
 */
export function minimise(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
  failure: Failure,
): readonly Move[] {
  let best = moves;
  const fails = (candidate: readonly Move[]): readonly Move[] | undefined => {
    const { failure: got, taken } = follow(system, stepper, candidate);
    return sameFailure(got, failure) ? candidate.slice(0, taken) : undefined;
  };
  for (;;) {
    const better = firstBetter(best, system.learners.length, fails);
    if (better === undefined) return best;
    best = better;
  }
}

function firstBetter(
  best: readonly Move[],
  threads: number,
  fails: (candidate: readonly Move[]) => readonly Move[] | undefined,
): readonly Move[] | undefined {
  for (const candidate of candidates(best)) {
    const failing = fails(candidate);
    if (failing === undefined) continue;
    if (failing.length < best.length) return failing;
    if (contextSwitches(failing, threads) < contextSwitches(best, threads)) return failing;
  }
  return undefined;
}

/** Schedules that might be better: a step less, a block less, two blocks swapped, a block moved into its own kind. */
function* candidates(moves: readonly Move[]): Generator<readonly Move[]> {
  const blocks = blocksOf(moves);
  for (let block = 0; block < blocks.length; block++) {
    yield blocks.flatMap((one, index) => (index === block ? [] : one));
  }
  for (let block = 0; block + 1 < blocks.length; block++) {
    const swapped = [...blocks];
    [swapped[block], swapped[block + 1]] = [blocks[block + 1]!, blocks[block]!];
    yield swapped.flat();
  }
  for (let at = moves.length - 1; at >= 0; at--) yield moves.toSpliced(at, 1);
  // Part of a block may join the next or the previous block of the same actor.
  for (let block = 0; block < blocks.length; block++) {
    const actor = blocks[block]![0]!.actor;
    const next = blocks.findIndex((one, index) => index > block && one[0]!.actor === actor);
    if (next < 0) continue;
    for (let kept = 0; kept < blocks[block]!.length; kept++) {
      const later = [...blocks];
      later[block] = blocks[block]!.slice(0, kept);
      later[next] = [...blocks[block]!.slice(kept), ...blocks[next]!];
      yield later.flat();
    }
    for (let taken = 1; taken <= blocks[next]!.length; taken++) {
      const earlier = [...blocks];
      earlier[block] = [...blocks[block]!, ...blocks[next]!.slice(0, taken)];
      earlier[next] = blocks[next]!.slice(taken);
      yield earlier.flat();
    }
  }
}

function blocksOf(moves: readonly Move[]): Move[][] {
  const blocks: Move[][] = [];
  for (const move of moves) {
    const last = blocks.at(-1);
    if (last !== undefined && last[0]!.actor === move.actor) last.push(move);
    else blocks.push([move]);
  }
  return blocks;
}
