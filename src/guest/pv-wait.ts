import { KVM_HC_KICK_CPU } from '../abi/hypercall.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import type { Gpa } from '../memory/memory-port.ts';

/** Halts unless the byte has changed already. May return for no reason. Source: `kvm_wait`. */
export function wait(cpu: Vcpu, at: { readonly byte: Gpa; readonly value: number }): void {
  // With interrupts off nothing but a kick ends the halt, and a kick that comes between the look and
  // the HLT is latched: pairs with KICK_CPU, which the waker calls after it has changed the byte.
  if (!cpu.interruptFlag) {
    if (cpu.load8(at.byte) === at.value) cpu.hlt();
    return;
  }
  cpu.cli();
  if (cpu.load8(at.byte) === at.value) cpu.safeHalt();
  else cpu.sti();
}

/** Ends the halt of a vCPU, or its next one. Source: `kvm_kick_cpu`. */
export function kick(cpu: Vcpu, at: { readonly vcpu: number }): void {
  cpu.vmcall(KVM_HC_KICK_CPU, 0n, BigInt(at.vcpu));
}
