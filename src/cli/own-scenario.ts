import { guestUrl } from '../engines/guest-url.ts';
import type { ScenarioEntry } from '../report/catalogue.ts';
import type { Library } from './library.ts';

/** The option of all engines that takes a scenario module in place of a name. */
export const SCENARIO_OPTION = [
  '--scenario <file>',
  'run the scenario that this ES module exports as its default',
] as const;

/** A scenario of the user's own: where it is, and what it says of itself. */
export interface OwnScenario {
  readonly module: URL;
  readonly entry: ScenarioEntry;
}

/** @throws UsageError for a module that defines no scenario */
export async function ownScenario(
  library: Library,
  file: string | undefined,
): Promise<OwnScenario | undefined> {
  if (file === undefined) return undefined;
  const module = new URL(guestUrl(file));
  return { module, entry: await library.describeScenario(module) };
}

/** How a run names a selected scenario: a module's by its URL, so that workers can import it. */
export function runName(name: string, own: OwnScenario | undefined): string | URL {
  return own?.entry.name === name ? own.module : name;
}
