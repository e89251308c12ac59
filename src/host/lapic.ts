import { type GuestState, NO_VECTOR } from '../cpu/hypervisor.ts';
import type { Kvm, VcpuRecord } from './kvm.ts';
import { APIC_WORDS, IRQCHIP_NONE, VCPU, VM } from './records.ts';
import { KVM_REQ_APF_READY, KVM_REQ_EVENT } from './requests.ts';

/** Whether KVM emulates this VM's LAPICs. Source: `lapic_in_kernel`. */
export function lapicInKernel(kvm: Kvm): boolean {
  return kvm.memory.load32(kvm.vm + VM.irqchip) !== IRQCHIP_NONE;
}

/** Whether a LAPIC that KVM emulates takes part. Source: `kvm_lapic_enabled`. */
function lapicEnabled(kvm: Kvm, vcpu: VcpuRecord): boolean {
  return kvm.ops.lapicInKernel(kvm) && kvm.memory.load32(vcpu + VCPU.apicEnabled) !== 0;
}

/** The guest enables its LAPIC by software (SPIV), or disables it. Source: `apic_set_spiv`. */
export function setApicEnabled(kvm: Kvm, vcpu: VcpuRecord, enabled: boolean): void {
  kvm.memory.store32(vcpu + VCPU.apicEnabled, enabled ? 1 : 0);
  // Pages that were ready while no interrupt could be sent.
  if (enabled) kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_APF_READY);
}

/**
 * An interrupt arrives, from any thread; a disabled LAPIC drops it. Source: `__apic_accept_irq`.
 *
 * @param level level-triggered: an IOAPIC waits for its EOI
 */
export function acceptInterrupt(kvm: Kvm, vcpu: VcpuRecord, vector: number, level = false): void {
  const { ops } = kvm;
  if (!lapicEnabled(kvm, vcpu)) return;
  // Before the request that says so: pairs with the barrier in checkRequest.
  ops.setIrr(kvm, vcpu, vector, level);
  ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
  ops.kickVcpu(kvm, vcpu);
}

/** Puts a vector into the IRR. Source: `kvm_lapic_set_irr`. */
export function setIrr(kvm: Kvm, vcpu: VcpuRecord, vector: number, level: boolean): void {
  const { memory } = kvm;
  const bit = 1 << (vector & 31);
  const word = (vector >>> 5) * 4;
  if (level) memory.lockOr32(vcpu + VCPU.tmr + word, bit);
  else memory.lockAnd32(vcpu + VCPU.tmr + word, ~bit);
  memory.lockOr32(vcpu + VCPU.irr + word, bit);
  // After the IRR: pairs with clearIrr, which clears irr_pending before it looks for what is left.
  memory.store32(vcpu + VCPU.irrPending, 1);
}

/** Highest vector of a bitmap, or `NO_VECTOR`. */
function highestVector(kvm: Kvm, bitmap: number): number {
  for (let word = APIC_WORDS - 1; word >= 0; word--) {
    const bits = kvm.memory.load32(bitmap + word * 4);
    if (bits !== 0) return word * 32 + (31 - Math.clz32(bits));
  }
  return NO_VECTOR;
}

/** Highest vector in the IRR, or `NO_VECTOR`. Source: `apic_find_highest_irr`. */
export function highestIrr(kvm: Kvm, vcpu: VcpuRecord): number {
  if (kvm.memory.load32(vcpu + VCPU.irrPending) === 0) return NO_VECTOR;
  return highestVector(kvm, vcpu + VCPU.irr);
}

/** Highest vector in the ISR, or `NO_VECTOR`. Source: `apic_find_highest_isr`. */
export function highestIsr(kvm: Kvm, vcpu: VcpuRecord): number {
  const cached = kvm.memory.load32(vcpu + VCPU.highestIsrCache) | 0;
  return cached !== NO_VECTOR ? cached : highestVector(kvm, vcpu + VCPU.isr);
}

/** Recomputes the processor priority. Source: `__apic_update_ppr`. */
export function updatePpr(kvm: Kvm, vcpu: VcpuRecord): number {
  const { memory, ops } = kvm;
  const tpr = memory.load32(vcpu + VCPU.tpr) & 0xff;
  const isr = ops.highestIsr(kvm, vcpu);
  const isrClass = isr === NO_VECTOR ? 0 : isr & 0xf0;
  const ppr = (tpr & 0xf0) >= isrClass ? tpr : isrClass;
  memory.store32(vcpu + VCPU.ppr, ppr);
  return ppr;
}

/** The vector that may be injected by priority, or `NO_VECTOR`. Source: `kvm_apic_has_interrupt`. */
export function pendingInterrupt(kvm: Kvm, vcpu: VcpuRecord): number {
  const { ops } = kvm;
  if (!lapicEnabled(kvm, vcpu)) return NO_VECTOR;
  const ppr = ops.updatePpr(kvm, vcpu);
  const irr = ops.highestIrr(kvm, vcpu);
  return irr === NO_VECTOR || (irr & 0xf0) <= (ppr & 0xf0) ? NO_VECTOR : irr;
}

/** Moves a vector from IRR to ISR. Source: `kvm_apic_ack_interrupt`. */
export function acknowledgeInterrupt(kvm: Kvm, vcpu: VcpuRecord, vector: number): void {
  const { memory, ops } = kvm;
  ops.clearIrr(kvm, vcpu, vector);
  const isr = vcpu + VCPU.isr + (vector >>> 5) * 4;
  memory.store32(isr, (memory.load32(isr) | (1 << (vector & 31))) >>> 0);
  memory.store32(vcpu + VCPU.highestIsrCache, vector);
  ops.updatePpr(kvm, vcpu);
}

/** Source: `apic_clear_irr`. */
export function clearIrr(kvm: Kvm, vcpu: VcpuRecord, vector: number): void {
  const { memory } = kvm;
  // Before the search below: pairs with acceptInterrupt, which sets irr_pending after the IRR. A vector
  // that the search misses sets it again.
  memory.store32(vcpu + VCPU.irrPending, 0);
  memory.lockAnd32(vcpu + VCPU.irr + (vector >>> 5) * 4, ~(1 << (vector & 31)));
  if (highestVector(kvm, vcpu + VCPU.irr) !== NO_VECTOR) {
    memory.store32(vcpu + VCPU.irrPending, 1);
  }
}

/** Completes the highest interrupt in service. Source: `apic_set_eoi`. */
export function setEoi(kvm: Kvm, vcpu: VcpuRecord): void {
  const { ops } = kvm;
  const vector = ops.highestIsr(kvm, vcpu);
  // An EOI with nothing in service does nothing.
  if (vector === NO_VECTOR) return;
  ops.clearIsr(kvm, vcpu, vector);
  ops.updatePpr(kvm, vcpu);
  ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
}

/** Source: `apic_clear_isr`. */
export function clearIsr(kvm: Kvm, vcpu: VcpuRecord, vector: number): void {
  const { memory } = kvm;
  const isr = vcpu + VCPU.isr + (vector >>> 5) * 4;
  memory.store32(isr, (memory.load32(isr) & ~(1 << (vector & 31))) >>> 0);
  memory.store32(vcpu + VCPU.highestIsrCache, NO_VECTOR);
}

/** The EVENT request: decides what this entry injects, then on PV EOI. Source: `kvm_check_and_inject_events`. */
export function injectPendingEvent(kvm: Kvm, vcpu: VcpuRecord, guest: GuestState): void {
  const { memory, ops } = kvm;
  if (!ops.lapicInKernel(kvm)) return;
  // One event at each entry: what an exception leaves waits for the interrupt window.
  const exception = memory.load32(vcpu + VCPU.pendingPageFault) !== 0;
  const injected = (memory.load32(vcpu + VCPU.injectedVector) | 0) !== NO_VECTOR;
  if (!exception && !injected && guest.interruptFlag) {
    const vector = ops.pendingInterrupt(kvm, vcpu);
    if (vector !== NO_VECTOR) {
      ops.acknowledgeInterrupt(kvm, vcpu, vector);
      memory.store32(vcpu + VCPU.injectedVector, vector);
    }
  }
  // Something is left that RFLAGS.IF holds up, now or inside the handler to come.
  const waits = ops.pendingInterrupt(kvm, vcpu) !== NO_VECTOR;
  memory.store32(vcpu + VCPU.interruptWindow, waits ? 1 : 0);
  ops.syncLapicToGuest(kvm, vcpu);
}

/** The interrupt-window exit: RFLAGS.IF is 1 now. Source: `handle_interrupt_window`. */
export function handleInterruptWindow(kvm: Kvm, vcpu: VcpuRecord): void {
  kvm.memory.store32(vcpu + VCPU.interruptWindow, 0);
  kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
}

/** `KVM_GET_LAPIC`, as far as the ISR: what a VMM saves. Source: `kvm_apic_get_state`. */
export function savedIsr(kvm: Kvm, vcpu: VcpuRecord): number[] {
  return Array.from({ length: APIC_WORDS }, (_, word) =>
    kvm.memory.load32(vcpu + VCPU.isr + word * 4),
  );
}

/** Before an entry. Source: `kvm_lapic_sync_to_vapic`. */
export function syncLapicToGuest(kvm: Kvm, vcpu: VcpuRecord): void {
  if (lapicEnabled(kvm, vcpu)) kvm.ops.pvEoiToGuest(kvm, vcpu);
}

/** After an exit, before anything else looks at the LAPIC. Source: `kvm_lapic_sync_from_vapic`. */
export function syncLapicFromGuest(kvm: Kvm, vcpu: VcpuRecord): void {
  if (kvm.memory.load32(vcpu + VCPU.pvEoiPending) !== 0) kvm.ops.pvEoiFromGuest(kvm, vcpu);
}

/** The registers of a LAPIC that matter here: IRR, ISR and TMR as eight words each, lowest vectors first. */
export interface LapicState {
  readonly irr: readonly number[];
  readonly isr: readonly number[];
  readonly tmr: readonly number[];
  readonly tpr: number;
  readonly ppr: number;
}

/**
 * KVM_GET_LAPIC, on a vCPU that is in user space; undefined (EINVAL) where its LAPIC is not KVM's.
 * Source: `kvm_apic_get_state`.
 */
export function getLapic(kvm: Kvm, vcpu: VcpuRecord): LapicState | undefined {
  const { memory, ops } = kvm;
  if (!ops.lapicInKernel(kvm)) return undefined;
  const words = (bitmap: number): number[] =>
    Array.from({ length: APIC_WORDS }, (_, word) => memory.load32(vcpu + bitmap + word * 4));
  return {
    irr: words(VCPU.irr),
    isr: words(VCPU.isr),
    tmr: words(VCPU.tmr),
    tpr: memory.load32(vcpu + VCPU.tpr),
    ppr: memory.load32(vcpu + VCPU.ppr),
  };
}

/** KVM_SET_LAPIC, on a vCPU that is in user space. Source: `kvm_apic_set_state`. */
export function setLapic(kvm: Kvm, vcpu: VcpuRecord, state: LapicState): void {
  const { memory, ops } = kvm;
  for (let word = 0; word < APIC_WORDS; word++) {
    memory.store32(vcpu + VCPU.irr + word * 4, state.irr[word]!);
    memory.store32(vcpu + VCPU.isr + word * 4, state.isr[word]!);
    memory.store32(vcpu + VCPU.tmr + word * 4, state.tmr[word]!);
  }
  memory.store32(vcpu + VCPU.tpr, state.tpr);
  // Neither is known: the first look at the bitmaps finds out.
  memory.store32(vcpu + VCPU.irrPending, 1);
  memory.store32(vcpu + VCPU.highestIsrCache, NO_VECTOR);
  ops.updatePpr(kvm, vcpu);
  ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
}
