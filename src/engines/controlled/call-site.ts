/** Frames that tell one place in a program from another; deeper ones are the engine's own. */
const FRAMES = 40;

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
    const script = frame.getScriptNameOrSourceURL() ?? '';
    site += `${script.slice(-12)}:${frame.getLineNumber()}:${frame.getColumnNumber()} `;
  }
  return site;
}
