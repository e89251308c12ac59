/** A WebAssembly memory, as far as it is used here. TypeScript declares the real one only for browsers. */
export interface WasmMemory {
  /** A SharedArrayBuffer, as the memory is shared. */
  readonly buffer: ArrayBufferLike;
}

interface WasmMemoryConstructor {
  new (descriptor: { initial: number; maximum: number; shared: true }): WasmMemory;
}

/** The constructor that every Node has. */
export const WasmMemory: WasmMemoryConstructor = (
  globalThis as unknown as { readonly WebAssembly: { readonly Memory: WasmMemoryConstructor } }
).WebAssembly.Memory;
