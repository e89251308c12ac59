import { failureHere } from '../controlled/failure.ts';
import type { Move } from '../controlled/move.ts';
import type { Stepper } from '../controlled/stepper.ts';
import type { System } from '../controlled/system.ts';
import type { Followed } from './follow-loosely.ts';

/** Follows a schedule that was drawn without knowing the program: moves that nobody can make are left out. */
export function followDrawn(
  system: System,
  stepper: Stepper,
  moves: readonly Move[],
): Omit<Followed, 'trace'> {
  const made: Move[] = [];
  stepper.reset();
  for (const { actor, alternative } of moves) {
    if (stepper.violator >= 0) break;
    const ways = actor >= 0 && actor < stepper.actors ? stepper.alternatives(actor) : 0;
    if (ways === 0) continue;
    const move = { actor, alternative: Math.abs(alternative) % ways };
    stepper.take(actor, move.alternative);
    made.push(move);
  }
  const failure = failureHere(system, stepper);
  return { moves: made, taken: moves.length, ...(failure === undefined ? {} : { failure }) };
}
