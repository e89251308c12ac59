/** What a step of an interleaving did. */
export type TraceAction =
  | 'load'
  | 'store'
  | 'xchg'
  | 'cmpxchg'
  | 'and'
  | 'or'
  | 'add'
  | 'mb'
  | 'rmb'
  | 'wmb'
  | 'rdtsc'
  | 'choose'
  | 'wake'
  | 'meet'
  | 'boundary'
  /** An exit from guest mode took the place of the step. */
  | 'exit'
  /** The clock advanced. */
  | 'tick'
  /** The oldest store of a store buffer reached memory. */
  | 'drain';

/** One step of an interleaving, as data: what a picture or a replay file is made of. */
export interface TraceStep {
  /** Name of the thread that took it; `clock` where nobody did. */
  readonly actor: string;
  /** Which of its ways it took, where there are several. */
  readonly alternative: number;
  readonly action: TraceAction;
  /** Whether the step is the guest's or the host's code; neither for clock and drains. */
  readonly side?: 'guest' | 'host';
  /** Host address of the access, and its width; absent where the step is none. */
  readonly address?: number;
  readonly bytes?: number;
  /** The address in words, such as `pvclock[0].version`. */
  readonly place?: string;
  /** Memory at that place before the step and after it, as unsigned decimal text. */
  readonly before?: string;
  readonly after?: string;
  /** What the thread was answered, as unsigned decimal text: what a load read, which choice was made. */
  readonly answer?: string;
  /** The load was answered by the thread's own store buffer. */
  readonly forwarded?: boolean;
  /** The load was answered by a value that is not the newest (weak). */
  readonly stale?: boolean;
  /** The store went into the store buffer and memory is as before (tso). */
  readonly buffered?: boolean;
  /** The store took its place before a value that was there already: others may never see it (weak). */
  readonly overtaken?: boolean;
  /** The step is one of those that go on for ever (livelock). */
  readonly repeats?: boolean;
}
