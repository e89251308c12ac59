/** What a value that was read has to do with the publications that it may have come from. */
export type Match = 'current' | 'stale' | 'none' | 'forgotten';

/** What a match is looked for in: publications by number, of which a ring remembers the latest. */
export interface Published {
  /** Publications that were out when the call began. */
  readonly from: number;
  /** Publications that had been started when it returned. */
  readonly to: number;
  /** Publications that have been started by now. */
  readonly started: () => number;
  /** Entries of the ring. */
  readonly remembered: number;
}

/**
 * Which publications explain what a call returned: one that was current at some instant of the call,
 * only one that had been replaced before it began, none, or perhaps one that is no longer remembered.
 *
 * @param explains whether publication `number` explains the value
 */
export function matchPublished(
  { from, to, started, remembered }: Published,
  explains: (number: number) => boolean,
): Match {
  const current = Math.max(0, from - 1);
  // An entry may be overwritten as soon as one round of later ones has been started.
  const safe = remembered - 2;
  if (to - current > safe) return 'forgotten';
  for (let number = to - 1; number >= current; number--) {
    if (explains(number)) return 'current';
  }
  const oldest = Math.max(0, started() - safe);
  for (let number = current - 1; number >= oldest; number--) {
    if (explains(number)) return 'stale';
  }
  return started() - current > safe ? 'forgotten' : 'none';
}
