import type { Gpa, HostAddress, MemoryPort } from '../memory/memory-port.ts';

/**
 * The port that host code sees: a physical CPU that runs KVM, either in a vCPU's context (on that
 * vCPU's thread, outside guest mode) or as a VMM thread.
 *
 * Memory is addressed by host addresses; guest memory is reached through {@link HostCpu.translate}.
 */
export interface HostCpu {
  /** Guest RAM and host RAM, by host address. */
  readonly memory: MemoryPort;
  /** Host address of `bytes` bytes of guest RAM, or `UNBACKED` where no memslot has them all. */
  translate(gpa: Gpa, bytes: number): HostAddress;
  /** RDTSC of this physical CPU, unscaled, without offset. The host's clocks derive from it. */
  hostTsc(): bigint;
  /** Up to `ticks` ticks pass on this CPU: an NMI, an SMI, a cache miss. */
  passTime(ticks: number): void;
  /** Sends the IPI that makes the physical CPU of a vCPU exit, by the vCPU's kick word. */
  sendKick(kick: HostAddress): void;
  /** Takes a pending kick IPI. @throws RunStopped if the run is over */
  acknowledgeKick(kick: HostAddress): void;
  /** Sleeps until the kick word becomes non-zero or, spuriously, earlier. */
  sleepUntilKick(kick: HostAddress): void;
  /** PAUSE in a spin loop. @throws RunStopped if the run is over */
  relax(): void;
}
