/**
 * What the code that runs may know: a hash of the answers to all calls that are not over.
 *
 * A call that has returned (an operation of the host, a role of the guest) leaves its value and what it
 * wrote to memory, and nothing else: programs keep no state outside their locals and the shared memory.
 * So its answers are forgotten. Two runs of a thread that agree in what they know and in memory go on
 * alike, however they came there.
 *
 * Hashes are two times 32 bits.
 */
export class Knowledge {
  #one = 0;
  #two = 0;
  /** What was known before each open call. */
  readonly #ones: number[] = [];
  readonly #twos: number[] = [];
  /** How many calls are open. */
  #open = 0;
  /** So many of the open calls, the outermost ones, have let other code run that may remember it. */
  #kept = 0;

  reset(): void {
    this.#one = 0x2545f491;
    this.#two = 0x61c88647;
    this.#open = 0;
    this.#kept = 0;
  }

  /** An answer, as two 32-bit halves. */
  learn(low: number, high: number): void {
    let one = Math.imul(this.#one ^ low, 0x85ebca6b);
    one = Math.imul(one ^ (one >>> 15) ^ high, 0xc2b2ae35);
    this.#one = one ^ (one >>> 13);
    let two = Math.imul(this.#two + high, 0x27d4eb2f);
    two = Math.imul((two ^ (two >>> 16)) + low, 0x9e3779b1);
    this.#two = two ^ (two >>> 15);
  }

  /** A call begins. Returns what to end it with. */
  enter(): number {
    this.#ones[this.#open] = this.#one;
    this.#twos[this.#open] = this.#two;
    this.learn(CALL, 0);
    return this.#open++;
  }

  /** A call is over: what is left of it is its value, unless that is an object, which may hold anything. */
  leave(call: number, value: unknown): void {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (!this.#end(call, !isObject)) return;
    if (typeof value === 'number') {
      this.learn(value | 0, Math.floor(value / 2 ** 32) | 0);
      if (!Number.isSafeInteger(value))
        for (const character of String(value)) this.#spell(character);
    } else if (typeof value === 'bigint') {
      this.learn(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
    } else if (typeof value === 'string') for (const character of value) this.#spell(character);
    else this.learn(value === undefined ? UNDEFINED : value === true ? TRUE : FALSE, 0);
  }

  /** A call is over, and leaves nothing: what was interrupted by it does not know. */
  vanish(call: number): void {
    this.#end(call, true);
  }

  /** Code of the program that is not part of the open calls runs: it may remember what they do. */
  keep(): void {
    this.#kept = this.#open;
  }

  /** Ends a call. Returns whether what it learned is forgotten. */
  #end(call: number, forgettable: boolean): boolean {
    const forgets = forgettable && call >= this.#kept;
    if (forgets) {
      this.#one = this.#ones[call]!;
      this.#two = this.#twos[call]!;
    } else this.learn(KEPT, 0);
    this.#kept = Math.min(this.#kept, call);
    this.#open = call;
    return forgets;
  }

  #spell(character: string): void {
    this.learn(character.codePointAt(0)!, STRING);
  }

  /**
   * A number for all that decides how the thread goes on, 53 bits of hash.
   *
   * @param memory of its private memory, an integer of at most 53 bits
   * @param registers of what its port keeps
   */
  identity(memory: number, registers: number): number {
    const one = this.#one;
    const two = this.#two;
    this.learn(memory | 0, Math.floor(memory / 2 ** 32) | 0);
    this.learn(registers | 0, Math.floor(registers / 2 ** 32) | 0);
    const identity = (this.#one >>> 0) * 2 ** 21 + (this.#two & 0x1f_ffff);
    this.#one = one;
    this.#two = two;
    return identity;
  }
}

const CALL = 0x1001;
const UNDEFINED = 0x1002;
const TRUE = 0x1003;
const FALSE = 0x1004;
const KEPT = 0x1006;
const STRING = 0x1007;
