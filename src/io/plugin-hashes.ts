/** What tells one version of a user's plugin from another: for results that must say what they were made with. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface PluginHash {
  /** As results name it, from the folder of the scenario. */
  readonly file: string;
  /** Of the file itself, in hexadecimal; what it imports is not in it. */
  readonly sha256: string;
}

/** In order of the files; each once. `fileNames`: the scenario's. */
export function pluginHashes(files: readonly string[], fileNames: Readonly<Record<string, string>>): PluginHash[] {
  return [...new Set(files)].map((file) => ({
    file: fileNames[file] ?? file,
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
  }));
}
