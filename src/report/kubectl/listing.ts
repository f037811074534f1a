/** What `podyard get` prints: tables by kind, names, or the objects themselves in JSON. */
import type { LookedObject } from '../../experiment/looked-object.ts';
import { compareKeys } from '../format.ts';
import { COLUMNS, PLAIN_COLUMNS, labelsText } from './columns.ts';
import { objectName } from './kinds.ts';
import type { LookedKind } from './kinds.ts';
import { tableText } from './tabbed.ts';

export interface KindListing {
  readonly kind: LookedKind;
  readonly objects: readonly LookedObject[];
}

export interface TableStyle {
  readonly wide: boolean;
  readonly headers: boolean;
  readonly labels: boolean;
  /** Several namespaces: the first column tells which. */
  readonly namespaces: boolean;
}

/** `now` in micros since 1970. Kinds without objects print nothing. */
export function listingText(listings: readonly KindListing[], now: number, style: TableStyle): string {
  const filled = listings.filter(({ objects }) => objects.length > 0);
  // Names say of which kind they are where several are asked for.
  const named = listings.length > 1;
  return filled.map((listing) => kindText(listing, named, now, style)).join('\n');
}

function kindText({ kind, objects }: KindListing, named: boolean, now: number, style: TableStyle): string {
  const { titles, wide, cells } = COLUMNS[kind.kind] ?? PLAIN_COLUMNS;
  const shown = style.wide ? titles.length + wide.length : titles.length;
  const showsNamespace = style.namespaces && kind.isNamespaced;
  const rows = objects.map((object) => {
    const own = cells(object, now).slice(0, shown);
    const [first, ...others] = own;
    const row = named && titles[0] === 'NAME' ? [objectName(kind, first), ...others] : own;
    const labels = style.labels ? [labelsText(object.metadata.labels)] : [];
    return [...(showsNamespace ? [object.metadata.namespace ?? ''] : []), ...row, ...labels];
  });
  const head = [
    ...(showsNamespace ? ['NAMESPACE'] : []),
    ...titles,
    ...(style.wide ? wide : []),
    ...(style.labels ? ['LABELS'] : []),
  ];
  return tableText(style.headers ? head : null, rows);
}

export function namesText(listings: readonly KindListing[]): string {
  return listings
    .flatMap(({ kind, objects }) => objects.map(({ metadata }) => `${objectName(kind, metadata.name)}\n`))
    .join('');
}

/** One object that was asked for by name stands alone, all others in a List. Members are in order of their names. */
export function objectsOf(listings: readonly KindListing[], alone: boolean): unknown {
  const items = listings.flatMap(({ objects }) => objects).map(inOrder);
  return alone && items.length === 1 ? items[0] : listOf(items);
}

/** Several objects as one document. */
export function listOf(items: readonly unknown[]): unknown {
  return { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => compareKeys(a, b));
  return Object.fromEntries(entries.map(([key, member]) => [key, inOrder(member)]));
}
