/** An invariant: one sentence that must hold in every run. */
export interface Invariant {
  readonly id: string;
  readonly sentence: string;
}

/**
 * The invariants, in the words of the fact sheet's section 8 as corrected by 8.0. Scenarios and
 * twins name them by id.
 */
export const INVARIANTS = [
  {
    id: 'P1',
    sentence:
      'Every accepted clock read is one publication of the host scaled by one TSC sample taken inside the call.',
  },
  {
    id: 'P2',
    sentence:
      'A version is odd exactly while an update is in progress, and only ever advances modulo 2^32.',
  },
  { id: 'P3', sentence: 'The clock of one vCPU never goes backwards.' },
  {
    id: 'P4',
    sentence:
      'A clock read never returns less than a read that completed before it started, on any vCPU.',
  },
  {
    id: 'P5',
    sentence:
      'A clock read differs from true guest time by at most the rounding of the scale and the ticks that passed during the call.',
  },
  { id: 'P6', sentence: 'GUEST_STOPPED, once published, stays set until the guest clears it.' },
  { id: 'P7', sentence: 'TSC_STABLE is set exactly when the master clock is in use.' },
  {
    id: 'P8',
    sentence: 'A vCPU that the VMM had stopped finds GUEST_STOPPED set once it runs again.',
  },
  {
    id: 'F1',
    sentence: 'Every returned value was current at some instant between call and return.',
  },
  { id: 'W1', sentence: 'Every accepted wall clock read is one publication of the host.' },
  { id: 'S1', sentence: 'Steal time never decreases.' },
  { id: 'S2', sentence: 'A steal time read is not torn and not from the middle of an update.' },
  {
    id: 'S3',
    sentence:
      'PREEMPTED is set only while the vCPU is neither executing guest code nor in the middle of an instruction.',
  },
  {
    id: 'T1',
    sentence:
      'Every successful set of FLUSH_TLB is followed by a TLB flush of that vCPU before its next guest access.',
  },
  { id: 'T2', sentence: 'No stale translation is used after the call that flushed it returned.' },
  {
    id: 'E1',
    sentence: 'The PV EOI word goes from 0 to 1 only while its vCPU is out of guest mode.',
  },
  {
    id: 'E2',
    sentence:
      'While PV EOI is offered, exactly the interrupt the host means is the one the guest will complete.',
  },
  {
    id: 'E3',
    sentence: 'PV EOI is offered only where no other interrupt was waiting at the entry.',
  },
  { id: 'E4', sentence: 'Each ISR bit that was set is cleared by exactly one EOI, PV or APIC.' },
  {
    id: 'E5',
    sentence: 'No injection is decided between an exit and the look at the PV EOI word.',
  },
  {
    id: 'E6',
    sentence: 'Whoever saves the LAPIC sees the ISR after PV EOI was taken into account.',
  },
  { id: 'E7', sentence: 'The EOI of a level-triggered vector is never elided.' },
  {
    id: 'E8',
    sentence: 'The host reads and writes only the low byte of the PV EOI word, as 0 or 1.',
  },
  {
    id: 'A1',
    sentence:
      'Every page-not-present token that was injected leads to exactly one wake-up, and no task sleeps for ever.',
  },
  { id: 'A2', sentence: 'The token word is never overwritten while it is not zero.' },
  { id: 'A3', sentence: 'There is no page-ready without a page-not-present.' },
  {
    id: 'A4',
    sentence: 'A real page fault is never taken for an asynchronous one, nor the other way round.',
  },
  { id: 'A5', sentence: 'The vector is set before page-ready delivery is enabled.' },
  { id: 'A6', sentence: 'A work item is not touched after it was freed.' },
  { id: 'R1', sentence: 'No vCPU runs guest code with a request pending and no kick in flight.' },
  { id: 'K1', sentence: 'No kick is lost.' },
  { id: 'K2', sentence: 'No stale kick survives a wake-up.' },
  { id: 'H1', sentence: 'The host polls for a halted vCPU only while POLL_CONTROL lets it.' },
  { id: 'N1', sentence: 'No thread waits for ever.' },
  {
    id: 'X1',
    sentence:
      'No two vCPUs hold a lock at once, and each holder sees what the one before it wrote.',
  },
  {
    id: 'M1',
    sentence:
      'After the WRMSR that disables an area has completed, the host never writes that area.',
  },
  { id: 'M2', sentence: 'RDMSR, WRMSR and their #GP are those of the MSR table.' },
  {
    id: 'M3',
    sentence: 'What KVM_GET_CLOCK says is consistent with the parameters that guests are given.',
  },
  {
    id: 'G1',
    sentence: 'A guest is migrated only while MIGRATION_CONTROL says that it is ready.',
  },
  {
    id: 'G2',
    sentence:
      "The VMM's list of shared ranges is what the guest's conversions have made of it, after a migration too.",
  },
  {
    id: 'L1',
    sentence: 'Only the outcomes that the memory model of this machine allows are seen.',
  },
] as const satisfies readonly Invariant[];

export type InvariantId = (typeof INVARIANTS)[number]['id'];

/** The sentence of an invariant: the catalogue's, or one of a scenario's own. */
export function invariantSentence(id: string, own: readonly Invariant[] = []): string {
  const known = [...own, ...INVARIANTS].find((invariant) => invariant.id === id);
  return known?.sentence ?? `${id} holds.`;
}
