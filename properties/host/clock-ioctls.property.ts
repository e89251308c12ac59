import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import {
  KVM_CLOCK_HOST_TSC,
  KVM_CLOCK_REALTIME,
  KVM_CLOCK_TSC_STABLE,
} from '../../src/abi/kvm-clock-data.ts';
import { MSR_KVM_SYSTEM_TIME_NEW } from '../../src/abi/msr.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { VM } from '../../src/host/records.ts';
import { makeWorld, type World } from './world.ts';

const AREA = 0x3000;
const AT = { area: AREA, lastValue: 0x4000, validFlags: 1 };
const ALL = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;

/** The VMM's side of an ioctl: the vCPU is out of guest mode meanwhile, or the world could not stop. */
function ioctl<Result>({ cpus }: World, call: () => Result): Result {
  cpus[0]!.finish();
  const result = call();
  cpus[0]!.start();
  return result;
}

function started(differs: Parameters<typeof makeWorld>[0] = {}): World {
  const world = makeWorld({ vcpus: 1, ...differs });
  world.cpus[0]!.start();
  world.cpus[0]!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  return world;
}

const nanoseconds = fc.bigInt({ min: 0n, max: 2n ** 62n });

test('the guest goes on from what KVM_SET_CLOCK says, and KVM_GET_CLOCK says what the guest reads', (t) => {
  fc.assert(
    fc.property(
      fc.boolean(),
      nanoseconds,
      fc.bigInt({ min: 0n, max: 2n ** 40n }),
      (matched, clock, pause) => {
        const world = started({ vcpusMatchedTsc: matched });
        const { kvm, cpus } = world;
        if (!ioctl(world, () => kvm.ops.setClock(kvm, { clock, flags: 0, realtime: 0n })))
          return false;
        const first = referenceGuest.readClock(cpus[0]!, AT);
        world.pass(pause);
        const read = referenceGuest.readClock(cpus[0]!, AT);
        const got = ioctl(world, () => kvm.ops.getClock(kvm));
        const elapsed = (pause * 1_000_000n) / 2_300_000n;
        const rounding = elapsed / 1_000_000_000n + 4n;
        const distance = got.clock - read;
        return (
          first - clock <= 1n &&
          first >= clock &&
          elapsed - (read - first) <= rounding &&
          distance >= 0n &&
          distance <= rounding
        );
      },
    ),
  );
  t.pass();
});

test('flags: TSC_STABLE, REALTIME and HOST_TSC with the master clock, none without; unknown ones are refused', (t) => {
  const stable = started();
  t.is(stable.kvm.ops.getClock(stable.kvm).flags, ALL);
  const raw = started({ vcpusMatchedTsc: false });
  t.is(raw.kvm.ops.getClock(raw.kvm).flags, 0);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), (flags) => {
      const accepted = ioctl(stable, () =>
        stable.kvm.ops.setClock(stable.kvm, { clock: 5n, flags, realtime: 2n ** 63n }),
      );
      return accepted === ((flags & ~ALL) === 0);
    }),
  );
});

test('REALTIME moves the clock on by what passed since, and never back', (t) => {
  fc.assert(
    fc.property(nanoseconds, fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }), (clock, since) => {
      const world = started();
      const { kvm } = world;
      const now = kvm.ops.realtimeNsAt(kvm, world.tick());
      const flags = KVM_CLOCK_REALTIME;
      ioctl(world, () => kvm.ops.setClock(kvm, { clock, flags, realtime: now - since }));
      return ioctl(world, () => kvm.ops.getClock(kvm)).clock === clock + (since > 0n ? since : 0n);
    }),
  );
  t.pass();
});

test('a clock set to 0 does not wrap below 0', (t) => {
  const world = started({ firstTick: 10n ** 12n });
  ioctl(world, () => world.kvm.ops.setClock(world.kvm, { clock: 0n, flags: 0, realtime: 0n }));
  t.is(referenceGuest.readClock(world.cpus[0]!, AT), 0n);
});

test('realtime and clock of one reading belong to one instant', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 40n }), (pause) => {
      const world = started();
      const { kvm, memory } = world;
      world.pass(pause);
      const { clock, realtime, hostTsc } = kvm.ops.getClock(kvm);
      const boot = memory.load64(kvm.vm + VM.realtimeOffset);
      const lost = realtime - boot - clock;
      return hostTsc === world.tick() && lost >= 0n && lost <= clock / 1_000_000_000n + 3n;
    }),
  );
  t.pass();
});
