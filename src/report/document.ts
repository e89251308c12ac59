import { type Report, type ReportedResult, wholeVerdict } from './report.ts';

/** The report as the one document that `--json` prints. */
export function documentOf(report: Report): Record<string, unknown> {
  return {
    ...headOf(report),
    verdict: wholeVerdict(report.results),
    results: report.results.map(resultDocument),
  };
}

/** What every document starts with, whatever its command. */
export function headOf({
  version,
  command,
  seed,
  machine,
}: Omit<Report, 'results'>): Record<string, unknown> {
  return { tool: 'pvrace', version, command, seed, machine };
}

/** A document as text. */
export function jsonText(document: unknown): string {
  const text = JSON.stringify(
    document,
    (_key, value) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  );
  return `${text}\n`;
}

/** A result with every field of the contract, null where it was not measured. */
function resultDocument(result: ReportedResult): Record<string, unknown> {
  const broken = result.verdict === 'fail' ? result : undefined;
  const document: Record<string, unknown> = {
    scenario: result.scenario,
    mutant: result.mutant ?? null,
    guest: result.guest ?? null,
    engine: result.engine,
    model: result.model ?? null,
    access: result.access ?? null,
    verdict: result.verdict,
    invariant: broken?.invariant ?? null,
    message: result.message ?? null,
    code: result.verdict === 'error' ? result.code : null,
    seconds: result.seconds,
    samples: result.samples ?? null,
    operations: result.operations ?? null,
    states: result.states ?? null,
    transitions: result.transitions ?? null,
    instance: result.instance,
    assumptions: result.assumptions,
    sensitivity: result.sensitivity ?? null,
    outcomes: result.outcomes.map(({ outcome, count, expect, description }) => ({
      outcome,
      count,
      expect,
      description,
    })),
    evidence: broken?.evidence ?? [],
    schedule: broken?.schedule ?? null,
    replay: broken?.replay ?? null,
    search: broken?.search ?? null,
  };
  if (result.killed !== undefined) {
    document.killed = result.killed;
    document.reason = result.reason ?? null;
    document.executions = result.executions ?? null;
    if (result.repeated !== undefined) document.repeated = result.repeated;
  }
  return document;
}
