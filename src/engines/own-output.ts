/**
 * What a user's module prints goes to stderr, as all that is for people does: `--json` promises one document
 * on stdout, and nothing else.
 */
export function printToStderr(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}
