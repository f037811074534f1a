/** Lists of the checkout's own files, without what is installed, built or written by runs. Paths from the root, with `/`. */
import { existsSync, readdirSync } from 'node:fs';

const FOREIGN = new Set(['node_modules', 'dist', '.dist-next', 'out', 'coverage', '.git', '.setup-lock']);

export function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : filesBelow(path, ending);
      return entry.isFile() && entry.name.endsWith(ending) ? [path] : [];
    })
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
