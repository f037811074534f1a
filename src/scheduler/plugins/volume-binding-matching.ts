/**
 * Volumes for the claims of one pod on one node: bound claims must be reachable, waiting ones get the smallest volume
 * that suits or must be provisionable. Cost per node: the claims times the volumes of their class. Volumes and claims
 * that a pod on its way to a node has taken are known here before any object says so.
 * Departure: in-tree volumes are not translated to CSI, so their node affinity is read as written.
 * Source: plugins/volumebinding/{binder,assume_cache}.go,
 * staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go.
 */
import { parseQuantity } from '../../base/quantity.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { objectKey } from '../../cluster/object-store.ts';
import type {
  CSIDriver,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../cluster/objects.ts';
import { SelectorError, compileLabelSelector, compileNodeSelector } from '../../cluster/selectors.ts';
import type { CompiledNodeSelector } from '../../cluster/selectors.ts';
import {
  NO_PROVISIONER,
  SELECTED_NODE,
  claimClassOf,
  findClass,
  findVolume,
  volumeNameOf,
} from '../../cluster/volume-claims.ts';
import { ClaimableVolumes, findMatchingVolume, requestOf } from '../../cluster/volume-matching.ts';
import type { VolumePlan } from '../../cluster/volume-matching.ts';

export interface LabelledNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** `reasons`, in upstream's order; empty: the node will do. */
export interface VolumeVerdict {
  readonly plan: VolumePlan;
  /** By the plan's provisions: the object that says there is room for it; null: nobody had to be asked. */
  readonly storages: readonly (CSIStorageCapacity | null)[];
  readonly reasons: readonly string[];
  /** Not empty: an internal error, which ends the cycle. */
  readonly error: string;
}

const Reason = {
  NodeConflict: "node(s) didn't match PersistentVolume's node affinity",
  BindConflict: "node(s) didn't find available persistent volumes to bind",
  NotEnoughSpace: 'node(s) did not have enough free storage',
  VolumeMissing: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
} as const;

interface Provisioning extends Pick<VolumeVerdict, 'reasons' | 'error'> {
  readonly storage: CSIStorageCapacity | null;
}

const CAN_BE_MADE: Provisioning = { storage: null, reasons: [], error: '' };
const EMPTY_PLAN: VolumePlan = { bindings: [], provisions: [] };
const FITS: VolumeVerdict = { plan: EMPTY_PLAN, storages: [], reasons: [], error: '' };

export class VolumeMatcher {
  private readonly cluster: SchedulerCache;
  private readonly volumes: ClaimableVolumes;
  /** Name of a volume to the key of the claim that it is promised to. */
  private readonly promised = new Map<string, string>();
  /** Key of a claim to provision to its node. */
  private readonly selectedNodes = new Map<string, string>();
  /** By volume object: objects are replaced whole. */
  private readonly affinities = new WeakMap<PersistentVolume, CompiledNodeSelector>();

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
    this.volumes = new ClaimableVolumes(cluster.objects);
    // What the objects say counts more than what was assumed.
    cluster.observe({
      objectChanged: (kind, action, object, before) => {
        if (kind === 'PersistentVolume') {
          this.volumes.noteVolume(action === 'delete', object, before);
          this.promised.delete(object.metadata?.name ?? '');
        } else if (kind === 'PersistentVolumeClaim') this.selectedNodes.delete(objectKey(object));
      },
    });
  }

  assume(plan: VolumePlan, nodeName: string): void {
    for (const { claim, volume } of plan.bindings) this.promised.set(volume.metadata?.name ?? '', objectKey(claim));
    for (const claim of plan.provisions) this.selectedNodes.set(objectKey(claim), nodeName);
  }

  revert(plan: VolumePlan): void {
    for (const { volume } of plan.bindings) this.promised.delete(volume.metadata?.name ?? '');
    for (const claim of plan.provisions) this.selectedNodes.delete(objectKey(claim));
  }

  /** FindPodVolumes. */
  find(
    bound: readonly PersistentVolumeClaim[], toBind: readonly PersistentVolumeClaim[], node: LabelledNode,
  ): VolumeVerdict {
    const reasons: string[] = [];
    const boundState = this.checkBound(bound, node);
    if (boundState === 'unreachable') reasons.push(Reason.NodeConflict);
    const missing = boundState === 'missing' ? [Reason.VolumeMissing] : [];
    if (toBind.length === 0)
      return reasons.length + missing.length === 0 ? FITS : { ...FITS, reasons: [...reasons, ...missing] };
    const search = this.bindOrProvision(toBind, node);
    return { ...search, reasons: [...reasons, ...search.reasons, ...missing] };
  }

  /** Whether a bound volume may be used on a node. */
  isReachable(volume: PersistentVolume, node: LabelledNode): boolean {
    const required = volume.spec?.nodeAffinity?.required;
    if (required === undefined) return true;
    let compiled = this.affinities.get(volume);
    if (compiled === undefined) this.affinities.set(volume, (compiled = compileNodeSelector(required)));
    // Only labels are known here: `matchFields` are not looked at.
    return compiled.matches({ name: '', labels: node.labels });
  }

  /** The first claim that is wrong decides. */
  private checkBound(claims: readonly PersistentVolumeClaim[], node: LabelledNode): 'fits' | 'unreachable' | 'missing' {
    for (const claim of claims) {
      const volume = findVolume(this.cluster, volumeNameOf(claim));
      if (volume === undefined) return 'missing';
      if (!this.isReachable(volume, node)) return 'unreachable';
    }
    return 'fits';
  }

  private bindOrProvision(claims: readonly PersistentVolumeClaim[], node: LabelledNode): VolumeVerdict {
    const toMatch: PersistentVolumeClaim[] = [];
    const toProvision: PersistentVolumeClaim[] = [];
    for (const claim of claims) {
      const selected = this.selectedNodes.get(objectKey(claim)) ?? claim.metadata?.annotations?.[SELECTED_NODE];
      if (selected === undefined) toMatch.push(claim);
      else if (selected === node.name) toProvision.push(claim);
      else return { ...FITS, reasons: [Reason.BindConflict] };
    }
    const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
    const taken = new Set<string>();
    for (const claim of toMatch.sort((a, b) => requestOf(a).cmp(requestOf(b)))) {
      const volume = this.smallestSuitable(claim, node, taken);
      if (typeof volume === 'string') return { ...FITS, error: volume };
      if (volume === null) {
        toProvision.push(claim);
        continue;
      }
      taken.add(volume.metadata?.name ?? '');
      bindings.push({ claim, volume });
    }
    const storages: (CSIStorageCapacity | null)[] = [];
    for (const claim of toProvision) {
      const { storage, reasons, error } = this.provisioning(claim, node);
      if (reasons.length > 0 || error !== '')
        return { plan: { bindings, provisions: [] }, storages: [], reasons, error };
      storages.push(storage);
    }
    return { plan: { bindings, provisions: toProvision }, storages, reasons: [], error: '' };
  }

  /** null: none; a text: an error. */
  private smallestSuitable(
    claim: PersistentVolumeClaim, node: LabelledNode, taken: ReadonlySet<string>,
  ): PersistentVolume | string | null {
    const promises = this.promised;
    return findMatchingVolume(claim, this.volumes.of(claim), {
      taken,
      promisedTo: (volume) => promises.get(volume.metadata?.name ?? ''),
      isReachable: (volume) => this.isReachable(volume, node),
    });
  }

  /** Whether a volume can be made for the claim on the node. */
  private provisioning(claim: PersistentVolumeClaim, node: LabelledNode): Provisioning {
    const className = claimClassOf(claim);
    if (className === '') return { ...CAN_BE_MADE, error: `no class for claim ${JSON.stringify(objectKey(claim))}` };
    const storageClass = findClass(this.cluster, className);
    if (storageClass === undefined)
      return { ...CAN_BE_MADE, error: `failed to find storage class ${JSON.stringify(className)}` };
    const { provisioner = '' } = storageClass;
    const isConflict =
      provisioner === '' || provisioner === NO_PROVISIONER || !allowsTopology(storageClass, node.labels);
    if (isConflict) return { ...CAN_BE_MADE, reasons: [Reason.BindConflict] };
    const storage = this.storageFor(claim, provisioner, className, node);
    return storage === undefined ? { ...CAN_BE_MADE, reasons: [Reason.NotEnoughSpace] } : { ...CAN_BE_MADE, storage };
  }

  /**
   * Looked at only for drivers that publish their storage capacity (null for others); undefined: there is not enough.
   */
  private storageFor(
    claim: PersistentVolumeClaim,
    provisioner: string,
    className: string,
    node: LabelledNode,
  ): CSIStorageCapacity | null | undefined {
    if (claim.spec?.resources?.requests?.['storage'] === undefined) return null;
    const driver = this.cluster.objects.get<CSIDriver>('CSIDriver', provisioner);
    if (driver?.spec?.storageCapacity !== true) return null;
    const bytes = requestOf(claim).value();
    for (const capacity of this.cluster.objects.list<CSIStorageCapacity>('CSIStorageCapacity')) {
      const limit = volumeLimit(capacity);
      if (capacity.storageClassName === className && limit !== null && limit >= bytes && hasAccess(node, capacity))
        return capacity;
    }
    return undefined;
  }
}

/** In whole bytes; null: none. */
export function volumeLimit(capacity: CSIStorageCapacity | undefined): bigint | null {
  const limit = capacity?.maximumVolumeSize ?? capacity?.capacity;
  return limit === undefined ? null : parseQuantity(limit).value();
}

function hasAccess(node: LabelledNode, { nodeTopology }: CSIStorageCapacity): boolean {
  if (nodeTopology === undefined) return false;
  try {
    return compileLabelSelector(nodeTopology).matches(node.labels);
  } catch (problem) {
    if (!(problem instanceof SelectorError)) throw problem;
    return false;
  }
}

/** Any term with all its expressions; no terms allow every node, a term without expressions none. */
function allowsTopology({ allowedTopologies = [] }: StorageClass, labels: ReadonlyMap<string, string>): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) => {
    const holds = ({ key, values }: { readonly key: string; readonly values: readonly string[] }): boolean =>
      values.includes(labels.get(key) ?? '') && labels.has(key);
    return matchLabelExpressions.length > 0 && matchLabelExpressions.every(holds);
  });
}
