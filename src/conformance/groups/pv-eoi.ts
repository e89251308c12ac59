import * as v from 'valibot';
import { MSR_KVM_PV_EOI_EN, PV_EOI_WORD_BYTES } from '../../abi/index.ts';
import type { Vcpu } from '../../cpu/vcpu.ts';
import { hexBytes, hexNumber } from '../fields.ts';
import { group } from '../group.ts';
import { bytesOfHex, hexOfBytes } from '../hex.ts';
import type { RecordedVm } from '../recorded-vm.ts';
import type { Facts } from '../result.ts';

const WORD = 0x2_0044;
const GUARD_BYTES = 4;
const GUARD = 0xcc;
/** Vectors of the recorder's interrupts. */
const VECTORS = [0x40, 0x50];

/** The word with four bytes before and four behind it, as the recorder dumps them. */
const guarded = v.pipe(hexBytes, v.length(24), v.transform(bytesOfHex));

/**
 * Interrupts to a guest with PV EOI on or off. Which of them a host offers depends on its LAPIC;
 * general is what may be written at all: the low byte of the word, as 0 or 1, and nothing by the MSR.
 */
export const pvEoi = group(
  'pv_eoi',
  v.looseObject({
    enabled: v.boolean(),
    accepted: v.boolean(),
    guest_eoi: v.string(),
    prefill: hexNumber,
    pending_vectors: v.number(),
    events: v.array(v.looseObject({ guard: guarded })),
  }),
  (row, bench) => {
    const vm = bench.vm();
    const before = dumpOf(row.prefill);
    vm.fill(WORD - GUARD_BYTES, before);
    const value = row.enabled ? BigInt(WORD) | 1n : 0n;
    const accepted = vm.write('guest', MSR_KVM_PV_EOI_EN, value);
    const dumps = interrupt(vm, row.guest_eoi, row.pending_vectors);
    return {
      expected: {
        accepted: row.accepted,
        ...wordFacts(
          before,
          row.events.map(({ guard }) => guard),
          row.enabled,
        ),
      },
      got: { accepted, ...wordFacts(before, dumps, row.enabled) },
    };
  },
);

function dumpOf(word: bigint): Uint8Array {
  const bytes = new Uint8Array(2 * GUARD_BYTES + PV_EOI_WORD_BYTES).fill(GUARD);
  new DataView(bytes.buffer).setUint32(GUARD_BYTES, Number(word), true);
  return bytes;
}

/** Interrupts arrive and are ended in the way that the row says; what memory held after each. */
function interrupt(vm: RecordedVm, eoi: string, count: number): readonly Uint8Array[] {
  const dumps: Uint8Array[] = [];
  const look = (): void => {
    dumps.push(vm.bytes(WORD - GUARD_BYTES, 2 * GUARD_BYTES + PV_EOI_WORD_BYTES));
  };
  const handle = (cpu: Vcpu): void => {
    look();
    if (eoi.includes('pv_clear')) cpu.testAndClear(WORD, 0);
    if (eoi.includes('apic_eoi')) cpu.apicEoi();
    look();
  };
  const { kvm } = vm;
  for (const vector of VECTORS.slice(0, count)) {
    vm.cpu().onInterrupt(vector, handle);
    kvm.ops.acceptInterrupt(kvm, vm.vcpu(), vector);
  }
  vm.run((cpu) => cpu.sti());
  look();
  return dumps;
}

/** The low byte is the host's where PV EOI is on; everything else stays as it was. */
function wordFacts(before: Uint8Array, dumps: readonly Uint8Array[], enabled: boolean): Facts {
  const rest = (bytes: Uint8Array): string =>
    hexOfBytes(bytes.subarray(0, GUARD_BYTES)) + hexOfBytes(bytes.subarray(GUARD_BYTES + 1));
  const low = before[GUARD_BYTES]!;
  return {
    restKept: dumps.every((bytes) => rest(bytes) === rest(before)),
    lowByteZeroOrOne: dumps.every((bytes) => {
      const byte = bytes[GUARD_BYTES]!;
      return byte === low || (enabled && byte <= 1) || byte === (low & ~1);
    }),
  };
}
