/**
 * What is written after `--a`, `--b`, `--variant`: files and changes of the scenario, several times or with commas.
 * A file is a KubeSchedulerConfiguration, a plugin, or fields of a scenario, such as an autoscaler's settings.
 */
import { basename } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { variantName } from '../experiment/variant-comparison.ts';
import { createInputFiles } from '../io/input-files.ts';
import type { Override } from '../simulation/scenario-reader.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { GivenOptions } from './options.ts';
import { overridesOf } from './scenario-input.ts';

/** Options that take one variant each, in order; `--variant` goes on from there. */
export const VARIANT_OPTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;

export interface VariantWords {
  /** null: the scenario's own configuration. */
  readonly configurationFile: string | null;
  readonly pluginFiles: readonly string[];
  /** Changes as they were written, files of them by their path. */
  readonly changes: readonly string[];
  readonly overrides: readonly Override[];
  /** With the file by its name alone, and as it was written. */
  readonly label: string;
  readonly longLabel: string;
}

/** Of all variants, the base first. Throws an InputError with what is wrong in the words. */
export function variantWords(given: GivenOptions): VariantWords[] {
  const used = VARIANT_OPTIONS.filter((option) => given.isGiven(option));
  const gap = VARIANT_OPTIONS.findIndex((option, i) => i < used.length && !given.isGiven(option));
  if (gap !== -1) {
    const found = used.map((option) => `--${option}`).join(', ');
    const missing = `--${VARIANT_OPTIONS[gap]} is missing`;
    throw new InputError({ message: `${missing}: variants are named in turn, found ${found}` });
  }
  return [
    ...used.map((option) => wordsOf(`--${option}`, given.list(option))),
    ...given.list('variant').map((word) => wordsOf('--variant', [word])),
  ];
}

/** `A`, `B`, ... and how messages call it: `--b`, or `--variant` with its label. */
export function optionOf(index: number): string {
  return index < VARIANT_OPTIONS.length ? `--${VARIANT_OPTIONS[index]}` : `variant ${variantName(index)}`;
}

const IS_CHANGE = /^[A-Za-z_][^=\s]*=/;
const IS_PLUGIN = /\.[cm]?[jt]s$/;

/** `option`: how messages call it. Throws an InputError with what is wrong in the words. */
export function wordsOf(option: string, given: readonly string[]): VariantWords {
  const files = createInputFiles();
  const isFile = (word: string): boolean => files.isFile(word);
  const words = given.flatMap((word) => (isFile(word) ? [word] : partsOf(word, isFile)));
  const isChange = (word: string): boolean => word.includes('=') && !isFile(word);
  const pluginFiles = words.filter((word) => !isChange(word) && IS_PLUGIN.test(word));
  const others = words.filter((word) => !isChange(word) && !IS_PLUGIN.test(word));
  const fields = new Map(others.flatMap((file) => {
    const overrides = isFile(file) ? fieldsOf(file, option) : null;
    return overrides === null ? [] : [[file, overrides]];
  }));
  const configurations = others.filter((file) => !fields.has(file));
  if (configurations.length > 1) {
    const found = configurations.join(' and ');
    throw new InputError({ message: `${option}: expected one KubeSchedulerConfiguration, found ${found}` });
  }
  const changes = words.filter((word) => isChange(word) || fields.has(word));
  const short = (word: string): string => (isChange(word) ? word : basename(word));
  const rank = (word: string): number => (changes.includes(word) ? 1 : 0);
  const inOrder = [...words].sort((a, b) => rank(a) - rank(b));
  return {
    configurationFile: configurations[0] ?? null,
    pluginFiles,
    changes,
    overrides: changes.flatMap((word) => fields.get(word) ?? overridesOf([word], option)),
    label: inOrder.map(short).join(', '),
    longLabel: words.join(', '),
  };
}

/**
 * Cut at commas, but only where a file or a change begins: `{cpu: 1, memory: 2Gi}` and `a,b` stay values of the change
 * before them.
 */
function partsOf(word: string, isFile: (part: string) => boolean): string[] {
  const parts: string[] = [];
  for (const piece of cutAtCommas(word)) {
    const begins = IS_CHANGE.test(piece.trim()) || isFile(piece.trim()) || /\.(?:ya?ml|json|[cm]?[jt]s)$/.test(piece);
    if (parts.length === 0 || begins) parts.push(piece.trim());
    else parts[parts.length - 1] += `,${piece}`;
  }
  return parts;
}

/** At commas outside of brackets and quotes. */
function cutAtCommas(word: string): string[] {
  const pieces = [''];
  let depth = 0;
  let quote = '';
  for (const character of word) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ('{['.includes(character)) depth++;
    else if ('}]'.includes(character)) depth--;
    if (character === ',' && depth === 0 && quote === '') pieces.push('');
    else pieces[pieces.length - 1] += character;
  }
  return pieces;
}

/** Keys that tell a scheduler's configuration, whatever else is wrong with it. */
const CONFIGURATION_KEYS = ['apiVersion', 'kind', 'profiles', 'extenders'];

/** The fields of a scenario that a file holds, as changes; null: it is no such file. */
function fieldsOf(file: string, option: string): Override[] | null {
  const { documents, problems } = readDocuments(createInputFiles().read(file), file);
  const [document, second] = documents;
  if (problems.length > 0 || document === undefined || second !== undefined) return null;
  const { value } = document;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  if (CONFIGURATION_KEYS.some((key) => Object.hasOwn(value, key))) return null;
  return leavesOf(value as Readonly<Record<string, unknown>>, '').map(([path, leaf]) => ({
    path,
    value: JSON.stringify(leaf),
    option: `${option} ${file}:`,
  }));
}

/** Mappings are gone through, so that what they do not name stays as it is; lists stand for themselves. */
function leavesOf(mapping: Readonly<Record<string, unknown>>, above: string): [string, unknown][] {
  return Object.entries(mapping).flatMap(([key, value]): [string, unknown][] => {
    const step = /^[A-Za-z_][\w-]*$/.test(key) ? key : `[${JSON.stringify(key)}]`;
    const path = above === '' || step.startsWith('[') ? `${above}${step}` : `${above}.${step}`;
    const isMapping = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (!isMapping || Object.keys(value).length === 0) return [[path, value]];
    return leavesOf(value as Readonly<Record<string, unknown>>, path);
  });
}
