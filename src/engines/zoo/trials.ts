import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import type { ModelName } from '../controlled/models/memory-model.ts';
import { whyNotVisible } from '../not-visible.ts';
import type { Trial, ZooEngine } from './trial.ts';

/** What there is to try. */
export type Twin = Pick<
  Mutant,
  | 'id'
  | 'scenario'
  | 'invariants'
  | 'visibleUnder'
  | 'notOnThreads'
  | 'notVisible'
  | 'machine'
  | 'controlled'
  | 'roles'
  | 'host'
>;

/** From the one that is explored fastest to the slowest. */
const MODELS: readonly ModelName[] = ['sc', 'tso', 'weak'];

/**
 * One engine's column of the kill matrix: each twin, then each reference that the twins were changed
 * from, on the machines that they need.
 *
 * @param model only this one, for engines that have memory models
 */
export function trialsOf(
  engine: ZooEngine,
  scenarios: readonly Pick<Scenario, 'name'>[],
  twins: readonly Twin[],
  model?: ModelName,
): readonly Trial[] {
  return [
    ...twins.map((twin) => twinTrial(engine, twin, model)),
    ...referenceTrials(engine, scenarios, twins, model),
  ];
}

/**
 * Control of the checkers: each twin that `verify` can show, under the first model that shows it, without
 * the checks of its own invariants. What still falls was killed by something else than its row says.
 */
export function controlTrials(twins: readonly Twin[], model?: ModelName): readonly Trial[] {
  return twins
    .map((twin) => twinTrial('verify', twin, model))
    .map((trial) => ({ ...trial, models: trial.models.slice(0, 1), without: trial.invariants }));
}

function twinTrial(engine: ZooEngine, twin: Twin, model: ModelName | undefined): Trial {
  const { id, scenario, invariants, visibleUnder, notOnThreads } = twin;
  const visible = MODELS.filter((each) => visibleUnder.includes(each));
  const models = visible.filter((each) => model === undefined || each === model);
  const trial = { engine, scenario, mutant: id, invariants };
  if (engine === 'stress') {
    return notOnThreads === undefined
      ? { ...trial, models: [] }
      : { ...trial, models: [], notVisible: notOnThreads };
  }
  if (models.length > 0) return { ...trial, models };
  const reason = whyNotVisible(twin, model);
  return { ...trial, models: [], ...(reason === undefined ? {} : { notVisible: reason }) };
}

/** Each scenario as it is, and as a twin has it that needs another machine: once under each model. */
function referenceTrials(
  engine: ZooEngine,
  scenarios: readonly Pick<Scenario, 'name'>[],
  twins: readonly Twin[],
  model: ModelName | undefined,
): readonly Trial[] {
  const models = engine === 'stress' ? [[]] : (model === undefined ? MODELS : [model]).map(each);
  const trials = new Map<string, Trial>();
  for (const { name } of scenarios) {
    const own = twins.filter(({ scenario }) => scenario === name);
    const machines = [{}, ...own.filter(changesCode).map((twin) => needsOf(engine, twin))];
    for (const needs of machines) {
      for (const under of models) {
        const trial: Trial = { engine, scenario: name, invariants: [], models: under, ...needs };
        trials.set(keyOf(trial), trial);
      }
    }
  }
  return [...trials.values()];
}

/** A twin that is but a machine is what reference code does on a machine that it is not made for. */
function changesCode({ roles, host }: Twin): boolean {
  return roles !== undefined || host !== undefined;
}

const each = (model: ModelName): readonly ModelName[] => [model];

function needsOf(
  engine: ZooEngine,
  { machine, controlled }: Twin,
): Pick<Trial, 'machine' | 'controlled'> {
  return {
    ...(machine === undefined ? {} : { machine }),
    ...(controlled === undefined || engine === 'stress' ? {} : { controlled }),
  };
}

function keyOf(trial: Trial): string {
  return JSON.stringify(trial, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}
