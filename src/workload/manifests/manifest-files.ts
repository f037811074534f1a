/**
 * Which files a list of files and folders stands for: folders are walked in name order, links that lead back are
 * refused.
 */
import type { Problem } from '../../base/input-error.ts';
import { InputError } from '../../base/input-error.ts';
import type { FileReader } from './file-reader.ts';

export interface ManifestFile {
  readonly path: string;
  /** The user named the file itself, not a folder that holds it. */
  readonly isNamed: boolean;
}

export interface ManifestFiles {
  readonly files: ManifestFile[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

const MANIFEST_NAME = /\.(?:ya?ml|json|jsonl|ndjson)$/i;
const MAX_FOLDER_DEPTH = 32;

export function findManifestFiles(paths: readonly string[], files: FileReader): ManifestFiles {
  const found: ManifestFiles = { files: [], problems: [], warnings: [] };
  const seen = new Map<string, string>();
  for (const path of paths) {
    if (files.isFolder(path)) walk(path, [], files, seen, found);
    else addFile({ path, isNamed: true }, files, seen, found);
  }
  return found;
}

function walk(
  folder: string,
  above: readonly string[],
  files: FileReader,
  seen: Map<string, string>,
  found: ManifestFiles,
): void {
  const real = files.realPath(folder);
  if (above.includes(real)) {
    found.problems.push({ file: folder, message: 'a link leads back to a folder that holds it: a cycle' });
    return;
  }
  if (above.length >= MAX_FOLDER_DEPTH) {
    found.problems.push({ file: folder, message: `folders are nested more than ${MAX_FOLDER_DEPTH} deep` });
    return;
  }
  let names: string[];
  try {
    names = files.list(folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.problems.push(...error.problems);
    return;
  }
  names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const before = found.files.length;
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
    if (files.isFolder(path)) walk(path, [...above, real], files, seen, found);
    else if (MANIFEST_NAME.test(name)) addFile({ path, isNamed: false }, files, seen, found);
  }
  if (above.length === 0 && found.files.length === before && found.problems.length === 0) {
    found.warnings.push({ file: folder, message: 'the folder holds no .yaml, .yml, .json or .jsonl file' });
  }
}

function addFile(file: ManifestFile, files: FileReader, seen: Map<string, string>, found: ManifestFiles): void {
  const { path } = file;
  const real = files.realPath(path);
  const before = seen.get(real);
  if (before !== undefined) {
    found.warnings.push({ file: path, message: `the same file as ${before}: read once` });
    return;
  }
  seen.set(real, path);
  found.files.push(file);
}
