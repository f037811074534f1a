/** Files for readers, in memory: paths are like `folder/name`, everything starts at the same place. */
import { InputError } from '../../src/base/input-error.ts';
import type { FileReader } from '../../src/workload/manifests/file-reader.ts';

/** `links` maps a folder path to the folder it stands for. */
export function memoryFiles(texts: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): FileReader {
  const realPath = (path: string): string => {
    let real = normalize(path);
    for (let round = 0; round < 40; round++) {
      const link = Object.keys(links).find((name) => real === name || real.startsWith(`${name}/`));
      if (link === undefined) return real;
      real = normalize(`${links[link] ?? ''}${real.slice(link.length)}`);
    }
    return real;
  };
  const textAt = (path: string): string | undefined => (Object.hasOwn(texts, realPath(path)) ? texts[realPath(path)] : undefined);
  const names = (folder: string): string[] => {
    const real = realPath(folder);
    const prefix = real === '.' ? '' : `${real}/`;
    const inside = [...Object.keys(texts), ...Object.keys(links)].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(inside)];
  };
  return {
    read(path): string {
      const text = textAt(path);
      if (text === undefined) throw new InputError({ file: path, message: 'no such file or folder' });
      return text;
    },
    list: names,
    isFolder: (path) => textAt(path) === undefined && names(path).length > 0,
    isFile: (path) => textAt(path) !== undefined,
    resolve: (from, relative) => normalize(from.includes('/') ? `${from.slice(0, from.lastIndexOf('/'))}/${relative}` : relative),
    nameFrom: (from, path) => {
      const [folder, target] = [normalize(from).split('/').slice(0, -1), normalize(path).split('/')];
      let shared = 0;
      while (shared < folder.length && folder[shared] === target[shared]) shared++;
      return [...folder.slice(shared).map(() => '..'), ...target.slice(shared)].join('/');
    },
    realPath,
  };
}

function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}
