/**
 * What stands behind claims: claims without a class get the default one, claims whose class does not wait for a pod are
 * bound to a volume or get a new one at once, claims of a pod on its way are bound as the scheduler promised, pods with
 * ephemeral volumes get their claims and take them along. Binding and provisioning take no time and never fail.
 * Costs a look at the claims that are not bound when claims, volumes or classes change; nothing without claims.
 * Source: pkg/controller/volume/{persistentvolume/pv_controller,ephemeral/controller}.go,
 * plugin/pkg/admission/storage/storageclass/setdefault/admission.go (v1.36.2).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../cluster/objects.ts';
import type { ClusterObserver, ObjectAction } from '../cluster/observer.ts';
import {
  BIND_COMPLETED,
  NO_PROVISIONER,
  SELECTED_NODE,
  claimClassOf,
  findClass,
  findVolume,
  hasNoClass,
  isFullyBound,
  namespaceOf,
  podClaims,
  volumeNameOf,
  waitsForFirstConsumer,
} from '../cluster/volume-claims.ts';
import { findMatchingVolume, ownership } from '../cluster/volume-matching.ts';
import type { VolumePlan } from '../cluster/volume-matching.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { PROVISIONED_BY, defaultClass, provisionedVolume } from './provisioned-volumes.ts';
import type { ChosenNode } from './provisioned-volumes.ts';

const NOTHING_TAKEN: ReadonlySet<string> = new Set();

/** Of the ephemeral volume controller: claims to make for a pod, or a claim of a pod that is gone. */
type EphemeralWork = { readonly pod: number; readonly incarnation: number } | { readonly goneClaim: string };

export class VolumeController implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly syncEvent: EventKind;
  private readonly ephemeralEvent: EventKind;
  /** Keys of claims that are not bound for good, in order of coming. */
  private readonly unbound = new Set<string>();
  private isSyncDue = false;
  private ephemeralWork: EphemeralWork[] = [];

  constructor(kernel: Kernel, cluster: Cluster, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.syncEvent = kernel.defineEvent('volume sync', phase, () => this.sync());
    this.ephemeralEvent = kernel.defineEvent('ephemeral volumes', phase, () => this.workOnEphemeral());
    cluster.observe(this);
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

  objectChanged(kind: string, action: ObjectAction, object: KubernetesObject): void {
    if (kind === 'PersistentVolumeClaim') {
      const key = objectKey(object);
      if (action === 'delete' || isFullyBound(object)) this.unbound.delete(key);
      else this.unbound.add(key);
    } else if (kind !== 'PersistentVolume' && kind !== 'StorageClass') return;
    if (this.unbound.size === 0 || this.isSyncDue) return;
    this.isSyncDue = true;
    this.kernel.after(0, this.syncEvent);
  }

  podCreated(pod: number): void {
    if (this.cluster.templateOf(pod).hasEphemeralVolumes)
      this.noteEphemeral({ pod, incarnation: this.cluster.pods.incarnation[pod] });
  }

  podRemoved(pod: number): void {
    const template = this.cluster.templateOf(pod);
    if (!template.hasEphemeralVolumes) return;
    for (const { name, isEphemeral } of podClaims(template, this.cluster.podName(pod))) {
      if (isEphemeral) this.noteEphemeral({ goneClaim: `${template.namespace}/${name}` });
    }
  }

  // ---- the volume controller -------------------------------------------------------------------------------------

  private sync(): void {
    this.isSyncDue = false;
    for (const key of [...this.unbound]) {
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
    const isDelayed =
      storageClass !== undefined &&
      waitsForFirstConsumer(storageClass) &&
      claim.metadata?.annotations?.[SELECTED_NODE] === undefined;
    const volumes = cluster.objects.list<PersistentVolume>('PersistentVolume');
    const volume = findMatchingVolume(claim, volumes, {
      taken: NOTHING_TAKEN,
      promisedTo: () => undefined,
      isReachable: () => true,
      onlyKept: isDelayed,
    });
    if (typeof volume === 'string') return;
    if (volume !== null) this.bind(claim, volume);
    else if (storageClass !== undefined && !isDelayed) this.provision(claim, storageClass, null);
  }

  private withDefaultClass(claim: PersistentVolumeClaim): PersistentVolumeClaim {
    const storageClass = defaultClass(this.cluster.objects.list<StorageClass>('StorageClass'));
    if (storageClass === undefined) return claim;
    const changed = { ...claim, spec: { ...claim.spec, storageClassName: storageClass.metadata?.name ?? '' } };
    this.cluster.putObject('PersistentVolumeClaim', changed);
    return changed;
  }

  private provision(claim: PersistentVolumeClaim, storageClass: StorageClass, node: ChosenNode | null): void {
    const { provisioner = '' } = storageClass;
    if (provisioner === '' || provisioner === NO_PROVISIONER) return;
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

  // ---- the ephemeral volume controller ---------------------------------------------------------------------------

  private noteEphemeral(work: EphemeralWork): void {
    if (this.ephemeralWork.length === 0) this.kernel.after(0, this.ephemeralEvent);
    this.ephemeralWork.push(work);
  }

  private workOnEphemeral(): void {
    const all = this.ephemeralWork;
    this.ephemeralWork = [];
    for (const work of all) {
      if ('goneClaim' in work) this.removeClaim(work.goneClaim);
      else if (this.cluster.pods.incarnation[work.pod] === work.incarnation) this.makeClaims(work.pod);
    }
  }

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
    const volume = findVolume(this.cluster, volumeNameOf(claim));
    const isOurs =
      volume?.metadata?.annotations?.[PROVISIONED_BY] !== undefined &&
      volume.spec?.claimRef?.name === claim.metadata?.name &&
      volume.spec?.claimRef?.namespace === namespaceOf(claim);
    if (isOurs) this.cluster.removeObject('PersistentVolume', volumeNameOf(claim));
  }
}
