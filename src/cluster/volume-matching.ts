/**
 * Which volume suits a claim: the one that is kept for it, else the smallest free one. What the scheduler and the
 * volume controller both ask. Costs a look at each volume of the claim's class.
 * Source: staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume), v1.36.2.
 */
import { ZERO_QUANTITY, parseQuantity } from '../base/quantity.ts';
import type { Quantity } from '../base/quantity.ts';
import { keyOf, objectKey } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { PersistentVolume, PersistentVolumeClaim, QuantityText } from './objects.ts';
import { SelectorError, compileLabelSelector, labelsOf } from './selectors.ts';
import type { CompiledSelector } from './selectors.ts';
import { claimClassOf, namespaceOf, volumeClassOf } from './volume-claims.ts';

/** What is to be done for a pod's claims on the node that it has been given. */
export interface VolumePlan {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provisions: readonly PersistentVolumeClaim[];
}

export interface VolumeSearch {
  /** Names of volumes that are out of the question. */
  readonly taken: ReadonlySet<string>;
  /** Key of the claim that a volume has been promised to before its object says so. */
  promisedTo(volume: PersistentVolume): string | undefined;
  /** Whether the node that is meant can use the volume; always, where no node is meant. */
  isReachable(volume: PersistentVolume): boolean;
  /** true: nothing but a volume that is kept for the claim. */
  readonly onlyKept?: boolean;
}

/**
 * Volumes that are nobody's yet, and those that are kept for a claim: all that a claim without a volume may get, so
 * that it need not look at those of all other claims. In the order of `objects.list`. `noteVolume` is to be told of
 * every change of a volume.
 */
export class ClaimableVolumes {
  private readonly objects: ObjectStore;
  private readonly free = new Map<string, PersistentVolume>();
  /** By claim that a volume names, the volumes by name. */
  private readonly kept = new Map<string, Map<string, PersistentVolume>>();

  constructor(objects: ObjectStore) {
    this.objects = objects;
    for (const volume of objects.list<PersistentVolume>('PersistentVolume')) this.put(volume);
  }

  *of(claim: PersistentVolumeClaim): Iterable<PersistentVolume> {
    yield* this.kept.get(keyOf(namespaceOf(claim), claim.metadata?.name ?? ''))?.values() ?? [];
    yield* this.free.values();
  }

  noteVolume(isGone: boolean, volume: PersistentVolume, before: PersistentVolume | undefined): void {
    const name = volume.metadata?.name ?? '';
    const owner = ownerOf(before);
    if (owner !== '') this.keptFor(owner).delete(name);
    if (owner !== '' && this.keptFor(owner).size === 0) this.kept.delete(owner);
    if (isGone) this.free.delete(name);
    // It stands where it stood among the others.
    else if (owner !== '' && ownerOf(volume) === '') this.listFree();
    else this.put(volume);
  }

  private listFree(): void {
    this.free.clear();
    for (const volume of this.objects.list<PersistentVolume>('PersistentVolume'))
      if (ownerOf(volume) === '') this.free.set(volume.metadata?.name ?? '', volume);
  }

  private put(volume: PersistentVolume): void {
    const name = volume.metadata?.name ?? '';
    const owner = ownerOf(volume);
    if (owner === '') this.free.set(name, volume);
    else {
      this.free.delete(name);
      this.kept.set(owner, this.keptFor(owner).set(name, volume));
    }
  }

  private keptFor(owner: string): Map<string, PersistentVolume> {
    return this.kept.get(owner) ?? new Map<string, PersistentVolume>();
  }
}

/** `namespace/name` of the claim that a volume names; '': none. */
export function ownerOf(volume: PersistentVolume | undefined): string {
  const reference = volume?.spec?.claimRef;
  return reference === undefined ? '' : keyOf(reference.namespace ?? 'default', reference.name ?? '');
}

/** null: none; a text: an error. A volume that is kept for the claim and out of reach leaves it without any. */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  search: VolumeSearch,
): PersistentVolume | string | null {
  const className = claimClassOf(claim);
  const request = requestOf(claim);
  let selector: CompiledSelector | null;
  try {
    selector = claim.spec?.selector === undefined ? null : compileLabelSelector(claim.spec.selector);
  } catch (problem) {
    if (!(problem instanceof SelectorError)) throw problem;
    return `error creating internal label selector for claim: ${objectKey(claim)}: ${problem.message}`;
  }
  let smallest: PersistentVolume | null = null;
  for (const volume of volumes) {
    if (volumeClassOf(volume) !== className || search.taken.has(volume.metadata?.name ?? '')) continue;
    const owner = ownership(volume, claim, search.promisedTo(volume));
    if (
      owner === 'other' ||
      capacityOf(volume).cmp(request) < 0 ||
      !isAlike(claim, volume) ||
      volume.metadata?.deletionTimestamp !== undefined
    )
      continue;
    const isReachable = search.isReachable(volume);
    if (owner === 'claim') return isReachable ? volume : null;
    if (search.onlyKept === true || volume.status?.phase !== 'Available' || !isReachable || !offersModes(volume, claim))
      continue;
    if (selector !== null && !selector.matches(labelsOf(volume.metadata?.labels))) continue;
    if (smallest === null || capacityOf(smallest).cmp(capacityOf(volume)) > 0) smallest = volume;
  }
  return smallest;
}

export function ownership(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  promise: string | undefined,
): 'nobody' | 'claim' | 'other' {
  if (promise !== undefined) return promise === objectKey(claim) ? 'claim' : 'other';
  const reference = volume.spec?.claimRef;
  if (reference === undefined) return 'nobody';
  if (reference.name !== claim.metadata?.name || (reference.namespace ?? 'default') !== namespaceOf(claim))
    return 'other';
  const uid = reference.uid ?? '';
  return uid === '' || uid === claim.metadata?.uid ? 'claim' : 'other';
}

/** Volume mode and attributes class. */
function isAlike({ spec: claim }: PersistentVolumeClaim, { spec: volume }: PersistentVolume): boolean {
  if ((claim?.volumeMode ?? 'Filesystem') !== (volume?.volumeMode ?? 'Filesystem')) return false;
  return (claim?.volumeAttributesClassName ?? '') === (volume?.volumeAttributesClassName ?? '');
}

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode) === true);
}

/** What the claim asks for. */
export function requestOf(claim: PersistentVolumeClaim): Quantity {
  return quantityOf(claim.spec?.resources?.requests?.['storage']);
}

/** What the volume holds. */
export function capacityOf(volume: PersistentVolume): Quantity {
  return quantityOf(volume.spec?.capacity?.['storage']);
}

function quantityOf(text: QuantityText | undefined): Quantity {
  return text === undefined ? ZERO_QUANTITY : parseQuantity(text);
}
