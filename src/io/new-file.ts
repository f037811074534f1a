/** Writes one file for the user, never over another one unless asked. */
import { writeFileSync } from 'node:fs';
import { InputError } from '../base/input-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'the file exists: choose another name, or replace it with --force',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  EISDIR: 'expected a file, found a folder',
  EACCES: 'no permission to write it',
};

export function writeNewFile(path: string, text: string, options: { readonly force: boolean }): void {
  try {
    writeFileSync(path, text, { flag: options.force ? 'w' : 'wx' });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'failed';
    throw new InputError({ file: path, message: REASONS[code] ?? `cannot be written (${code})` });
  }
}
