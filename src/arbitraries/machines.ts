import fc from 'fast-check';
import { KVM_SUPPORTED_FEATURES } from '../abi/index.ts';
import type { MachineSpec } from '../host/machine.ts';

/** What a scenario needs of its machine; everything else is drawn. */
export interface MachineLimits {
  /** How many vCPUs, or from how many to how many; by default 1 to 4. */
  readonly vcpus?: number | { readonly least: number; readonly most: number };
  /** Whether all TSCs show the same, as most scenarios of the clock expect; by default true. */
  readonly oneTscLine?: boolean;
  /** Bits of the KVM feature leaf that must be there, the others may be missing; by default all must. */
  readonly features?: number;
  /** By default only the LAPIC in the kernel, which PV EOI needs. */
  readonly irqchips?: readonly MachineSpec['irqchip'][];
}

/** kHz: round ones, ones that round badly, and any. */
const TSC_KHZ = fc.oneof(
  fc.constantFrom(2_300_000, 1_000, 1_000_000, 1_000_001, 2_000_001, 4_000_000),
  fc.integer({ min: 1_000, max: 8_000_000 }),
);

const TSC_OFFSET = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

/** Versions where parity, sign and wrap are at stake, and any other. */
const VERSION = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** Draws what differs from `DEFAULT_MACHINE`: for the `machine` of a run, over what its scenario says. */
export function machines(limits: MachineLimits = {}): fc.Arbitrary<Partial<MachineSpec>> {
  const { vcpus = { least: 1, most: 4 }, irqchips = ['kernel'], oneTscLine = true } = limits;
  const { least, most } = typeof vcpus === 'number' ? { least: vcpus, most: vcpus } : vcpus;
  const needed = limits.features ?? KVM_SUPPORTED_FEATURES;
  return fc
    .record({
      vcpus: fc.integer({ min: least, max: most }),
      hostTscKhz: TSC_KHZ,
      firstTick: fc.bigInt({ min: 0n, max: 2n ** 52n }),
      rawClockPpm: fc.oneof(fc.constant(0), fc.integer({ min: -500, max: 500 })),
      realtimeOffset: fc.bigInt({ min: 0n, max: 4n * 10n ** 18n }),
      initialVersion: VERSION,
      updateInterval: fc.constantFrom(200, 0, 20, 2_000),
      irqchip: fc.constantFrom(...irqchips),
      features: fc.nat({ max: 0x7fffffff }).map((drawn) => {
        const offered = KVM_SUPPORTED_FEATURES & ~drawn;
        return (offered | needed) >>> 0;
      }),
    })
    .chain((machine) =>
      tscLines(machine, oneTscLine).map(
        (lines): Partial<MachineSpec> => ({ ...machine, ...lines }),
      ),
    );
}

/** Frequencies and offsets: one for all vCPUs, or one for each. */
function tscLines(
  { vcpus, hostTscKhz }: Pick<MachineSpec, 'vcpus' | 'hostTscKhz'>,
  one: boolean,
): fc.Arbitrary<Pick<MachineSpec, 'tscKhz' | 'tscOffset' | 'vcpusMatchedTsc'>> {
  if (one) {
    return TSC_OFFSET.map((offset) => ({
      tscKhz: [hostTscKhz],
      tscOffset: [offset],
      vcpusMatchedTsc: true,
    }));
  }
  const each = { minLength: vcpus, maxLength: vcpus };
  return fc.record({
    tscKhz: fc.array(TSC_KHZ, each),
    tscOffset: fc.array(TSC_OFFSET, each),
    vcpusMatchedTsc: fc.constant(false),
  });
}
