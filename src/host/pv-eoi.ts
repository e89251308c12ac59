import { KVM_PV_EOI_ENABLED } from '../abi/index.ts';
import { NO_VECTOR } from '../cpu/hypervisor.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import { UNBACKED } from '../memory/memslots.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { MSR_FAULT, MSR_OK, type MsrResult } from './msr-result.ts';
import { VCPU } from './records.ts';

const ENABLED = BigInt(KVM_PV_EOI_ENABLED);

/** Bit 1 of the value would make the address no multiple of 4. */
const MISALIGNED = 2n;

/** WRMSR of 0x4b564d04. A refused value leaves the old one in force. Source: `kvm_lapic_set_pv_eoi`. */
export function writePvEoiMsr(kvm: Kvm, vcpu: VcpuRecord, value: bigint): MsrResult {
  if ((value & MISALIGNED) !== 0n) return MSR_FAULT;
  const enabled = (value & ENABLED) !== 0n;
  if (enabled && kvm.cpu.translate(Number(value & ~ENABLED), 1) === UNBACKED) {
    return MSR_FAULT;
  }
  kvm.memory.store64(vcpu + VCPU.pvEoi, value);
  return MSR_OK;
}

/** Host address of the PV EOI byte, or `UNBACKED` where there is none. */
export function pvEoiByte(kvm: Kvm, vcpu: VcpuRecord): HostAddress {
  const value = kvm.memory.load64(vcpu + VCPU.pvEoi);
  if ((value & ENABLED) === 0n) return UNBACKED;
  return kvm.cpu.translate(Number(value & ~ENABLED), 1);
}

/** Before an entry: offers PV EOI for the interrupt in service. Source: `apic_sync_pv_eoi_to_guest`. */
export function pvEoiToGuest(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  const byte = ops.pvEoiByte(kvm, vcpu);
  if (byte === UNBACKED) return;
  // Something waits: it needs the exit that an APIC EOI brings.
  if (ops.interruptWaits(kvm, vcpu)) return;
  const vector = memory.load32(vcpu + VCPU.highestIsrCache) | 0;
  if (vector === NO_VECTOR || ops.eoiReachesIoapic(kvm, vcpu, vector)) return;
  memory.store8(byte, 1);
  memory.store32(vcpu + VCPU.pvEoiPending, 1);
}

/** Whether an interrupt has arrived that is not in service yet. */
export function interruptWaits(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return kvm.memory.load32(vcpu + VCPU.irrPending) !== 0;
}

/** After an exit: takes the offer back, or the EOI that the guest gave. Source: `apic_sync_pv_eoi_from_guest`. */
export function pvEoiFromGuest(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  const byte = ops.pvEoiByte(kvm, vcpu);
  if (byte === UNBACKED) {
    // As KVM has it: a word that cannot be read counts as cleared, and the offer stays pending. Where the
    // guest disables PV EOI after that, a real KVM of this age runs into a BUG_ON at its next exit.
    ops.setEoi(kvm, vcpu);
    return;
  }
  // Plain load and store: the guest's test-and-clear is one instruction of this same vCPU, which is
  // out of guest mode now.
  const offered = (memory.load8(byte) & 1) !== 0;
  if (offered) memory.store8(byte, 0);
  memory.store32(vcpu + VCPU.pvEoiPending, 0);
  if (!offered) ops.setEoi(kvm, vcpu);
}

/**
 * What host threads other than the vCPU's own do to its PV EOI word: nothing. An adversary takes this
 * operation's place.
 */
export function touchPvEoiRemotely(_kvm: Kvm, _vcpu: VcpuRecord): void {}

/**
 * Whether an IOAPIC waits for the EOI of a vector: then it must not be elided. Level-triggered vectors
 * stand for those that an IOAPIC handles. Source: `kvm_ioapic_handles_vector`.
 */
export function eoiReachesIoapic(kvm: Kvm, vcpu: VcpuRecord, vector: number): boolean {
  const tmr = kvm.memory.load32(vcpu + VCPU.tmr + (vector >>> 5) * 4);
  return (tmr & (1 << (vector & 31))) !== 0;
}
