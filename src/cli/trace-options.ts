/** Options of the commands that read traces, made from the catalog of formats, and what was given for them. */
import { InputError } from '../base/input-error.ts';
import {
  kebabCase,
  MACHINE_FORMAT_NAMES,
  type TraceFormatEntry,
  type TraceSetting,
} from '../workload/traces/catalog.ts';
import type { GivenOptions, OptionSpec, OptionTable } from './options.ts';

/** Another load out of the same trace. */
export const LOAD_OPTIONS: OptionTable = {
  compress: {
    kind: 'number',
    fractions: true,
    fallback: '1',
    describe: 'Divide arrival times by this and keep run times: the load grows as much',
  },
  from: { kind: 'text', fallback: '0s', describe: 'Leave out what arrives before; it becomes time 0' },
  to: { kind: 'text', describe: 'Leave out what arrives then or later' },
  sample: {
    kind: 'number',
    fractions: true,
    fallback: '1',
    describe: 'Share of the jobs that is kept, drawn by the seed',
  },
  clones: { kind: 'number', atLeast: 1, fallback: '1', describe: 'Every job arrives so many times' },
  scale: { kind: 'list', describe: 'Factor of what pods ask for, such as cpu=0.5; repeatable' },
};

export const MACHINE_OPTIONS: OptionTable = {
  machines: {
    kind: 'text',
    describe: `The machine list of a trace as nodes: FORMAT=FILE, of ${MACHINE_FORMAT_NAMES.join(', ')}`,
  },
  'machine-set': { kind: 'list', describe: 'Setting of the machine list: name=value; repeatable' },
  'machine-clones': { kind: 'number', atLeast: 1, fallback: '1', describe: 'Every machine stands so many times' },
};

/** Further files and settings of one format. */
export function formatOptions({ files, settings }: TraceFormatEntry): OptionTable {
  const entries: [string, OptionSpec][] = [
    ...files.map(({ role, describe }): [string, OptionSpec] => [kebabCase(role), { kind: 'text', describe }]),
    ...settings.map((setting): [string, OptionSpec] => [
      kebabCase(setting.name),
      { kind: 'text', fallback: String(setting.fallback), describe: setting.describe, ...choices(setting) },
    ]),
  ];
  return Object.fromEntries(entries);
}

function choices({ kind, words }: TraceSetting): { readonly choices?: readonly string[] } {
  return kind === 'word' && words !== undefined ? { choices: words } : {};
}

/** The `trace` of a scenario, as its schema has it. */
export function traceDocument(
  entry: TraceFormatEntry,
  file: string,
  given: GivenOptions,
): Readonly<Record<string, unknown>> {
  const ofRoles = entry.files.flatMap(({ role }): [string, string][] => {
    const path = given.text(kebabCase(role));
    return path === null ? [] : [[role, path]];
  });
  const settings = entry.settings.flatMap(({ name }): [string, string][] => {
    const value = given.text(kebabCase(name));
    return value === null ? [] : [[name, value]];
  });
  return {
    format: entry.name,
    file,
    files: Object.fromEntries([...ofRoles, ...pairsOf(given, 'with', 'role=path')]),
    settings: Object.fromEntries([...settings, ...pairsOf(given, 'setting', 'name=value')]),
    ...loadDocument(given),
  };
}

/** The load control of a scenario's `trace`. */
export function loadDocument(given: GivenOptions): Readonly<Record<string, unknown>> {
  const to = given.text('to');
  const factors = pairsOf(given, 'scale', 'cpu=0.5').map(([name, factor]) => [name, Number(factor)]);
  return {
    compress: given.number('compress') ?? 1,
    from: given.text('from') ?? '0s',
    ...(to === null ? {} : { to }),
    sample: given.number('sample') ?? 1,
    clones: given.number('clones') ?? 1,
    scale: Object.fromEntries(factors) as Record<string, number>,
  };
}

/** `key=value` of a repeatable option. Throws InputError when it is anything else, or when a key stands twice. */
export function pairsOf(given: GivenOptions, option: string, example: string): [string, string][] {
  const pairs = given.list(option).map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals < 1 || equals === text.length - 1) {
      throw new InputError({ message: `--${option} ${text}: expected name=value such as ${example}` });
    }
    return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
  });
  const twice = pairs.find(([name], i) => pairs.findIndex(([other]) => other === name) < i);
  if (twice !== undefined) throw new InputError({ message: `--${option}: ${twice[0]} is given twice` });
  return pairs;
}

/** The option behind a field of the scenario around a trace; undefined: none. */
export function optionOfPath(path: string, fileOption: string): string | undefined {
  const value = /^trace\.(settings|files|scale)(?:\.([^.[]+))?/.exec(path);
  if (value !== null) return value[1] === 'scale' ? '--scale' : `--${kebabCase(value[2] ?? '')}`;
  const machine = /^machines\.(file|format|settings|clones)/.exec(path)?.[1];
  if (machine !== undefined) {
    return machine === 'settings' ? '--machine-set' : machine === 'clones' ? '--machine-clones' : '--machines';
  }
  const field = /^trace\.(compress|from|to|sample|clones)/.exec(path)?.[1];
  if (field !== undefined) return `--${field}`;
  if (path.startsWith('trace.file')) return fileOption;
  if (path.startsWith('scheduler.config')) return '--scheduler';
  return path.startsWith('nodes') ? '--nodes' : undefined;
}
