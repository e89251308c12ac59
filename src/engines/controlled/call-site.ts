/** Frames that are looked at, at most. */
const MOST_FRAMES = 40;
/** Frames beyond the program's own that are captured, so that most captures find where it was called. */
const SPARE_FRAMES = 2;

/** Name of the method that calls a program: what is below it on the stack is the engine's own. */
export const PROGRAM_CALLER = 'runProgram';

const scratch: { stack?: unknown } = {};
/** How many frames the deepest program so far needed. A capture costs by the frame. */
let depth = SPARE_FRAMES;
let whole = false;

/**
 * The call stack below the port, as text: the same place in the same loop has the same.
 *
 * @param port the function of the port that is being called
 */
export function callSite(port: (...args: never[]) => unknown): string {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.prepareStackTrace = positions;
  let site = capture(depth, port);
  if (!whole) site = capture(MOST_FRAMES, port);
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return site;
}

function capture(frames: number, port: (...args: never[]) => unknown): string {
  Error.stackTraceLimit = frames;
  Error.captureStackTrace(scratch, port);
  return scratch.stack as string;
}

function positions(_: Error, frames: NodeJS.CallSite[]): string {
  let site = '';
  whole = false;
  for (let place = 0; place < frames.length; place++) {
    const frame = frames[place]!;
    if (frame.getFunctionName() === PROGRAM_CALLER) {
      whole = true;
      depth = Math.max(depth, place + SPARE_FRAMES);
      break;
    }
    // Where in its file: with the path's end that is one place, and needs no counting of lines.
    const script = frame.getScriptNameOrSourceURL() ?? '';
    site += `${script.slice(-12)}:${frame.getPosition()} `;
  }
  return site;
}
