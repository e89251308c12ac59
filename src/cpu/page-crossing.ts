import type { Gpa } from '../memory/memory-port.ts';

export const PAGE_BYTES = 4096;

/** Whether an access reaches into the next page, which may be another memslot's. */
export function crossesPage(gpa: Gpa, bytes: number): boolean {
  return (gpa % PAGE_BYTES) + bytes > PAGE_BYTES;
}

/** The largest naturally aligned piece at `gpa` within `left` bytes. */
export function pieceAt(gpa: Gpa, left: number): 1 | 2 | 4 {
  if (gpa % 4 === 0 && left >= 4) return 4;
  if (gpa % 2 === 0 && left >= 2) return 2;
  return 1;
}
