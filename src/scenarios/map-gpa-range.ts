import { KVM_HC_MAP_GPA_RANGE } from '../abi/hypercall.ts';
import { KVM_CAP_EXIT_HYPERCALL } from '../host/capabilities.ts';
import { sharedRanges, withSharedRanges } from '../host/shared-ranges.ts';
import { enableVmCap } from '../host/vmm-ioctls.ts';
import { CONVERSIONS_BYTES, Converter, checkSharedRanges, MOST_CONVERTERS } from './conversions.ts';
import type { HostThread, Program, Scenario, VcpuThread } from './scenario.ts';

const CONVERSIONS = 0;

const OUTCOMES = [
  { outcome: 'converted', expect: 'ACCEPTABLE', description: 'The VMM took the conversion.' },
  {
    outcome: 'refused',
    expect: 'ACCEPTABLE',
    description: 'The arguments were invalid, and nothing has changed.',
  },
  {
    outcome: 'complete',
    expect: 'ACCEPTABLE',
    description: 'The list was as the conversions had made it, page by page.',
  },
  {
    outcome: 'part of it',
    expect: 'INTERESTING',
    description: 'The same for some pages; the others were being converted.',
  },
] as const;
const CONVERTED = 0;
const REFUSED = 1;
const COMPLETE = 2;
const PART = 3;

/** All pages are judged where nobody converts. */
const ALL_PAGES = CONVERSIONS_BYTES / 4;

/** vCPUs tell the VMM which pages they share, all at once, while it looks at its list. */
export const mapGpaRange: Scenario = {
  name: 'map-gpa-range',
  summary:
    'vCPUs convert pages (KVM_HC_MAP_GPA_RANGE), all at once; the VMM keeps the list of what is shared.',
  mechanism: 'migration',
  roles: [],
  invariants: ['G2'],
  outcomes: OUTCOMES,
  vcpus: { default: 2, least: 1, most: MOST_CONVERTERS },
  machine: { encrypted: true },
  ledgerBytes: CONVERSIONS_BYTES,
  threads: ({ vcpus }) => [
    ...Array.from({ length: vcpus }, (_, vcpu) => ({ name: `vcpu${vcpu}`, vcpu, start: convert })),
    { name: 'vmm', start: look },
  ],
};

/** Makes KVM pass the hypercall on to the VMM: without it the answer is -KVM_ENOSYS. */
export function askForMapGpaRange({ kvm }: HostThread): void {
  enableVmCap(kvm, { cap: KVM_CAP_EXIT_HYPERCALL, arg: 1n << BigInt(KVM_HC_MAP_GPA_RANGE) });
}

function convert(thread: VcpuThread): Program {
  const { random, outcome } = thread;
  const converter = new Converter(thread, CONVERSIONS);
  return {
    step() {
      if (random.below(8) === 0) {
        converter.convertNothing();
        outcome(REFUSED);
      } else {
        converter.convert();
        outcome(CONVERTED);
      }
    },
  };
}

function look(thread: HostThread): Program {
  const { kvm, idle, outcome } = thread;
  askForMapGpaRange(thread);
  return {
    step() {
      const judged = checkSharedRanges(thread, CONVERSIONS, () =>
        withSharedRanges(kvm, () => sharedRanges(kvm)),
      );
      outcome(judged === ALL_PAGES ? COMPLETE : PART);
      idle();
    },
  };
}
