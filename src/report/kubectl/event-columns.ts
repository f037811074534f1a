/**
 * Events as `kubectl get events` and `kubectl events` print them. Sources: pkg/printers/internalversion/printers.go
 * (printEvent), staging/src/k8s.io/kubectl/pkg/cmd/events/event_printer.go (v1.36).
 */
import type { LookedEvent } from '../../experiment/looked-events.ts';
import { humanDuration } from './age.ts';
import { eventAge } from './describe-parts.ts';
import { tableText } from './tabbed.ts';

export interface EventStyle {
  /** Which namespace each is of stands first. */
  readonly namespaces: boolean;
  readonly headers: boolean;
}

/** `kubectl events`. `now` in micros of the run. */
export function eventsText(events: readonly LookedEvent[], now: number, { namespaces, headers }: EventStyle): string {
  const rows = events.map((event) => {
    const { type, reason, regarding, message } = event;
    const own = [eventAge(event, now), type, reason, `${regarding.kind}/${regarding.name}`, message];
    return namespaces ? [namespaceOf(event), ...own] : own;
  });
  const titles = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  return tableText(headers ? (namespaces ? ['NAMESPACE', ...titles] : titles) : null, rows);
}

/** `kubectl get events`, also `-o wide`. */
export function eventTable(
  events: readonly LookedEvent[], now: number, { namespaces, headers, wide }: EventStyle & { readonly wide: boolean },
): string {
  const titles = wide
    ? ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'SUBOBJECT', 'SOURCE', 'MESSAGE', 'FIRST SEEN', 'COUNT', 'NAME']
    : ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  const rows = events.map((event, index) => {
    const { type, reason, regarding, message, from, firstAt, lastAt, count } = event;
    const head = [humanDuration(now - lastAt), type, reason, `${regarding.kind.toLowerCase()}/${regarding.name}`];
    const more = [humanDuration(now - firstAt), String(count), eventName(event, index)];
    const own = wide ? [...head, regarding.fieldPath ?? '', from, message, ...more] : [...head, message];
    return namespaces ? [namespaceOf(event), ...own] : own;
  });
  return tableText(headers ? (namespaces ? ['NAMESPACE', ...titles] : titles) : null, rows);
}

/** Those of cluster-wide objects are in the namespace default. */
export function namespaceOf({ regarding: { namespace } }: LookedEvent): string {
  return namespace === '' ? 'default' : namespace;
}

/** `web-0.17c3a9f0b1`: the object and when it was first told of. */
export function eventName({ regarding, firstAt }: LookedEvent, index: number): string {
  return `${regarding.name}.${firstAt.toString(16)}${index.toString(16).padStart(4, '0')}`;
}
