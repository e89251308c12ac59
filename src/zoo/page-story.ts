import type { PageAction } from '../host/machine.ts';
import type { ControlledSpec } from '../scenarios/scenario.ts';

/** A small instance in which the vCPU does this around its missing pages. */
export function pageStory(...pageActions: readonly PageAction[]): ControlledSpec {
  return { machine: { haltPolls: 0, pageActions } };
}
