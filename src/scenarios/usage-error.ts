/** Input that cannot be run: says what was expected, what came, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
