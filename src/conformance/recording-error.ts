/** A file that is no recording, or one with something that this version cannot replay. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}
