/** Standard input as one text, bounded as files are. */
import { InputError } from '../base/input-error.ts';

const MOST_BYTES = 64 * 1024 * 1024;

export async function readStandardInput(): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > MOST_BYTES)
      throw new InputError({
        file: 'stdin',
        message: `expected a scenario, found more than ${String(MOST_BYTES)} bytes`,
      });
  }
  return Buffer.concat(parts).toString('utf8');
}
