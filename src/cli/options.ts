/**
 * Options as data, and what was given for them. Every value is read as text and checked here, because yargs turns a
 * wrong number into NaN and a repeated option into a list without a word.
 */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { KUBERNETES_VERSIONS, isKubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { Override } from '../simulation/scenario-overrides.ts';

export interface OptionSpec {
  /** `list` may be given several times; the others once. */
  readonly kind: 'text' | 'number' | 'flag' | 'list';
  readonly describe: string;
  /** One letter. */
  readonly alias?: string;
  /** What stands for the value in help: FILE, PATH=VALUE. */
  readonly value?: string;
  /** Heading in help, where it is not with the others. */
  readonly group?: string;
  readonly choices?: readonly string[];
  readonly fallback?: string;
  readonly required?: boolean;
  /** Numbers: whole ones from here. */
  readonly atLeast?: number;
  readonly fractions?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'csv', 'openmetrics'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Options of every command that runs a simulation. */
export const RUN_OPTIONS: OptionTable = {
  seed: { kind: 'text', describe: "Root of every random stream, any text; counts before the scenario's" },
  kubernetes: { kind: 'text', choices: KUBERNETES_VERSIONS, describe: "Version of Kubernetes; counts before the scenario's" },
  set: { kind: 'list', value: 'PATH=VALUE', describe: 'Change a field of the scenario, value in YAML; repeatable' },
  scheduler: { kind: 'text', value: 'FILE', describe: "KubeSchedulerConfiguration; counts before the scenario's" },
  plugin: { kind: 'list', value: 'FILE', describe: 'Scheduler plugin of your own (.js, .mjs or .ts); repeatable' },
  out: { kind: 'text', value: 'FOLDER', describe: 'Folder for the report, its tables and its page' },
  force: { kind: 'flag', describe: 'Replace the folder of an earlier run' },
  parquet: { kind: 'flag', describe: 'With --out: the tables as Parquet, too; needs the package hyparquet-writer' },
  output: { kind: 'text', alias: 'o', choices: OUTPUT_FORMATS, fallback: 'table', describe: 'What to print' },
  check: {
    kind: 'number', atLeast: 1, value: '[N]',
    describe: 'Recompute all totals every N events (10000 without N) and stop when one is wrong',
  },
  plain: { kind: 'flag', describe: "Without the scheduler's caches: slower, the same decisions" },
  progress: { kind: 'text', choices: ['auto', 'plain', 'json', 'none'], fallback: 'auto', describe: 'Progress on standard error' },
  quiet: { kind: 'flag', alias: 'q', describe: 'No progress and no list of written files' },
};

/** What `--check` means without a number. */
export const DEFAULT_CHECK_EVENTS = 10_000;

/** `found`: what stands there instead. */
export function wrongDuration(option: string, found: string | null): Problem {
  return { message: `${option}: expected a duration such as 90s, 10m or 1h30m, found "${found ?? ''}"` };
}

/** Values of one command line, checked against the command's table. */
export class GivenOptions {
  /** Of the scenario, besides what options say. */
  readonly changes: readonly Override[];
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly table: OptionTable;

  /** Throws an InputError with every wrong value. */
  constructor(values: Readonly<Record<string, unknown>>, table: OptionTable, changes: readonly Override[] = []) {
    this.changes = changes;
    this.values = values;
    this.table = table;
    const problems = Object.keys(table).flatMap((name) => this.problemOf(name) ?? []);
    if (problems.length > 0) throw new InputError(problems);
  }

  /** The same with other changes of the scenario, which count before those of `--set`. */
  withChanges(changes: readonly Override[]): GivenOptions {
    return new GivenOptions(this.values, this.table, changes);
  }

  /** Whether the option was given at all, whatever it is without. */
  isGiven(name: string): boolean {
    return this.values[name] !== undefined;
  }

  positional(name: string): string {
    return textOf(this.values[name] ?? '');
  }

  positionals(name: string): readonly string[] {
    return ((this.values[name] ?? []) as readonly unknown[]).map(textOf);
  }

  text(name: string): string | null {
    const value = this.values[name] ?? this.table[name]?.fallback;
    return value === undefined ? null : textOf(value);
  }

  number(name: string): number | null {
    const text = this.text(name);
    return text === null ? null : Number(text);
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  list(name: string): readonly string[] {
    return ((this.values[name] ?? []) as readonly unknown[]).map(textOf);
  }

  private problemOf(name: string): Problem | null {
    const spec = this.table[name];
    const value = this.values[name];
    if (value === undefined || spec.kind === 'list') return null;
    if (Array.isArray(value)) return { message: `--${name} is given ${String(value.length)} times, expected once` };
    if (spec.kind === 'flag') return null;
    const text = textOf(value);
    if (text === '') return { message: `--${name} has no value` };
    return spec.kind === 'number' ? numberProblem(name, text, spec) : null;
  }
}

/** What `--kubernetes` says; null: nothing. */
export function kubernetesOf(given: GivenOptions): KubernetesVersion | null {
  const text = given.text('kubernetes');
  return text !== null && isKubernetesVersion(text) ? text : null;
}

/** Reports other than that of a run have no such forms. */
export function refuseFormsOfRuns(given: GivenOptions): void {
  const forms = [
    ...(given.text('output') === 'openmetrics' ? ['-o openmetrics'] : []),
    ...['parquet', 'keep'].flatMap((name) => (given.flag(name) ? [`--${name}`] : [])),
  ];
  const problems = forms.map((form) => (
    { message: `${form} is the form of a run of the scheduler, and not of this report` }
  ));
  if (problems.length > 0) throw new InputError(problems);
}

function textOf(value: unknown): string {
  if (value === STANDARD_STREAM) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function numberProblem(name: string, text: string, spec: OptionSpec): Problem | null {
  const pattern = spec.fractions === true ? /^\d+(\.\d+)?(e[-+]?\d{1,2})?$/i : /^\d+$/;
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  const least = spec.atLeast ?? 0;
  const kind = spec.fractions === true ? 'a number' : 'a whole number';
  if (Number.isSafeInteger(value) || (spec.fractions === true && Number.isFinite(value))) {
    if (value >= least && (spec.fractions !== true || value > 0)) return null;
  }
  return {
    message: `--${name}: expected ${kind} ${spec.fractions === true ? 'above 0' : `from ${String(least)}`}, found ` +
      `"${text}"`,
  };
}

/** What stands for a lone `-`, which yargs does not hand on. */
export const STANDARD_STREAM = '\u0000-';
