import test from 'ava';
import {
  KVM_CLOCK_DATA,
  KVM_CLOCK_HOST_TSC,
  KVM_CLOCK_REALTIME,
  KVM_CLOCK_TSC_STABLE,
  KVM_CLOCK_VALID_FLAGS,
  PVCLOCK_COUNTS_FROM_ZERO,
  PVCLOCK_GUEST_STOPPED,
  PVCLOCK_TSC_STABLE_BIT,
  PVCLOCK_VCPU_TIME_INFO,
} from '../../src/abi/index.ts';
import { recordings } from '../fixtures.ts';

test('the valid flags of the clock ioctls are what KVM_CAP_ADJUST_CLOCK reports, and not reserved', (t) => {
  t.is(
    recordings.caps.find(({ cap }) => cap === 'KVM_CAP_ADJUST_CLOCK')!.vm,
    KVM_CLOCK_VALID_FLAGS,
  );
  t.is(KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC, KVM_CLOCK_VALID_FLAGS);
  const flags = KVM_CLOCK_DATA.fields.find(({ name }) => name === 'flags')!;
  t.is(flags.reservedBits! ^ BigInt(KVM_CLOCK_VALID_FLAGS), 0xffff_ffffn);
});

test('recorded KVM_GET_CLOCK flags are all or none', (t) => {
  const steps = recordings.pvclock.flatMap((row) => row.steps ?? []);
  t.deepEqual(
    new Set(steps.map((step) => step.host_clock_flags)),
    new Set([0, KVM_CLOCK_VALID_FLAGS]),
  );
});

test('published flags are stable and stopped, never the dead one', (t) => {
  const reserved = PVCLOCK_VCPU_TIME_INFO.fields.find(({ name }) => name === 'flags')!
    .reservedBits!;
  t.is(reserved ^ BigInt(PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED), 0xffn);
  t.is(reserved & BigInt(PVCLOCK_COUNTS_FROM_ZERO), BigInt(PVCLOCK_COUNTS_FROM_ZERO));
  const published = recordings.pvclock
    .flatMap((row) => row.steps ?? [])
    .filter(({ step, mul }) => step.startsWith('run') && mul === '0xde9bd37a');
  const seen = published.reduce((mask, { flags }) => mask | flags, 0);
  t.is(seen, PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED);
});
