/** Plays a run to a moment with an observer that records events, and lists them. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { timestampText } from '../base/timestamp.ts';
import { visibleText } from '../base/visible-text.ts';
import { RUN_BEGINS_MICROS } from '../controllers/workload-controllers.ts';
import type { LookedCluster } from '../experiment/looked-cluster.ts';
import { LookedEvents } from '../experiment/looked-events.ts';
import type { LookedEvent, Regarding } from '../experiment/looked-events.ts';
import type { LookedObject } from '../experiment/looked-object.ts';
import { eventName, eventsText, namespaceOf as eventNamespace } from '../report/kubectl/event-columns.ts';
import { listOf } from '../report/kubectl/listing.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { namespaceOf } from './look-objects.ts';
import { printed } from './look-output.ts';
import { knownKind } from './look-words.ts';
import { playToMoment } from './looked-run.ts';
import type { GivenOptions } from './options.ts';

const TYPES: readonly string[] = ['Normal', 'Warning'];

export async function executeEvents(given: GivenOptions, context: CommandContext): Promise<number> {
  const types = typesOf(given);
  const about = aboutOf(given);
  const namespace = given.flag('all-namespaces') ? null : namespaceOf(given);
  const isWithin = ofNamespace(namespace);
  const { events, now } = await playEvents(given.positional('scenario'), given, context, (regarding) =>
    about(regarding) && isWithin(regarding));
  const chosen = events.filter(({ type }) => types.length === 0 || types.includes(type));
  const { terminal } = context;
  const format = given.text('output') ?? 'table';
  if (format !== 'table') {
    terminal.out(await printed(listOf(chosen.map(eventObject)), format));
  } else if (chosen.length === 0)
    terminal.err(`No events found${namespace === null ? '' : ` in ${visibleText(namespace)} namespace`}.\n`);
  else
    terminal.out(eventsText(chosen, now, { namespaces: namespace === null, headers: !given.flag('no-headers') }));
  return EXIT_OK;
}

/** null: all namespaces. */
export function ofNamespace(namespace: string | null): (regarding: Regarding) => boolean {
  return (regarding) => namespace === null || eventNamespace(regarding) === namespace;
}

interface PlayedEvents {
  readonly cluster: LookedCluster;
  /** Up to the moment. */
  readonly events: readonly LookedEvent[];
  /** Micros of the run. */
  readonly now: number;
}

export async function playEvents(
  path: string, given: GivenOptions, context: CommandContext, isWanted: (regarding: Regarding) => boolean,
): Promise<PlayedEvents> {
  const seen: { events: LookedEvents | null } = { events: null };
  const cluster = await playToMoment(path, given, context, ({ parts }) => {
    seen.events = new LookedEvents(parts.cluster, parts.schedulers, isWanted);
  });
  return { cluster, events: seen.events?.list() ?? [], now: cluster.now - RUN_BEGINS_MICROS };
}

function typesOf(given: GivenOptions): readonly string[] {
  const all = (given.text('types') ?? '').split(',').filter((type) => type !== '');
  const types = all.map((type) => TYPES.find((known) => known.toLowerCase() === type.toLowerCase()) ?? type);
  const wrong = types.filter((type) => !TYPES.includes(type));
  const problems = wrong.map((type): Problem => ({ message: `--types: expected Normal or Warning, found "${type}"` }));
  if (problems.length > 0) throw new InputError(problems);
  return types;
}

function aboutOf(given: GivenOptions): (regarding: Regarding) => boolean {
  const text = given.text('for');
  if (text === null) return () => true;
  const [word, name = '', ...rest] = text.split('/');
  if (name === '' || rest.length > 0)
    throw new InputError({ message: `--for: expected KIND/NAME such as pod/web-0, found "${text}"` });
  const { kind } = knownKind(word, '--for: ');
  return (regarding) => regarding.kind === kind && regarding.name === name;
}

/** As the API server would answer (staging/src/k8s.io/api/core/v1/types.go, Event). */
export function eventObject(event: LookedEvent, index: number): LookedObject & Readonly<Record<string, unknown>> {
  const { type, reason, message, from, regarding, firstAt, lastAt, count } = event;
  const { kind, name, namespace, fieldPath } = regarding;
  const at = (micros: number): string => timestampText(RUN_BEGINS_MICROS + micros);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName(event, index), namespace: eventNamespace(regarding), creationTimestamp: at(firstAt) },
    involvedObject: {
      kind, name, ...(namespace === '' ? {} : { namespace }), ...(fieldPath === undefined ? {} : { fieldPath }),
    },
    type,
    reason,
    message,
    source: { component: from },
    reportingComponent: from,
    firstTimestamp: at(firstAt),
    lastTimestamp: at(lastAt),
    count,
  };
}
