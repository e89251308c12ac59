import {
  KVM_PV_REASON_PAGE_NOT_PRESENT,
  KVM_VCPU_PV_APF_DATA_FLAGS,
  KVM_VCPU_PV_APF_DATA_TOKEN,
} from '../abi/kvm-vcpu-pv-apf-data.ts';
import {
  KVM_ASYNC_PF_ACKNOWLEDGE,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
} from '../abi/msr.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { pageReady } from '../guest/async-page-fault.ts';
import {
  allocateDummy,
  BUCKET_BYTES,
  BUCKET_FIRST,
  bucketOf,
  findNode,
  linkNode,
  lockBucket,
  NODE_LINKED,
  NODE_NEXT,
  NODE_STATE,
  NODE_VCPU,
  queueSleeper,
  TASK_RUNNING,
  TASK_SLEEPS,
  unlockBucket,
  wakeNode,
  wakeSleepers,
} from '../guest/async-page-fault-sleepers.ts';
import type {
  PageFaultAddresses,
  PageFaultSetUp,
  PageReadyAddresses,
  PageWait,
} from '../guest/roles.ts';
import type { Mutant } from '../scenarios/scenario.ts';
import { pageStory } from './page-story.ts';

const FLAGS = KVM_VCPU_PV_APF_DATA_FLAGS;
const TOKEN = KVM_VCPU_PV_APF_DATA_TOKEN;

/** The page-ready handler with another way to wake. */
function readyWith(
  wake: (cpu: Vcpu, at: PageReadyAddresses, token: number) => void,
): (cpu: Vcpu, at: PageReadyAddresses) => void {
  return (cpu, at) => {
    wake(cpu, at, cpu.load32(at.area + TOKEN));
    cpu.store32(at.area + TOKEN, 0);
    cpu.wrmsr(MSR_KVM_ASYNC_PF_ACK, KVM_ASYNC_PF_ACKNOWLEDGE);
  };
}

/** Z-A3: the dummy goes in without another look for the sleeper, which may have come meanwhile. */
function wakeWithoutSecondLook(cpu: Vcpu, at: PageReadyAddresses, token: number): void {
  const bucket = bucketOf(at.sleepers, token);
  lockBucket(cpu, bucket);
  const node = findNode(cpu, bucket, token);
  if (node !== 0) {
    wakeNode(cpu, at, bucket, node);
    unlockBucket(cpu, bucket);
    return;
  }
  unlockBucket(cpu, bucket);
  const dummy = allocateDummy(cpu, at.sleepers, token);
  lockBucket(cpu, bucket);
  linkNode(cpu, bucket, dummy);
  unlockBucket(cpu, bucket);
}

/** Z-A5: a wake-up without a sleeper is forgotten. */
function wakeWithoutDummy(cpu: Vcpu, at: PageReadyAddresses, token: number): void {
  const bucket = bucketOf(at.sleepers, token);
  lockBucket(cpu, bucket);
  const node = findNode(cpu, bucket, token);
  if (node !== 0) wakeNode(cpu, at, bucket, node);
  unlockBucket(cpu, bucket);
}

/** Z-A6: the link is looked at before the task says that it sleeps. */
function waitWithLateState(cpu: Vcpu, at: PageWait): void {
  if (!queueSleeper(cpu, at)) return;
  const { node, schedule } = at;
  while (cpu.load32(node + NODE_LINKED) !== 0) {
    cpu.store32(node + NODE_STATE, TASK_SLEEPS);
    cpu.mb();
    schedule(cpu);
  }
  cpu.store32(node + NODE_STATE, TASK_RUNNING);
}

/** Z-A7: the credit is given back while the word still holds the token. */
function acknowledgeFirst(cpu: Vcpu, at: PageReadyAddresses): void {
  wakeSleepers(cpu, at, cpu.load32(at.area + TOKEN));
  cpu.wrmsr(MSR_KVM_ASYNC_PF_ACK, KVM_ASYNC_PF_ACKNOWLEDGE);
  cpu.store32(at.area + TOKEN, 0);
}

/** Z-A8: the credit is never given back. */
function neverAcknowledge(cpu: Vcpu, at: PageReadyAddresses): void {
  wakeSleepers(cpu, at, cpu.load32(at.area + TOKEN));
  cpu.store32(at.area + TOKEN, 0);
}

/** Z-A10: the reason stays in the area while the task sleeps, and others run that fault for real. */
function keepReason(cpu: Vcpu, { area, cr2 }: PageFaultAddresses): number {
  const flags = cpu.load32(area + FLAGS);
  return (flags & KVM_PV_REASON_PAGE_NOT_PRESENT) === 0 ? 0 : cr2;
}
function clearReasonWhenReady(cpu: Vcpu, at: PageReadyAddresses): void {
  cpu.store32(at.area + FLAGS, 0);
  pageReady(cpu, at);
}

/** Z-A14: what enables delivery comes before the vector that it uses. */
function enableBeforeVector(cpu: Vcpu, { area, vector }: PageFaultSetUp): void {
  const bits = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;
  cpu.wrmsr(MSR_KVM_ASYNC_PF_EN, BigInt(area) | bits);
  cpu.wrmsr(MSR_KVM_ASYNC_PF_INT, BigInt(vector));
}

/** Z-A16: "wake all" wakes the tasks of vCPU 0, whichever vCPU is told. */
function wakeAllOfTheFirst(cpu: Vcpu, at: PageReadyAddresses, token: number): void {
  if (token !== 0xffff_ffff) {
    wakeSleepers(cpu, at, token);
    return;
  }
  const { buckets, bucketCount } = at.sleepers;
  for (let index = 0; index < bucketCount; index++) {
    const bucket = buckets + index * BUCKET_BYTES;
    lockBucket(cpu, bucket);
    let node = cpu.load32(bucket + BUCKET_FIRST);
    while (node !== 0) {
      const next = cpu.load32(node + NODE_NEXT);
      if (cpu.load32(node + NODE_VCPU) === 0) wakeNode(cpu, at, bucket, node);
      node = next;
    }
    unlockBucket(cpu, bucket);
  }
}

const common = { mechanism: 'async-page-fault', side: 'guest' } as const;
const anyModel = { visibleUnder: ['sc', 'tso', 'weak'] } as const;
const WAKE_BEFORE_WAIT = 'async-page-fault-wake-before-wait';

export const asyncPageFaultGuestMutants: readonly Mutant[] = [
  {
    ...common,
    ...anyModel,
    id: 'Z-A3',
    summary:
      'After the lock was given up to allocate, the dummy goes in without another look for the sleeper.',
    source: '0547758a6de3, e0d50520ece8',
    scenario: WAKE_BEFORE_WAIT,
    invariants: ['A1'],
    roles: { pageReady: readyWith(wakeWithoutSecondLook) },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A5',
    summary: 'A wake-up that comes before the sleep is dropped: there is no dummy entry.',
    source: 'constructed',
    scenario: WAKE_BEFORE_WAIT,
    invariants: ['A1'],
    roles: { pageReady: readyWith(wakeWithoutDummy) },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A6',
    summary: 'The waiter looks whether it is still queued before it sets its state to sleeping.',
    source: 'constructed',
    scenario: WAKE_BEFORE_WAIT,
    invariants: ['A1'],
    roles: { waitForPage: waitWithLateState },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A7',
    summary: 'The guest acknowledges before it clears the token: the host looks too early.',
    source: 'constructed',
    scenario: 'async-page-fault',
    invariants: ['A1'],
    roles: { pageReady: acknowledgeFirst },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A8',
    summary: 'The guest never acknowledges: what is done next waits for some other request.',
    source: 'constructed',
    scenario: 'async-page-fault',
    invariants: ['A1'],
    roles: { pageReady: neverAcknowledge },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A10',
    summary: 'The guest leaves the reason in the area while code runs that can fault itself.',
    source: 'constructed',
    scenario: 'async-page-fault',
    controlled: pageStory('task', 'own fault'),
    invariants: ['A4'],
    roles: { pageNotPresent: keepReason, pageReady: clearReasonWhenReady },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A14',
    summary: 'ASYNC_PF_EN is written before ASYNC_PF_INT: vector 0 is injected.',
    source: 'constructed',
    scenario: 'async-page-fault',
    invariants: ['A5'],
    roles: { enableAsyncPageFaults: enableBeforeVector },
  },
  {
    ...common,
    ...anyModel,
    id: 'Z-A16',
    summary: 'The token ~0 wakes tasks by the wrong vCPU: those of another one sleep on.',
    source: 'constructed',
    scenario: 'async-page-fault-migration',
    controlled: { ...pageStory('task', 'restore'), vcpus: 2, steps: { vcpu0: 0, vmm: 0 } },
    invariants: ['A1'],
    roles: { pageReady: readyWith(wakeAllOfTheFirst) },
  },
];
