import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import { leadsToEnd } from '../verify/leads-to-end.ts';

/** States that are looked at to find out whether a schedule without an end could have had one. */
const MOST_STATES = 5_000;

/**
 * The shortest beginning of a schedule from which no order of steps leads to the end of all threads;
 * undefined where there is none, or where that takes too long to tell.
 */
export function doomedBy(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
): readonly Move[] | undefined {
  if (!isDoomed(system, stepper, moves)) return undefined;
  // Who is lost stays lost: of the beginnings, the first ones have an end, and the others have not.
  let least = 0;
  let most = moves.length;
  while (least < most) {
    const middle = (least + most) >>> 1;
    if (isDoomed(system, stepper, moves.slice(0, middle))) most = middle;
    else least = middle + 1;
  }
  return moves.slice(0, most);
}

function isDoomed(system: System, stepper: Stepper, moves: readonly Move[]): boolean {
  stepper.reset();
  for (const { actor, alternative } of moves) stepper.take(actor, alternative);
  const { model } = system;
  const words = model.packed.slice(0, model.pack());
  return leadsToEnd(system, stepper, words, MOST_STATES) === false;
}
