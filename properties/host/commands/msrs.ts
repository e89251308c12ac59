import fc from 'fast-check';
import { MSR_OK } from '../../../src/host/msr-result.ts';
import { setOneMsr } from '../../../src/host/vmm-ioctls.ts';
import type { Area } from '../msr-specification.ts';
import { index, value } from '../msr-values.ts';
import { MachineCommand } from './command.ts';
import { FURTHER_BYTES, FURTHER_GPA, type Machine, type Model, VCPUS } from './machine.ts';

/** WRMSR in a guest that runs or is about to, or KVM_SET_MSRS. */
class Write extends MachineCommand {
  readonly vcpu: number;
  readonly index: number;
  readonly value: bigint;
  readonly byHost: boolean;
  constructor(vcpu: number, msr: number, wanted: bigint, byHost: boolean) {
    super();
    this.vcpu = vcpu;
    this.index = msr;
    this.value = wanted;
    this.byHost = byHost;
  }
  protected expect({ msrs }: Model): boolean {
    return msrs.write(this.vcpu, this.index, this.value, this.byHost);
  }
  protected act({ world }: Machine): boolean {
    const { kvm } = world;
    const vcpu = kvm.vcpu(this.vcpu);
    if (this.byHost) return setOneMsr(kvm, vcpu, this.index, this.value);
    const access = { index: this.index, hostInitiated: false };
    return kvm.ops.setMsr(kvm, vcpu, access, this.value) === MSR_OK;
  }
  protected override exempt(): readonly Area[] {
    const isWallClock = this.index === 0x11 || this.index === 0x4b564d00;
    return isWallClock ? [{ gpa: this.value, bytes: 12 }] : [];
  }
  toString(): string {
    return `${this.byHost ? 'host' : 'guest'} vCPU ${this.vcpu} 0x${this.index.toString(16)} := 0x${this.value.toString(16)}`;
  }
}

/** Addresses in the slot that comes and goes as well. */
const anyValue = fc.oneof(
  { arbitrary: value, weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.nat(FURTHER_BYTES / 64 - 1), fc.constantFrom(1n, 9n))
      .map(([line, low]) => BigInt(FURTHER_GPA + line * 64) | low),
    weight: 1,
  },
);

const vcpuId = fc.constantFrom(0, 0, VCPUS - 1);

/** What a guest does: gives an area of its own, or takes it back. */
const register: fc.Arbitrary<MachineCommand> = fc
  .tuple(
    vcpuId,
    fc.constantFrom([0x4b564d01, 1n], [0x4b564d02, 9n], [0x4b564d03, 1n], [0x4b564d04, 1n]),
    fc.integer({ min: 1, max: 15 }).map((page) => BigInt(page * 4096)),
    fc.boolean(),
  )
  .map(
    ([vcpu, [msr, on], area, enabled]) =>
      new Write(vcpu, msr as number, enabled ? area | (on as bigint) : 0n, false),
  );

/** The reads are in every command: {@link MachineCommand.run} compares all of them. */
export const msrCommand: fc.Arbitrary<MachineCommand> = fc.oneof(
  register,
  fc
    .tuple(vcpuId, index, anyValue, fc.boolean())
    .map(([vcpu, msr, wanted, byHost]) => new Write(vcpu, msr, wanted, byHost)),
);
