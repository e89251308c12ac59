/** Where a command writes text. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** The exit codes of the tool. */
export const EXIT = {
  /** Nothing was broken. */
  clean: 0,
  /** An invariant is broken. */
  broken: 1,
  /** The command line, or the guest module that it names, cannot be run. */
  usage: 2,
  /** The harness or the guest failed, or the run came to no verdict. */
  incomplete: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** All that a command touches of the world; properties give it another world. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The code to exit with once all is written. */
  exitCode: ExitCode;
  /** Calls the listener when the user wants the command to stop (Ctrl-C). Returns how to take it back. */
  onInterrupt(listener: () => void): () => void;
  /** Checks that a file can be written; throws what `writeFile` would. */
  checkWritable(path: string): Promise<void>;
  writeFile(path: string, text: string): Promise<void>;
  /** Seconds since some instant. */
  now(): number;
}
