import { referenceHost } from '../host/host-ops.ts';
import { IN_GUEST_MODE, OUTSIDE_GUEST_MODE, VCPU } from '../host/records.ts';
import { KVM_REQ_EVENT } from '../host/requests.ts';
import type { Mutant } from '../scenarios/scenario.ts';

/** Broken hosts of the request handshake. */
export const requestMutants: readonly Mutant[] = [
  {
    id: 'Z-R2',
    mechanism: 'requests',
    side: 'host',
    summary:
      'An interrupt is put into the IRR after its request: a vCPU that serves it in between finds nothing.',
    source: 'constructed',
    scenario: 'request-kick',
    invariants: ['R1'],
    visibleUnder: ['sc', 'tso', 'weak'],
    host: {
      acceptInterrupt(kvm, vcpu, vector, level = false) {
        kvm.ops.makeRequest(kvm, vcpu, KVM_REQ_EVENT);
        kvm.ops.setIrr(kvm, vcpu, vector, level);
        kvm.ops.kickVcpu(kvm, vcpu);
      },
    },
  },
  {
    id: 'Z-R3',
    mechanism: 'requests',
    side: 'host',
    summary:
      'A request is cleared after it was acted on: one that comes during the action is lost.',
    source: 'constructed',
    scenario: 'request-kick',
    invariants: ['R1'],
    visibleUnder: ['sc', 'tso', 'weak'],
    host: {
      serveRequests(kvm, vcpu, guest) {
        const before = kvm.memory.load32(vcpu + VCPU.requests);
        referenceHost.serveRequests(kvm, vcpu, guest);
        kvm.memory.lockAnd32(vcpu + VCPU.requests, ~before);
      },
    },
  },
  {
    id: 'Z-R1',
    mechanism: 'requests',
    side: 'host',
    summary:
      'No barrier between going into guest mode and looking for requests again: the store waits in its buffer while the load goes ahead.',
    source: 'constructed',
    scenario: 'request-kick',
    invariants: ['R1'],
    visibleUnder: ['tso', 'weak'],
    host: {
      enterGuestMode(kvm, vcpu) {
        const { memory } = kvm;
        memory.store32(vcpu + VCPU.mode, IN_GUEST_MODE);
        if (memory.load32(vcpu + VCPU.requests) === 0) return true;
        memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
        return false;
      },
    },
  },
];
