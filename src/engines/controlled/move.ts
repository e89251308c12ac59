/** One step of an interleaving: who, and in which of its ways. */
export interface Move {
  readonly actor: number;
  readonly alternative: number;
}

/** How often another thread goes on along a schedule; what happens by itself switches nothing. */
export function contextSwitches(moves: readonly Move[], threads: number): number {
  let switches = 0;
  let running = -1;
  for (const { actor } of moves) {
    if (actor >= threads || actor === running) continue;
    if (running >= 0) switches++;
    running = actor;
  }
  return switches;
}
