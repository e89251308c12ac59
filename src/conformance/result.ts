/** What a row says, or what the model answers, fact by fact: only what is the general contract. */
export interface Facts {
  readonly [name: string]: Fact;
}
export type Fact = string | number | boolean | null | readonly Fact[] | Facts;

/** A row as it was recorded and as the model replays it. */
export interface Replay {
  readonly expected: Facts;
  readonly got: Facts;
}

/** A row on which the model and the recording differ. */
export interface Mismatch {
  /** Place in its group, from 0. */
  readonly row: number;
  /** What tells the row from its neighbours. */
  readonly input: Facts;
  /** The facts that differ, as recorded. */
  readonly expected: Facts;
  /** The same facts, as the model has them. */
  readonly got: Facts;
}

/** What became of one group of rows. */
export interface GroupResult {
  /** The file that the rows are from. */
  readonly file: string;
  readonly group: string;
  readonly rows: number;
  readonly matched: number;
  readonly skipped: number;
  /** Why rows were skipped: their tags, and how many rows had each. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly mismatches: readonly Mismatch[];
}
