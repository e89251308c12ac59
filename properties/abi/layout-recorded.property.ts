import test from 'ava';
import {
  KVM_PV_REASON_PAGE_NOT_PRESENT,
  KVM_STEAL_TIME,
  KVM_VCPU_PV_APF_DATA,
  KVM_VCPU_PV_APF_DATA_OLD_ENABLED,
  PV_EOI_WORD,
  PVCLOCK_VCPU_TIME_INFO,
  PVCLOCK_WALL_CLOCK,
  type RecordLayout,
} from '../../src/abi/index.ts';
import { recordings } from '../fixtures.ts';
import { bytesOf, decode, misread, swapped, withField } from './decode.ts';

/** Each judge holds one layout against every dump of its kind and says what it reads wrongly. */

const misreadClocks = (layout: RecordLayout) =>
  recordings.pvclock.flatMap(({ steps = [] }) =>
    steps.flatMap((step) =>
      misread(layout, step.bytes32, {
        version: BigInt(step.version),
        pad0: BigInt(step.pad0),
        tsc_timestamp: BigInt(step.tsc_timestamp),
        system_time: BigInt(step.system_time),
        tsc_to_system_mul: BigInt(step.mul),
        tsc_shift: BigInt(step.shift),
        flags: BigInt(step.flags),
        pad: bytesOf(step.pad).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
      }),
    ),
  );

const misreadWallClocks = (layout: RecordLayout) =>
  recordings.wallclock.flatMap(({ steps = [] }) =>
    steps.flatMap((step) =>
      misread(layout, step.bytes12, {
        version: BigInt(step.version),
        sec: BigInt(step.sec),
        nsec: BigInt(step.nsec),
      }),
    ),
  );

const misreadSteal = (layout: RecordLayout) =>
  recordings.steal.flatMap(({ steps = [] }) =>
    steps.flatMap((step) =>
      misread(layout, step.bytes64, {
        steal: BigInt(step.steal),
        version: BigInt(step.version),
        flags: BigInt(step.flags),
        preempted: BigInt(step.preempted),
      }),
    ),
  );

const misreadFaults = (layout: RecordLayout) =>
  recordings.apf.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      misread(layout, step.bytes68, { flags: BigInt(step.flags), token: BigInt(step.token) }),
    ),
  );

const judged = [
  {
    layout: PVCLOCK_VCPU_TIME_INFO,
    judge: misreadClocks,
    swaps: [
      ['tsc_timestamp', 'system_time'],
      ['version', 'tsc_to_system_mul'],
      ['tsc_shift', 'flags'],
    ],
  },
  {
    layout: PVCLOCK_WALL_CLOCK,
    judge: misreadWallClocks,
    swaps: [
      ['sec', 'nsec'],
      ['version', 'sec'],
    ],
  },
  { layout: KVM_STEAL_TIME, judge: misreadSteal, swaps: [['version', 'flags']] },
  { layout: KVM_VCPU_PV_APF_DATA, judge: misreadFaults, swaps: [['flags', 'token']] },
] as const;

for (const { layout, judge, swaps } of judged) {
  test(`every recorded ${layout.name} reads as the recorder read it`, (t) => {
    t.deepEqual(judge(layout), []);
  });
  test(`twins of ${layout.name} with two fields swapped misread the recordings`, (t) => {
    for (const [one, other] of swaps)
      t.not(judge(swapped(layout, one, other)).length, 0, `${one}, ${other}`);
  });
  test(`twins of ${layout.name} with one field shifted misread the recordings`, (t) => {
    for (const field of layout.fields.filter((candidate) => !candidate.name.includes('pad'))) {
      const offset = field.offset === 0 ? 1 : field.offset - 1;
      t.not(judge(withField(layout, field.name, { offset })).length, 0, field.name);
    }
  });
}

test('tsc_shift read as unsigned misreads the recordings', (t) => {
  t.not(misreadClocks(withField(PVCLOCK_VCPU_TIME_INFO, 'tsc_shift', { signed: false })).length, 0);
});

/** Fields that nobody writes, yet changed between two dumps of one area. */
function changedByNobody(layout: RecordLayout, before: string, after: string): readonly string[] {
  const [old, young] = [decode(layout, bytesOf(before)), decode(layout, bytesOf(after))];
  return layout.fields
    .filter(
      (field) => field.writtenBy === 'nobody' && old.get(field.name) !== young.get(field.name),
    )
    .map((field) => field.name);
}

const stealChanges = (layout: RecordLayout) =>
  recordings.steal
    .filter(({ kind, prefill_byte: prefill }) => kind === 'version' && prefill !== undefined)
    .flatMap(({ steps = [], prefill_byte: prefill }) =>
      steps
        .filter(({ step }) => step === 'msr_write' || step.startsWith('run'))
        .flatMap(({ bytes64 }) => changedByNobody(layout, prefill!.slice(2).repeat(64), bytes64)),
    );

test('fields of kvm_steal_time that nobody writes keep what the guest put there', (t) => {
  t.deepEqual(stealChanges(KVM_STEAL_TIME), []);
  t.not(stealChanges(withField(KVM_STEAL_TIME, 'preempted', { writtenBy: 'nobody' })).length, 0);
  t.not(stealChanges(withField(KVM_STEAL_TIME, 'version', { writtenBy: 'nobody' })).length, 0);
});

test('the host never writes past kvm_vcpu_pv_apf_data, where the old `enabled` was, nor its pad', (t) => {
  const changes = (layout: RecordLayout) =>
    recordings.apf.flatMap(({ steps, prefill_byte: prefill = '0x00' }) =>
      steps.flatMap(({ bytes68 }) => changedByNobody(layout, prefill.slice(2).repeat(68), bytes68)),
    );
  const old: RecordLayout = {
    ...KVM_VCPU_PV_APF_DATA,
    size: 68,
    fields: [
      ...KVM_VCPU_PV_APF_DATA.fields,
      {
        name: 'enabled',
        offset: KVM_VCPU_PV_APF_DATA_OLD_ENABLED,
        size: 4,
        writtenBy: 'nobody',
        doc: '',
      },
    ],
  };
  t.is(KVM_VCPU_PV_APF_DATA_OLD_ENABLED, KVM_VCPU_PV_APF_DATA.size);
  t.deepEqual(changes(old), []);
  t.not(changes(withField(old, 'token', { writtenBy: 'nobody' })).length, 0);
});

test('recorded page fault flags are none but page-not-present', (t) => {
  const seen = new Set(
    recordings.apf
      .filter(({ kind }) => kind.startsWith('chain') || kind.startsWith('real'))
      .flatMap(({ steps }) => steps.map(({ flags }) => Number(flags))),
  );
  t.deepEqual([...seen].sort(), [0, KVM_PV_REASON_PAGE_NOT_PRESENT]);
});

test('the host leaves the upper bytes of the PV EOI word and its neighbours alone', (t) => {
  for (const { guard } of recordings.pv_eoi.flatMap(({ events }) => events)) {
    t.is(guard.slice(0, 8) + guard.slice(16), 'c'.repeat(16));
    t.is(decode(PV_EOI_WORD, bytesOf(guard.slice(8, 16))).get('pad'), 0n);
  }
});
