import { DEFAULT_MACHINE, type MachineSpec } from '../host/machine.ts';
import { checkNames, MOST_VCPUS } from './check-definition.ts';
import { isRecord, isWholeNumber, wrong } from './shape.ts';

const PAGE_BYTES = 4096;
/** What host memory is behind it fits besides. */
const MOST_RAM_BYTES = 1 << 30;
const IRQCHIPS: readonly unknown[] = ['none', 'kernel', 'split'];
const TIME_SOURCES: readonly unknown[] = ['shared-tick', 'still-tick', 'monotonic'];

/** Looks at what a machine differs in from the default one. @throws UsageError */
export function checkMachine(machine: unknown): void {
  if (!isRecord(machine)) throw wrong('machine as an object', machine);
  checkNames('a field of the machine', Object.keys(machine), Object.keys(DEFAULT_MACHINE));
  for (const [name, value] of Object.entries(machine)) {
    if (value === undefined) continue;
    const usual = DEFAULT_MACHINE[name as keyof MachineSpec];
    const kind = Array.isArray(usual) ? 'array' : typeof usual;
    const got = Array.isArray(value) ? 'array' : typeof value;
    if (kind !== got) throw wrong(`machine.${name} as ${ARTICLES[kind]}`, value);
    if (kind === 'number' && !Number.isFinite(value))
      throw wrong(`machine.${name} as a finite number`, value);
  }
  const { vcpus, ramBytes, furtherRam, irqchip, timeSource, hostTscKhz } =
    machine as Partial<MachineSpec>;
  if (vcpus !== undefined && !isWholeNumber(vcpus, 1, MOST_VCPUS))
    throw wrong(`machine.vcpus from 1 to ${MOST_VCPUS}`, vcpus);
  if (ramBytes !== undefined && !isRam(ramBytes))
    throw wrong(
      `machine.ramBytes as whole ${PAGE_BYTES}-byte pages, ${MOST_RAM_BYTES} bytes at most,`,
      ramBytes,
    );
  for (const slot of furtherRam ?? []) {
    const fits =
      isRecord(slot) &&
      isWholeNumber(slot.gpa, 0) &&
      slot.gpa % PAGE_BYTES === 0 &&
      isRam(slot.bytes);
    if (!fits) throw wrong('machine.furtherRam as { gpa, bytes } in whole pages', slot);
  }
  if (irqchip !== undefined && !IRQCHIPS.includes(irqchip))
    throw wrong(`machine.irqchip of ${IRQCHIPS.join(', ')}`, irqchip);
  if (timeSource !== undefined && !TIME_SOURCES.includes(timeSource))
    throw wrong(`machine.timeSource of ${TIME_SOURCES.join(', ')}`, timeSource);
  if (hostTscKhz !== undefined && !isWholeNumber(hostTscKhz, 1))
    throw wrong('machine.hostTscKhz as a whole number of kHz', hostTscKhz);
  checkPerVcpu(
    'tscKhz',
    machine.tscKhz,
    (value) => isWholeNumber(value, 1),
    'whole numbers of kHz',
  );
  checkPerVcpu('tscOffset', machine.tscOffset, (value) => typeof value === 'bigint', 'bigints');
}

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'an array',
  number: 'a number',
  bigint: 'a bigint',
  boolean: 'a boolean',
  string: 'a string',
};

function isRam(bytes: unknown): boolean {
  return isWholeNumber(bytes, PAGE_BYTES, MOST_RAM_BYTES) && bytes % PAGE_BYTES === 0;
}

/** The last value stands for the rest: there is at least one. */
function checkPerVcpu(
  name: string,
  values: unknown,
  allows: (value: unknown) => boolean,
  what: string,
): void {
  if (values === undefined) return;
  if (Array.isArray(values) && values.length > 0 && values.every(allows)) return;
  throw wrong(`machine.${name} as an array of ${what}, one at least,`, values);
}
