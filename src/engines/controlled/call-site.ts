/** Frames that are looked at, at most. */
const FRAMES = 40;

/** Name of the method that calls a program: what is below it on the stack is the engine's own. */
export const PROGRAM_CALLER = 'runProgram';

const scratch: { stack?: unknown } = {};

/** The call stack below the port, as text: the same place in the same loop has the same. */
export function callSite(): string {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = positions;
  Error.captureStackTrace(scratch, callSite);
  const site = scratch.stack as string;
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return site;
}

function positions(_: Error, frames: NodeJS.CallSite[]): string {
  let site = '';
  for (const frame of frames) {
    if (frame.getFunctionName() === PROGRAM_CALLER) break;
    const script = frame.getScriptNameOrSourceURL() ?? '';
    site += `${script.slice(-12)}:${frame.getLineNumber()}:${frame.getColumnNumber()} `;
  }
  return site;
}
