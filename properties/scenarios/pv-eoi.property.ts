import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { MSR_KVM_PV_EOI_EN } from '../../src/abi/msr.ts';
import { closePools, stress } from '../../src/engines/stress/index.ts';
import { referenceGuest } from '../../src/guest/reference.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { VCPU } from '../../src/host/records.ts';
import { createSharedMemory, openSharedMemory } from '../../src/memory/shared-memory.ts';
import { pvEoiWord } from '../../src/scenarios/guest-map.ts';
import { Ledger } from '../../src/scenarios/ledger.ts';
import {
  checkSavedIsr,
  handlerBegins,
  handlerSignals,
  WATCH_BYTES,
  watchPvEoi,
} from '../../src/scenarios/pv-eoi-watch.ts';
import type { HostThread } from '../../src/scenarios/scenario.ts';
import { mutants } from '../../src/zoo/index.ts';
import { makeWorld } from '../host/world.ts';
import { testKills } from './races.ts';

test.after.always(() => closePools());

const WORD = pvEoiWord(0);
const VECTORS = [0x31, 0x35, 0x52, 0x83, 0xe1];

/** What a device, a timer or the VMM does between two stretches of guest work. */
type Event = { readonly raise: number } | 'exit' | 'work' | 'save';

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom(...VECTORS).map((raise) => ({ raise })),
  fc.constantFrom<Event>('exit', 'work', 'save'),
);

/** The invariants that a host breaks on one thread, with events between guest steps. */
function broken(host: Partial<HostOps>, events: readonly Event[]): string[] {
  const found: string[] = [];
  const checker = openSharedMemory(createSharedMemory(WATCH_BYTES), 'atomic');
  const thread = {
    ledger: new Ledger(checker, 0, WATCH_BYTES),
    violated: (invariant: string): never => found.push(invariant) as never,
  } as unknown as HostThread & { kvm?: unknown };
  const world = makeWorld({ vcpus: 1 }, watchPvEoi({ ...referenceHost, ...host }, thread));
  Object.assign(thread, { kvm: world.kvm });
  const [cpu] = world.cpus;
  for (const vector of VECTORS) {
    cpu!.onInterrupt(vector, () => {
      handlerBegins(thread, 0);
      handlerSignals(thread, 0, () => referenceGuest.signalEoi(cpu!, { word: WORD }));
    });
  }
  cpu!.start();
  cpu!.store32(WORD, 0x11223300);
  cpu!.wrmsr(MSR_KVM_PV_EOI_EN, BigInt(WORD) | 1n);
  cpu!.sti();
  for (const what of events) {
    if (what === 'exit') cpu!.exit();
    else if (what === 'save') cpu!.exitToUser(() => checkSavedIsr(thread, 0));
    else if (what === 'work') for (let i = 0; i < 250; i++) cpu!.load32(WORD);
    else
      world.kvm.ops.acceptInterrupt(
        world.kvm,
        world.kvm.vcpu(0),
        what.raise,
        (what.raise & 4) !== 0,
      );
  }
  return found;
}

test('the reference breaks nothing, whatever comes between its steps', (t) => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => broken({}, events).length === 0),
  );
  t.pass();
});

/** A host fault for each invariant, so that every check is seen to fail. */
const FAULTS: readonly (readonly [string, Partial<HostOps>])[] = [
  [
    'E1',
    {
      // The word is set behind the guest's back, as seen at the exit.
      leaveGuest(kvm, vcpu) {
        referenceHost.leaveGuest(kvm, vcpu);
      },
      takeInjectedVector(kvm, vcpu) {
        kvm.memory.store8(WORD, 1);
        return referenceHost.takeInjectedVector(kvm, vcpu);
      },
    },
  ],
  [
    'E3',
    {
      pvEoiToGuest(kvm, vcpu) {
        const waiting = kvm.memory.load32(vcpu + VCPU.irrPending);
        kvm.memory.store32(vcpu + VCPU.irrPending, 0);
        referenceHost.pvEoiToGuest(kvm, vcpu);
        kvm.memory.store32(vcpu + VCPU.irrPending, waiting);
      },
    },
  ],
  [
    'E5',
    {
      leaveGuest(kvm, vcpu) {
        if ((kvm.memory.load32(vcpu + VCPU.injectedVector) | 0) < 0) {
          const vector = kvm.ops.pendingInterrupt(kvm, vcpu);
          if (vector >= 0) kvm.ops.acknowledgeInterrupt(kvm, vcpu, vector);
        }
        referenceHost.leaveGuest(kvm, vcpu);
      },
    },
  ],
  ['E6', { syncLapicFromGuest: () => {} }],
  ['E7', { eoiReachesIoapic: () => false }],
];

for (const [invariant, host] of FAULTS) {
  test(`a host that breaks ${invariant} is found out`, (t) => {
    const seen = fc.check(
      fc.property(
        fc.array(event, { minLength: 20, maxLength: 60 }),
        (events) => !broken(host, events).includes(invariant),
      ),
      { numRuns: 200 },
    );
    t.true(seen.failed);
  });
}

for (const [scenario, operations] of [
  ['pv-eoi-storm', 100_000],
  ['pv-eoi-remote-clear', 100_000],
  // One of its operations takes a vCPU away and brings it back.
  ['pv-eoi-unplug', 20_000],
  ['request-kick', 100_000],
] as const) {
  test.serial(`${scenario} holds`, async (t) => {
    const result = await stress({
      scenario,
      operations,
      seconds: 20,
      canarySeconds: 0.01,
    });
    t.true(result.verdict === 'pass' || result.verdict === 'incomplete', JSON.stringify(result));
    t.true(result.samples! > 0);
  });
}

// Z-R1 needs two threads that really run at once, which a busy machine cannot promise.
testKills(mutants.filter(({ id }) => /^(Z-E|A-E|Z-R2|Z-R3)/.test(id)));
