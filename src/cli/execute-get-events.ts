/** `podyard get events`: events as objects, that fields select and that stand in a table of their own. */
import { InputError } from '../base/input-error.ts';
import { visibleText } from '../base/visible-text.ts';
import type { LookedEvent } from '../experiment/looked-events.ts';
import { eventName, eventTable } from '../report/kubectl/event-columns.ts';
import { listOf } from '../report/kubectl/listing.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { eventObject, ofNamespace, playEvents } from './execute-events.ts';
import { namespaceOf } from './look-objects.ts';
import { printed } from './look-output.ts';
import { fieldFilter, sortOrder } from './look-words.ts';
import type { KindRequest } from './look-words.ts';
import type { GivenOptions } from './options.ts';

export async function executeGetEvents(
  path: string, requests: readonly KindRequest[], given: GivenOptions, context: CommandContext,
): Promise<number> {
  if (requests.length > 1) throw new InputError({ message: 'events are listed alone, found other kinds besides' });
  if (requests[0].names.length > 0)
    throw new InputError({ message: 'events have no names here: expected --field-selector involvedObject.name=NAME' });
  const isChosen = fieldFilter(given.text('field-selector'), requests.map(({ kind }) => kind));
  const order = sortOrder(given.text('sort-by'));
  const namespace = given.flag('all-namespaces') ? null : namespaceOf(given);
  const { events, now } = await playEvents(path, given, context, ofNamespace(namespace));
  const found = events.map((event, index) => ({ event, object: eventObject(event, index) }));
  const chosen = found.filter(({ object }) => isChosen(object));
  if (order !== null) chosen.sort((a, b) => order(a.object, b.object));
  const format = given.text('output') ?? 'table';
  if (format === 'json' || format === 'yaml') {
    context.terminal.out(await printed(listOf(chosen.map(({ object }) => object)), format));
  } else if (chosen.length === 0)
    context.terminal.err(`No resources found${namespace === null ? '' : ` in ${visibleText(namespace)} namespace.`}\n`);
  else context.terminal.out(format === 'name' ? names(chosen.map(({ event }) => event)) : tableOf(chosen, now, given));
  return EXIT_OK;
}

function names(events: readonly LookedEvent[]): string {
  return events.map((event, index) => `event/${eventName(event, index)}\n`).join('');
}

function tableOf(chosen: readonly { readonly event: LookedEvent }[], now: number, given: GivenOptions): string {
  return eventTable(chosen.map(({ event }) => event), now, {
    namespaces: given.flag('all-namespaces'), headers: !given.flag('no-headers'), wide: given.text('output') === 'wide',
  });
}
