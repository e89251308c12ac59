import { hintOf } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/**
 * The one of that name.
 *
 * @param shownBy the command that shows all names
 * @throws UsageError that tells the nearest name
 */
export function findByName<Named>(
  kind: string,
  name: string,
  all: readonly Named[],
  nameOf: (one: Named) => string,
  shownBy = 'pvrace list',
): Named {
  const found = all.find((one) => nameOf(one) === name);
  if (found !== undefined) return found;
  const hint = hintOf(name, all.map(nameOf));
  throw new UsageError(
    `Expected the name of a ${kind}, got ${JSON.stringify(name)}.${hint} \`${shownBy}\` shows them all.`,
  );
}
