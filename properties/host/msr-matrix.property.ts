import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { MSR_OK } from '../../src/host/msr-result.ts';
import { VCPU } from '../../src/host/records.ts';
import { getOneMsr, setOneMsr } from '../../src/host/vmm-ioctls.ts';
import { INDICES, MsrSpecification } from './msr-specification.ts';
import { backed, features, index, RAM_BYTES, value } from './msr-values.ts';
import { makeWorld, type World } from './world.ts';

const access = fc.record({ index, value, byHost: fc.boolean() });
const accesses = fc.array(access, { minLength: 1, maxLength: 20 });

/** Writes in order, each read back by both sides. The first difference, in words. */
function compare(
  world: World,
  specification: MsrSpecification,
  steps: readonly { readonly index: number; readonly value: bigint; readonly byHost: boolean }[],
): string | undefined {
  const { kvm } = world;
  const vcpu = kvm.vcpu(0);
  for (const { index: msr, value: wanted, byHost } of steps) {
    const accepted = byHost
      ? setOneMsr(kvm, vcpu, msr, wanted)
      : kvm.ops.setMsr(kvm, vcpu, { index: msr, hostInitiated: false }, wanted) === MSR_OK;
    const expected = specification.write(0, msr, wanted, byHost);
    const name = `${byHost ? 'host' : 'guest'} 0x${msr.toString(16)} := 0x${wanted.toString(16)}`;
    if (accepted !== expected) return `${name}: accepted ${accepted}, expected ${expected}`;
    for (const one of INDICES) {
      const byGuest = kvm.ops.getMsr(kvm, vcpu, { index: one, hostInitiated: false });
      if (byGuest !== specification.read(0, one, false))
        return `${name}: RDMSR 0x${one.toString(16)} ${byGuest}`;
      if (getOneMsr(kvm, vcpu, one) !== specification.read(0, one, true))
        return `${name}: KVM_GET_MSRS 0x${one.toString(16)}`;
    }
  }
  return undefined;
}

for (const irqchip of ['none', 'split', 'kernel'] as const) {
  for (const enforcePvFeatureCpuid of [false, true]) {
    test(`all eleven MSRs, irqchip ${irqchip}, ${enforcePvFeatureCpuid ? 'with' : 'without'} enforcement`, (t) => {
      fc.assert(
        fc.property(features, fc.boolean(), accesses, (offered, schedInfo, steps) => {
          const machine = {
            vcpus: 1,
            irqchip,
            enforcePvFeatureCpuid,
            features: offered,
            schedInfo,
            ramBytes: RAM_BYTES,
          };
          const found = compare(makeWorld(machine), new MsrSpecification(machine, backed), steps);
          if (found !== undefined) throw new Error(found);
        }),
        { numRuns: 150 },
      );
      t.pass();
    });
  }
}

/** Hosts with one thing wrong each. */
const FAULTS: Readonly<Record<string, Partial<HostOps>>> = {
  'PV EOI is enabled by a write that fails': {
    writePvEoiMsr(kvm, vcpu, wanted) {
      kvm.memory.store64(vcpu + VCPU.pvEoi, wanted);
      return referenceHost.writePvEoiMsr(kvm, vcpu, wanted);
    },
  },
  'enforcement is forgotten': { guestPvHas: () => true },
  'a LAPIC is not asked for': { lapicInKernel: () => true },
  'bit 1 of POLL_CONTROL is let through': {
    writePollControl: (kvm, vcpu, wanted) =>
      referenceHost.writePollControl(kvm, vcpu, wanted & ~2n),
  },
};

for (const [name, host] of Object.entries(FAULTS)) {
  test(`seen: ${name}`, (t) => {
    const machine = {
      vcpus: 1,
      irqchip: 'none',
      enforcePvFeatureCpuid: true,
      features: 0x7efb & ~(1 << 5),
      schedInfo: true,
      ramBytes: RAM_BYTES,
    } as const;
    const result = fc.check(
      fc.property(accesses, (steps) => {
        const world = makeWorld(machine, host);
        return compare(world, new MsrSpecification(machine, backed), steps) === undefined;
      }),
      { numRuns: 2_000 },
    );
    t.true(result.failed);
    t.true(result.counterexample![0].length <= 2, 'one write is enough, or two');
  });
}

test('INIT and RESET leave what section 1.10 says', (t) => {
  fc.assert(
    fc.property(fc.constantFrom('none', 'split', 'kernel'), accesses, (irqchip, steps) => {
      const machine = {
        vcpus: 1,
        irqchip,
        enforcePvFeatureCpuid: false,
        features: 0x7fff,
        schedInfo: true,
        ramBytes: RAM_BYTES,
      } as const;
      const { kvm } = makeWorld(machine);
      const specification = new MsrSpecification(machine, backed);
      for (const { index: msr, value: wanted } of steps) {
        setOneMsr(kvm, kvm.vcpu(0), msr, wanted);
        specification.write(0, msr, wanted, true);
      }
      kvm.ops.resetVcpu(kvm, kvm.vcpu(0));
      specification.reset(0);
      return INDICES.every(
        (one) => getOneMsr(kvm, kvm.vcpu(0), one) === specification.read(0, one, true),
      );
    }),
  );
  t.pass();
});
