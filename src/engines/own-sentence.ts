import type { Scenario } from '../scenarios/scenario.ts';

/** The sentence of an invariant that is a scenario's own: no catalogue has it. */
export function ownSentence(
  { ownInvariants = [] }: Pick<Scenario, 'ownInvariants'>,
  invariant: string,
): { readonly sentence?: string } {
  const own = ownInvariants.find(({ id }) => id === invariant);
  return own === undefined ? {} : { sentence: own.sentence };
}
