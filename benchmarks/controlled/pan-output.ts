/** What a SPIN verifier printed of its search. */
export interface PanOutput {
  readonly states: number;
  readonly transitions: number;
  readonly ending: 'holds' | 'broken' | 'unfinished';
}

/** Reads a SPIN verifier's output; undefined where it came to no figures. */
export function parsePan(output: string): PanOutput | undefined {
  const states = numberBefore(output, 'states, stored');
  const transitions = numberBefore(output, 'transitions (');
  const errors = /errors: (\d+)/.exec(output)?.[1];
  if (states === undefined || transitions === undefined || errors === undefined) return undefined;
  const broken = output.includes('assertion violated') || output.includes('invalid end state (at');
  if (broken) return { states, transitions, ending: 'broken' };
  const incomplete = output.includes('Search not completed') || output.includes('search depth too');
  return { states, transitions, ending: incomplete || errors !== '0' ? 'unfinished' : 'holds' };
}

function numberBefore(output: string, label: string): number | undefined {
  const line = output.split('\n').find((each) => each.includes(label));
  const number = Number.parseFloat(line ?? '');
  return Number.isNaN(number) ? undefined : number;
}
