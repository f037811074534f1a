/** The trace and the machine list of a scenario: files, settings of their formats, load control. */
import type { Micros } from '../base/time.ts';
import type { Path } from '../workload/manifests/source-path.ts';
import { below } from '../workload/manifests/source-path.ts';
import type { Findings } from '../workload/manifests/structure.ts';
import { catalogEntry, type TraceFormatName, type TraceSettings } from '../workload/traces/catalog.ts';
import { checkMachineSettings, checkSettings, type CheckedSettings } from '../workload/traces/settings.ts';
import { nearestName } from '../base/input-error.ts';
import { formatDuration } from '../base/duration.ts';
import type { MachineInput, TraceInput } from './scenario.ts';
import type { ScenarioNumbers } from './scenario-distributions.ts';
import type { ScenarioInput } from './scenario-schema.ts';

/** Path of a file of the scenario; notes when there is none. */
type ExistingFile = (relative: string, place: Path) => string;

export function resolveTrace(
  { trace }: ScenarioInput,
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
  { machines }: ScenarioInput,
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
