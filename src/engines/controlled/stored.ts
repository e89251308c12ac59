import { STEP_ADD, STEP_AND, STEP_CMPXCHG, STEP_OR, STEP_STORE, STEP_XCHG } from './step.ts';

/** The (lower half of the) value that an access leaves where `old` was. */
export function stored(op: number, old: number, operand: number, replacement: number): number {
  switch (op) {
    case STEP_STORE:
    case STEP_XCHG:
      return operand;
    case STEP_CMPXCHG:
      return replacement;
    case STEP_AND:
      return old & operand;
    case STEP_OR:
      return old | operand;
    case STEP_ADD:
      return (old + operand) | 0;
    default:
      return old;
  }
}

/** The upper half of a 64-bit value that an access leaves. */
export function storedHigh(
  op: number,
  oldLow: number,
  low: number,
  oldHigh: number,
  high: number,
  replacement: number,
): number {
  if (op !== STEP_ADD) return stored(op, oldHigh, high, replacement);
  const carry = (oldLow >>> 0) + (low >>> 0) > 0xffff_ffff ? 1 : 0;
  return (oldHigh + high + carry) | 0;
}
