/**
 * Single runs put together: runs of one scenario are a group, runs that differ in their seed alone are one variant of
 * it. Pure; costs one walk over each resolved scenario.
 */
import type { MeasuredRun } from './measured-run.ts';
import { variantName } from './variant-comparison.ts';

export interface GroupedRun {
  readonly scenario: string;
  readonly kubernetes: string;
  readonly resolvedScenario: unknown;
  readonly measured: MeasuredRun;
}

export interface RunGroup<Run extends GroupedRun> {
  readonly scenario: string;
  readonly variants: readonly RunVariant<Run>[];
}

export interface RunVariant<Run extends GroupedRun> {
  readonly name: string;
  /** What it has that others of the group have not: `nodePools[general].count=3`. '': there are no others. */
  readonly label: string;
  /** One a seed. */
  readonly runs: readonly Run[];
  /** Those of a seed that was there already, with the same digest. */
  readonly repeated: readonly Run[];
}

/** In the order in which scenarios, and variants of each, come first. */
export function groupRuns<Run extends GroupedRun>(runs: readonly Run[]): RunGroup<Run>[] {
  const byScenario = new Map<string, Run[]>();
  for (const run of runs) byScenario.set(run.scenario, [...(byScenario.get(run.scenario) ?? []), run]);
  return Array.from(byScenario, ([scenario, own]) => ({ scenario, variants: variantsOf(own) }));
}

interface OpenVariant<Run> {
  readonly fields: ReadonlyMap<string, string>;
  readonly runs: Run[];
  readonly repeated: Run[];
}

function variantsOf<Run extends GroupedRun>(runs: readonly Run[]): RunVariant<Run>[] {
  const open = new Map<string, OpenVariant<Run>[]>();
  for (const run of runs) {
    const fields = fieldsOf(run);
    const key = JSON.stringify([...fields]);
    const alike = open.get(key) ?? [];
    const { seed, digest } = run.measured;
    const same = alike.find((one) =>
      one.runs.some(({ measured }) => measured.seed === seed && measured.digest === digest),
    );
    const free = alike.find((one) => one.runs.every(({ measured }) => measured.seed !== seed));
    if (same !== undefined) same.repeated.push(run);
    else if (free !== undefined) free.runs.push(run);
    // One seed, two digests: something that is not in the scenario differs, such as a plugin.
    else alike.push({ fields, runs: [run], repeated: [] });
    open.set(key, alike);
  }
  const all = [...open.values()].flat();
  const first = (one: OpenVariant<Run>): number => runs.indexOf(one.runs[0]);
  const ordered = all.sort((a, b) => first(a) - first(b));
  const labels = labelsOf(ordered.map(({ fields }) => fields));
  return ordered.map((one, i) => ({
    name: variantName(i),
    label: labels[i],
    runs: one.runs,
    repeated: one.repeated,
  }));
}

const MOST_FIELDS = 3;
const MOST_CHARACTERS = 40;

function labelsOf(variants: readonly ReadonlyMap<string, string>[]): string[] {
  const paths = [...new Set(variants.flatMap((fields) => [...fields.keys()]))];
  const differing = paths.filter((path) => new Set(variants.map((fields) => fields.get(path))).size > 1);
  const told = differing.filter((path) => !isFormal(path));
  const telling = told.length > 0 ? told : differing;
  const shown = telling.slice(0, MOST_FIELDS);
  const more = telling.length - shown.length;
  const labels = variants.map((fields) => {
    const own = shown.flatMap((path) => {
      const value = fields.get(path);
      return value === undefined ? [] : [`${endingOf(path, shown)}=${shortened(value)}`];
    });
    if (own.length === 0)
      return shown.length === 0 ? '' : `without ${shown.map((path) => endingOf(path, shown)).join(', ')}`;
    return [...own, ...(more > 0 ? [`and ${String(more)} more fields that differ`] : [])].join(', ');
  });
  const isTold = variants.length < 2 || new Set(labels).size === variants.length;
  return isTold ? labels : labels.map((label, i) => `${label === '' ? 'the same scenario' : label} (${String(i + 1)})`);
}

/** What a Kubernetes object is called tells little of what it does. */
function isFormal(path: string): boolean {
  return /(?:^|\.)(?:apiVersion|kind|name)$/.test(path);
}

/** `scoringStrategy.type`: two steps, or the whole path where that is not enough to tell it from another. */
function endingOf(path: string, paths: readonly string[]): string {
  const ending = (one: string): string => one.split('.').slice(-2).join('.');
  return paths.filter((one) => ending(one) === ending(path)).length > 1 ? path : ending(path);
}

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}

/** Leaves of the scenario but for the seed, by path; items of a list by their names where they have some. */
function fieldsOf({ resolvedScenario, kubernetes, measured: { version } }: GroupedRun): ReadonlyMap<string, string> {
  const fields = new Map<string, string>([
    ['kubernetes', kubernetes],
    ['Podyard', version],
  ]);
  const walk = (value: unknown, path: string): void => {
    if (path === 'seed' || path === 'description' || path === 'kubernetes') return;
    if (Array.isArray(value)) {
      const names = value.map((item) => (item as { readonly name?: unknown } | null)?.name);
      const areNamed = new Set(names).size === value.length && names.every((name) => typeof name === 'string');
      if (value.length === 0) fields.set(path, '[]');
      value.forEach((item, i) => {
        walk(item, `${path}[${areNamed ? String(names[i]) : String(i)}]`);
      });
    } else if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value);
      if (entries.length === 0) fields.set(path, '{}');
      for (const [key, inner] of entries) walk(inner, path === '' ? key : `${path}.${key}`);
    } else {
      fields.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    }
  };
  walk(resolvedScenario, '');
  return fields;
}
