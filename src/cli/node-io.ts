import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EXIT, type ExitCode, type Io, type Output } from './io.ts';

/** The world of the process: its streams, files and signals. */
export function nodeIo(): Io {
  const interrupts = new Interrupts();
  quietOnBrokenPipe(process.stdout, () => interrupts.interrupt());
  quietOnBrokenPipe(process.stderr, () => {});
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    exitCode: EXIT.clean as ExitCode,
    onInterrupt: (listener) => interrupts.add(listener),
    checkWritable,
    writeFile: (path, text) => writeFile(path, text),
    now: () => performance.now() / 1000,
  };
}

/** Exits once everything that was written has left the process. */
export async function exit(io: Io): Promise<never> {
  await Promise.all([flushed(io.stdout), flushed(io.stderr)]);
  process.exit(io.exitCode);
}

/** The first signal asks listeners to stop; the second ends the process at once. */
class Interrupts {
  readonly #listeners = new Set<() => void>();
  #asked = false;

  add(listener: () => void): () => void {
    if (this.#listeners.size === 0) {
      process.on('SIGINT', this.#signalled).on('SIGTERM', this.#signalled);
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      process.off('SIGINT', this.#signalled).off('SIGTERM', this.#signalled);
    };
  }

  interrupt(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  readonly #signalled = (): void => {
    if (this.#asked) process.exit(EXIT.incomplete);
    this.#asked = true;
    this.interrupt();
  };
}

/**
 * A reader that has seen enough (`| head -1`) is no failure: what is written afterwards is dropped. A disk
 * that is full is one.
 */
function quietOnBrokenPipe(stream: NodeJS.WriteStream, onBroken: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      onBroken();
      return;
    }
    if (stream !== process.stderr)
      process.stderr.write(`error: what was found could not be written: ${error.message}\n`);
    process.exit(EXIT.incomplete);
  });
}

function flushed(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}

async function checkWritable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new Error(`EISDIR: ${path} is a directory`);
  await access(found === undefined ? dirname(resolve(path)) : path, constants.W_OK);
}
