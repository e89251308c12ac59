/** On functions of any copy of this library that a process has loaded. */
const KEEPS_NOTHING = Symbol.for('pvrace.keepsNothing');

/** Says of a function that it and what it returns keep nothing between calls but in memory. */
export function keepingNothing<Marked extends object>(marked: Marked): Marked {
  return Object.assign(marked, { [KEEPS_NOTHING]: true });
}

/** Whether that was said of a function. */
export function keepsNothing(asked: object): boolean {
  return KEEPS_NOTHING in asked;
}
