/** On what any copy of this library that a process has loaded made for a reference scenario. */
const REFERENCE = Symbol.for('pvrace.reference');

/** A part of a reference scenario: its functions keep nothing between calls but in memory. */
interface Part {
  readonly [REFERENCE]?: string;
}

/** Says of a part of a scenario whose it is. A copy of it is not it. */
export function partOf<Value extends object>(scenario: string, part: Value): Value {
  if (referenceOf(part) !== undefined) return part;
  return Object.defineProperty(part, REFERENCE, { value: scenario, enumerable: false });
}

/** The reference scenario that something is a part of, or of one that is made of the same parts. */
export function referenceOf(part: object): string | undefined {
  return (part as Part)[REFERENCE];
}
