import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import {
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK,
  MSR_KVM_WALL_CLOCK_NEW,
} from '../../src/abi/msr.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { makeWorld } from '../host/world.ts';

function detect(
  features: number,
  cpuidBase = 0x40000000,
): ReturnType<typeof referenceGuest.detect> {
  const world = makeWorld({ features, cpuidBase });
  world.cpus[0]!.start();
  return referenceGuest.detect(world.cpus[0]!);
}

const NEW = {
  systemTime: MSR_KVM_SYSTEM_TIME_NEW,
  wallClock: MSR_KVM_WALL_CLOCK_NEW,
  validFlags: 0,
};
const OLD = { systemTime: MSR_KVM_SYSTEM_TIME, wallClock: MSR_KVM_WALL_CLOCK, validFlags: 0 };

test('the cases that the original snippet gets wrong', (t) => {
  t.deepEqual(detect(0x1), OLD);
  t.is(detect(0x2), undefined, 'NOP_IO_DELAY is no clock');
  t.deepEqual(detect(0x8), NEW);
  t.deepEqual(detect(0x9), NEW);
  t.is(detect(0), undefined);
});

test('the leaf is found at any of its bases, and nowhere else', (t) => {
  t.deepEqual(detect(0x8, 0x40000100), NEW);
  fc.assert(
    fc.property(fc.nat(0xff), (step) => detect(0x8, 0x40000000 + step * 0x100) !== undefined),
  );
  t.is(detect(0x8, 0x40000080), undefined);
  t.is(detect(0x8, 0x40010000), undefined);
  t.is(detect(0x8, 0), undefined);
});

test('flags mean something only with bit 24', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (features) => {
      const found = detect(features);
      const bit = (n: number): boolean => ((features >>> n) & 1) === 1;
      if (!bit(3) && !bit(0)) return found === undefined;
      return (
        found!.validFlags === (bit(24) ? 1 : 0) &&
        found!.systemTime === (bit(3) ? MSR_KVM_SYSTEM_TIME_NEW : MSR_KVM_SYSTEM_TIME)
      );
    }),
  );
  t.pass();
});
