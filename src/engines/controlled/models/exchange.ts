/** Two places of a column change what they hold. */
export function exchange(
  column: Int32Array | Uint8Array | number[],
  one: number,
  other: number,
): void {
  const value = column[one]!;
  column[one] = column[other]!;
  column[other] = value;
}
