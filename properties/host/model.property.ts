import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import type { HostOps } from '../../src/host/host-ops.ts';
import { referenceHost } from '../../src/host/host-ops.ts';
import { VCPU } from '../../src/host/records.ts';
import { mutants } from '../../src/zoo/index.ts';
import { Machine, makeModel } from './commands/machine.ts';
import { machineCommand } from './commands/machine-commands.ts';
import { msrCommand } from './commands/msrs.ts';

const commands = fc.commands(
  [
    msrCommand as fc.Arbitrary<fc.Command<ReturnType<typeof makeModel>, Machine>>,
    machineCommand as fc.Arbitrary<fc.Command<ReturnType<typeof makeModel>, Machine>>,
  ],
  { maxCommands: 30 },
);

function holds(
  host: Partial<HostOps>,
): fc.IProperty<[Iterable<fc.Command<ReturnType<typeof makeModel>, Machine>>]> {
  return fc.property(commands, (sequence) => {
    fc.modelRun(() => ({ model: makeModel(), real: new Machine(host) }), sequence);
  });
}

test('M1 and M2 after every command of any sequence', (t) => {
  fc.assert(holds({}), { numRuns: 3_000 });
  t.pass();
});

/** Twins that write where they may not, or answer what they should not, and hosts with a fault of their own. */
const FAULTS: Readonly<Record<string, Partial<HostOps>>> = {
  'Z-L2': twin('Z-L2'),
  'Z-E7': twin('Z-E7'),
  'Z-S8': twin('Z-S8'),
  'a reset leaves SYSTEM_TIME': {
    resetVcpu(kvm, vcpu) {
      const before = kvm.memory.load64(vcpu + VCPU.systemTime);
      referenceHost.resetVcpu(kvm, vcpu);
      kvm.memory.store64(vcpu + VCPU.systemTime, before);
    },
  },
  'the steal area is 128 bytes': {
    recordStealTime(kvm, vcpu) {
      referenceHost.recordStealTime(kvm, vcpu);
      const area = kvm.ops.stealArea(kvm, vcpu);
      if (area >= 0) kvm.memory.store32(area + 64, 1);
    },
  },
};

function twin(id: string): Partial<HostOps> {
  return mutants.find((mutant) => mutant.id === id)!.host!;
}

for (const [name, host] of Object.entries(FAULTS)) {
  test(`found and shrunk: ${name}`, (t) => {
    const result = fc.check(holds(host), { numRuns: 10_000 });
    t.true(result.failed);
    const [sequence] = result.counterexample!;
    const ran = String(sequence)
      .split(',')
      .filter((text) => text !== '');
    t.log(ran.join('; '), (result.errorInstance as Error | undefined)?.message ?? '');
    t.true(ran.length <= 5, `a few commands are enough: ${ran.join('; ')}`);
  });
}
