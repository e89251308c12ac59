import { ROLES } from '../../../guest/roles.ts';
import { UnbackedGpa } from '../../../memory/errors.ts';
import { RoleReturned } from '../../checked-roles.ts';
import { GuestModuleError } from '../../guest-module.ts';
import { withPlace } from '../../place-of.ts';
import type { FailureCode } from '../../result.ts';
import { isScenarioModule } from '../../scenario-module.ts';

/**
 * Whose mistake ended a thread that found no invariant broken, as data.
 *
 * @param role 1 + index of the role that ran, 0 for none
 * @param scenario name, or URL of a module
 */
export function endedBy(
  error: unknown,
  role: number,
  scenario: string,
): { readonly code: FailureCode; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof GuestModuleError) return { code: 'GUEST_LOAD', message };
  if (error instanceof RoleReturned) return { code: 'GUEST_RETURNED', message };
  if (error instanceof UnbackedGpa) return { code: 'GUEST_UNBACKED_GPA', message };
  const name = error instanceof Error ? error.name : 'thrown value';
  const what = error instanceof Error ? withPlace(error) : message;
  if (role !== 0) {
    return {
      code: 'GUEST_THREW',
      message: `Expected the role ${ROLES[role - 1]!.name} to return, but it threw ${name}: ${what}.`,
    };
  }
  if (isScenarioModule(scenario)) {
    return {
      code: 'SCENARIO_THREW',
      message: `Expected the scenario's program to return, but it threw ${name}: ${what}.`,
    };
  }
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  return { code: 'HARNESS', message: stack };
}
