/**
 * What the operating system refused, in words: a full disk, a missing right. Neither the user's text nor our mistake.
 */

/** The machine refused: not the user's input, not our mistake. Told in one line, exit code 1. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EBUSY: 'it is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists',
  EFBIG: 'the file is too large',
  EIO: 'the device reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'symbolic links form a loop',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENAMETOOLONG: 'the path is too long',
  ENFILE: 'too many open files on this machine',
  ENODEV: 'there is no such device',
  ENOENT: 'there is no such file or folder',
  ENOMEM: 'out of memory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file stands where a folder is needed',
  ENOTEMPTY: 'the folder is not empty',
  ENXIO: 'there is no such device',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  ETXTBSY: 'it is in use',
  EXDEV: 'it lies on another disk',
};

/** The code of an error that a system call gave; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

const MACHINE_CODES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'ENOSPC']);

/** Whether no path that the user could name would have made it work. */
export function isMachineFault(code: string | undefined): boolean {
  return code !== undefined && MACHINE_CODES.has(code);
}

/** `the disk is full (ENOSPC)`. */
export function systemReason(code: string): string {
  const reason = REASONS[code];
  return reason === undefined ? code : `${reason} (${code})`;
}
