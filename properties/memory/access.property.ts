import '../seed.ts';
import test from 'ava';
import fc from 'fast-check';
import { MisalignedLockedAccess } from '../../src/memory/errors.ts';
import type { MemoryPort } from '../../src/memory/memory-port.ts';
import {
  type AccessMode,
  createSharedMemory,
  openSharedMemory,
  PlainMemory,
  type SharedMemory,
} from '../../src/memory/shared-memory.ts';

const BYTES = 256;
const MODES: readonly AccessMode[] = ['plain', 'atomic'];

const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const access = fc.record({
  store: fc.boolean(),
  width: fc.constantFrom(1, 2, 4, 8),
  address: fc.nat(BYTES - 8),
  value: u64,
});

/** One access through the port: what it loaded, or what it stored. */
function perform(
  port: MemoryPort,
  store: boolean,
  width: number,
  address: number,
  value: bigint,
): bigint {
  const low = Number(BigInt.asUintN(width * 8, value) & 0xffff_ffffn);
  if (store) {
    if (width === 1) port.store8(address, low);
    else if (width === 2) port.store16(address, low);
    else if (width === 4) port.store32(address, low);
    else port.store64(address, value);
    return value;
  }
  if (width === 8) return port.load64(address);
  const load =
    width === 1 ? port.load8(address) : width === 2 ? port.load16(address) : port.load32(address);
  return BigInt(load);
}

/** The same on bytes, little endian. */
function modelled(
  model: Uint8Array,
  store: boolean,
  width: number,
  address: number,
  value: bigint,
): bigint {
  let loaded = 0n;
  for (let byte = 0; byte < width; byte++) {
    const at = BigInt(byte * 8);
    if (store) model[address + byte] = Number((value >> at) & 0xffn);
    loaded |= BigInt(model[address + byte]!) << at;
  }
  return store ? value : loaded;
}

const agrees = (open: () => SharedMemory) =>
  fc.property(fc.array(access, { maxLength: 40 }), (accesses) => {
    const port = open();
    const model = new Uint8Array(BYTES);
    return (
      accesses.every(
        ({ store, width, address, value }) =>
          perform(port, store, width, address, value) ===
          modelled(model, store, width, address, value),
      ) && model.every((byte, address) => port.u8[address] === byte)
    );
  });

/** Forgets that a 16-bit store at an odd address leaves its neighbours alone. */
class Overwriting extends PlainMemory {
  override store16(address: number, value: number): void {
    if ((address & 1) !== 0) super.store32(address, value);
    else super.store16(address, value);
  }
}

test('an access of any width at any address is its bytes, little endian', (t) => {
  for (const mode of MODES)
    fc.assert(agrees(() => openSharedMemory(createSharedMemory(BYTES), mode)));
  const broken = fc.check(
    agrees(() => new Overwriting(createSharedMemory(BYTES))),
    { numRuns: 500 },
  );
  t.true(broken.failed);
});

/** A memory that notes its steps. */
class Noting extends PlainMemory {
  readonly steps: { bytes: number; address: number }[] = [];
  override load8(address: number): number {
    this.steps.push({ bytes: 1, address });
    return super.load8(address);
  }
  override load16(address: number): number {
    if ((address & 1) === 0) this.steps.push({ bytes: 2, address });
    return super.load16(address);
  }
  override load32(address: number): number {
    if ((address & 3) === 0) this.steps.push({ bytes: 4, address });
    return super.load32(address);
  }
  override load64(address: number): bigint {
    if ((address & 7) === 0) this.steps.push({ bytes: 8, address });
    return super.load64(address);
  }
  override store8(address: number, value: number): void {
    this.steps.push({ bytes: 1, address });
    super.store8(address, value);
  }
  override store16(address: number, value: number): void {
    if ((address & 1) === 0) this.steps.push({ bytes: 2, address });
    super.store16(address, value);
  }
  override store32(address: number, value: number): void {
    if ((address & 3) === 0) this.steps.push({ bytes: 4, address });
    super.store32(address, value);
  }
  override store64(address: number, value: bigint): void {
    if ((address & 7) === 0) this.steps.push({ bytes: 8, address });
    super.store64(address, value);
  }
}

test('an aligned access is one step; a misaligned one its aligned pieces, lowest address first', (t) => {
  fc.assert(
    fc.property(access, ({ store, width, address, value }) => {
      const port = new Noting(createSharedMemory(BYTES));
      perform(port, store, width, address, value);
      const { steps } = port;
      if (address % width === 0) return steps.length === 1 && steps[0]!.bytes === width;
      let next = address;
      for (const { bytes, address: at } of steps) {
        // The largest piece that is aligned there and does not reach past the end.
        const larger = bytes * 2;
        if (at !== next || at % bytes !== 0) return false;
        if (larger < 8 && at % larger === 0 && at + larger <= address + width) return false;
        next += bytes;
      }
      return next === address + width;
    }),
  );
  t.pass();
});

/** Locked operations: the bytes they work on, the operation, and what it leaves of an old value. */
const LOCKED: readonly {
  readonly name: string;
  readonly bytes: 1 | 4 | 8;
  run(port: MemoryPort, address: number, a: bigint, b: bigint): bigint;
  left(old: bigint, a: bigint, b: bigint): bigint;
}[] = [
  {
    name: 'lockXchg8',
    bytes: 1,
    run: (port, at, a) => BigInt(port.lockXchg8(at, Number(a & 0xffn))),
    left: (_, a) => a,
  },
  {
    name: 'lockXchg32',
    bytes: 4,
    run: (port, at, a) => BigInt(port.lockXchg32(at, Number(a & 0xffff_ffffn))),
    left: (_, a) => a,
  },
  { name: 'lockXchg64', bytes: 8, run: (port, at, a) => port.lockXchg64(at, a), left: (_, a) => a },
  {
    name: 'lockCmpxchg8',
    bytes: 1,
    run: (port, at, a, b) => BigInt(port.lockCmpxchg8(at, Number(a & 0xffn), Number(b & 0xffn))),
    left: (old, a, b) => (old === (a & 0xffn) ? b : old),
  },
  {
    name: 'lockCmpxchg32',
    bytes: 4,
    run: (port, at, a, b) =>
      BigInt(port.lockCmpxchg32(at, Number(a & 0xffff_ffffn), Number(b & 0xffff_ffffn))),
    left: (old, a, b) => (old === (a & 0xffff_ffffn) ? b : old),
  },
  {
    name: 'lockCmpxchg64',
    bytes: 8,
    run: (port, at, a, b) => port.lockCmpxchg64(at, a, b),
    left: (old, a, b) => (old === a ? b : old),
  },
  {
    name: 'lockAnd32',
    bytes: 4,
    run: (port, at, a) => BigInt(port.lockAnd32(at, Number(BigInt.asIntN(32, a)))),
    left: (old, a) => old & a,
  },
  {
    name: 'lockOr32',
    bytes: 4,
    run: (port, at, a) => BigInt(port.lockOr32(at, Number(BigInt.asIntN(32, a)))),
    left: (old, a) => old | a,
  },
  {
    name: 'lockAdd32',
    bytes: 4,
    run: (port, at, a) => BigInt(port.lockAdd32(at, Number(BigInt.asIntN(32, a)))),
    left: (old, a) => old + a,
  },
  {
    name: 'lockAdd64',
    bytes: 8,
    run: (port, at, a) => port.lockAdd64(at, a),
    left: (old, a) => old + a,
  },
];

test('a locked operation returns the old value and leaves the new one, its neighbours untouched', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...LOCKED),
      fc.nat(15),
      u64,
      u64,
      u64,
      fc.constantFrom(...MODES),
      (operation, word, old, a, b, mode) => {
        const { bytes, run, left } = operation;
        const port = openSharedMemory(createSharedMemory(BYTES), mode);
        port.u8.fill(0x5a, 0, BYTES);
        const address = 8 + word * bytes;
        perform(port, true, bytes, address, old);
        const held = BigInt.asUintN(bytes * 8, old);
        // Half the time the comparison succeeds.
        const expected = (a & 1n) === 0n ? held : a;
        const returned = run(port, address, expected, b);
        const kept = [...port.u8.subarray(0, BYTES)].every(
          (byte, at) => byte === 0x5a || (at >= address && at < address + bytes),
        );
        const now = perform(port, false, bytes, address, 0n);
        return (
          kept && returned === held && now === BigInt.asUintN(bytes * 8, left(held, expected, b))
        );
      },
    ),
    { numRuns: 400 },
  );
  t.pass();
});

test('a locked operation at a misaligned address is an error and changes nothing', (t) => {
  for (const { name, bytes, run } of LOCKED) {
    for (let address = 0; address < 16; address++) {
      const port = openSharedMemory(createSharedMemory(BYTES), 'plain');
      const attempt = (): bigint => run(port, address, 0n, 1n);
      if (address % bytes === 0) {
        t.notThrows(attempt, `${name} at ${address}`);
        continue;
      }
      const error = t.throws(
        attempt,
        { instanceOf: MisalignedLockedAccess },
        `${name} at ${address}`,
      );
      t.regex(
        error!.message,
        new RegExp(`multiple of ${bytes}, got address 0x${address.toString(16)}\\.`),
      );
      t.true(port.u8.subarray(0, 32).every((byte) => byte === 0));
    }
  }
});
