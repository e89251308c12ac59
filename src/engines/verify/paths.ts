import { NONE } from '../controlled/automaton.ts';
import type { Move } from '../controlled/move.ts';
import type { System } from '../controlled/system.ts';
import type { Places } from './places.ts';
import type { StateStore } from './state-store.ts';
import type { Ways } from './ways.ts';

/**
 * The moves that lead to a state, each by the thread whose it is. Of a state only the one before it is
 * kept; the moves in between are found again.
 *
 * @param parents the state that each was first reached from
 */
export function pathTo(
  state: number,
  parents: Int32Array,
  store: StateStore,
  system: System,
  ways: Ways,
  places: Places,
): Move[] {
  const states: number[] = [];
  for (let at = state; at !== NONE; at = parents[at]!) states.push(at);
  states.reverse();
  const own = places.begin();
  const path: Move[] = [];
  for (let at = 1; at < states.length; at++) {
    path.push(...own.inTheirs(movesBetween(states[at - 1]!, states[at]!, store, system, ways)));
  }
  return path;
}

function movesBetween(
  parent: number,
  child: number,
  store: StateStore,
  { model }: System,
  ways: Ways,
): readonly Move[] {
  let found: readonly Move[] | undefined;
  ways.each(store.chunkOf(parent), store.offsetOf(parent), (moves) => {
    if (store.find(model.packed, ways.packed()) !== child) return true;
    found = moves;
    return false;
  });
  if (found !== undefined) return found;
  throw new Error(`Expected a way from state ${parent} to state ${child}, but there is none.`);
}
