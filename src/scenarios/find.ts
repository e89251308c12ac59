import { nearestName } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/** The one of that name. @throws UsageError that tells the nearest name */
export function findByName<Named>(
  kind: string,
  name: string,
  all: readonly Named[],
  nameOf: (one: Named) => string,
): Named {
  const found = all.find((one) => nameOf(one) === name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, all.map(nameOf));
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new UsageError(
    `Expected the name of a ${kind}, got ${JSON.stringify(name)}.${hint} \`pvrace list\` shows them all.`,
  );
}
