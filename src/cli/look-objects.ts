/** Which objects of a cluster are meant: by namespace and by name, and how a name that is not there is told. */
import { nearestName } from '../base/input-error.ts';
import { visibleText } from '../base/visible-text.ts';
import type { LookedObject } from '../experiment/looked-object.ts';
import { resourceName } from '../report/kubectl/kinds.ts';
import type { LookedKind } from '../report/kubectl/kinds.ts';
import type { GivenOptions } from './options.ts';

export function namespaceOf(given: GivenOptions): string {
  return given.text('namespace') ?? 'default';
}

export function inNamespace(objects: readonly LookedObject[], kind: LookedKind, given: GivenOptions): LookedObject[] {
  const every = !kind.isNamespaced || given.flag('all-namespaces');
  return objects.filter(({ metadata }) => every || metadata.namespace === namespaceOf(given));
}

/** kubectl's sentence, and where such an object is. */
export function notFound(
  name: string, kind: LookedKind, within: readonly LookedObject[], all: readonly LookedObject[],
): string {
  const elsewhere = all.find(({ metadata }) => metadata.name === name)?.metadata.namespace;
  const nearest = nearestName(name, within.map(({ metadata }) => metadata.name));
  const hint =
    elsewhere !== undefined ? ` (it is in namespace ${elsewhere}: -n ${elsewhere})`
    : nearest !== undefined ? ` — did you mean "${nearest}"?`
    : '';
  return `Error from server (NotFound): ${resourceName(kind)} "${visibleText(name)}" not found${hint}`;
}
