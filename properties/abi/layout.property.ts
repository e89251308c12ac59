import test from 'ava';
import fc from 'fast-check';
import { fieldAt, fieldNameAt, RECORDS, type RecordLayout } from '../../src/abi/index.ts';
import { withField } from './decode.ts';

/** What is wrong with a layout in itself. */
function complaints(record: RecordLayout): readonly string[] {
  const found: string[] = [];
  let next = 0;
  for (const field of record.fields) {
    if (field.offset !== next)
      found.push(`${field.name} starts at ${field.offset}, the field before it ends at ${next}`);
    if (field.size < 1) found.push(`${field.name} has no bytes`);
    if ((field.reservedBits ?? 0n) >> BigInt(8 * field.size) !== 0n)
      found.push(`${field.name} reserves bits it has not got`);
    next = field.offset + field.size;
  }
  if (next !== record.size) found.push(`the fields end at ${next}, the record at ${record.size}`);
  if (new Set(record.fields.map((field) => field.name)).size !== record.fields.length)
    found.push('two fields share a name');
  return found;
}

const anyRecord = fc.constantFrom(...RECORDS);
const anyField = anyRecord.chain((record) =>
  fc.record({ record: fc.constant(record), field: fc.constantFrom(...record.fields) }),
);

test('the fields of a record cover its bytes once, in order', (t) => {
  for (const record of RECORDS) t.deepEqual(complaints(record), [], record.name);
});

test('a field that is moved or resized is noticed', (t) => {
  fc.assert(
    fc.property(
      anyField,
      fc.integer({ min: -64, max: 64 }).filter((by) => by !== 0),
      fc.boolean(),
      ({ record, field }, by, move) => {
        const change = move ? { offset: field.offset + by } : { size: field.size + by };
        return complaints(withField(record, field.name, change)).length > 0;
      },
    ),
  );
  t.pass();
});

test('records have the sizes, fields and required alignments of the fact sheet', (t) => {
  const outline = RECORDS.map(({ name, size, alignment, fields }) => [
    `${name} ${size} @${alignment.required}`,
    fields
      .map(
        (field) =>
          `${field.name} ${field.offset}(${field.size}${field.signed === true ? ' signed' : ''})`,
      )
      .join(', '),
  ]);
  t.deepEqual(outline, [
    ['pvclock_wall_clock 12 @1', 'version 0(4), sec 4(4), nsec 8(4)'],
    [
      'pvclock_vcpu_time_info 32 @2',
      'version 0(4), pad0 4(4), tsc_timestamp 8(8), system_time 16(8), tsc_to_system_mul 24(4), tsc_shift 28(1 signed), flags 29(1), pad 30(2)',
    ],
    ['kvm_vcpu_pv_apf_data 64 @64', 'flags 0(4), token 4(4), pad 8(56)'],
    [
      'kvm_steal_time 64 @64',
      'steal 0(8), version 8(4), flags 12(4), preempted 16(1), u8_pad 17(3), pad 20(44)',
    ],
    ['pv_eoi 4 @4', 'offer 0(1), pad 1(3)'],
    [
      'kvm_clock_pairing 64 @1',
      'sec 0(8 signed), nsec 8(8 signed), tsc 16(8), flags 24(4), pad 28(36)',
    ],
    [
      'kvm_clock_data 48 @1',
      'clock 0(8), flags 8(4), pad0 12(4), realtime 16(8), host_tsc 24(8), pad 32(16)',
    ],
  ]);
});

test('every byte of a record is printed as the field that holds it, every other as no field', (t) => {
  fc.assert(
    fc.property(anyRecord, fc.integer({ min: -80, max: 144 }), (record, offset) => {
      const inside = offset >= 0 && offset < record.size;
      const field = fieldAt(record, offset);
      const printed = fieldNameAt(record, offset);
      if (!inside) return field === undefined && printed.startsWith(record.name);
      const [name, rest = '0'] = printed.split('+');
      return field?.name === name && field?.offset === offset - Number(rest);
    }),
  );
  t.is(fieldNameAt(RECORDS[1]!, 0), 'version');
  t.is(fieldNameAt(RECORDS[1]!, 20), 'system_time+4');
  t.is(fieldNameAt(RECORDS[1]!, 32), 'pvclock_vcpu_time_info+32');
  t.is(fieldNameAt(RECORDS[1]!, -1), 'pvclock_vcpu_time_info-1');
});
