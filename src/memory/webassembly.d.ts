/** The part of the WebAssembly API that is used here; TypeScript has it only in its DOM library. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    /** A SharedArrayBuffer, as the memory is shared. */
    readonly buffer: ArrayBufferLike;
  }
}
