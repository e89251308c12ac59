import {
  KVM_HC_MAP_GPA_RANGE,
  KVM_MAP_GPA_RANGE_DECRYPTED,
  KVM_MAP_GPA_RANGE_ENCRYPTED,
  KVM_MAP_GPA_RANGE_RESERVED_MASK,
} from '../abi/hypercall.ts';
import type { PageRange } from '../host/shared-ranges.ts';
import type { HostThread, VcpuThread } from './scenario.ts';

/** The pages that guests convert: neighbours belong to different vCPUs, a few at a time. */
const FIRST_PAGE = 0x40;
const PAGES = 64;
const PAGES_PER_BLOCK = 4;
const PAGE_BYTES = 4096;
/** Every vCPU has at least one block of its own. */
export const MOST_CONVERTERS = PAGES / PAGES_PER_BLOCK;

/** Ledger bytes: a word per page. Bit 0: shared; bit 1: being converted; a counter above. */
export const CONVERSIONS_BYTES = PAGES * 4;
const SHARED = 1;
const CONVERTING = 2;
const COUNT = 4;

/** Arguments that are refused, and must change nothing. */
const REFUSED: readonly (readonly [gpa: number, pages: number, attributes: bigint])[] = [
  [FIRST_PAGE * PAGE_BYTES + 1, 1, KVM_MAP_GPA_RANGE_DECRYPTED],
  [FIRST_PAGE * PAGE_BYTES, 0, KVM_MAP_GPA_RANGE_DECRYPTED],
  [FIRST_PAGE * PAGE_BYTES, PAGES, KVM_MAP_GPA_RANGE_RESERVED_MASK],
];

/** A guest that converts pages of its own, and the checker's notes of what it was told. */
export class Converter {
  readonly #thread: VcpuThread;
  readonly #base: number;

  /** @param base place in the ledger, {@link CONVERSIONS_BYTES} long */
  constructor(thread: VcpuThread, base: number) {
    this.#thread = thread;
    this.#base = base;
  }

  /** Converts some neighbouring pages, all to the same. */
  convert(): void {
    const { cpu, machine, random } = this.#thread;
    const blocks = Math.floor((MOST_CONVERTERS - 1 - cpu.id) / machine.vcpus) + 1;
    const block = cpu.id + random.below(blocks) * machine.vcpus;
    const from = random.below(PAGES_PER_BLOCK);
    const pages = 1 + random.below(PAGES_PER_BLOCK - from);
    const page = block * PAGES_PER_BLOCK + from;
    const shared = random.below(2);
    this.#note(page, pages, (word) => word + COUNT + CONVERTING);
    const answer = this.#map(
      (FIRST_PAGE + page) * PAGE_BYTES,
      pages,
      shared === 1 ? KVM_MAP_GPA_RANGE_DECRYPTED : KVM_MAP_GPA_RANGE_ENCRYPTED,
    );
    if (answer !== 0n) this.#thread.violated('G2', `A conversion was answered by ${answer}.`);
    this.#note(page, pages, (word) => (word & ~(CONVERTING | SHARED)) | shared);
  }

  /** Asks for something that cannot be. */
  convertNothing(): void {
    const [gpa, pages, attributes] = REFUSED[this.#thread.random.below(REFUSED.length)]!;
    const answer = this.#map(gpa, pages, attributes);
    if (answer >= 0n)
      this.#thread.violated('G2', `An invalid conversion was answered by ${answer}.`);
  }

  #map(gpa: number, pages: number, attributes: bigint): bigint {
    return this.#thread.cpu.vmcall(KVM_HC_MAP_GPA_RANGE, BigInt(gpa), BigInt(pages), attributes);
  }

  #note(page: number, pages: number, change: (word: number) => number): void {
    const { ledger } = this.#thread;
    for (let one = page; one < page + pages; one++) {
      const at = this.#base + one * 4;
      ledger.store32(at, change(ledger.load32(at)) >>> 0);
    }
  }
}

/**
 * Checks G2: every page that nobody was converting meanwhile is in the list if it is shared, and only
 * then. Returns how many pages were judged.
 */
export function checkSharedRanges(
  { ledger, violated }: HostThread,
  base: number,
  list: () => readonly PageRange[],
): number {
  const before = Array.from({ length: PAGES }, (_, page) => ledger.load32(base + page * 4));
  const ranges = list();
  let judged = 0;
  before.forEach((word, page) => {
    if ((word & CONVERTING) !== 0 || ledger.load32(base + page * 4) !== word) return;
    judged++;
    const number = BigInt(FIRST_PAGE + page);
    const listed = ranges.some(
      ({ firstPage, pages }) => number >= firstPage && number < firstPage + pages,
    );
    if (listed === ((word & SHARED) !== 0)) return;
    violated(
      'G2',
      `Page 0x${number.toString(16)} is ${listed ? '' : 'not '}in the list, and the guest has it ${listed ? 'private' : 'shared'}.`,
      ranges.map((range) => `shared from page 0x${range.firstPage.toString(16)}: ${range.pages}`),
    );
  });
  return judged;
}
