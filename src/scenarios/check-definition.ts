import { ROLES } from '../guest/roles.ts';
import { referenceHost } from '../host/host-ops.ts';
import { INVARIANTS, type Invariant } from './invariants.ts';
import { hintOf } from './nearest.ts';
import { describe, isPlainFunction, isRecord, isWholeNumber, wrong } from './shape.ts';
import { UsageError } from './usage-error.ts';

/** All that a definition may have. */
const FIELDS: readonly string[] = [
  'name',
  'summary',
  'mechanism',
  'machine',
  'vcpus',
  'threads',
  'roles',
  'invariants',
  'ownInvariants',
  'outcomes',
  'ledgerBytes',
  'rounds',
  'controlled',
  'host',
  'instrument',
  // What `defineScenario` adds: a scenario may be made of another one.
  'keepsState',
  'reference',
];
const EXPECTATIONS: readonly string[] = ['ACCEPTABLE', 'INTERESTING', 'FORBIDDEN'];
/** Outcome counters that each thread has room for. */
export const MAX_OUTCOMES = 32;
/** The model's guests have room for the areas of so many vCPUs. */
export const MOST_VCPUS = 64;
const MOST_LEDGER_BYTES = 1 << 28;
const MOST_INSTANCES = 1 << 16;

/** Looks at all of a definition but its machine and its threads. @throws UsageError */
export function checkDefinition(definition: unknown): void {
  if (!isRecord(definition))
    throw new UsageError(`Expected a scenario as an object, got ${describe(definition)}.`);
  checkNames('a field', Object.keys(definition), FIELDS);
  const { name, summary, threads, instrument, ledgerBytes, rounds } = definition;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw wrong('a name of lower-case letters, digits and dashes', name);
  if (summary !== undefined && typeof summary !== 'string')
    throw wrong('a summary as a string', summary);
  if (!isPlainFunction(threads) && !Array.isArray(threads))
    throw wrong('threads, or a function that returns them,', threads);
  if (instrument !== undefined && !isPlainFunction(instrument))
    throw wrong('instrument as a function (ops, thread) => ops', instrument);
  if (ledgerBytes !== undefined && !isWholeNumber(ledgerBytes, 0, MOST_LEDGER_BYTES))
    throw wrong(`ledgerBytes from 0 to ${MOST_LEDGER_BYTES}`, ledgerBytes);
  if (
    rounds !== undefined &&
    !(isRecord(rounds) && isWholeNumber(rounds.instances, 1, MOST_INSTANCES))
  )
    throw wrong(`rounds as { instances } from 1 to ${MOST_INSTANCES}`, rounds);
  checkVcpus(definition.vcpus);
  checkRoles(definition.roles);
  checkInvariants(definition.invariants, definition.ownInvariants);
  checkOutcomes(definition.outcomes);
  checkControlled(definition.controlled);
  checkHost(definition.host);
}

function checkVcpus(vcpus: unknown): void {
  if (vcpus === undefined || isWholeNumber(vcpus, 1, MOST_VCPUS)) return;
  const expected = `vcpus from 1 to ${MOST_VCPUS}, or { default, least, most } of them,`;
  if (!isRecord(vcpus)) throw wrong(expected, vcpus);
  const { default: usual, least, most } = vcpus;
  const ordered =
    isWholeNumber(least, 1, MOST_VCPUS) &&
    isWholeNumber(most, least, MOST_VCPUS) &&
    isWholeNumber(usual, least, most);
  if (!ordered) throw wrong(expected, `${least} to ${most}, by default ${usual}`);
}

function checkRoles(roles: unknown): void {
  if (roles === undefined) return;
  if (!Array.isArray(roles)) throw wrong('roles as an array of names', roles);
  checkNames(
    'a role',
    roles,
    ROLES.map(({ name }) => name),
  );
}

function checkInvariants(invariants: unknown, further: unknown): void {
  if (!Array.isArray(invariants) || invariants.length === 0)
    throw wrong('at least one invariant', invariants);
  if (further !== undefined && !Array.isArray(further))
    throw wrong('ownInvariants as an array', further);
  const own = [...((further as unknown[] | undefined) ?? []), ...invariants.filter(isRecord)];
  for (const one of own) {
    if (isRecord(one) && isText(one.id) && isText(one.sentence)) continue;
    throw wrong('an invariant of its own to be { id, sentence }', one);
  }
  const known = [...INVARIANTS, ...(own as Invariant[])].map(({ id }) => id);
  for (const one of invariants) {
    if (isRecord(one) || known.includes(one)) continue;
    throw wrong('an invariant of the catalogue, or { id, sentence },', one);
  }
}

function checkOutcomes(outcomes: unknown): void {
  if (!Array.isArray(outcomes) || outcomes.length === 0)
    throw wrong('at least one outcome', outcomes);
  if (outcomes.length > MAX_OUTCOMES)
    throw wrong(`at most ${MAX_OUTCOMES} outcomes`, outcomes.length);
  for (const one of outcomes) {
    if (!isRecord(one) || !isText(one.outcome) || typeof one.description !== 'string')
      throw wrong('each outcome to be { outcome, expect, description }', one);
    if (!EXPECTATIONS.includes(one.expect as string))
      throw wrong(`outcomes graded ${EXPECTATIONS.join(', ')}`, one.expect);
  }
}

function checkControlled(controlled: unknown): void {
  if (controlled === undefined) return;
  if (!isRecord(controlled)) throw wrong('controlled as an object', controlled);
  const { vcpus, clockSteps, ticks, steps } = controlled;
  checkNames('a field of controlled', Object.keys(controlled), [
    'vcpus',
    'machine',
    'clockSteps',
    'ticks',
    'steps',
  ]);
  if (vcpus !== undefined && !isWholeNumber(vcpus, 1, MOST_VCPUS))
    throw wrong(`controlled.vcpus from 1 to ${MOST_VCPUS}`, vcpus);
  if (clockSteps !== undefined && !isWholeNumber(clockSteps, 0))
    throw wrong('controlled.clockSteps as a whole number', clockSteps);
  if (ticks !== undefined && typeof ticks !== 'bigint')
    throw wrong('controlled.ticks as a bigint', ticks);
  const counts = isRecord(steps) ? Object.values(steps) : steps === undefined ? [] : [steps];
  for (const count of counts) {
    if (!isWholeNumber(count, 0))
      throw wrong('controlled.steps as a whole number, or one for each thread by name,', count);
  }
}

function checkHost(host: unknown): void {
  if (host === undefined) return;
  if (!isRecord(host)) throw wrong('host as an object of operations', host);
  checkNames('an operation of the host', Object.keys(host), Object.keys(referenceHost));
  for (const [name, operation] of Object.entries(host)) {
    if (!isPlainFunction(operation)) throw wrong(`host.${name} as a function`, operation);
  }
}

/** @throws UsageError that tells the nearest name there is */
export function checkNames(
  what: string,
  names: readonly unknown[],
  known: readonly string[],
): void {
  for (const name of names) {
    if (known.includes(name as string)) continue;
    throw new UsageError(
      `Expected the name of ${what} in a scenario, got ${describe(name)}.${hintOf(name, known)}`,
    );
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
