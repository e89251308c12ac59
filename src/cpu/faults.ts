/** #GP(0), raised by RDMSR or WRMSR as the host told the CPU to. */
export class GeneralProtectionFault extends Error {
  override readonly name = 'GeneralProtectionFault';
  readonly index: number;
  constructor(instruction: 'RDMSR' | 'WRMSR', index: number, value?: bigint) {
    const operand = value === undefined ? '' : `, 0x${value.toString(16)}`;
    super(`#GP(0) on ${instruction}(0x${index.toString(16)}${operand}).`);
    this.index = index;
  }
}

/**
 * Thrown through a program when its run is over: the time is up, a peer failed, or somebody pressed
 * Ctrl-C. Once thrown, every further call of the port throws it again, so a `catch` cannot swallow it.
 */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
  constructor() {
    super('The run was stopped.');
  }
}
