import { PAGE_FAULT_OUTCOMES } from './async-page-fault.ts';
import { PAGE_FAULT_BYTES } from './async-page-fault-watch.ts';
import { CLOCK_FLOOR_BYTES } from './clock-floor.ts';
import { CLOCK_OUTCOMES } from './clock-reader.ts';
import { CONVERSIONS_BYTES, MOST_CONVERTERS } from './conversions.ts';
import { WATCHED_CONVERSIONS } from './migration-watch.ts';
import { UPDATE_TURNS_BYTES } from './one-update-at-a-time.ts';
import { PAGE_WORKER_BYTES } from './page-fault-worker.ts';
import { PUBLICATIONS_BYTES } from './publications.ts';
import { WATCH_BYTES } from './pv-eoi-watch.ts';

/** Ledger of `live-migration`: the watch over PV EOI first, which says so itself. */
export const MIGRATION = MOST_CONVERTERS * WATCH_BYTES;
export const CONVERSIONS = MIGRATION + WATCHED_CONVERSIONS;
export const FLOOR = CONVERSIONS + CONVERSIONS_BYTES;
export const PAGE_FAULTS = FLOOR + CLOCK_FLOOR_BYTES;
export const WORKERS = PAGE_FAULTS + PAGE_FAULT_BYTES;
export const PUBLICATIONS = WORKERS + PAGE_WORKER_BYTES;
/** Not 0 once a vCPU is in user space to be moved. */
export const STANDS_BY = PUBLICATIONS + MOST_CONVERTERS * PUBLICATIONS_BYTES;
export const UPDATE_TURNS = STANDS_BY + 64;
export const LEDGER_BYTES = UPDATE_TURNS + UPDATE_TURNS_BYTES;

/** What can come of its steps. */
export const MIGRATION_OUTCOMES = [
  ...CLOCK_OUTCOMES,
  { outcome: 'moved', expect: 'ACCEPTABLE', description: 'The VM went to another host.' },
  {
    outcome: 'withheld',
    expect: 'ACCEPTABLE',
    description: 'The guest did not allow it: the VM stayed where it was.',
  },
  {
    outcome: 'stopped',
    expect: 'INTERESTING',
    description: 'A vCPU found GUEST_STOPPED after a migration.',
  },
  ...PAGE_FAULT_OUTCOMES,
] as const;
export const MOVED = CLOCK_OUTCOMES.length;
export const STAYED = MOVED + 1;
export const STOPPED = MOVED + 2;
export const USED_PAGE = MOVED + 3;
