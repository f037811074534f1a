/**
 * HTTP extenders as a configuration names them (pkg/scheduler/apis/config/types.go: Extender). Read and validated;
 * nothing is called here.
 */
import { isLabelKey } from '../../cluster/label-requirements.ts';
import type { Cursor } from './reading.ts';

export interface ExtenderSettings {
  readonly urlPrefix: string;
  /** '' when the extender has no such call. */
  readonly filterVerb: string;
  readonly prioritizeVerb: string;
  readonly preemptVerb: string;
  readonly bindVerb: string;
  readonly weight: number;
  readonly enableHTTPS: boolean;
  readonly httpTimeoutMicros: number;
  readonly nodeCacheCapable: boolean;
  readonly managedResources: readonly ManagedResource[];
  /** Its errors are passed over. */
  readonly ignorable: boolean;
}

export interface ManagedResource {
  readonly name: string;
  readonly ignoredByScheduler: boolean;
}

/** In the order they are called: those whose errors count first. */
export function decodeExtenders(cursor: Cursor): ExtenderSettings[] {
  const seen = new Set<string>();
  const extenders = cursor.items().map((item) => decodeExtender(item, seen));
  const binders = extenders.filter((extender) => extender.bindVerb !== '').length;
  if (binders > 1) cursor.problem(`at most one extender may have a bindVerb, found ${binders}`);
  return [
    ...extenders.filter((extender) => !extender.ignorable),
    ...extenders.filter((extender) => extender.ignorable),
  ];
}

function decodeExtender(cursor: Cursor, seen: Set<string>): ExtenderSettings {
  cursor.members(
    'urlPrefix',
    'filterVerb',
    'prioritizeVerb',
    'preemptVerb',
    'bindVerb',
    'weight',
    'enableHTTPS',
    'tlsConfig',
    'httpTimeout',
    'nodeCacheCapable',
    'managedResources',
    'ignorable',
  );
  checkTls(cursor.at('tlsConfig'));
  const verb = (name: string): string => cursor.at(name).text('');
  const weight = cursor.at('weight');
  const extender: ExtenderSettings = {
    urlPrefix: cursor.at('urlPrefix').text(''),
    filterVerb: verb('filterVerb'),
    prioritizeVerb: verb('prioritizeVerb'),
    preemptVerb: verb('preemptVerb'),
    bindVerb: verb('bindVerb'),
    weight: weight.integer(0, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    enableHTTPS: cursor.at('enableHTTPS').flag(false),
    httpTimeoutMicros: cursor.at('httpTimeout').duration(5_000_000),
    nodeCacheCapable: cursor.at('nodeCacheCapable').flag(false),
    managedResources: cursor.at('managedResources').items().map((item) => decodeManagedResource(item, seen)),
    ignorable: cursor.at('ignorable').flag(false),
  };
  if (extender.prioritizeVerb !== '' && extender.weight <= 0)
    weight.problem('an extender with a prioritizeVerb needs a weight greater than 0');
  return extender;
}

function decodeManagedResource(cursor: Cursor, seen: Set<string>): ManagedResource {
  cursor.members('name', 'ignoredByScheduler');
  const at = cursor.at('name');
  const name = at.requiredText();
  if (name !== '' && !isExtendedResource(name))
    at.unexpected('the name of an extended resource such as example.com/gpu', name);
  else if (name !== '' && seen.has(name)) at.problem(`resource "${name}" is managed by an extender already`);
  seen.add(name);
  return { name, ignoredByScheduler: cursor.at('ignoredByScheduler').flag(false) };
}

/** A domain outside kubernetes.io, and no quota prefix (pkg/apis/core/v1/helper: IsExtendedResourceName). */
function isExtendedResource(name: string): boolean {
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return !isNative && !name.startsWith('requests.') && isLabelKey(name) && isLabelKey(`requests.${name}`);
}

function checkTls(cursor: Cursor): void {
  cursor.members('insecure', 'serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData');
  cursor.at('insecure').flag(false);
  for (const name of ['serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData'])
    cursor.at(name).text('');
}
