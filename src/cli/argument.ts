import { InvalidArgumentError } from 'commander';
import { UsageError } from '../engines/usage-error.ts';

/** Makes a parser's complaint one of commander's, which names the option and what came. */
export function argument<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}
