import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { MSR_KVM_SYSTEM_TIME_NEW, MSR_KVM_WALL_CLOCK_NEW } from '../../src/abi/msr.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { VM } from '../../src/host/records.ts';
import { makeWorld } from './world.ts';

// The cases of kvm-unit-tests (kvmclock_test.c, apic.c, hypercall.c), by number.

test.after.always(() => closePools());

const AREA = 0x3000;
const WALL = 0x4000;
const LAST_VALUE = 0x5000;
const SECOND = 1_000_000_000n;
const THRESHOLD = 5n;

/** Guest wall seconds against the host's, on each vCPU, after so many ticks. */
function wallClockHolds(host: Partial<HostOps>, ticks: bigint, realtimeOffset: bigint): boolean {
  const world = makeWorld({ vcpus: 2, realtimeOffset }, host);
  const { kvm, cpus } = world;
  return cpus.every((cpu, id) => {
    cpu.start();
    const area = AREA + id * 64;
    cpu.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(area) | 1n);
    cpu.wrmsr(MSR_KVM_WALL_CLOCK_NEW, BigInt(WALL));
    world.pass(ticks);
    const at = { wallClock: WALL, area, lastValue: LAST_VALUE, validFlags: 1 };
    const guest = referenceGuest.readWallClock(cpu, at) / SECOND;
    cpu.finish();
    const now = kvm.ops.realtimeNsAt(kvm, kvm.memory.load64(kvm.vm + VM.tick)) / SECOND;
    const distance = guest > now ? guest - now : now - guest;
    return distance <= THRESHOLD;
  });
}

const wallClock = (host: Partial<HostOps>): fc.IProperty<[bigint, bigint]> =>
  fc.property(
    fc.bigInt({ min: 0n, max: 2n ** 44n }),
    fc.bigInt({ min: 0n, max: 2n ** 61n }),
    (ticks, offset) => wallClockHolds(host, ticks, offset),
  );

test('KU-1 on each vCPU the wall clock is the host’s, within five seconds', (t) => {
  fc.assert(wallClock({}));
  const stale: Partial<HostOps> = {
    wallClockEpochNs: (kvm) => referenceHost.wallClockEpochNs(kvm) + 10n * SECOND,
  };
  t.true(fc.check(wallClock(stale)).failed, 'seen: ten seconds off');
});

test.serial(
  'KU-2 raw reads of one vCPU after another are compared, and warps are counted, not judged',
  async (t) => {
    // All vCPUs loop over one lock there; here each read is compared with those that had ended before it.
    const result = await stress({
      scenario: 'clock-monotonic-stable',
      operations: 20_000,
      canarySeconds: 0.01,
    });
    t.is(result.verdict, 'pass');
    const raw = await stress({
      scenario: 'clock-monotonic-unstable',
      mutant: 'Z-P8',
      seconds: 20,
      canarySeconds: 0.01,
    });
    t.is(raw.verdict, 'fail', 'without the fallback, TSC_STABLE clear, it does warp');
  },
);

test.serial('KU-3 with the last_value fallback no read warps', async (t) => {
  const result = await stress({
    scenario: 'clock-monotonic-unstable',
    operations: 20_000,
    canarySeconds: 0.01,
  });
  t.is(result.verdict, 'pass');
  const broken = await stress({
    scenario: 'clock-monotonic-unstable',
    mutant: 'Z-P9',
    seconds: 20,
    canarySeconds: 0.01,
  });
  t.true(broken.verdict === 'fail' && broken.invariant === 'P4', 'seen: Z-P9');
});

test('KU-10 an IPI to ids that no vCPU has returns 0', (t) => {
  const sent = (host: Partial<HostOps>): bigint => {
    const [cpu] = makeWorld({}, host).cpus;
    cpu!.start();
    return cpu!.vmcall(10, 0xffff_ffffn, 0n, 0xffff_ffffn, 0n);
  };
  t.is(sent({}), 0n);
  t.not(sent({ sendIpis: () => 64n }), 0n);
});

test('KU-11 a hypercall with an unknown number does not crash', (t) => {
  const [cpu] = makeWorld().cpus;
  cpu!.start();
  t.is(cpu!.vmcall(0xffff_ffff), -1000n);
  fc.assert(
    fc.property(fc.integer({ min: 13, max: 0xffff_ffff }), (nr) => cpu!.vmcall(nr) === -1000n),
  );
  const throws: Partial<HostOps> = {
    hypercall() {
      throw new RangeError('no such number');
    },
  };
  const [fragile] = makeWorld({}, throws).cpus;
  fragile!.start();
  t.throws(() => fragile!.vmcall(0xffff_ffff));
});
