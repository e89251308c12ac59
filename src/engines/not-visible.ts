import type { Mutant } from '../scenarios/scenario.ts';
import type { ModelName } from './controlled/models/memory-model.ts';

/** Why a twin breaks nothing in any execution of a memory model; undefined where it does break something. */
export function whyNotVisible(
  { visibleUnder, notVisible }: Pick<Mutant, 'visibleUnder' | 'notVisible'>,
  model: ModelName | undefined,
): string | undefined {
  if (model !== undefined && visibleUnder.includes(model)) return undefined;
  if (visibleUnder.length === 0) return notVisible ?? 'It breaks nothing under any memory model.';
  return `It breaks nothing under ${model}: it shows under ${visibleUnder.join(' and ')}.`;
}
