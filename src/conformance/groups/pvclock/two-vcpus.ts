import * as v from 'valibot';
import {
  MSR_KVM_SYSTEM_TIME,
  MSR_KVM_SYSTEM_TIME_NEW,
  PVCLOCK_VCPU_TIME_INFO_BYTES,
} from '../../../abi/index.ts';
import { MSR_IA32_TSC } from '../../../host/msr.ts';
import { group } from '../../group.ts';
import { clockAt, clockFacts } from '../../pvclock-step.ts';
import type { RecordedVm } from '../../recorded-vm.ts';
import { RecordingError } from '../../recording-error.ts';
import type { Facts } from '../../result.ts';
import { type Area, modelFacts, pairOf, setClock } from './bench.ts';
import { recordedSurroundings, type Step } from './step.ts';
import { enabling } from './version.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const VCPUS = [0, 1] as const;
/** Distance of the two areas. */
const SPACING = 64;
const FAR_TSC = 1n << 52n;

/** A write of a system time MSR, as kinds spell it: `guest0_old`. */
interface Write {
  readonly initiated: 'host' | 'guest';
  readonly id: number;
  readonly msr: number;
}

/** What a kind does before each round of steps, the first of which enables both areas. */
interface Plan {
  readonly first: readonly Write[];
  readonly after: readonly Write[];
  /** Host writes of the TSC after the areas were enabled. */
  readonly tsc: readonly { readonly id: number; readonly value: bigint }[];
}

const WRITE = /(host|guest)([01])_(old|new)(?:_msr)?/g;
const KIND = /^(?:(?:host|guest)[01]_(?:old|new)(?:_msr)?(?:_then)?_?)+$/;

/** Whether the kind is one of two vCPUs. */
export function isOfTwoVcpus(kind: string): boolean {
  return planOf(kind) !== undefined;
}

function planOf(kind: string): Plan | undefined {
  if (kind === 'two_vcpus_synced') return { first: [], after: [], tsc: [] };
  const far = [{ id: 1, value: FAR_TSC }];
  if (kind === 'vcpu1_tsc_msr10_written_far_away') return { first: [], after: [], tsc: far };
  if (kind === 'far_then_resync_same_value') return { first: [], after: [], tsc: far };
  if (kind === 'both_tsc_zeroed_by_host_write') {
    return { first: [], after: [], tsc: VCPUS.map((id) => ({ id, value: 0n })) };
  }
  if (!KIND.test(kind)) return undefined;
  const [first = '', after = ''] = kind.split('_then_');
  return { first: writesIn(first), after: writesIn(after), tsc: [] };
}

const writesIn = (text: string): readonly Write[] =>
  [...text.matchAll(WRITE)].map(([, by, id, index]) => ({
    initiated: by as 'host' | 'guest',
    id: Number(id),
    msr: index === 'old' ? MSR_KVM_SYSTEM_TIME : MSR_KVM_SYSTEM_TIME_NEW,
  }));

/** Two vCPUs: whether they are shown one pair, and what takes it from them. */
export const twoVcpus = group(
  'pvclock',
  v.looseObject({ kind: v.string(), ...enabling }),
  (row, bench) => {
    const vm = bench.vm({ vcpus: VCPUS.length });
    const plan = planOf(row.kind);
    if (plan === undefined)
      throw new RecordingError(`the kind ${JSON.stringify(row.kind)} is unknown`);
    const gpas = VCPUS.map((id) => Number(row.value & ~1n) + id * SPACING);
    const areas = gpas.map(
      (gpa): Area => ({ gpa, bytes: new Uint8Array(PVCLOCK_VCPU_TIME_INFO_BYTES) }),
    );
    const recorded = areas.map(({ bytes }) => bytes);
    const expected: Record<string, Facts> = {};
    const got: Record<string, Facts> = {};
    let clockSet: bigint | undefined;
    let round: string | undefined;
    for (const step of row.steps) {
      const [id, now] = placeOf(step.step);
      if (now !== round) {
        round = now;
        clockSet = prepare(vm, plan, { round, gpas, step }) ?? clockSet;
      }
      const area = areas[id]!;
      expected[step.step] = {
        ...clockFacts(recorded[id]!, step.bytes32, recordedSurroundings(step, clockSet)),
        ...(id === 0 ? {} : { samePair: pairOf(step.bytes32) === pairOf(recorded[0]!) }),
      };
      got[step.step] = {
        ...modelFacts(vm, area, area.bytes, clockSet, id),
        ...(id === 0 ? {} : { samePair: pairOf(area.bytes) === pairOf(areas[0]!.bytes) }),
      };
      recorded[id] = step.bytes32;
    }
    return { expected, got };
  },
);

/** Steps come in rounds, one for each vCPU: `vcpu1_after_set_clock`. */
function placeOf(step: string): readonly [id: number, round: string] {
  const match = step.match(/^vcpu([01])(?:_(after_new|after_old|after_set_clock|resync))?$/);
  if (match === null) throw new RecordingError(`the step ${JSON.stringify(step)} is unknown`);
  return [Number(match[1]), match[2] ?? 'enabled'];
}

/** What comes before a round, and a KVM_RUN of each vCPU. Returns what the clock was set to, if it was. */
function prepare(
  vm: RecordedVm,
  plan: Plan,
  { round, gpas, step }: { round: string; gpas: readonly number[]; step: Step },
): bigint | undefined {
  let clockSet: bigint | undefined;
  const perform = ({ initiated, id, msr }: Write): void => {
    vm.write(initiated, msr, BigInt(gpas[id]!) | 1n, id);
  };
  if (round === 'enabled') {
    for (const id of VCPUS) {
      const own = plan.first.filter((write) => write.id === id);
      const usual: Write = { initiated: 'guest', id, msr: MSR_KVM_SYSTEM_TIME_NEW };
      for (const write of own.length > 0 ? own : [usual]) perform(write);
    }
    for (const { id, value } of plan.tsc) vm.write('host', MSR_IA32_TSC, value, id);
  } else if (round === 'resync') {
    for (const id of VCPUS) vm.write('host', MSR_IA32_TSC, FAR_TSC, id);
  } else if (round === 'after_set_clock') {
    // The recorder sets whole seconds; how many, the first publication afterwards tells.
    const { systemTime } = clockAt(step.bytes32);
    clockSet = systemTime - (systemTime % NANOSECONDS_PER_SECOND);
    setClock(vm, clockSet);
  } else {
    plan.after.forEach(perform);
  }
  // Twice: what one of them does about the master clock, the other is told at its next entry.
  for (const id of [...VCPUS, ...VCPUS]) vm.run(() => {}, id);
  return clockSet;
}
