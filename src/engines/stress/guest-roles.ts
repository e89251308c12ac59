import { Piscina } from 'piscina';
import type { RoleName } from '../../guest/roles.ts';
import { guestUrl } from '../guest-url.ts';
import { UsageError } from '../usage-error.ts';
import { workerFile } from '../worker-file.ts';

/** Milliseconds that a guest module gets to be imported. */
const IMPORT = 5_000;

/** What the worker says of a guest module. */
export type GuestInspection =
  | { readonly kind: 'roles'; readonly roles: readonly RoleName[] }
  | { readonly kind: 'failure'; readonly message: string };

/**
 * The roles that a guest module exports. It is imported in a worker, which is ended if it takes too
 * long.
 *
 * @throws UsageError for a module that is missing, is broken, exports no role, or does not come back
 */
export async function guestRoles(guest: string | URL): Promise<readonly RoleName[]> {
  const url = guestUrl(guest);
  const worker = new Piscina<{ guest: string }, GuestInspection>({
    filename: workerFile('stress'),
    maxThreads: 1,
  });
  worker.on('error', () => {});
  try {
    const inspection = await worker.run(
      { guest: url },
      { name: 'inspectGuest', signal: AbortSignal.timeout(IMPORT) },
    );
    if (inspection.kind === 'roles') return inspection.roles;
    throw new UsageError(inspection.message);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `Expected an ES module at ${url} that can be imported within ${IMPORT / 1000} s, but it did not come back: ${(error as Error).message}`,
    );
  } finally {
    await worker.destroy();
  }
}
