/** Field sizes in bytes, by name, in layout order. */
type FieldSizes = Readonly<Record<string, 1 | 2 | 4 | 8>>;

/** Offsets of a record's fields, and its size. */
export type RecordOffsets<Fields extends FieldSizes> = {
  readonly [Name in keyof Fields]: number;
} & {
  /** Size in bytes; of a record a multiple of 64, so that those of two threads never share a cache line. */
  readonly bytes: number;
};

const CACHE_LINE = 64;
const ROW_ALIGNMENT = 8;

/**
 * Lays a host record out: fields in order, naturally aligned, whole cache lines.
 *
 * Only for records the host keeps to itself. What guest and host share has its layout in `abi`.
 */
export function layOut<const Fields extends FieldSizes>(fields: Fields): RecordOffsets<Fields> {
  const row = layOutRow(fields);
  return { ...row, bytes: wholeCacheLines(row.bytes) };
}

/** The same for a row of a table that only one thread writes at a time: rows lie close together. */
export function layOutRow<const Fields extends FieldSizes>(fields: Fields): RecordOffsets<Fields> {
  const offsets: Record<string, number> = {};
  let next = 0;
  for (const [name, size] of Object.entries(fields)) {
    next = Math.ceil(next / size) * size;
    offsets[name] = next;
    next += size;
  }
  return {
    ...offsets,
    bytes: Math.ceil(next / ROW_ALIGNMENT) * ROW_ALIGNMENT,
  } as RecordOffsets<Fields>;
}

/** The least whole number of cache lines with room for so many bytes, in bytes. */
export function wholeCacheLines(bytes: number): number {
  return Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;
}
