/** Field sizes in bytes, by name, in layout order. */
type FieldSizes = Readonly<Record<string, 1 | 2 | 4 | 8>>;

/** Offsets of a record's fields, and its size. */
export type RecordOffsets<Fields extends FieldSizes> = {
  readonly [Name in keyof Fields]: number;
} & {
  /** Size in bytes, a multiple of 64: records of two threads never share a cache line. */
  readonly bytes: number;
};

const CACHE_LINE = 64;

/**
 * Lays a host record out: fields in order, naturally aligned, whole cache lines.
 *
 * Only for records the host keeps to itself. What guest and host share has its layout in `abi`.
 */
export function layOut<const Fields extends FieldSizes>(fields: Fields): RecordOffsets<Fields> {
  const offsets: Record<string, number> = {};
  let next = 0;
  for (const [name, size] of Object.entries(fields)) {
    next = Math.ceil(next / size) * size;
    offsets[name] = next;
    next += size;
  }
  return { ...offsets, bytes: Math.ceil(next / CACHE_LINE) * CACHE_LINE } as RecordOffsets<Fields>;
}
