import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  KVM_ASYNC_PF_TOKEN_VCPU_BITS,
  KVM_VCPU_PV_APF_DATA_TOKEN,
} from '../abi/index.ts';
import { HYPERVISOR_CALLBACK_VECTOR } from '../abi/vector.ts';
import { KICK_IPI } from '../cpu/thread-host-cpu.ts';
import { addToQueued } from '../host/async-page-fault-queue.ts';
import { ASYNC_PF, ASYNC_PF_WORK, WORK_RUNNING } from '../host/async-page-fault-records.ts';
import { asyncPfItem } from '../host/async-page-fault-work.ts';
import type { Kvm, VcpuRecord } from '../host/kvm.ts';
import { OUTSIDE_GUEST_MODE, VCPU } from '../host/records.ts';
import { forgetInterrupt } from './forget-interrupt.ts';
import { asyncPfArea } from './guest-map.ts';
import type { HostThread, Program, Scenario } from './scenario.ts';

/** Independent handshakes that one round runs, each of a vCPU of its own. */
const INSTANCES = 64;

const FIRST_GFN = 32;
const tokenOf = (instance: number): number => (1 << KVM_ASYNC_PF_TOKEN_VCPU_BITS) | instance;

const OUTCOMES = [
  {
    outcome: 'told',
    expect: 'ACCEPTABLE',
    description:
      'The acknowledgement or the entry after it found the page: the guest has its token.',
  },
  {
    outcome: 'kicked',
    expect: 'ACCEPTABLE',
    description: 'The entry was over; the worker sent a kick.',
  },
  {
    outcome: 'lost',
    expect: 'FORBIDDEN',
    description: 'The vCPU runs guest code, the page is done, and nobody has kicked it.',
  },
] as const;
const TOLD = 0;
const KICKED = 1;

/**
 * The guest acknowledges one page-ready while a worker finishes the next page: one of the two must see the
 * other. The guest does not halt after that, so that nothing but a kick would have it told.
 */
export const asyncPageFaultAcknowledge: Scenario = {
  name: 'async-page-fault-acknowledge',
  summary:
    'A guest acknowledges a page-ready and runs on, while a worker of the host is done with the next page.',
  mechanism: 'async-page-fault',
  roles: [],
  invariants: ['A1'],
  outcomes: OUTCOMES,
  vcpus: { default: INSTANCES, least: INSTANCES, most: INSTANCES },
  machine: {},
  ledgerBytes: 0,
  rounds: { instances: INSTANCES, vcpuEach: true },
  controlled: { vcpus: 1, clockSteps: 0 },
  threads: () => [
    { name: 'vcpu', start: acknowledge },
    { name: 'worker', start: finishPage },
  ],
};

/** The vCPU's thread: the exit of the guest's WRMSR, and the entry after it. */
function acknowledge({ kvm, machine, outcome, violated }: HostThread): Program {
  const { memory, ops } = kvm;
  const guest = { interruptFlag: true };
  for (let instance = 0; instance < machine.vcpus; instance++) {
    enable(kvm, kvm.vcpu(instance), instance);
    begin(kvm, kvm.vcpu(instance), instance);
  }
  return {
    step(instance) {
      const vcpu = kvm.vcpu(instance);
      ops.writeAsyncPfAck(kvm, vcpu, KVM_ASYNC_PF_ACKNOWLEDGE, false);
      ops.enterGuest(kvm, vcpu, guest);
    },
    judge(instance) {
      const vcpu = kvm.vcpu(instance);
      const told = memory.load32(ops.asyncPfArea(kvm, vcpu) + KVM_VCPU_PV_APF_DATA_TOKEN) !== 0;
      const kicked = (memory.load32(vcpu + VCPU.kick) & KICK_IPI) !== 0;
      if (!told && !kicked) {
        const token = tokenOf(instance).toString(16);
        violated(
          'A1',
          `The page of token 0x${token} is there, and its task sleeps on: the vCPU is in guest mode, and nobody has kicked it.`,
        );
      }
      outcome(told ? TOLD : KICKED);
      end(kvm, vcpu);
      begin(kvm, vcpu, instance);
    },
  };
}

/** The worker, from where it has begun with the page. */
function finishPage({ kvm }: HostThread): Program {
  const { ops } = kvm;
  return {
    step(instance) {
      const work = asyncPfItem(kvm, kvm.vcpu(instance), 0);
      ops.executeAsyncPfWork(kvm, work);
      ops.finishAsyncPfWork(kvm, work);
    },
  };
}

/** The guest asks to be told, each instance in an area of its own. */
function enable(kvm: Kvm, vcpu: VcpuRecord, instance: number): void {
  const { ops } = kvm;
  ops.writeAsyncPfInt(kvm, vcpu, BigInt(HYPERVISOR_CALLBACK_VECTOR), false);
  const area = BigInt(asyncPfArea(instance));
  const bits = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;
  ops.writeAsyncPfEnable(kvm, vcpu, area | bits, false);
  // There is nobody yet for it to wake.
  end(kvm, vcpu);
}

/** A page-ready has been taken and is still to be acknowledged; a worker is at the page of another token. */
function begin(kvm: Kvm, vcpu: VcpuRecord, instance: number): void {
  const { memory, ops } = kvm;
  memory.store32(memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.pageReadyPending, 1);
  const work = ops.allocateAsyncPfWork(kvm, vcpu);
  memory.store32(work + ASYNC_PF_WORK.gfn, FIRST_GFN + instance);
  memory.store32(work + ASYNC_PF_WORK.token, tokenOf(instance));
  memory.store32(work + ASYNC_PF_WORK.notPresentInjected, 1);
  ops.addAsyncPfGfn(kvm, vcpu, FIRST_GFN + instance);
  addToQueued(kvm, vcpu, 1);
  memory.store32(work + ASYNC_PF_WORK.state, WORK_RUNNING);
}

/** Nothing is under way, and the vCPU is out of guest mode. */
function end(kvm: Kvm, vcpu: VcpuRecord): void {
  const { memory, ops } = kvm;
  ops.clearAsyncPfQueue(kvm, vcpu);
  ops.resetAsyncPfGfns(kvm, vcpu);
  memory.store32(ops.asyncPfArea(kvm, vcpu) + KVM_VCPU_PV_APF_DATA_TOKEN, 0);
  forgetInterrupt(kvm, vcpu, HYPERVISOR_CALLBACK_VECTOR);
  memory.store32(vcpu + VCPU.requests, 0);
  memory.store32(vcpu + VCPU.kick, 0);
  memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
}
