import type { MachineSpec } from '../host/machine.ts';
import type { ControlledSpec, Mutant } from '../scenarios/scenario.ts';
import { findMutant, mutants } from './index.ts';

/** A small instance that shows a twin, where that of its scenario does not. */
export interface Story {
  /** The twin's id. */
  readonly twin: string;
  readonly controlled?: ControlledSpec;
  readonly machine?: Partial<MachineSpec>;
}

/**
 * The small instances of a scenario besides its own: what hides from one of them may show in another.
 * Twins that are nothing but a machine are left out, for their machine breaks the reference too.
 */
export function storiesOf(scenario: string): readonly Story[] {
  const stories = new Map<string, Story>();
  for (const mutant of mutants) {
    if (mutant.scenario !== scenario || isMachineOnly(mutant)) continue;
    const { id, controlled, machine } = mutant;
    if (controlled === undefined && machine === undefined) continue;
    const key = JSON.stringify([controlled, machine], (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    if (stories.has(key)) continue;
    stories.set(key, { twin: id, ...storyOf(id) });
  }
  return [...stories.values()];
}

/** What differs in the small instance of a twin. @throws UsageError */
export function storyOf(id: string): Omit<Story, 'twin'> {
  const { controlled, machine } = findMutant(id);
  return {
    ...(controlled === undefined ? {} : { controlled }),
    ...(machine === undefined ? {} : { machine }),
  };
}

function isMachineOnly({ roles, host }: Mutant): boolean {
  return roles === undefined && host === undefined;
}
