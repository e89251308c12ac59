import { RunStopped } from '../cpu/faults.ts';
import type { Vcpu } from '../cpu/vcpu.ts';
import { type GuestRoles, ROLES, type RoleName } from '../guest/roles.ts';

/** A role returned something that its signature does not allow. */
export class RoleReturned extends Error {
  override readonly name = 'RoleReturned';
  constructor(role: RoleName, expected: string, value: unknown) {
    super(
      `Expected ${role} to return ${expected}, got ${describe(value)}. See its signature in \`pvrace list\`.`,
    );
  }
}

const TWO_TO_64 = 1n << 64n;

const RESULTS: { readonly [Role in RoleName]: readonly [string, (value: unknown) => boolean] } = {
  readClock: ['a bigint from 0 to 2^64 - 1', isUnsigned64],
  readWallClock: ['a bigint from 0 to 2^64 - 1', isUnsigned64],
  readSteal: ['a bigint from 0 to 2^64 - 1', isUnsigned64],
  vcpuIsPreempted: ['a boolean', (value) => typeof value === 'boolean'],
  flushTlb: ['a number from 0 to 2^32 - 1', isUnsigned32],
  checkGuestStopped: ['a boolean', (value) => typeof value === 'boolean'],
  signalEoi: ['nothing', (value) => value === undefined],
  wait: ['nothing', (value) => value === undefined],
  kick: ['nothing', (value) => value === undefined],
  spinLock: ['nothing', (value) => value === undefined],
  spinUnlock: ['nothing', (value) => value === undefined],
  enableAsyncPageFaults: ['nothing', (value) => value === undefined],
  pageNotPresent: ['a number from 0 to 2^32 - 1', isUnsigned32],
  waitForPage: ['nothing', (value) => value === undefined],
  pageReady: ['nothing', (value) => value === undefined],
  idle: ['a number from 0 to 2^32 - 1', isUnsigned32],
  cpuOffline: ['nothing', (value) => value === undefined],
  detect: ['{ systemTime, wallClock, validFlags } of unsigned numbers, or undefined', isDetection],
};

/**
 * The roles, each with its result checked and with a word that tells the supervisor which one runs.
 *
 * @param words where to say it
 * @param index of the word, which holds 1 + the role's place in `ROLES`, or 0
 * @param run tells whether the end of the run has been thrown through the role
 */
export function checkedRoles(
  roles: GuestRoles,
  words: Int32Array,
  index: number,
  run: { readonly stopped: boolean },
): GuestRoles {
  const checked: Record<string, (cpu: Vcpu, at: never) => unknown> = {};
  ROLES.forEach(({ name }, place) => {
    const role = roles[name] as (cpu: Vcpu, at: never) => unknown;
    const [expected, allows] = RESULTS[name];
    checked[name] = (cpu, at) => {
      // A handler may call a role while another one is interrupted.
      const outer = words[index]!;
      words[index] = place + 1;
      const value = role(cpu, at);
      words[index] = outer;
      // A guest that caught the end of the run and went on has no result to judge.
      if (run.stopped) throw new RunStopped();
      if (!allows(value)) throw new RoleReturned(name, expected, value);
      return value;
    };
  });
  return checked as unknown as GuestRoles;
}

function isDetection(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { systemTime, wallClock, validFlags } = value as Record<string, unknown>;
  return [systemTime, wallClock, validFlags].every(isUnsigned32);
}

function isUnsigned32(value: unknown): boolean {
  return typeof value === 'number' && value >>> 0 === value;
}

function isUnsigned64(value: unknown): boolean {
  return typeof value === 'bigint' && value >= 0n && value < TWO_TO_64;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null)
    return value instanceof Promise ? 'a Promise' : 'an object';
  if (value === undefined || value === null) return String(value);
  return `${typeof value} ${String(value).slice(0, 40)}`;
}
