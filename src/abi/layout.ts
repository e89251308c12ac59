/**
 * Words for records that two sides read and write as bytes. Little endian throughout.
 *
 * The tables are for printing, checking and documentation. Hot paths use the numeric constants that
 * each table is built from, which cost no property load.
 */

/** One field of a record. */
export interface FieldLayout {
  /** The kernel's name, such as `tsc_timestamp`. */
  readonly name: string;
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8 for a number, anything for padding. */
  readonly size: number;
  /** Two's complement. Unsigned where absent. */
  readonly signed?: boolean;
  /** Bits without an agreed meaning, for readers to ignore. */
  readonly reservedBits?: bigint;
  /** Whose stores reach the field once the record is registered. */
  readonly writtenBy: 'host' | 'guest' | 'both' | 'nobody';
  readonly doc: string;
}

/** Bytes that the start of a record must be a multiple of. */
export interface Alignment {
  /** What the host insists on, or what an address in its MSR can express; 1 for any address. */
  readonly required: number;
  /** What the documentation promises; 1 where it says nothing. */
  readonly documented: number;
}

/** A record. Its fields, in order of offset, cover every byte once. */
export interface RecordLayout {
  /** The kernel's name of the struct. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly alignment: Alignment;
  readonly fields: readonly FieldLayout[];
  readonly doc: string;
  /** Kernel header that declares it. */
  readonly source: string;
}

/**
 * The field that holds the byte at `offset` of a record.
 *
 * @returns undefined outside of the record
 */
export function fieldAt(record: RecordLayout, offset: number): FieldLayout | undefined {
  return record.fields.find(
    (field) => offset >= field.offset && offset < field.offset + field.size,
  );
}

/**
 * An offset in a record as people read it: `version` for the first byte of a field,
 * `system_time+4` inside one, `pvclock_vcpu_time_info+40` outside of the record.
 */
export function fieldNameAt(record: RecordLayout, offset: number): string {
  const field = fieldAt(record, offset);
  if (field === undefined) return `${record.name}${offset < 0 ? '' : '+'}${offset}`;
  return offset === field.offset ? field.name : `${field.name}+${offset - field.offset}`;
}
