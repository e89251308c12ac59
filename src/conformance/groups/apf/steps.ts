import { RecordingError } from '../../recording-error.ts';
import type { Guest } from './guest.ts';

/** What the recorder did in a step, by what its name says. The first that fits. */
const STEPS: readonly (readonly [RegExp, (guest: Guest, match: RegExpMatchArray) => void])[] = [
  [/^msr_write/, (guest) => guest.enable()],
  [/^disabled/, (guest) => guest.disable()],
  [
    /^reenabled/,
    (guest) => {
      guest.enable();
      guest.run(true);
    },
  ],
  [
    /^apic_enabled/,
    (guest) => {
      guest.enableApic();
      guest.run(false);
    },
  ],
  [/^ack_write_(\d+)$/, (guest, [, value]) => guest.acknowledge(BigInt(value!))],
  [
    /after_ack_write_(\d+)$/,
    (guest, [, value]) => {
      guest.acknowledge(BigInt(value!));
      guest.run(true);
    },
  ],
  [
    /after_last_ack/,
    (guest) => {
      consume(guest);
      guest.run(true);
    },
  ],
  [
    /token_cleared/,
    (guest) => {
      guest.clearToken();
      guest.run(true);
    },
  ],
  [/token_not_cleared/, (guest) => guest.run(true)],
  [/if_0$/, (guest) => guest.run(false)],
  [/if_1$|^wakeup_all/, (guest) => guest.run(true)],
  [
    /touch(?:_page_(\d+))?/,
    (guest, [, page = '1']) => {
      if (!guest.setUp.keepsFlags) guest.clearFlags();
      // In a chain tokens are taken by steps of their own.
      if (!guest.setUp.enabled) consume(guest);
      guest.swapOut(Number(page));
      guest.touch(Number(page));
    },
  ],
  [
    /ready/,
    (guest) => {
      guest.clearFlags();
      // The recorder waits longer than any page takes.
      guest.resolve();
      guest.run(true);
    },
  ],
];

/** The guest gives the credit back: it has taken the token. */
function consume(guest: Guest): void {
  guest.clearToken();
  guest.acknowledge(1n);
}

/** Does what the recorder did in the step. @throws RecordingError for a step of no known name */
export function playStep(guest: Guest, name: string): void {
  for (const [pattern, play] of STEPS) {
    const match = name.match(pattern);
    if (match === null) continue;
    play(guest, match);
    return;
  }
  throw new RecordingError(`the step ${JSON.stringify(name)} is unknown`);
}
