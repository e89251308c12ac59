const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/**
 * URL of a module that workers run. Source runs from .ts where Node can, the build from .js, and what is
 * bundled starts what is bundled: a worker must not meet a second copy of a class that it tests for.
 */
export function workerFile(name: 'controlled' | 'stress'): string {
  return new URL(`../../workers/${name}${EXTENSION}`, import.meta.url).href;
}
