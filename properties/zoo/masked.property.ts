import '../seed.ts';
import test from 'ava';
import type { ModelName } from '../../src/engines/controlled/models/memory-model.ts';
import { verify } from '../../src/engines/verify/verify.ts';
import { verifyHere } from '../../src/engines/verify/verify-here.ts';
import { type HostOps, referenceHost } from '../../src/host/host-ops.ts';
import type { Kvm, VcpuRecord } from '../../src/host/kvm.ts';
import { OUTSIDE_GUEST_MODE, VCPU } from '../../src/host/records.ts';
import { KVM_REQ_APF_READY } from '../../src/host/requests.ts';
import type { HostAddress } from '../../src/memory/memory-port.ts';
import { SCRATCH } from '../../src/scenarios/guest-map.ts';
import { findScenario } from '../../src/scenarios/index.ts';
import { findMutant } from '../../src/zoo/index.ts';
import { exploreTwin, holds, LIMITS } from './explored.ts';

const MODELS = ['sc', 'tso', 'weak'] as const;

/** A word for APF_READY alone, for what a plain store must not undo is in `requests`. */
const readyWord = (kvm: Kvm, vcpu: VcpuRecord): HostAddress =>
  kvm.cpu.translate(SCRATCH + kvm.memory.load32(vcpu + VCPU.id) * 4, 4);

/** What masks Z-A4 taken away: APF_READY is set by a plain store, which may wait in a store buffer. */
const requestByPlainStore: Partial<HostOps> = {
  makeRequest(kvm, vcpu, request) {
    if (request !== KVM_REQ_APF_READY) return referenceHost.makeRequest(kvm, vcpu, request);
    kvm.memory.wmb();
    kvm.memory.store32(readyWord(kvm, vcpu), 1);
  },
  serveRequests(kvm, vcpu, guest) {
    const ready = readyWord(kvm, vcpu);
    if (kvm.memory.load32(ready) !== 0 && kvm.memory.lockXchg32(ready, 0) !== 0)
      kvm.ops.checkAsyncPfCompletion(kvm, vcpu);
    referenceHost.serveRequests(kvm, vcpu, guest);
  },
  enterGuestMode(kvm, vcpu) {
    if (!referenceHost.enterGuestMode(kvm, vcpu)) return false;
    if (kvm.memory.load32(readyWord(kvm, vcpu)) === 0) return true;
    kvm.memory.store32(vcpu + VCPU.mode, OUTSIDE_GUEST_MODE);
    return false;
  },
};

/** What the host with these changes breaks, or whether all was explored. */
function broken(host: Partial<HostOps>, model: ModelName): string {
  const mutant = { ...findMutant('Z-A4'), host };
  const scenario = findScenario(mutant.scenario);
  const { failure, kind } = verifyHere({ scenario, mutant, model }, LIMITS);
  return failure?.kind === 'violation' ? failure.invariant : (failure?.kind ?? kind);
}

test('Z-A4 is masked under every model by the locked operation that sets the request', (t) => {
  for (const model of MODELS) {
    t.is(exploreTwin('Z-A4', model).kind, 'all', model);
    holds(t, 'async-page-fault-acknowledge', model);
  }
});

test('Z-A4 is found out where a plain store sets the request, and stores can be late', (t) => {
  const unmasked = { ...findMutant('Z-A4').host, ...requestByPlainStore };
  t.is(broken(unmasked, 'sc'), 'all');
  for (const model of ['tso', 'weak'] as const) t.is(broken(unmasked, model), 'A1', model);
});

test('with its two barriers the host may set the request by a plain store', (t) => {
  for (const model of MODELS) t.is(broken(requestByPlainStore, model), 'all', model);
});

test('the barrier after the request is the one that counts: the entry has one of its own', (t) => {
  const { asyncPageReadyQueued, writeAsyncPfAck } = findMutant('Z-A4').host!;
  for (const model of ['tso', 'weak'] as const) {
    t.is(
      broken({ ...requestByPlainStore, asyncPageReadyQueued: asyncPageReadyQueued! }, model),
      'A1',
      model,
    );
    t.is(
      broken({ ...requestByPlainStore, writeAsyncPfAck: writeAsyncPfAck! }, model),
      'all',
      model,
    );
  }
});

test('verify says of a masked twin that it is, and by what', async (t) => {
  for (const [mutant, mask] of [
    ['Z-A4', /is not visible under tso\. Masked by the locked operation that sets the request/],
    ['Z-S13', /is not visible under tso\. Masked by the locked cmpxchg that sets the flag/],
    ['Z-P2', /is not visible under tso\..* it shows under weak/],
  ] as const) {
    const result = await verify({ scenario: findMutant(mutant).scenario, mutant, model: 'tso' });
    t.is(result.verdict, 'pass', mutant);
    t.regex(result.message ?? '', mask);
  }
});
