/** Which class a claim without one gets. Source: pkg/volume/util/storageclass.go (GetDefaultClass), v1.36.2. */
import type { StorageClass } from '../cluster/objects.ts';

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export function isDefaultClass({ metadata }: StorageClass): boolean {
  return IS_DEFAULT.some((key) => metadata?.annotations?.[key] === 'true');
}

/** Of several the newest, of equally old ones the first by name; undefined: none. */
export function defaultClass(classes: Iterable<StorageClass>): StorageClass | undefined {
  let best: StorageClass | undefined;
  for (const candidate of classes)
    if (isDefaultClass(candidate) && (best === undefined || isBefore(candidate, best))) best = candidate;
  return best;
}

function isBefore(a: StorageClass, b: StorageClass): boolean {
  const [madeA, madeB] = [a, b].map(({ metadata }) => metadata?.creationTimestamp ?? '');
  if (madeA !== madeB) return madeA > madeB;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '');
}
