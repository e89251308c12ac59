import type { HostOps } from '../../../src/host/host-ops.ts';
import { getOneMsr } from '../../../src/host/vmm-ioctls.ts';
import type { Memslot } from '../../../src/memory/memslots.ts';
import { UNBACKED } from '../../../src/memory/memslots.ts';
import { type Area, INDICES, MsrSpecification } from '../msr-specification.ts';
import { RAM_BYTES } from '../msr-values.ts';
import { makeWorld, type World } from '../world.ts';

/** A slot that comes and goes, behind the RAM that stays. */
export const FURTHER_GPA = 0x10_0000;
export const FURTHER_BYTES = 0x2000;

export const VCPUS = 2;
export const FEATURES = 0x0100_7efb;

/** What the specification knows besides the MSRs. */
export interface Model {
  readonly msrs: MsrSpecification;
  furtherRam: boolean;
  /** vCPUs that have run: their CPUID is fixed. */
  readonly hasRun: boolean[];
  readonly inGuest: boolean[];
}

/** The model under test: a machine on one thread, and what its memory was like before the last command. */
export class Machine {
  readonly world: World;
  readonly #before = new Uint32Array((RAM_BYTES + FURTHER_BYTES) / 4);
  readonly #words: Uint32Array;

  constructor(host: Partial<HostOps>) {
    this.world = makeWorld(
      {
        vcpus: VCPUS,
        features: FEATURES,
        ramBytes: RAM_BYTES,
        furtherRam: [{ gpa: FURTHER_GPA, bytes: FURTHER_BYTES }],
      },
      host,
    );
    this.#words = this.world.memory.u32.subarray(0, this.#before.length);
    for (const cpu of this.world.cpus) {
      for (let vector = 0; vector < 256; vector++) cpu.onInterrupt(vector, () => {});
    }
  }

  /** KVM_SET_USER_MEMORY_REGION of the slot that comes and goes. */
  setFurtherRam(present: boolean): void {
    const ram: Memslot = { gpa: 0, bytes: RAM_BYTES, address: 0 };
    const further = { gpa: FURTHER_GPA, bytes: FURTHER_BYTES, address: RAM_BYTES };
    this.world.slots.replace(present ? [ram, further] : [ram]);
  }

  /** Remembers what guest memory holds. */
  look(): void {
    this.#before.set(this.#words);
  }

  /** M1: every byte that has changed since then lies in one of these areas. */
  checkWrites(areas: readonly Area[]): void {
    for (let word = 0; word < this.#words.length; word++) {
      const changed = this.#words[word]! ^ this.#before[word]!;
      if (changed === 0) continue;
      for (let byte = 0; byte < 4; byte++) {
        const at = word * 4 + byte;
        if (((changed >>> (byte * 8)) & 0xff) === 0 || this.#lies(at, areas)) continue;
        throw new Error(`M1: the host wrote byte 0x${at.toString(16)}, in no area`);
      }
    }
  }

  #lies(at: number, areas: readonly Area[]): boolean {
    return areas.some(({ gpa, bytes }) => {
      const start = this.world.slots.translate(Number(gpa), 1);
      return start !== UNBACKED && at >= start && at < start + bytes;
    });
  }

  /** M2: RDMSR by either side is what the specification says. */
  checkReads(model: Model): void {
    const { kvm } = this.world;
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) {
      for (const index of INDICES) {
        const guest = kvm.ops.getMsr(kvm, kvm.vcpu(vcpu), { index, hostInitiated: false });
        const host = getOneMsr(kvm, kvm.vcpu(vcpu), index);
        if (
          guest === model.msrs.read(vcpu, index, false) &&
          host === model.msrs.read(vcpu, index, true)
        )
          continue;
        throw new Error(
          `M2: vCPU ${vcpu}, MSR 0x${index.toString(16)}: ${guest} and ${host}, expected ${model.msrs.read(vcpu, index, false)}`,
        );
      }
    }
  }
}

/** The specification of a machine that was just created. */
export function makeModel(): Model {
  const model: Model = {
    msrs: new MsrSpecification(
      {
        vcpus: VCPUS,
        irqchip: 'kernel',
        features: FEATURES,
        enforcePvFeatureCpuid: false,
        schedInfo: true,
      },
      (gpa, bytes) => {
        const end = gpa + BigInt(bytes);
        if (end <= BigInt(RAM_BYTES)) return true;
        const inFurther = gpa >= BigInt(FURTHER_GPA) && end <= BigInt(FURTHER_GPA + FURTHER_BYTES);
        return model.furtherRam && inFurther;
      },
    ),
    furtherRam: true,
    hasRun: new Array<boolean>(VCPUS).fill(false),
    inGuest: new Array<boolean>(VCPUS).fill(false),
  };
  return model;
}
