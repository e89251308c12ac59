import type { ScenarioResult } from '../result.ts';
import type { Grade, Graded, Trial } from './trial.ts';

/** Whether a trial's run fell, and by whom. A twin that another invariant than its own stopped survived. */
export function grade(trial: Trial, result: ScenarioResult): Graded {
  const took = executionsOf(result);
  const common = {
    ...(took === undefined ? {} : { executions: took }),
    ...(trial.without === undefined ? {} : { control: true as const }),
  };
  if (trial.without !== undefined && result.verdict === 'fail') {
    const reason = `Without the checks of ${trial.without.join(' and ')} it still falls, to ${result.invariant}.`;
    return { ...result, ...common, killed: 'killed', reason };
  }
  if (result.verdict !== 'fail') {
    return { ...result, ...common, killed: 'survived', reason: reasonOf(trial, result) };
  }
  if (trial.mutant === undefined) {
    return {
      ...result,
      ...common,
      killed: 'killed',
      reason: 'A false alarm: it is the reference.',
    };
  }
  if (trial.invariants.includes(result.invariant))
    return { ...result, ...common, killed: 'killed' };
  const own = trial.invariants.join(' or ');
  const reason = `It broke ${result.invariant}, and not ${own}, which is what its row says.`;
  return { ...result, ...common, killed: 'survived', reason };
}

/** A trial of something that its engine cannot show. */
export function notVisible(trial: Trial, reason: string, seed: string): Graded {
  return { ...nothing(trial, seed), message: reason, killed: 'not-visible', reason };
}

/** A trial whose turn did not come. */
export function notRun(trial: Trial, seed: string): Graded {
  const reason = 'Not run: stopped before its turn came.';
  return { ...nothing(trial, seed), message: reason, killed: 'survived', reason, notRun: true };
}

/** Several runs of one trial as one: killed only if each of them was. */
export function gradeAll(runs: readonly Graded[]): Graded {
  const kills = runs.filter(({ killed }) => killed === 'killed');
  const repeated: Grade['repeated'] = { kills: kills.length, runs: runs.length };
  const survivor = runs.find(({ killed }) => killed === 'survived');
  const shown = runs[0]?.mutant === undefined ? (kills[0] ?? survivor) : survivor;
  return { ...(shown ?? median(kills)), repeated };
}

/** The run of a median duration. */
function median(runs: readonly Graded[]): Graded {
  const sorted = [...runs].sort((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function reasonOf(trial: Trial, result: ScenarioResult): string {
  if (result.verdict !== 'pass' && result.verdict !== 'fail') return result.message;
  if (trial.without !== undefined)
    return `Without the checks of ${trial.without.join(' and ')} nothing is broken.`;
  if (trial.engine === 'verify') return `No interleaving under ${result.model} breaks anything.`;
  return 'Nothing was broken.';
}

function executionsOf({ engine, states, samples, operations }: ScenarioResult): number | undefined {
  if (engine === 'verify') return states;
  return engine === 'sample' ? samples : operations;
}

function nothing({ scenario, mutant, engine }: Trial, seed: string) {
  return {
    scenario,
    ...(mutant === undefined ? {} : { mutant }),
    engine,
    seed,
    seconds: 0,
    instance: {},
    assumptions: [],
    outcomes: [],
    verdict: 'incomplete',
  } as const;
}
