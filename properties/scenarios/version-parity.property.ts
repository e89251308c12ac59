import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { MSR_KVM_SYSTEM_TIME_NEW } from '../../src/abi/msr.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import { KVM_REQ_CLOCK_UPDATE } from '../../src/host/requests.ts';
import type { HostThread } from '../../src/scenarios/scenario.ts';
import { checkVersions } from '../../src/scenarios/version-parity.ts';
import { findMutant } from '../../src/zoo/index.ts';
import { makeWorld } from '../host/world.ts';
import { initialVersion } from '../machines.ts';

const AREA = 0x3000;

/** The invariants that some updates of an area break which held `junk`. */
function broken(host: Partial<HostOps>, junk: number, updates: number): string[] {
  const found: string[] = [];
  const violated = (invariant: string): never => found.push(invariant) as never;
  const thread = { violated } as unknown as HostThread;
  const world = makeWorld({}, checkVersions({ ...referenceHost, ...host }, thread));
  const [cpu] = world.cpus;
  cpu!.start();
  world.memory.store32(AREA, junk);
  cpu!.wrmsr(MSR_KVM_SYSTEM_TIME_NEW, BigInt(AREA) | 1n);
  for (let i = 0; i < updates; i++) {
    world.kvm.ops.makeRequest(world.kvm, world.kvm.vcpu(0), KVM_REQ_CLOCK_UPDATE);
    cpu!.exit();
  }
  return found;
}

test('the reference keeps P2 whatever the version was, and over its wrap', (t) => {
  fc.assert(
    fc.property(
      initialVersion,
      fc.nat(8),
      (junk, updates) => broken({}, junk, updates).length === 0,
    ),
  );
  t.pass();
});

test('Z-P1 and Z-P7 break P2', (t) => {
  t.true(
    broken({ ...findMutant('Z-P1').host, copyClock: referenceHost.copyClock }, 0, 1).includes('P2'),
  );
  t.true(broken({ ...findMutant('Z-P7').host }, 7, 1).includes('P2'));
});

test('a version that goes back, or stays, breaks P2', (t) => {
  const stuck: Partial<HostOps> = { publishClock: () => {} };
  t.deepEqual(broken(stuck, 4, 0), ['P2']);
});
