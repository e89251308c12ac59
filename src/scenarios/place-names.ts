import { KVM_STEAL_TIME } from '../abi/kvm-steal-time.ts';
import { fieldAt, type RecordLayout } from '../abi/layout.ts';
import { PVCLOCK_VCPU_TIME_INFO } from '../abi/pvclock-vcpu-time-info.ts';
import { PVCLOCK_WALL_CLOCK } from '../abi/pvclock-wall-clock.ts';
import type { MachineMap } from '../host/machine.ts';
import { VCPU, VM } from '../host/records.ts';
import type { HostAddress } from '../memory/memory-port.ts';
import {
  clockArea,
  LAST_VALUE,
  pvEoiWord,
  SCRATCH,
  stealArea,
  WALL_CLOCK_AREA,
} from './guest-map.ts';

/** Bytes between the areas of two vCPUs. */
const STRIDE = clockArea(1) - clockArea(0);
/** Room for the areas of all vCPUs. */
const AREAS = 64 * STRIDE;

/**
 * What is at a host address, in words: `pvclock[0].version`, `vcpu[1].requests`, `vm.useMasterClock`.
 *
 * @param ledger from here on memory is the checker's
 */
export function placeName(address: HostAddress, map: MachineMap, ledger: HostAddress): string {
  if (address >= ledger) return `ledger+${hex(address - ledger)}`;
  if (address >= map.vm) return hostName(address - map.vm);
  if (address >= map.memslotTable) return `memslots+${hex(address - map.memslotTable)}`;
  return guestName(address);
}

function guestName(gpa: number): string {
  const perVcpu = (name: string, base: number, record: RecordLayout): string | undefined => {
    if (gpa < base || gpa >= base + AREAS) return undefined;
    const vcpu = Math.floor((gpa - base) / STRIDE);
    return `${name}[${vcpu}]${fieldName(record, (gpa - base) % STRIDE)}`;
  };
  if (gpa >= LAST_VALUE && gpa < LAST_VALUE + 8) return 'last_value';
  if (gpa >= WALL_CLOCK_AREA && gpa < WALL_CLOCK_AREA + PVCLOCK_WALL_CLOCK.size) {
    return `wall clock${fieldName(PVCLOCK_WALL_CLOCK, gpa - WALL_CLOCK_AREA)}`;
  }
  if (gpa >= pvEoiWord(0) && gpa < pvEoiWord(0) + AREAS) {
    const byte = (gpa - pvEoiWord(0)) % STRIDE;
    const vcpu = Math.floor((gpa - pvEoiWord(0)) / STRIDE);
    return `pv eoi[${vcpu}]${byte === 0 ? '' : `+${byte}`}`;
  }
  const area =
    perVcpu('pvclock', clockArea(0), PVCLOCK_VCPU_TIME_INFO) ??
    perVcpu('steal', stealArea(0), KVM_STEAL_TIME);
  if (area !== undefined) return area;
  return gpa >= SCRATCH ? `scratch+${hex(gpa - SCRATCH)}` : `gpa ${hex(gpa)}`;
}

function hostName(offset: number): string {
  if (offset < VM.bytes) return `vm${memberName(VM, offset)}`;
  const vcpu = Math.floor((offset - VM.bytes) / VCPU.bytes);
  return `vcpu[${vcpu}]${memberName(VCPU, (offset - VM.bytes) % VCPU.bytes)}`;
}

function fieldName(record: RecordLayout, offset: number): string {
  const field = fieldAt(record, offset);
  if (field === undefined) return `+${hex(offset)}`;
  return `.${field.name}${offset === field.offset ? '' : `+${offset - field.offset}`}`;
}

/** The member of a host record that starts at an offset, or the last one before it. */
function memberName(record: Readonly<Record<string, number>>, offset: number): string {
  let best = '';
  let at = -1;
  for (const [name, start] of Object.entries(record)) {
    if (name === 'bytes' || start > offset || start <= at) continue;
    best = name;
    at = start;
  }
  return `.${best}${offset === at ? '' : `+${offset - at}`}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
