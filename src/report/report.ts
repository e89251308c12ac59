import type { ScenarioResult } from '../engines/result.ts';
import type { Grade } from '../engines/zoo/trial.ts';

/** Where a run took place. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Model of the processor. */
  readonly cpu: string;
}

/** What a run came to. */
export type Verdict = ScenarioResult['verdict'];

/** A result as it is reported. Where a twin had to be caught, `killed` says whether it was. */
export type ReportedResult = ScenarioResult & Partial<Grade>;

/** One run of the tool, as data. */
export interface Report {
  readonly version: string;
  readonly command: string;
  readonly seed: string;
  readonly machine: Machine;
  readonly results: readonly ReportedResult[];
}

/** From the least to the most grave. */
const GRAVITY: readonly Verdict[] = ['pass', 'incomplete', 'error', 'fail'];

/** The gravest of the results; a run without any is incomplete. */
export function wholeVerdict(results: readonly ReportedResult[]): Verdict {
  if (results.length === 0) return 'incomplete';
  const gravest = Math.max(...results.map((result) => GRAVITY.indexOf(meaning(result))));
  return GRAVITY[gravest]!;
}

/**
 * What a result means for the run: its verdict, but for a twin that had to be caught a caught one is
 * a pass, and one that survived leaves the run without an answer. A reference in a twin's place must
 * survive, and need not be gone through to the end.
 */
export function meaning(result: ReportedResult): Verdict {
  if (result.killed === undefined) return result.verdict;
  if (result.killed === 'not-visible') return 'pass';
  // A control that ran out of states has shown nothing.
  if (result.control === true) return result.verdict;
  if (result.mutant === undefined) return outOfStates(result) ? 'pass' : result.verdict;
  if (result.killed === 'killed') return 'pass';
  return result.verdict === 'error' ? 'error' : 'incomplete';
}

function outOfStates({ verdict, engine, states }: ReportedResult): boolean {
  return verdict === 'incomplete' && engine === 'verify' && states !== undefined;
}

/** What was run, in words: the scenario, and who took the reference's place. */
export function subject(result: ScenarioResult): string {
  const mutant = result.mutant === undefined ? '' : ` with ${result.mutant}`;
  const guest = result.guest === undefined ? '' : ` with ${result.guest}`;
  return result.scenario + mutant + guest;
}
