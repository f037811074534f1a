/**
 * The decisions recorded from the real Kubernetes code. They are no part of this repository: where they are missing,
 * tests that need them say that they are skipped.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Where tests run on a copy of the sources elsewhere, as mutants do, they are told where the recordings are. */
const FOLDER = process.env['PODYARD_RECORDINGS'] ?? fileURLToPath(new URL('../../../shared/recordings/', import.meta.url));

/** Names below the folder of recordings, such as `1.36/taints.jsonl.gz`, in order; none: there is no such folder. */
export function recordingsBelow(folder: string): string[] {
  const path = join(FOLDER, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `${folder}/${name}`);
}

/** The text of a recording, unpacked; null: it is not here. */
export function recordingText(name: string): string | null {
  const path = join(FOLDER, name);
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
