/** `trace` and `machines` of a scenario: files, settings of their formats, load control. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { nearestName } from '../base/input-error.ts';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { Micros } from '../base/time.ts';
import { duration, expecting, number, text, whole } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { MACHINE_FORMAT_NAMES, TRACE_FORMAT_NAMES, catalogEntry } from './traces/catalog.ts';
import type { MachineFormatName, TraceFormatName, TraceLoad, TraceSettings } from './traces/catalog.ts';
import { checkMachineSettings, checkSettings } from './traces/settings.ts';
import type { CheckedSettings } from './traces/settings.ts';

/** A stream of pods read while the simulation runs; the reader in `io/` turns rows into TracePod. */
export interface TraceInput extends TraceLoad {
  readonly format: TraceFormatName;
  readonly file: string;
  /** By role: further files of the trace. */
  readonly files: Readonly<Record<string, string>>;
  /** Every setting of the format. */
  readonly settings: TraceSettings;
}

/** The machines of a trace, as a cluster for any workload. */
export interface MachineInput {
  readonly format: MachineFormatName;
  readonly file: string;
  readonly settings: TraceSettings;
  /** Every machine stands so many times. */
  readonly clones: number;
}

const traceFormats = `expected one of ${TRACE_FORMAT_NAMES.join(', ')}`;

const settingValues = (help: string) =>
  z
    .record(
      z.string(),
      z.union([z.string(), z.number()], expecting('expected a text or a number')),
      expecting('expected a mapping of settings'),
    )
    .describe(help);

export const traceSchema = z.strictObject({
  format: z
    .enum(TRACE_FORMAT_NAMES, expecting(traceFormats))
    .default('csv')
    .describe("Podyard's own (docs/formats/trace-csv.md), or that of a published trace (docs/formats/traces.md)"),
  file: text(
    'The file, relative to the scenario; .gz is read as it is, Parquet where the package hyparquet is installed',
  ),
  files: z
    .record(
      z.string(),
      text('A file, relative to the scenario'),
      expecting('expected a mapping of roles to files'),
    )
    .describe('Further files of the trace by role; docs/formats/traces.md')
    .default({}),
  settings: settingValues('Settings of the format; docs/formats/traces.md').default({}),
  from: duration('Cut-out: jobs that arrive before it are left out, and it becomes time 0').default('0s'),
  to: duration('Cut-out: jobs that arrive then or later are left out. Default: none').optional(),
  sample: number('Share of the jobs that is kept, drawn job by job', 0.000001, 1).default(1),
  clones: whole('Every job arrives so many times', 1, 1000).default(1),
  scale: z
    .record(
      z.string(),
      number('Factor', 0.000001, 1_000_000),
      expecting('expected a mapping of resources to factors'),
    )
    .describe('By resource: factor of what pods ask for')
    .default({}),
  compress: number(
    'Arrival times in the file are divided by this, run times are kept: 400 brings 400 days of arrivals in one',
    0.000001,
    1_000_000,
  ).default(1),
});

export const machinesSchema = z.strictObject({
  format: z
    .enum(MACHINE_FORMAT_NAMES, expecting(`expected one of ${MACHINE_FORMAT_NAMES.join(', ')}`))
    .describe('Which trace the list is of; docs/formats/machines.md'),
  file: text('The list, relative to the scenario; .gz is read as it is'),
  settings: settingValues('Settings of the list; docs/formats/machines.md').default({}),
  clones: whole('Every machine stands so many times', 1, 1000).default(1),
});

/** Path of a file of the scenario; notes when there is none. */
type ExistingFile = (relative: string, place: Path) => string;

export function resolveTrace(
  trace: z.output<typeof traceSchema> | undefined,
  existing: ExistingFile,
  numbers: ScenarioNumbers,
): TraceInput | null {
  if (trace === undefined) return null;
  const at = below(null, 'trace');
  const { findings } = numbers;
  const fromMicros = numbers.micros(trace.from, below(at, 'from'));
  const toMicros = trace.to === undefined ? null : numbers.micros(trace.to, below(at, 'to'));
  checkCutOut(fromMicros, toMicros, at, findings);
  const { format, sample, clones, scale, compress } = trace;
  return {
    format,
    file: existing(trace.file, below(at, 'file')),
    files: resolveFiles(format, trace.files, at, existing, findings),
    settings: noted(checkSettings(format, trace.settings), below(at, 'settings'), findings),
    fromMicros,
    toMicros,
    sample,
    clones,
    scale,
    compress,
  };
}

function checkCutOut(fromMicros: Micros, toMicros: Micros | null, at: Path, findings: Findings): void {
  if (toMicros === null || toMicros > fromMicros) return;
  findings.error(
    below(at, 'to'),
    `expected a time after "from" (${formatDuration(fromMicros)}), found ${formatDuration(toMicros)}`,
  );
}

function resolveFiles(
  format: TraceFormatName,
  files: Readonly<Record<string, string>>,
  at: Path,
  existing: ExistingFile,
  findings: Findings,
): Record<string, string> {
  const roles = catalogEntry(format).files.map(({ role }) => role);
  const paths: Record<string, string> = {};
  for (const [role, file] of Object.entries(files)) {
    const place = below(below(at, 'files'), role);
    if (roles.includes(role)) paths[role] = existing(file, place);
    else {
      const expected = roles.length === 0 ? 'it has none besides "file"' : `expected ${roles.join(', ')}`;
      findings.error(place, `the format ${format} has no file "${role}": ${expected}`, nearestName(role, roles), 'key');
    }
  }
  return paths;
}

export function resolveMachines(
  machines: z.output<typeof machinesSchema> | undefined,
  existing: ExistingFile,
  findings: Findings,
): MachineInput | null {
  if (machines === undefined) return null;
  const at = below(null, 'machines');
  const { format, clones } = machines;
  const settings = noted(checkMachineSettings(format, machines.settings), below(at, 'settings'), findings);
  return { format, file: existing(machines.file, below(at, 'file')), settings, clones };
}

function noted(checked: CheckedSettings, at: Path, findings: Findings): TraceSettings {
  for (const { name, message, suggestion } of checked.mistakes ?? [])
    findings.error(below(at, name), message, suggestion);
  return checked.settings ?? {};
}

export function spellTrace(
  { fromMicros, toMicros, files, ...rest }: TraceInput,
  nameOf: (path: string) => string,
): Record<string, unknown> {
  return {
    ...rest,
    file: nameOf(rest.file),
    files: Object.fromEntries(Object.entries(files).map(([role, path]) => [role, nameOf(path)])),
    from: formatDuration(fromMicros),
    ...(toMicros === null ? {} : { to: formatDuration(toMicros) }),
  };
}
