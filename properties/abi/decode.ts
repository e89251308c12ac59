import type { FieldLayout, RecordLayout } from '../../src/abi/layout.ts';

/** Bytes of a dump, as the recordings write them: hex digits, lowest address first. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The number a layout finds in a record's bytes, little endian; padding too, as one long number. */
export function decodeField(field: FieldLayout, record: Uint8Array): bigint {
  const bytes = record.subarray(field.offset, field.offset + field.size);
  const unsigned = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return field.signed === true ? BigInt.asIntN(8 * field.size, unsigned) : unsigned;
}

/** Every field of a record by name. */
export function decode(layout: RecordLayout, record: Uint8Array): ReadonlyMap<string, bigint> {
  return new Map(layout.fields.map((field) => [field.name, decodeField(field, record)]));
}

/**
 * What a layout reads differently from somebody else's reading of the same bytes.
 *
 * @param expected by field name
 */
export function misread(
  layout: RecordLayout,
  hex: string,
  expected: Readonly<Record<string, bigint>>,
): readonly string[] {
  const found = decode(layout, bytesOf(hex));
  return Object.entries(expected).flatMap(([name, value]) =>
    found.get(name) === value
      ? []
      : [`${layout.name}.${name}: ${found.get(name)}, recorded ${value}`],
  );
}

/** A twin of a layout in which one field is declared otherwise. */
export function withField(
  layout: RecordLayout,
  name: string,
  change: Partial<FieldLayout>,
): RecordLayout {
  return {
    ...layout,
    fields: layout.fields.map((field) => (field.name === name ? { ...field, ...change } : field)),
  };
}

/** A twin of a layout in which two fields of one size have changed places. */
export function swapped(layout: RecordLayout, one: string, other: string): RecordLayout {
  const at = (name: string) => layout.fields.find((field) => field.name === name)!.offset;
  return withField(withField(layout, one, { offset: at(other) }), other, { offset: at(one) });
}
