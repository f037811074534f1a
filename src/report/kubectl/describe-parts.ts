/**
 * Pieces of what `kubectl describe` prints, shared by its kinds: labels over several lines, tolerations, containers,
 * events. Lines have tabs where columns end. Source: staging/src/k8s.io/kubectl/pkg/describe/describe.go (v1.36).
 */
import { MICROS_PER_DAY } from '../../base/time.ts';
import { parseTimestamp } from '../../base/timestamp.ts';
import type { LookedEvent } from '../../experiment/looked-events.ts';
import type {
  Container, ContainerState, LookedContainerStatus, PodSpec, Toleration, WorkloadSpec,
} from '../../experiment/looked-object.ts';
import { compareKeys } from '../format.ts';
import { humanDuration } from './age.ts';
import { NONE } from './pod-columns.ts';

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Events of what is described, and the clock that their ages are told by. */
export interface DescribedEvents {
  readonly events: readonly LookedEvent[];
  /** Micros of the run. */
  readonly now: number;
}

/** `Mon, 01 Jan 2024 00:00:00 +0000` (Go's time.RFC1123Z). */
export function longTime(timestamp: string | undefined): string {
  const at = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  if (timestamp === undefined || at === undefined) return '<unknown>';
  const [year, month, day] = timestamp.slice(0, 10).split('-');
  const weekday = DAYS[((Math.floor(at / MICROS_PER_DAY) % 7) + 7) % 7];
  return `${weekday}, ${day} ${MONTHS[Number(month) - 1]} ${year} ${timestamp.slice(11, 19)} +0000`;
}

/** A title and one line an entry, in order of the keys. */
export function pairLines(title: string, pairs: Readonly<Record<string, string>> | undefined, sign = '='): string[] {
  const entries = Object.entries(pairs ?? {}).sort(([a], [b]) => compareKeys(a, b));
  return valueLines(title, entries.map(([key, value]) => `${key}${sign}${value}`));
}

export function valueLines(title: string, values: readonly string[]): string[] {
  if (values.length === 0) return [`${title}:\t${NONE}`];
  return values.map((value, index) => `${index === 0 ? `${title}:` : ''}\t${value}`);
}

export function tolerationLines(tolerations: readonly Toleration[] | undefined): string[] {
  const texts = (tolerations ?? []).map(({ key = '', value = '', effect = '', operator = '', tolerationSeconds }) => {
    const what = `${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`;
    const how = operator === 'Exists' && value === '' ? `${what === '' ? '' : ' '}op=Exists` : '';
    return `${what}${how}${tolerationSeconds === undefined ? '' : ` for ${String(tolerationSeconds)}s`}`;
  });
  return valueLines('Tolerations', texts.sort(compareKeys));
}

/** `statuses` null: of a template, which has none. */
export function containerLines(
  title: string, containers: readonly Container[], statuses: readonly LookedContainerStatus[] | null, indent = '',
): string[] {
  const lines = containers.flatMap((container) => {
    const status = statuses?.find(({ name }) => name === container.name);
    return [
      `  ${container.name ?? ''}:`,
      ...(status === undefined ? [] : ['    Container ID:\t']),
      `    Image:\t${container.image ?? ''}`,
      ...(status === undefined ? [] : ['    Image ID:\t']),
      ...portLines(container),
      ...(status === undefined ? [] : stateLines(status)),
      ...amountLines('Limits', container.resources?.limits),
      ...amountLines('Requests', container.resources?.requests),
      `    Environment:\t${NONE}`,
      `    Mounts:\t${NONE}`,
    ];
  });
  const none = containers.length === 0 ? ` ${NONE}` : '';
  return [`${title}:${none}`, ...lines].map((line) => `${indent}${line}`);
}

function portLines({ ports = [] }: Container): string[] {
  const texts = (portOf: (port: { containerPort?: number; hostPort?: number }) => number | undefined): string =>
    ports
      .map((port) => {
        const own = `${String(portOf(port) ?? 0)}/${port.protocol ?? 'TCP'}`;
        return port.name === undefined ? own : `${own} (${port.name})`;
      })
      .join(', ');
  const plural = ports.length > 1 ? 's' : '';
  const [own, host] = [texts(({ containerPort }) => containerPort), texts(({ hostPort }) => hostPort)];
  return [`    Port${plural}:\t${own || NONE}`, `    Host Port${plural}:\t${host || NONE}`];
}

function stateLines({ state, lastState, ready, restartCount }: LookedContainerStatus): string[] {
  return [
    ...stateWords('State', state),
    ...(lastState === undefined ? [] : stateWords('Last State', lastState)),
    `    Ready:\t${ready ? 'True' : 'False'}`,
    `    Restart Count:\t${String(restartCount)}`,
  ];
}

function stateWords(title: string, { running, waiting, terminated }: ContainerState): string[] {
  if (running !== undefined) return [`    ${title}:\tRunning`, `      Started:\t${longTime(running.startedAt)}`];
  if (terminated !== undefined)
    return [
      `    ${title}:\tTerminated`,
      `      Reason:\t${terminated.reason}`,
      `      Exit Code:\t${String(terminated.exitCode)}`,
      `      Started:\t${longTime(terminated.startedAt)}`,
      `      Finished:\t${longTime(terminated.finishedAt)}`,
    ];
  return [`    ${title}:\tWaiting`, ...(waiting === undefined ? [] : [`      Reason:\t${waiting.reason}`])];
}

function amountLines(title: string, amounts: Readonly<Record<string, string | number>> | undefined): string[] {
  const names = Object.keys(amounts ?? {}).sort(compareKeys);
  return names.length === 0
    ? []
    : [`    ${title}:`, ...names.map((name) => `      ${name}:\t${String(amounts?.[name])}`)];
}

const EMPTY_DIR = "EmptyDir (a temporary directory that shares a pod's lifetime)";
const EPHEMERAL =
  'EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)';

/** Sources that the simulation knows; others are not kept. */
export function volumeLines({ volumes = [] }: PodSpec, indent = ''): string[] {
  const lines = volumes.flatMap((volume) => {
    const claim = volume.persistentVolumeClaim;
    const source =
      claim !== undefined
        ? [
            'Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
            `ClaimName:\t${claim.claimName}`,
            `ReadOnly:\t${String(claim.readOnly ?? false)}`,
          ]
        : volume.emptyDir !== undefined
          ? [`Type:\t${EMPTY_DIR}`, 'Medium:\t', 'SizeLimit:\t<unset>']
          : volume.ephemeral !== undefined
            ? [`Type:\t${EPHEMERAL}`]
            : volume.hostPath !== undefined
              ? ['Type:\tHostPath (bare host directory volume)']
              : ['<unknown>'];
    return [`  ${volume.name ?? ''}:`, ...source.map((line) => `    ${line}`)];
  });
  const all = volumes.length === 0 ? [`Volumes:\t${NONE}`] : ['Volumes:', ...lines];
  return all.map((line) => `${indent}${line}`);
}

/** What a workload makes its pods of. */
export function templateLines({ template }: WorkloadSpec): string[] {
  const { metadata, spec = {} } = template ?? {};
  return [
    'Pod Template:',
    ...pairLines('Labels', metadata?.labels).map((line) => `  ${line}`),
    ...containerLines('Containers', spec.containers ?? [], null, '  '),
    ...volumeLines(spec, '  '),
    ...pairLines('Node-Selectors', spec.nodeSelector).map((line) => `  ${line}`),
    ...tolerationLines(spec.tolerations).map((line) => `  ${line}`),
  ];
}

/** `3m (x5 over 10m)`: when it was told last, how often, since when. */
export function eventAge({ firstAt, lastAt, count }: LookedEvent, now: number): string {
  const first = humanDuration(now - firstAt);
  return count > 1 ? `${humanDuration(now - lastAt)} (x${String(count)} over ${first})` : first;
}

export function eventLines({ events, now }: DescribedEvents): string[] {
  if (events.length === 0) return [`Events:\t${NONE}`];
  const rows = events.map((event) => {
    const { type, reason, from, message, regarding } = event;
    const part = regarding.fieldPath === undefined ? '' : `${regarding.fieldPath}: `;
    return `  ${type}\t${reason}\t${eventAge(event, now)}\t${from}\t${part}${message}`;
  });
  return ['Events:', '  Type\tReason\tAge\tFrom\tMessage', '  ----\t------\t----\t----\t-------', ...rows];
}
