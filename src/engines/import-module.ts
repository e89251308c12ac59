import { createRequire, register } from 'node:module';

/** Name by which modules of the user's import this package. */
const PACKAGE = 'pvrace';

/** Resolves the package to the copy that runs, where there is none beside the module. */
const HOOKS = `let copy;
export function initialize(url) { copy = url; }
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (specifier !== '${PACKAGE}') throw error;
    return { url: copy, shortCircuit: true };
  }
}`;

let isRegistered = false;

/**
 * Imports a module of the user's. It may import this package also where it is not installed: as when
 * the command was run from elsewhere.
 */
export async function importModule(url: string): Promise<Record<string, unknown>> {
  if (!isRegistered && !findsPackage(url)) {
    isRegistered = true;
    register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
      data: import.meta.resolve(PACKAGE),
    });
  }
  return (await import(url)) as Record<string, unknown>;
}

function findsPackage(url: string): boolean {
  // From a data: URL nothing is beside the module.
  if (!url.startsWith('file:')) return !url.includes(PACKAGE);
  try {
    createRequire(url).resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}
