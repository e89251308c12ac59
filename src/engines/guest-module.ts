import { type GuestRoles, ROLES } from '../guest/roles.ts';
import { takesMistakeAway } from '../scenarios/guest-beside-twin.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { importModule } from './import-module.ts';

/** The user's guest module cannot be used. */
export class GuestModuleError extends Error {
  override readonly name = 'GuestModuleError';
}

/**
 * Imports a guest module and takes its roles. Only ever called in a worker: the module may spin,
 * throw or exit while it is imported.
 *
 * @param twin whose roles the module leaves alone: its mistake would be gone, and nothing tested
 * @throws GuestModuleError
 */
export async function loadGuest(
  url: string,
  twin?: Pick<Mutant, 'id' | 'roles'>,
): Promise<Partial<GuestRoles>> {
  let exported: Record<string, unknown>;
  try {
    exported = await importModule(url);
  } catch (error) {
    throw new GuestModuleError(
      `Expected an ES module at ${url}, but importing it failed: ${importFailure(error)}`,
    );
  }
  const roles: Record<string, unknown> = {};
  for (const { name, signature } of ROLES) {
    const role = exported[name];
    if (role === undefined) continue;
    if (typeof role !== 'function') {
      throw new GuestModuleError(`Expected ${signature}, got ${typeof role} exported as ${name}.`);
    }
    roles[name] = role;
  }
  if (Object.keys(roles).length === 0) {
    const names = ROLES.map(({ name }) => name).join(', ');
    throw new GuestModuleError(
      `Expected ${url} to export at least one role (${names}), got ${describeExports(exported)}.`,
    );
  }
  const wrong = twin === undefined ? undefined : takesMistakeAway(twin, Object.keys(roles));
  if (wrong !== undefined) throw new GuestModuleError(wrong);
  return roles as Partial<GuestRoles>;
}

function describeExports(exported: Record<string, unknown>): string {
  const names = Object.keys(exported);
  return names.length === 0 ? 'no exports' : `exports ${names.slice(0, 8).join(', ')}`;
}

/** Why an import failed, in words, and where. */
export function importFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: string };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts\b/.test(error.message)) {
    return `this Node (${process.version}) runs no TypeScript. Compile it to JavaScript, or use Node 22.18 or later.`;
  }
  // What the scenario's definition lacks says all there is to say.
  if (error.name === 'UsageError') return error.message;
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return `${error.message.split(' imported from ')[0]}.`;
  }
  // The stack of a syntax error starts with its place.
  const place = error.stack?.match(/^file:\S+:\d+/)?.[0];
  return `${error.name}: ${error.message}${place === undefined ? '' : ` (${place})`}`;
}
