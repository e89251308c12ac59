import type { MachineSpec } from '../../host/machine.ts';
import type { AccessMode, SharedMemory } from '../../memory/shared-memory.ts';
import { invariantSentence } from '../../scenarios/invariants.ts';
import type { Mutant, Scenario } from '../../scenarios/scenario.ts';
import { ownSentence } from '../own-sentence.ts';
import type { OutcomeCount, ScenarioResult } from '../result.ts';
import type { ControlMap } from './control.ts';
import type { StressOptions } from './options.ts';
import type { Supervised } from './supervisor.ts';
import type { ThreadReport } from './task.ts';
import { blocksOf, type ThreadBlock } from './thread-block.ts';

/** Everything a run left behind. */
export interface RunRecord {
  readonly scenario: Scenario;
  readonly mutant: Mutant | undefined;
  readonly options: StressOptions;
  readonly machine: MachineSpec;
  readonly access: AccessMode;
  readonly seed: string;
  readonly cores: number;
  readonly control: ControlMap;
  readonly memory: SharedMemory;
  readonly supervised: Supervised;
  readonly names: readonly string[];
}

/** Turns what a run left behind into its result. */
export function judge(record: RunRecord): ScenarioResult {
  const { scenario, mutant, options, supervised, names } = record;
  const blocks = blocksOf(record.memory, record.control, names.length);
  const outcomes = countOutcomes(record, blocks);
  const sensitivity = canarySensitivity(record);
  const common = {
    scenario: scenario.name,
    ...(mutant === undefined ? {} : { mutant: mutant.id }),
    ...(options.guest === undefined ? {} : { guest: String(options.guest) }),
    engine: 'stress' as const,
    seed: record.seed,
    seconds: supervised.seconds,
    instance: { vcpus: record.machine.vcpus, threads: names.length, cores: record.cores },
    assumptions: [],
    outcomes,
    access: record.access,
    samples: outcomes.reduce((sum, { count }) => sum + count, 0),
    operations: blocks.reduce((sum, { operations }) => sum + operations, 0),
    sensitivity,
  };
  const reports = supervised.reports.filter((report) => report !== undefined);
  const violation = reports
    .filter((report) => report.kind === 'violation')
    .sort((a, b) => a.order - b.order)[0];
  if (violation !== undefined) {
    const { invariant, message, evidence, thread } = violation;
    return {
      ...common,
      verdict: 'fail',
      invariant,
      ...ownSentence(scenario, invariant),
      message: `${invariantSentence(invariant, scenario.ownInvariants)} ${message}`,
      evidence: evidence.map((text) => ({ thread, text })),
    };
  }
  const failure = supervised.failure ?? reports.find((report) => report.kind === 'failure');
  if (failure !== undefined) {
    const { code, message, thread } = failure;
    return { ...common, verdict: 'error', code, message: `${thread}: ${message}` };
  }
  const forbidden = outcomes.find(({ expect, count }) => expect === 'FORBIDDEN' && count > 0);
  if (forbidden !== undefined) {
    const invariant = scenario.invariants[0]!;
    return {
      ...common,
      verdict: 'fail',
      invariant,
      ...ownSentence(scenario, invariant),
      message: `${invariantSentence(invariant, scenario.ownInvariants)} ${forbidden.description}`,
      evidence: [],
    };
  }
  if (supervised.interrupted) {
    return {
      ...common,
      verdict: 'incomplete',
      message: 'Interrupted: this is what the run had so far.',
    };
  }
  if (common.samples === 0) {
    return {
      ...common,
      verdict: 'incomplete',
      message:
        'No result was judged: the run was too short for this machine, or the guest did not return.',
    };
  }
  // Who is alone meets nobody, and there is nothing to see.
  if (sensitivity === 0 && names.length > 1) {
    return {
      ...common,
      verdict: 'incomplete',
      message:
        'The canary race lost no update: on this machine, now, threads do not meet, and a run without a failure means nothing.',
    };
  }
  return { ...common, verdict: 'pass' };
}

function countOutcomes({ scenario }: RunRecord, blocks: readonly ThreadBlock[]): OutcomeCount[] {
  return scenario.outcomes.map((spec, outcome) => ({
    ...spec,
    count: blocks.reduce((sum, { outcomes }) => sum + outcomes[outcome]!, 0),
  }));
}

/** Lost updates of the canary per second. */
function canarySensitivity({ supervised, memory, control: map }: RunRecord): number {
  if (supervised.canarySeconds === 0) return 0;
  const done = supervised.reports.reduce((sum, report) => sum + updatesOf(report), 0);
  const lost = Math.max(0, done - memory.load32(map.canaryWord));
  return Math.round(lost / supervised.canarySeconds);
}

function updatesOf(report: ThreadReport | undefined): number {
  return report?.canaryUpdates ?? 0;
}
