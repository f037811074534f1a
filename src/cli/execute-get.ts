/** Plays a run to a moment and prints the objects that are asked for. */
import { InputError } from '../base/input-error.ts';
import { visibleText } from '../base/visible-text.ts';
import type { LookedCluster } from '../experiment/looked-cluster.ts';
import { hasObject } from '../experiment/looked-workloads.ts';
import type { LookedObject } from '../experiment/looked-object.ts';
import { listingText, namesText, objectsOf } from '../report/kubectl/listing.ts';
import type { KindListing } from '../report/kubectl/listing.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, EXIT_USAGE } from './command.ts';
import { tellWarnings } from './failures.ts';
import { fieldFilter, labelFilter, readLookWords, sortOrder } from './look-words.ts';
import type { KindRequest } from './look-words.ts';
import { inNamespace, namespaceOf, notFound } from './look-objects.ts';
import { printed } from './look-output.ts';
import { playToMoment } from './looked-run.ts';
import type { GivenOptions } from './options.ts';

export async function executeGet(given: GivenOptions, context: CommandContext): Promise<number> {
  const words = readLookWords(given.positional('scenario'), given.positional('kind'), given.positionals('names'));
  const { path, requests } = words;
  if (requests.some(({ kind }) => kind.kind === 'Event')) {
    const { executeGetEvents } = await import('./execute-get-events.ts');
    return executeGetEvents(path, requests, given, context);
  }
  const choose = selectionOf(given, requests);
  const cluster = await playToMoment(path, given, context);
  const found = requests.map((request) => findObjects(cluster, request, choose, given));
  const byName = requests.some(({ names }) => names.length > 0);
  await printListings(found.map(({ listing }) => listing), { cluster, byName, given, context });
  const missing = found.flatMap((one) => one.missing);
  for (const line of missing) context.terminal.err(`${line}\n`);
  return missing.length > 0 ? EXIT_USAGE : EXIT_OK;
}

type Choose = (objects: readonly LookedObject[]) => LookedObject[];

function selectionOf(given: GivenOptions, requests: readonly KindRequest[]): Choose {
  const hasLabels = labelFilter(given.text('selector'));
  const hasFields = fieldFilter(given.text('field-selector'), requests.map(({ kind }) => kind));
  const order = sortOrder(given.text('sort-by'));
  const byName = requests.some(({ names }) => names.length > 0);
  const selects = given.isGiven('selector') || given.isGiven('field-selector');
  if (byName && selects)
    throw new InputError({ message: 'expected names or selectors, found both' });
  if (byName && given.flag('all-namespaces'))
    throw new InputError({ message: 'a resource cannot be retrieved by name across all namespaces' });
  return (objects) => {
    const chosen = objects.filter((object) => hasLabels(object) && hasFields(object));
    return order === null ? chosen : chosen.sort(order);
  };
}

interface Found {
  readonly listing: KindListing;
  /** A sentence for each name that is not there. */
  readonly missing: readonly string[];
}

function findObjects(cluster: LookedCluster, { kind, names }: KindRequest, choose: Choose, given: GivenOptions): Found {
  const all = cluster.list(kind.kind, true);
  const within = inNamespace(all, kind, given);
  if (names.length === 0) return { listing: { kind, objects: choose(within) }, missing: [] };
  const objects = names.flatMap((name) => within.find(({ metadata }) => metadata.name === name) ?? []);
  const missing = names
    .filter((name) => !objects.some(({ metadata }) => metadata.name === name))
    .map((name) => notFound(name, kind, within, all));
  return { listing: { kind, objects: choose(objects) }, missing };
}

interface Printing {
  readonly cluster: LookedCluster;
  /** Some objects are asked for by name. */
  readonly byName: boolean;
  readonly given: GivenOptions;
  readonly context: CommandContext;
}

async function printListings(listings: readonly KindListing[], printing: Printing): Promise<void> {
  const { cluster, byName, given, context } = printing;
  const { terminal } = context;
  const format = given.text('output') ?? 'table';
  if (format === 'json' || format === 'yaml') return printObjects(listings, format, printing);
  if (!byName && listings.every(({ objects }) => objects.length === 0)) {
    const isNamespaced = listings.some(({ kind }) => kind.isNamespaced) && !given.flag('all-namespaces');
    terminal.err(`No resources found${isNamespaced ? ` in ${visibleText(namespaceOf(given))} namespace.` : ''}\n`);
    return;
  }
  const style = {
    wide: format === 'wide',
    headers: !given.flag('no-headers'),
    labels: given.flag('show-labels'),
    namespaces: given.flag('all-namespaces'),
  };
  terminal.out(format === 'name' ? namesText(listings) : listingText(listings, cluster.now, style));
}

/** DaemonSets that the scenario generates have no object that others could read. */
async function printObjects(
  listings: readonly KindListing[], format: 'json' | 'yaml', { byName, context }: Printing,
): Promise<void> {
  const generated = listings.flatMap(({ objects }) => objects.filter((object) => !hasObject(object))).length;
  if (generated > 0) {
    const what = 'DaemonSets that the scenario generates have no object and are left out';
    tellWarnings([`${what}: ${String(generated)}`], context);
  }
  const own = listings.map(
    ({ kind, objects }) => ({ kind, objects: objects.filter(hasObject) }),
  );
  const isAlone = byName && listings.length === 1 && listings[0].objects.length === 1;
  if (byName && own.every(({ objects }) => objects.length === 0)) return;
  const told = objectsOf(own, isAlone);
  context.terminal.out(await printed(told, format));
}
