import { placeName } from '../../scenarios/place-names.ts';
import type { TraceAction, TraceStep } from '../trace.ts';
import type { MemoryModel, Place } from './models/memory-model.ts';
import type { Move } from './move.ts';
import * as steps from './step.ts';
import type { Stepper } from './stepper.ts';
import type { System } from './system.ts';

const ACTIONS: { readonly [op: number]: TraceAction } = {
  [steps.STEP_LOAD]: 'load',
  [steps.STEP_STORE]: 'store',
  [steps.STEP_XCHG]: 'xchg',
  [steps.STEP_CMPXCHG]: 'cmpxchg',
  [steps.STEP_AND]: 'and',
  [steps.STEP_OR]: 'or',
  [steps.STEP_ADD]: 'add',
  [steps.STEP_MB]: 'mb',
  [steps.STEP_RMB]: 'rmb',
  [steps.STEP_WMB]: 'wmb',
  [steps.STEP_TSC]: 'rdtsc',
  [steps.STEP_TSC_ORDERED]: 'rdtsc',
  [steps.STEP_CHOOSE]: 'choose',
  [steps.STEP_WAIT]: 'wake',
  [steps.STEP_MEET]: 'meet',
  [steps.STEP_BOUNDARY]: 'boundary',
};

/** Walks a schedule once more and writes down what each of its steps did. */
export function traceOf(system: System, stepper: Stepper, moves: readonly Move[]): TraceStep[] {
  stepper.reset();
  return moves.map((move) => stepOf(system, stepper, move));
}

/** Takes a step, and says what it did. */
export function stepOf(system: System, stepper: Stepper, move: Move): TraceStep {
  return move.actor < system.learners.length
    ? threadStep(system, stepper, move)
    : ownStep(system, stepper, move);
}

/** A step that happens by itself: the clock, or a store that leaves its buffer. */
function ownStep(system: System, stepper: Stepper, { actor, alternative }: Move): TraceStep {
  const { model, learners, names, cells } = system;
  const place = model.oldest(actor - learners.length);
  if (place === undefined) {
    stepper.take(actor, alternative);
    return { actor: 'clock', alternative, action: 'tick', after: `${model.tick}` };
  }
  const before = valueAt(model, place);
  stepper.take(actor, alternative);
  return {
    actor: names[actor - learners.length - 1]!,
    alternative,
    action: 'drain',
    address: cells[place.cell]! + place.shift / 8,
    bytes: place.bytes,
    place: nameOf(system, cells[place.cell]! + place.shift / 8),
    before,
    after: valueAt(model, place),
  };
}

function threadStep(system: System, stepper: Stepper, { actor, alternative }: Move): TraceStep {
  const { model, learners } = system;
  const { automaton } = learners[actor]!;
  const name = system.names[actor]!;
  const node = model.nodes[actor]!;
  const step = automaton.steps[node]!;
  const accesses = steps.isAccess(step.op);
  const place: Place = {
    cell: automaton.cell[node]!,
    upperCell: automaton.upperCell[node]!,
    shift: automaton.shift[node]!,
    bytes: step.bytes,
  };
  const before = accesses ? valueAt(model, place) : '';
  let exit = false;
  let answer = '';
  let seen = false;
  // The checker's steps that follow are told as well: the first one is the step itself.
  stepper.observer = (_thread, _node, byExit) => {
    if (seen) return;
    seen = true;
    exit = byExit;
    answer = decimal(model.answerLow, model.answerHigh, step.bytes);
  };
  stepper.take(actor, alternative);
  stepper.observer = undefined;
  const common = { actor: name, alternative, side: step.guest ? 'guest' : 'host' } as const;
  if (exit) return { ...common, action: 'exit' };
  const action = ACTIONS[step.op]!;
  if (!accesses)
    return steps.answersNothing(step.op) ? { ...common, action } : { ...common, action, answer };
  const after = valueAt(model, place);
  const isLoad = step.op === steps.STEP_LOAD;
  const isStore = step.op === steps.STEP_STORE;
  const access = {
    ...common,
    action,
    address: step.address,
    bytes: step.bytes,
    place: nameOf(system, step.address),
    before,
  };
  if (isStore && model.name === 'tso') {
    const value = decimal(step.low, step.high, step.bytes);
    return { ...access, after: value, buffered: true };
  }
  if (isStore) {
    const value = decimal(step.low, step.high, step.bytes);
    return { ...access, after: value, ...(value === after ? {} : { overtaken: true }) };
  }
  if (!isLoad) return { ...access, after, answer };
  if (answer === before) return { ...access, after, answer };
  return model.name === 'tso'
    ? { ...access, after, answer, forwarded: true }
    : { ...access, after, answer, stale: true };
}

function nameOf({ instance }: System, address: number): string {
  return placeName(address, instance.map, instance.ledger);
}

function valueAt(model: MemoryModel, { cell, upperCell, shift, bytes }: Place): string {
  const low = model.valueOf(cell);
  if (bytes === 8) return decimal(low, model.valueOf(upperCell), bytes);
  return decimal(low >>> shift, 0, bytes);
}

/** An answer in unsigned decimal. */
function decimal(low: number, high: number, bytes: number): string {
  if (bytes === 8) return `${(BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)}`;
  if (bytes === 1) return `${low & 0xff}`;
  if (bytes === 2) return `${low & 0xffff}`;
  return `${low >>> 0}`;
}
