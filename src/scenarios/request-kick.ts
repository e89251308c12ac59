import { KICK_IPI } from '../cpu/thread-host-cpu.ts';
import { OUTSIDE_GUEST_MODE, VCPU } from '../host/records.ts';
import { KVM_REQ_EVENT, KVM_REQ_TLB_FLUSH } from '../host/requests.ts';
import { forgetInterrupt } from './forget-interrupt.ts';
import type { HostThread, Program, Scenario } from './scenario.ts';

/** Independent handshakes that one round runs, each on a vCPU record of its own. */
const INSTANCES = 256;

/** Ledger: one word per instance, how many requests had been posted. */
const POSTED = 0;
/** And one, how many had been when a request was last acted on. */
const SERVED_UP_TO = INSTANCES * 4;
const POSTS = 2;

/** The last request of a round comes with a payload: an interrupt, and the IRR's word that holds it. */
const VECTOR = 0x31;
const WORD_OF_VECTOR = (VECTOR >>> 5) * 4;
const INTERRUPT_WORD = VCPU.irr + WORD_OF_VECTOR;

const OUTCOMES = [
  {
    outcome: 'served',
    expect: 'ACCEPTABLE',
    description: 'The entry saw the request and served it.',
  },
  {
    outcome: 'kicked',
    expect: 'ACCEPTABLE',
    description: 'The entry was over; its requester sent a kick.',
  },
  {
    outcome: 'lost',
    expect: 'FORBIDDEN',
    description: 'The vCPU runs guest code with the request pending, and nobody kicked it.',
  },
] as const;
const SERVED = 0;
const KICKED = 1;

/** One thread enters guest mode while another posts a request and kicks: one of them must see the other. */
export const requestKick: Scenario = {
  name: 'request-kick',
  summary: 'A vCPU enters guest mode while another thread posts a request and kicks it.',
  mechanism: 'requests',
  roles: [],
  invariants: ['R1'],
  outcomes: OUTCOMES,
  vcpus: { default: 1, least: 1, most: 1 },
  machine: {},
  ledgerBytes: 2 * INSTANCES * 4,
  rounds: { instances: INSTANCES, vcpuRecords: INSTANCES },
  instrument: (ops, { ledger }) => ({
    ...ops,
    flushGuestTlb(kvm, vcpu) {
      const instance = kvm.memory.load32(vcpu + VCPU.id);
      ledger.store32(SERVED_UP_TO + instance * 4, ledger.load32(POSTED + instance * 4));
      ops.flushGuestTlb(kvm, vcpu);
    },
  }),
  threads: () => [
    { name: 'entering', start: enter },
    { name: 'requester', start: request },
  ],
};

/** The vCPU's thread, as far as the handshake goes: one entry of each record. */
function enter(thread: HostThread): Program {
  const { kvm, ledger, outcome, violated } = thread;
  const { memory, ops } = kvm;
  const guest = { interruptFlag: true };
  return {
    step(instance) {
      ops.enterGuest(kvm, kvm.vcpu(instance), guest);
    },
    judge(instance) {
      const vcpu = kvm.vcpu(instance);
      const pending = memory.load32(vcpu + VCPU.requests) !== 0;
      const kicked = (memory.load32(vcpu + VCPU.kick) & KICK_IPI) !== 0;
      const served = ledger.load32(SERVED_UP_TO + instance * 4);
      if (pending && !kicked) {
        violated(
          'R1',
          `Instance ${instance} is in guest mode with request 0x${memory.load32(vcpu + VCPU.requests).toString(16)} pending and no kick in flight.`,
        );
      }
      // Two posts may be served as one, but no post by an action that began before it.
      const flush = memory.load32(vcpu + VCPU.requests) & KVM_REQ_TLB_FLUSH;
      if (flush === 0 && served < POSTS) {
        violated(
          'R1',
          `Instance ${instance} acted on ${served} of ${POSTS} requests, and none is pending.`,
        );
      }
      // An interrupt that waits has its EVENT pending, or is in service by now: a payload without its request
      // waits for some other one.
      const waits = memory.load32(vcpu + INTERRUPT_WORD) !== 0;
      if (waits && (memory.load32(vcpu + VCPU.requests) & KVM_REQ_EVENT) === 0) {
        violated(
          'R1',
          `Instance ${instance} served EVENT before its interrupt was there to be found.`,
        );
      }
      outcome(pending ? KICKED : SERVED);
      forgetInterrupt(kvm, vcpu, VECTOR);
      memory.store32(vcpu + VCPU.requests, 0);
      memory.store32(vcpu + VCPU.kick, 0);
      ledger.store32(POSTED + instance * 4, 0);
      ledger.store32(SERVED_UP_TO + instance * 4, 0);
      memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
    },
  };
}

function request({ kvm, ledger }: HostThread): Program {
  const { ops } = kvm;
  return {
    step(instance) {
      const vcpu = kvm.vcpu(instance);
      for (let post = 1; post <= POSTS; post++) {
        ledger.store32(POSTED + instance * 4, post);
        ops.makeRequest(kvm, vcpu, KVM_REQ_TLB_FLUSH);
        ops.kickVcpu(kvm, vcpu);
      }
      ops.acceptInterrupt(kvm, vcpu, VECTOR);
    },
  };
}
