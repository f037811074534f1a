/**
 * Loads scheduler plugins from the user's files. JavaScript, and TypeScript where Node reads it, come in by `import()`;
 * TypeScript elsewhere goes through jiti, types stripped, nothing written to disk. `podyard` and `podyard/plugin` mean
 * this very package, wherever the file lies.
 */
import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../base/input-error.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { found } from '../scheduler/framework/plugin-answers.ts';
import { withPoints } from './plugin-points.ts';
import { ExitCall, loadGuarded } from './plugin-traps.ts';
import { systemCode, systemReason } from './system-errors.ts';

/** Factories in order of the files and of their exports. Throws InputError. */
export async function loadPluginFiles(
  files: readonly string[], inTreeNames: Iterable<string>,
): Promise<PluginFactory[]> {
  const taken = new Map<string, string>(Array.from(inTreeNames, (name) => [name, 'is a plugin of Kubernetes']));
  const loaded: PluginFactory[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    if (seen.has(resolve(file))) continue;
    seen.add(resolve(file));
    for (const factory of await loadPluginFile(file)) {
      const owner = taken.get(factory.name);
      if (owner !== undefined)
        throw new InputError({ file, message: `the plugin's name ${factory.name} ${owner}: choose another one` });
      taken.set(factory.name, `is taken by ${file}`);
      loaded.push(withPoints(factory, file));
    }
  }
  return loaded;
}

function statOf(path: string, file: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = systemCode(error) ?? 'EIO';
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new InputError({ file, message: isMissing ? 'no such file' : `cannot be read: ${systemReason(code)}` });
  }
}

async function loadPluginFile(file: string): Promise<PluginFactory[]> {
  const path = resolve(file);
  if (!statOf(path, file).isFile())
    throw new InputError({ file, message: 'expected a file with a plugin, found a folder' });
  if (!/\.[cm]?[jt]s$/.test(path))
    throw new InputError({
      file,
      message: 'expected a plugin in JavaScript or TypeScript: .js, .mjs, .cjs, .ts, .mts or .cts',
    });
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await loadGuarded(() => importFile(path));
  } catch (error) {
    throw new InputError({ file, message: `the plugin could not be loaded: ${reasonOf(error, path)}` });
  }
  const candidates = new Set(
    Object.values(exports).flatMap((value) =>
      isRecord(value) && value[Symbol.toStringTag] === 'Module' ? Object.values(value) : [value],
    ),
  );
  const factories = [...candidates].filter(isPluginFactory);
  if (factories.length > 0) return factories;
  throw new InputError({
    file,
    message: 'no plugin is exported: expected an object with name, summary and create(args, ' +
      `handle)${nearMiss([...candidates])}`,
  });
}

/** What of a factory is missing, when an export comes near one. */
function nearMiss(candidates: readonly unknown[]): string {
  for (const value of candidates) {
    if (!isRecord(value)) continue;
    const lacking = [
      ...(isText(value['name']) ? [] : ['a name']),
      ...(typeof value['summary'] === 'string' ? [] : ['a summary']),
      ...(typeof value['create'] === 'function' ? [] : ['create']),
    ];
    if (lacking.length < 3) return `; the export lacks ${lacking.join(' and ')}`;
  }
  return '';
}

function isPluginFactory(value: unknown): value is PluginFactory {
  return (
    isRecord(value) &&
    isText(value['name']) &&
    typeof value['summary'] === 'string' &&
    typeof value['create'] === 'function'
  );
}

function isRecord(value: unknown): value is Record<string | symbol, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  resolveOwnName();
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (!/\.[cm]?ts$/.test(path) || !isBeyondNode(error)) throw error;
  }
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    alias: Object.fromEntries(ownEntries().map(([name, url]) => [name, new URL(url).pathname])),
  });
  return jiti.import(path);
}

/** TypeScript that this Node cannot read: no types at all, or more than it can strip. */
function isBeyondNode(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING' ||
    code === 'ERR_NO_TYPESCRIPT'
  );
}

let isRegistered = false;

/** From now on `import 'podyard/plugin'` finds this package from anywhere; the one instance that runs. */
function resolveOwnName(): void {
  if (isRegistered) return;
  isRegistered = true;
  const hook = `let own = {};
export function initialize(entries) { own = Object.fromEntries(entries); }
export function resolve(specifier, context, next) {
  return Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context);
}`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`, { data: ownEntries() });
}

/** Longest names first: an alias also stands for what begins with it. */
function ownEntries(): (readonly [string, string])[] {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return [
    ['podyard/plugin', new URL(`../scheduler/framework/plugin-api.${ending}`, import.meta.url).href],
    ['podyard', new URL(`../index.${ending}`, import.meta.url).href],
  ];
}

function reasonOf(error: unknown, path: string): string {
  if (error instanceof ExitCall) return `it ${error.message}`;
  if (!(error instanceof Error)) return found(error);
  const line = error.stack?.split('\n').find((entry) => entry.includes(path));
  const place = line === undefined ? null : /:(\d+):(\d+)\)?$/.exec(line);
  return `${error.name}: ${error.message.split('\n')[0]}${place === null ? '' : ` (line ${place[1]})`}`;
}
