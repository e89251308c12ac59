import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { UnbackedGpa } from '../../src/memory/errors.ts';
import {
  MEMSLOT_TABLE_BYTES,
  type Memslot,
  Memslots,
  UNBACKED,
} from '../../src/memory/memslots.ts';
import {
  createSharedMemory,
  openSharedMemory,
  PlainMemory,
} from '../../src/memory/shared-memory.ts';
import { makeWorld, type World } from '../host/world.ts';

const PAGE = 4096;

/** Up to four slots of one to three pages, with holes of no to three pages between them. */
const layout: fc.Arbitrary<readonly Memslot[]> = fc
  .array(
    fc.record({ hole: fc.nat(3), pages: fc.integer({ min: 1, max: 3 }), place: fc.nat(1000) }),
    {
      maxLength: 4,
    },
  )
  .map((pieces) => {
    let gpa = 0;
    return pieces.map(({ hole, pages, place }) => {
      const slot = { gpa: gpa + hole * PAGE, bytes: pages * PAGE, address: place * PAGE };
      gpa = slot.gpa + slot.bytes;
      return slot;
    });
  });

/** The host address of each byte, looked up by itself. */
function byteAddress(slots: readonly Memslot[], gpa: number): number {
  const slot = slots.find((one) => gpa >= one.gpa && gpa < one.gpa + one.bytes);
  return slot === undefined ? UNBACKED : slot.address + gpa - slot.gpa;
}

test('a range translates where one slot has all its bytes, and nowhere else', (t) => {
  const bytes = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(layout, fc.integer({ min: -8, max: 20 * PAGE }), bytes, (slots, gpa, length) => {
      const memory = openSharedMemory(createSharedMemory(MEMSLOT_TABLE_BYTES), 'plain');
      const table = new Memslots(memory, 0);
      table.replace(slots);
      const address = new Memslots(memory, 0).translate(gpa, length);
      const owner = slots.find((one) => gpa >= one.gpa && gpa < one.gpa + one.bytes);
      const whole = owner !== undefined && gpa + length <= owner.gpa + owner.bytes;
      return (
        address === (whole ? byteAddress(slots, gpa) : UNBACKED) &&
        table.translate(gpa, length) === address
      );
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('what is no address is not backed', (t) => {
  const { slots } = makeWorld();
  for (const gpa of [Number.NaN, 0.5, -1, 2 ** 53, Number.POSITIVE_INFINITY])
    t.is(slots.translate(gpa, 1), UNBACKED);
});

test('slots are whole pages, and not too many', (t) => {
  const { slots } = makeWorld();
  t.throws(() => slots.replace([{ gpa: 1, bytes: PAGE, address: 0 }]), {
    message: /whole 4096-byte pages/,
  });
  t.throws(() => slots.replace([{ gpa: 0, bytes: 0, address: 0 }]), {
    message: /whole 4096-byte pages/,
  });
  const many = Array.from({ length: 9 }, (_, page) => ({
    gpa: page * PAGE,
    bytes: PAGE,
    address: 0,
  }));
  t.throws(() => slots.replace(many), { message: /at most 8 memslots, got 9/ });
});

/** A memory whose n-th load finds that somebody else has acted meanwhile. */
class Interrupted extends PlainMemory {
  left = -1;
  act: () => void = () => {};
  override load32(address: number): number {
    if (this.left-- === 0) this.act();
    return super.load32(address);
  }
}

test('slots that are replaced while somebody reads them are read as before or as after', (t) => {
  const before = [
    { gpa: 0, bytes: PAGE, address: 0 },
    { gpa: PAGE, bytes: PAGE, address: PAGE },
  ];
  const after = [
    { gpa: 0, bytes: 2 * PAGE, address: 5 * PAGE },
    { gpa: 4 * PAGE, bytes: PAGE, address: 7 * PAGE },
  ];
  // Generation, count, three words for each of two rows, generation again.
  for (let loads = 0; loads < 9; loads++) {
    const shared = createSharedMemory(MEMSLOT_TABLE_BYTES);
    const memory = new Interrupted(shared);
    const writer = new Memslots(openSharedMemory(shared, 'plain'), 0);
    const reader = new Memslots(memory, 0);
    writer.replace([]);
    reader.slots();
    writer.replace(before);
    memory.act = () => writer.replace(after);
    memory.left = loads;
    const seen = JSON.stringify(reader.slots());
    t.true(
      [[], before, after].some((whole) => JSON.stringify(whole) === seen),
      `${loads} loads: ${seen}`,
    );
    t.deepEqual(reader.slots(), after);
  }
});

/** Two pages that follow each other for the guest and are apart for the host, then a hole. */
function splitWorld(): World {
  const world = makeWorld({ ramBytes: 0x8000 });
  world.slots.replace([
    { gpa: 0, bytes: PAGE, address: 0 },
    { gpa: PAGE, bytes: PAGE, address: 4 * PAGE },
  ]);
  world.cpus[0]!.start();
  return world;
}

const around = (edge: number) => fc.integer({ min: edge - 7, max: edge + 1 });

test('an access that crosses into a page elsewhere reads and writes each byte where it is', (t) => {
  fc.assert(
    fc.property(around(PAGE), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (gpa, value) => {
      const { cpus, memory } = splitWorld();
      const [cpu] = cpus;
      cpu!.store64(gpa, value);
      const bytes = Array.from({ length: 8 }, (_, byte) => {
        const at = gpa + byte;
        return memory.u8[at < PAGE ? at : at + 3 * PAGE]!;
      });
      const stored = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      const untouched = memory.u8.subarray(PAGE, 4 * PAGE).every((byte) => byte === 0);
      return (
        untouched &&
        stored === value &&
        cpu!.load64(gpa) === value &&
        BigInt(cpu!.load32(gpa)) === BigInt.asUintN(32, value) &&
        BigInt(cpu!.load16(gpa)) === BigInt.asUintN(16, value)
      );
    }),
  );
  t.pass();
});

test('an access that reaches into a hole is an error and leaves no trace', (t) => {
  const end = 2 * PAGE;
  fc.assert(
    fc.property(
      fc.integer({ min: end - 16, max: end + 16 }),
      fc.constantFrom(1, 2, 4, 8),
      (gpa, width) => {
        const { cpus, memory } = splitWorld();
        const [cpu] = cpus;
        const ones = 0xffff_ffff_ffff_ffffn;
        const store = (): void => {
          if (width === 8) cpu!.store64(gpa, ones);
          else if (width === 4) cpu!.store32(gpa, 0xffff_ffff);
          else if (width === 2) cpu!.store16(gpa, 0xffff);
          else cpu!.store8(gpa, 0xff);
        };
        let thrown: unknown;
        try {
          store();
        } catch (error) {
          thrown = error;
        }
        const written = memory.u8
          .subarray(0, 0x8000)
          .reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0);
        if (gpa + width <= end) return thrown === undefined && written === width;
        return thrown instanceof UnbackedGpa && written === 0;
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});

test('memory that is taken away is gone for a vCPU after its next exit', (t) => {
  const { cpus, slots } = splitWorld();
  const [cpu] = cpus;
  cpu!.store32(8, 7);
  slots.replace([{ gpa: PAGE, bytes: PAGE, address: 4 * PAGE }]);
  cpu!.exit();
  t.throws(() => cpu!.load32(8), {
    instanceOf: UnbackedGpa,
    message: /got a 32-bit access to GPA 0x8\./,
  });
});
