import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import {
  HYPERVISOR_CALLBACK_VECTOR,
  KVM_ASYNC_PF_DELIVERY_AS_INT,
  KVM_ASYNC_PF_ENABLED,
  KVM_ASYNC_PF_SEND_ALWAYS,
  MSR_KVM_ASYNC_PF_ACK,
  MSR_KVM_ASYNC_PF_EN,
  MSR_KVM_ASYNC_PF_INT,
} from '../../src/abi/index.ts';
import type { FaultingGuest } from '../../src/cpu/hypervisor.ts';
import {
  addAsyncPfGfn,
  asyncPfGfnHash,
  deleteAsyncPfGfn,
  findAsyncPfGfn,
} from '../../src/host/async-page-fault-gfns.ts';
import { ASYNC_PF, ASYNC_PF_PER_VCPU } from '../../src/host/async-page-fault-records.ts';
import type { Kvm } from '../../src/host/kvm.ts';
import { MSR_OK } from '../../src/host/msr-result.ts';
import { VCPU } from '../../src/host/records.ts';
import { mutants } from '../../src/zoo/index.ts';
import { makeWorld, type World } from './world.ts';

const AREA = 0x6000;
const TOKEN = AREA + 4;
const PAGE_BYTES = 4096;
const GUEST: FaultingGuest = { interruptFlag: true, userMode: true, paging: true, nested: false };

/** A VM whose vCPU 0 has asynchronous page faults on, and has taken the token ~0. */
function enabled(bits = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT): World {
  const world = makeWorld();
  const { kvm } = world;
  set(kvm, MSR_KVM_ASYNC_PF_INT, BigInt(HYPERVISOR_CALLBACK_VECTOR));
  set(kvm, MSR_KVM_ASYNC_PF_EN, BigInt(AREA) | bits);
  kvm.ops.checkAsyncPfCompletion(kvm, kvm.vcpu(0));
  take(kvm);
  return world;
}

function set(kvm: Kvm, index: number, value: bigint): boolean {
  return kvm.ops.setMsr(kvm, kvm.vcpu(0), { index, hostInitiated: false }, value) === MSR_OK;
}

/** The guest's handler of page-ready, as far as the host is concerned. Returns the token. */
function take(kvm: Kvm): number {
  const token = kvm.memory.load32(TOKEN);
  kvm.memory.store32(TOKEN, 0);
  set(kvm, MSR_KVM_ASYNC_PF_ACK, 1n);
  return token;
}

/** The exit for a missing page. Returns the token of the #PF that it queued, or undefined for none. */
function fault(kvm: Kvm, gfn: number, guest = GUEST): number | undefined {
  kvm.ops.swapOutPage(kvm, gfn * PAGE_BYTES);
  kvm.ops.handlePageFault(kvm, kvm.vcpu(0), guest, gfn * PAGE_BYTES);
  const { memory } = kvm;
  if (memory.load32(kvm.vcpu(0) + VCPU.pendingPageFault) === 0) return undefined;
  memory.store32(kvm.vcpu(0) + VCPU.pendingPageFault, 0);
  return memory.load32(kvm.vcpu(0) + VCPU.pageFaultAddress);
}

test('the hash of pages under way finds what a set finds', (t) => {
  const { kvm } = makeWorld();
  const vcpu = kvm.vcpu(0);
  // Few pages, so that many share a slot.
  const gfn = fc.integer({ min: 32, max: 96 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), gfn), { maxLength: 100 }), (steps) => {
      kvm.ops.resetAsyncPfGfns(kvm, vcpu);
      const model = new Set<number>();
      for (const [adds, page] of steps) {
        if (adds && !model.has(page) && model.size < ASYNC_PF_PER_VCPU) {
          addAsyncPfGfn(kvm, vcpu, page);
          model.add(page);
        } else if (!adds) {
          deleteAsyncPfGfn(kvm, vcpu, page);
          model.delete(page);
        }
        for (let one = 32; one <= 96; one++)
          if (findAsyncPfGfn(kvm, vcpu, one) !== model.has(one)) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('a hash that leaves gaps loses pages: Z-A18', (t) => {
  const { kvm } = makeWorld();
  const vcpu = kvm.vcpu(0);
  const same = Array.from({ length: 4096 }, (_, gfn) => gfn).filter(
    (gfn) => asyncPfGfnHash(gfn) === 7,
  );
  const [first, second] = same;
  addAsyncPfGfn(kvm, vcpu, first!);
  addAsyncPfGfn(kvm, vcpu, second!);
  mutants.find(({ id }) => id === 'Z-A18')!.host!.deleteAsyncPfGfn!(kvm, vcpu, first!);
  t.false(findAsyncPfGfn(kvm, vcpu, second!));
});

test('no token is 0, also after its number has wrapped', (t) => {
  const { kvm } = makeWorld();
  const vcpu = kvm.vcpu(0);
  const id = kvm.memory.load32(vcpu + VCPU.asyncPf) + ASYNC_PF.id;
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 0xf_ffff, 0x10_0000, 0xffff_ffff), (first) => {
      kvm.memory.store32(id, first);
      return Array.from({ length: 4 }, () => kvm.ops.nextAsyncPfToken(kvm, vcpu)).every(
        (token) => token !== 0 && (token & 0xfff) === 0,
      );
    }),
  );
  kvm.memory.store32(id, 0x10_0000);
  t.is(mutants.find(({ id: name }) => name === 'Z-A1')!.host!.nextAsyncPfToken!(kvm, vcpu), 0);
});

test('one token at a time, in the order in which pages come back, each once', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 40, max: 120 }), { maxLength: 20 }), (pages) => {
      const { kvm } = enabled();
      const told = pages.map((gfn) => fault(kvm, gfn));
      while (kvm.ops.runAsyncPfWorker(kvm));
      kvm.ops.checkAsyncPfCompletion(kvm, kvm.vcpu(0));
      const ready: number[] = [];
      while (kvm.memory.load32(TOKEN) !== 0) ready.push(take(kvm));
      t.deepEqual(ready, told);
      return true;
    }),
  );
});

test('a token is written over where the host does not look: Z-A9', (t) => {
  const { kvm } = enabled();
  fault(kvm, 40);
  const second = fault(kvm, 41);
  while (kvm.ops.runAsyncPfWorker(kvm));
  const broken = mutants.find(({ id }) => id === 'Z-A9')!.host!;
  const careless = Object.create(kvm, { ops: { value: { ...kvm.ops, ...broken } } }) as Kvm;
  careless.ops.checkAsyncPfCompletion(careless, kvm.vcpu(0));
  t.true(kvm.memory.load32(TOKEN) === second);
});

test('more page faults than KVM keeps are served at once', (t) => {
  const { kvm } = enabled();
  const told = Array.from({ length: ASYNC_PF_PER_VCPU + 2 }, (_, page) => fault(kvm, 40 + page));
  t.is(told.filter((token) => token !== undefined).length, ASYNC_PF_PER_VCPU);
  t.true(kvm.ops.pageResident(kvm, (40 + ASYNC_PF_PER_VCPU) * PAGE_BYTES));
});

test('who is told: user mode, or the kernel where it wants all, with paging and interrupts on', (t) => {
  const guest = fc.record({
    interruptFlag: fc.boolean(),
    userMode: fc.boolean(),
    paging: fc.boolean(),
    nested: fc.constant(false),
  });
  fc.assert(
    fc.property(fc.boolean(), guest, (always, of) => {
      const bits = KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT;
      const { kvm } = enabled(always ? bits | KVM_ASYNC_PF_SEND_ALWAYS : bits);
      const told = fault(kvm, 40, of) !== undefined;
      const atOnce = kvm.ops.pageResident(kvm, 40 * PAGE_BYTES);
      t.is(told, of.interruptFlag && of.paging && (of.userMode || always));
      t.is(atOnce, !of.interruptFlag);
    }),
  );
});

test('disabling drops what is under way and what is done', (t) => {
  const { kvm } = enabled();
  fault(kvm, 40);
  fault(kvm, 41);
  kvm.ops.runAsyncPfWorker(kvm);
  t.true(set(kvm, MSR_KVM_ASYNC_PF_EN, 0n));
  t.false(kvm.ops.runAsyncPfWorker(kvm), 'nothing is left to do');
  set(kvm, MSR_KVM_ASYNC_PF_EN, BigInt(AREA) | 9n);
  kvm.ops.checkAsyncPfCompletion(kvm, kvm.vcpu(0));
  t.is(take(kvm), 0xffff_ffff, 'what comes next is the token that wakes all');
  t.is(kvm.memory.load32(TOKEN), 0);
});
