/**
 * Events as `kubectl get events` and `kubectl events` print them. Sources: pkg/printers/internalversion/printers.go
 * (printEvent), staging/src/k8s.io/kubectl/pkg/cmd/events/event_printer.go (v1.36).
 */
import type { LookedEvent, Regarding } from '../../experiment/looked-events.ts';
import { humanDuration } from './age.ts';
import { eventAge } from './describe-parts.ts';
import { tableText } from './tabbed.ts';

const TITLES = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'] as const;
const WIDE_TITLES = [
  'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'SUBOBJECT', 'SOURCE', 'MESSAGE', 'FIRST SEEN', 'COUNT', 'NAME',
] as const;

export interface EventStyle {
  /** Which namespace each is of stands first. */
  readonly namespaces: boolean;
  readonly headers: boolean;
}

/** `kubectl events`. `now` in micros of the run. */
export function eventsText(events: readonly LookedEvent[], now: number, style: EventStyle): string {
  return styledText(TITLES, events, style, (event) => {
    const { type, reason, regarding, message } = event;
    return [eventAge(event, now), type, reason, `${regarding.kind}/${regarding.name}`, message];
  });
}

/** `kubectl get events`, also `-o wide`. */
export function eventTable(
  events: readonly LookedEvent[], now: number, style: EventStyle & { readonly wide: boolean },
): string {
  return styledText(style.wide ? WIDE_TITLES : TITLES, events, style, (event, index) => {
    const { type, reason, regarding, message, from, firstAt, lastAt, count } = event;
    const head = [humanDuration(now - lastAt), type, reason, `${regarding.kind.toLowerCase()}/${regarding.name}`];
    const more = [humanDuration(now - firstAt), String(count), eventName(event, index)];
    return style.wide ? [...head, regarding.fieldPath ?? '', from, message, ...more] : [...head, message];
  });
}

function styledText(
  titles: readonly string[], events: readonly LookedEvent[], { namespaces, headers }: EventStyle,
  cells: (event: LookedEvent, index: number) => readonly string[],
): string {
  const head = namespaces ? ['NAMESPACE', ...titles] : titles;
  const rows = events.map((event, index) => {
    const own = cells(event, index);
    return namespaces ? [namespaceOf(event.regarding), ...own] : own;
  });
  return tableText(headers ? head : null, rows);
}

/** Those of cluster-wide objects are in the namespace default. */
export function namespaceOf({ namespace }: Regarding): string {
  return namespace === '' ? 'default' : namespace;
}

/** `web-0.17c3a9f0b1`: the object and when it was first told of. */
export function eventName({ regarding, firstAt }: LookedEvent, index: number): string {
  return `${regarding.name}.${firstAt.toString(16)}${index.toString(16).padStart(4, '0')}`;
}
