/**
 * What stands behind claims: claims without a class get the default one, claims whose class does not wait for a pod are
 * bound to a volume or get a new one at once, claims of a pod on its way are bound as the scheduler promised, pods with
 * ephemeral volumes get their claims and take them along. Claims whose owner is gone go, too; a claim that a pod uses
 * goes after it, and what becomes of its volume is said by the volume's reclaim policy. Binding takes no time and never
 * fails; so does provisioning, unless there is a provisioner that takes its time.
 * Costs a look at the claims that are not bound when claims, volumes or classes change; nothing without claims.
 * Source: pkg/controller/volume/{persistentvolume/pv_controller,ephemeral/controller,pvcprotection/
 * pvc_protection_controller}.go, pkg/controller/garbagecollector/garbagecollector.go,
 * plugin/pkg/admission/storage/storageclass/setdefault/admission.go (v1.36.2).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf, objectKey } from '../cluster/object-store.ts';
import type {
  KubernetesObject,
  OwnerReference,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../cluster/objects.ts';
import type { ClusterObserver, ObjectAction, WorkloadChange } from '../cluster/observer.ts';
import {
  BIND_COMPLETED,
  NO_PROVISIONER,
  SELECTED_NODE,
  claimClassOf,
  findClaim,
  findClass,
  findVolume,
  hasNoClass,
  isFullyBound,
  namespaceOf,
  podClaims,
  volumeNameOf,
  waitsForFirstConsumer,
} from '../cluster/volume-claims.ts';
import { ClaimableVolumes, findMatchingVolume, ownerOf, ownership } from '../cluster/volume-matching.ts';
import type { VolumePlan } from '../cluster/volume-matching.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { PROVISIONED_BY, defaultClass, provisionedVolume } from './provisioned-volumes.ts';
import type { ChosenNode } from './provisioned-volumes.ts';

const NOTHING_TAKEN: ReadonlySet<string> = new Set();

/**
 * What is not to be done within a notice: claims to make for a pod, an ephemeral claim of a pod that is gone, claims
 * whose owner or last user is gone, a volume whose claim is gone.
 */
type Work =
  | { readonly pod: number; readonly incarnation: number }
  | { readonly goneClaim: string }
  | { readonly goneOwner: string; readonly uid: string }
  | { readonly unusedClaims: true }
  | { readonly freeVolume: string };

/** Makes volumes; `host` is asked before each try and told when there is one. */
export interface Provisioner {
  provision(key: string, host: ProvisionHost): void;
}

export interface ProvisionHost {
  isWanted(claim: string): boolean;
  provisioned(claim: string): void;
}

export class VolumeController implements ClusterObserver, ProvisionHost {
  readonly ignoresStatus = true;
  /** null: a volume is there at once. */
  provisioner: Provisioner | null = null;
  /** Whether a node has the volume yet, so that it cannot be deleted. */
  isAttached: (volume: string) => boolean = () => false;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly syncEvent: EventKind;
  private readonly workEvent: EventKind;
  /** Keys of claims that are not bound for good, numbered in order of coming. */
  private readonly unbound = new Map<string, number>();
  private numbered = 0;
  /** Those of them that something has changed for; null: all. */
  private due: Set<string> | null = new Set();
  private isSyncDue = false;
  private readonly volumes: ClaimableVolumes;
  private work: Work[] = [];
  /** Keys of claims that are to go once no pod uses them. */
  private readonly terminating = new Set<string>();
  /** By owner (`kind/namespace/name`): keys of the claims that go with it. */
  private readonly owned = new Map<string, Set<string>>();

  constructor(kernel: Kernel, cluster: Cluster, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.volumes = new ClaimableVolumes(cluster.objects);
    this.syncEvent = kernel.defineEvent('volume sync', phase, () => this.sync());
    this.workEvent = kernel.defineEvent('ephemeral volumes', phase, () => this.doWork());
    cluster.observe(this);
    cluster.hush(this, ['podCreated', 'podRemoved'], true);
    cluster.templates.onVolumes(() => { cluster.hush(this, ['podCreated', 'podRemoved'], false); });
    this.hushOwners();
  }

  /** While no claim has an owner, it is all the same who goes. */
  private hushOwners(): void {
    this.cluster.hush(this, ['podDeleted', 'workloadChanged'], this.owned.size === 0);
  }

  /** Carries out what Reserve promised for a pod that has been given the node. */
  bindVolumes({ bindings, provisions }: VolumePlan, node: ChosenNode): void {
    for (const { claim, volume } of bindings) {
      const kept = findVolume(this.cluster, volume.metadata?.name ?? '');
      const waiting = this.waitingClaim(claim);
      // Somebody may have got it whom the scheduler has not seen yet; then the claim waits in vain.
      const isFree = kept !== undefined && waiting !== undefined && ownership(kept, waiting, undefined) !== 'other';
      if (isFree) this.bind(waiting, kept);
    }
    for (const claim of provisions) {
      const waiting = this.waitingClaim(claim);
      const storageClass = waiting === undefined ? undefined : findClass(this.cluster, claimClassOf(waiting));
      if (waiting !== undefined && storageClass !== undefined) this.provision(waiting, storageClass, node);
    }
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    if (kind === 'PersistentVolumeClaim') {
      this.claimChanged(action, object, before);
      this.syncSoon(objectKey(object));
    } else if (kind === 'PersistentVolume') {
      this.volumes.noteVolume(action === 'delete', object, before);
      // One that is gone helps nobody, and one that names a claim no other.
      if (action !== 'delete') this.syncSoon(ownerOf(object) === '' ? null : ownerOf(object));
    } else if (kind === 'StorageClass') this.syncSoon(null);
  }

  /** `claim`: its key; null: of all that are not bound. */
  private syncSoon(claim: string | null): void {
    if (this.unbound.size === 0) return;
    if (claim === null) this.due = null;
    else if (this.unbound.has(claim)) this.due?.add(claim);
    if (this.isSyncDue) return;
    this.isSyncDue = true;
    this.kernel.after(0, this.syncEvent);
  }

  private claimChanged(action: ObjectAction, claim: PersistentVolumeClaim, before: KubernetesObject | undefined): void {
    const key = objectKey(claim);
    const isGone = action === 'delete';
    if (isGone || isFullyBound(claim)) this.unbound.delete(key);
    else if (!this.unbound.has(key)) this.unbound.set(key, this.numbered++);
    for (const owner of ownersOf(before)) this.owned.get(owner)?.delete(key);
    if (isGone) {
      this.terminating.delete(key);
      if (volumeNameOf(claim) !== '') this.note({ freeVolume: volumeNameOf(claim) });
      return;
    }
    for (const owner of ownersOf(claim)) this.owned.set(owner, (this.owned.get(owner) ?? new Set()).add(key));
    if (this.owned.size > 0) this.hushOwners();
    if (claim.metadata?.deletionTimestamp === undefined || this.terminating.has(key)) return;
    this.terminating.add(key);
    this.note({ unusedClaims: true });
  }

  podCreated(pod: number): void {
    if (this.cluster.templateOf(pod).hasEphemeralVolumes)
      this.note({ pod, incarnation: this.cluster.pods.incarnation[pod] });
  }

  podRemoved(pod: number): void {
    const template = this.cluster.templateOf(pod);
    if (this.terminating.size > 0 && template.spec.volumes !== undefined) this.note({ unusedClaims: true });
    if (!template.hasEphemeralVolumes) return;
    for (const { name, isEphemeral } of podClaims(template, this.cluster.podName(pod))) {
      if (isEphemeral) this.note({ goneClaim: `${template.namespace}/${name}` });
    }
  }

  podDeleted(pod: number): void {
    if (this.owned.size === 0 || this.cluster.templateOf(pod).spec.volumes === undefined) return;
    const goneOwner = `Pod/${this.cluster.templateOf(pod).namespace}/${this.cluster.podName(pod)}`;
    if (this.owned.has(goneOwner)) this.note({ goneOwner, uid: `Pod/${String(this.cluster.pods.serial[pod])}` });
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    if (change !== 'gone' || this.owned.size === 0) return;
    const { workloads } = this.cluster;
    const goneOwner = `${WORKLOAD_KIND_NAMES[workloads.kind[row]]}/${workloads.key[row]}`;
    if (this.owned.has(goneOwner)) this.note({ goneOwner, uid: '' });
  }

  /** No node has the volume any more. */
  volumeDetached(volume: string): void {
    if (findVolume(this.cluster, volume)?.status?.phase === 'Released') this.note({ freeVolume: volume });
  }

  // ---- the volume controller -------------------------------------------------------------------------------------

  private sync(): void {
    this.isSyncDue = false;
    const { unbound, due } = this;
    this.due = new Set();
    const numberOf = (key: string): number => unbound.get(key) ?? -1;
    const keys = due === null ? [...unbound.keys()] : [...due].sort((a, b) => numberOf(a) - numberOf(b));
    for (const key of keys) {
      if (!unbound.has(key)) continue;
      const claim = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
      if (claim !== undefined && claim.metadata?.deletionTimestamp === undefined) this.syncClaim(claim);
    }
  }

  private syncClaim(given: PersistentVolumeClaim): void {
    const { cluster } = this;
    const claim = hasNoClass(given) ? this.withDefaultClass(given) : given;
    const wanted = volumeNameOf(claim);
    if (wanted !== '') {
      const volume = findVolume(cluster, wanted);
      if (volume !== undefined && ownership(volume, claim, undefined) !== 'other') this.bind(claim, volume);
      return;
    }
    const storageClass = findClass(cluster, claimClassOf(claim));
    const selected = claim.metadata?.annotations?.[SELECTED_NODE];
    const isDelayed = storageClass !== undefined && waitsForFirstConsumer(storageClass) && selected === undefined;
    const volume = findMatchingVolume(claim, this.volumes.of(claim), {
      taken: NOTHING_TAKEN,
      promisedTo: () => undefined,
      isReachable: () => true,
      onlyKept: isDelayed,
    });
    if (typeof volume === 'string') return;
    if (volume !== null) this.bind(claim, volume);
    else if (storageClass !== undefined && !isDelayed) this.provision(claim, storageClass, this.nodeNamed(selected));
  }

  private withDefaultClass(claim: PersistentVolumeClaim): PersistentVolumeClaim {
    const storageClass = defaultClass(this.cluster.objects.list<StorageClass>('StorageClass'));
    if (storageClass === undefined) return claim;
    const changed = { ...claim, spec: { ...claim.spec, storageClassName: storageClass.metadata?.name ?? '' } };
    this.cluster.putObject('PersistentVolumeClaim', changed);
    return changed;
  }

  private nodeNamed(name: string | undefined): ChosenNode | null {
    const row = name === undefined ? -1 : this.cluster.nodeRow(name);
    return row < 0 ? null : this.cluster.nodes.facts[row];
  }

  private provision(claim: PersistentVolumeClaim, storageClass: StorageClass, node: ChosenNode | null): void {
    const { provisioner = '' } = storageClass;
    if (provisioner === '' || provisioner === NO_PROVISIONER) return;
    if (this.provisioner === null) {
      this.bind(claim, provisionedVolume(this.cluster, claim, storageClass, node));
      return;
    }
    if (node !== null && claim.metadata?.annotations?.[SELECTED_NODE] !== node.name) {
      const annotations = { ...claim.metadata?.annotations, [SELECTED_NODE]: node.name };
      this.cluster.putObject('PersistentVolumeClaim', { ...claim, metadata: { ...claim.metadata, annotations } });
    }
    this.provisioner.provision(objectKey(claim), this);
  }

  isWanted(key: string): boolean {
    const claim = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
    return claim !== undefined && !isFullyBound(claim) && claim.metadata?.deletionTimestamp === undefined;
  }

  /** For the node that the claim names now; a claim that is gone, or has got another volume, needs none. */
  provisioned(key: string): void {
    const claim = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
    const storageClass = claim === undefined ? undefined : findClass(this.cluster, claimClassOf(claim));
    if (claim === undefined || storageClass === undefined || !this.isWanted(key)) return;
    const node = this.nodeNamed(claim.metadata?.annotations?.[SELECTED_NODE]);
    this.bind(claim, provisionedVolume(this.cluster, claim, storageClass, node));
  }

  private bind(claim: PersistentVolumeClaim, volume: PersistentVolume): void {
    const { name = '', namespace = 'default', uid } = claim.metadata ?? {};
    const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, ...(uid === undefined ? {} : { uid }) };
    this.cluster.putObject('PersistentVolume', {
      ...volume,
      spec: { ...volume.spec, claimRef },
      status: { phase: 'Bound' },
    } as PersistentVolume);
    const annotations = { ...claim.metadata?.annotations, [BIND_COMPLETED]: 'yes' };
    const bound: PersistentVolumeClaim = {
      ...claim,
      metadata: { ...claim.metadata, annotations },
      spec: { ...claim.spec, volumeName: volume.metadata?.name ?? '' },
      status: { phase: 'Bound' },
    };
    this.cluster.putObject('PersistentVolumeClaim', bound);
  }

  /** The claim as it stands now; undefined: it is gone or has a volume. */
  private waitingClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
    const now = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', objectKey(claim));
    return now === undefined || isFullyBound(now) ? undefined : now;
  }

  // ---- what is not to be done within a notice --------------------------------------------------------------------

  private note(work: Work): void {
    if (this.work.length === 0) this.kernel.after(0, this.workEvent);
    this.work.push(work);
  }

  private doWork(): void {
    const all = this.work;
    this.work = [];
    for (const work of all) {
      if ('goneClaim' in work) this.removeClaim(work.goneClaim);
      else if ('goneOwner' in work) this.ownerGone(work.goneOwner, work.uid);
      else if ('unusedClaims' in work) this.removeUnused();
      else if ('freeVolume' in work) this.reclaim(work.freeVolume);
      else if (this.cluster.pods.incarnation[work.pod] === work.incarnation) this.makeClaims(work.pod);
    }
  }

  /** Its claims go, but for those that have another owner. */
  private ownerGone(owner: string, uid: string): void {
    for (const key of [...(this.owned.get(owner) ?? [])]) {
      const claim = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
      const references = claim?.metadata?.ownerReferences ?? [];
      const isIt = (reference: OwnerReference): boolean =>
        ownerKey(claim, reference) === owner && (uid === '' || (reference.uid ?? uid) === uid);
      const others = references.filter((reference) => !isIt(reference));
      if (claim === undefined || others.length === references.length) continue;
      if (others.length === 0) this.cluster.removeObject('PersistentVolumeClaim', key);
      else {
        const metadata = { ...claim.metadata, ownerReferences: others };
        this.cluster.putObject('PersistentVolumeClaim', { ...claim, metadata });
      }
    }
    if (this.owned.get(owner)?.size === 0) this.owned.delete(owner);
    this.hushOwners();
  }

  /** Claims that somebody has deleted and that no pod on a node uses (finalizer kubernetes.io/pvc-protection). */
  private removeUnused(): void {
    const { pods } = this.cluster;
    const used = new Set<string>();
    for (let pod = 0; pod < pods.length; pod++) {
      if (!pods.isLive(pod) || pods.node[pod] < 0) continue;
      const template = this.cluster.templateOf(pod);
      if (template.spec.volumes === undefined) continue;
      for (const { name } of podClaims(template, this.cluster.podName(pod))) used.add(keyOf(template.namespace, name));
    }
    for (const key of [...this.terminating])
      if (!used.has(key)) this.cluster.removeObject('PersistentVolumeClaim', key);
  }

  /** What becomes of a volume whose claim is gone: kept for somebody to look at, or deleted once no node has it. */
  private reclaim(name: string): void {
    const volume = findVolume(this.cluster, name);
    const { namespace, name: claimName = '' } = volume?.spec?.claimRef ?? {};
    if (volume === undefined || claimName === '') return;
    const claim = findClaim(this.cluster, namespace ?? 'default', claimName);
    if (claim !== undefined && ownership(volume, claim, undefined) === 'claim') return;
    const wasMade = volume.metadata?.annotations?.[PROVISIONED_BY] !== undefined;
    const policy = volume.spec?.persistentVolumeReclaimPolicy ?? (wasMade ? 'Delete' : 'Retain');
    if (policy !== 'Delete' || this.isAttached(name)) {
      if (volume.status?.phase === 'Released') return;
      this.cluster.putObject('PersistentVolume', { ...volume, status: { phase: 'Released' } } as PersistentVolume);
    } else this.cluster.removeObject('PersistentVolume', name);
  }

  // ---- the ephemeral volume controller ---------------------------------------------------------------------------

  private makeClaims(pod: number): void {
    const { cluster } = this;
    const { namespace, spec } = cluster.templateOf(pod);
    const podName = cluster.podName(pod);
    for (const { name = '', ephemeral } of spec.volumes ?? []) {
      const template = ephemeral?.volumeClaimTemplate;
      if (
        template === undefined ||
        cluster.objects.get('PersistentVolumeClaim', `${namespace}/${podName}-${name}`) !== undefined
      )
        continue;
      cluster.putObject('PersistentVolumeClaim', {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          ...template.metadata,
          name: `${podName}-${name}`,
          namespace,
          ownerReferences: [{ kind: 'Pod', name: podName, controller: true }],
        },
        spec: template.spec ?? {},
      } as PersistentVolumeClaim);
    }
  }

  private removeClaim(key: string): void {
    const claim = this.cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
    if (claim === undefined || claim.metadata?.ownerReferences?.[0]?.kind !== 'Pod') return;
    this.cluster.removeObject('PersistentVolumeClaim', key);
    if (volumeNameOf(claim) !== '') this.reclaim(volumeNameOf(claim));
  }
}

/** As `owned` names them. Claims name workloads and pods of their own namespace. */
function ownerKey(claim: KubernetesObject | undefined, { kind, name }: OwnerReference): string {
  return `${kind}/${namespaceOf(claim)}/${name}`;
}

function ownersOf(claim: KubernetesObject | undefined): readonly string[] {
  return claim?.metadata?.ownerReferences?.map((reference) => ownerKey(claim, reference)) ?? [];
}
