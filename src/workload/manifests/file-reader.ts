/**
 * What the readers need of a file system. `io/input-files.ts` implements it on disk, tests in memory; the readers
 * themselves never touch a disk. Paths stay as the user wrote them (relative to the working directory), so that
 * messages and results do not depend on where a checkout lies.
 */
export interface FileReader {
  /** The whole text of a file. Throws InputError when it is missing, no regular file, unreadable or too large. */
  read(path: string): string;
  /** Names (no folders before them) of what a folder holds, in any order. */
  list(folder: string): string[];
  isFolder(path: string): boolean;
  isFile(path: string): boolean;
  /** A pipe or the like; absent: there are none. */
  isStream?(path: string): boolean;
  /** `relative` as written in the file `from`; an absolute path stays as it is. */
  resolve(from: string, relative: string): string;
  /** What `resolve` takes from the file `from` to `path`: the same however both are written. Absent: as written. */
  nameFrom?(from: string, path: string): string;
  /** Tables of time zones. Absent: UTC alone is known. */
  readonly timeZones?: {
    /**
     * From `starts[i]` on, in seconds since 1970, the zone is `offsets[i]` seconds ahead of UTC. null: no such zone.
     */
    rulesOf(name: string): { readonly starts: readonly number[]; readonly offsets: readonly number[] } | null;
    names(): readonly string[];
  };
  /** One spelling for one place, links followed: tells loops and repeated files. */
  realPath(path: string): string;
}
