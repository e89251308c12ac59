import { readFileSync } from 'node:fs';

/** The version of this package, by the package.json nearest above this file. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const version = versionIn(new URL('package.json', folder));
    if (version !== undefined) return version;
    if (new URL('..', folder).href === folder.href) return 'unknown';
  }
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as {
      name?: unknown;
      version?: unknown;
    };
    return name === 'pvrace' && typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
