import type { Mutant } from './scenario.ts';

/** What is wrong with a guest that takes a twin's mistake away, as nothing would be tested; undefined where nothing is. */
export function takesMistakeAway(
  { id, roles = {} }: Pick<Mutant, 'id' | 'roles'>,
  guestRoles: readonly string[],
): string | undefined {
  const taken = Object.keys(roles).filter((role) => guestRoles.includes(role));
  if (taken.length === 0) return undefined;
  return `Expected a guest that leaves ${taken.join(', ')} to ${id}, whose mistake is there, got one that takes its place.`;
}
