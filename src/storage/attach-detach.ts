/**
 * The attach-detach controller and the kubelets' mounts: a volume is attached to the node of a pod that is bound there,
 * and detached when no pod there uses it any more and its kubelet has unmounted it and said so in the node's next
 * status. One that only one node may use is attached elsewhere only then (Multi-Attach error). A node that is silent
 * unmounts nothing: its volumes are detached by force 6 minutes after their pods have gone, at once when it has the
 * out-of-service taint. Loaded only where a scenario says how long all this takes.
 * Source: pkg/controller/volume/attachdetach/{attach_detach_controller,reconciler/reconciler}.go,
 * pkg/volume/util/operationexecutor (v1.36). docs/model.md has the departures.
 *
 * Costs an event for each volume that is attached or detached and one for the mounts of a pod; a look at its template
 * for a pod without volumes.
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isOutOfService } from '../cluster/node-facts.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import type { PersistentVolume } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { findClaim, findVolume, podClaims } from '../cluster/volume-claims.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { sampleMicros } from '../kernel/sampling.ts';
import type { MakeVolumes } from './settings.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import type { StorageSettings } from './settings.ts';

/** ReconcilerMaxWaitForUnmountDuration. */
const MOST_UNMOUNT_MICROS: Micros = 6 * MICROS_PER_MINUTE;
/** nodeStatusUpdateFrequency of kubelets. */
const STATUS_PERIOD_MICROS: Micros = 10 * MICROS_PER_SECOND;

interface Attachment {
  readonly volume: string;
  readonly node: string;
  state: 'attaching' | 'attached' | 'detaching';
  /** Pod rows. */
  readonly users: Set<number>;
  /** Since when nobody uses it there, where nobody does. */
  freeSince: Micros;
}

/** A pod on a node, with its volumes that are attached there. */
interface PodVolumes {
  readonly node: string;
  readonly volumes: readonly string[];
  /** Volumes that another node has: told once. */
  readonly refused: Set<string>;
  /** Its kubelet waits. */
  then: (() => void) | null;
  isMounting: boolean;
}

export class AttachDetach implements ClusterObserver, TroubleListener, VolumeMounts {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly settings: StorageSettings;
  private readonly troubles: NodeTroubles | null;
  private readonly attachments: Attachment[] = [];
  /** By volume: places in `attachments` by node name. */
  private readonly byVolume = new Map<string, Map<string, number>>();
  private readonly pods = new Map<number, PodVolumes>();
  /** By volume: pods that wait until another node lets it go. */
  private readonly waiting = new Map<string, Set<number>>();
  private readonly workEvent: EventKind;
  private readonly attachedEvent: EventKind;
  private readonly detachedEvent: EventKind;
  private readonly mountedEvent: EventKind;
  private readonly forceEvent: EventKind;
  private readonly releaseEvent: EventKind;

  constructor(
    kernel: Kernel, cluster: Cluster, settings: StorageSettings, phase: number, troubles: NodeTroubles | null,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.settings = settings;
    this.troubles = troubles;
    this.workEvent = kernel.defineEvent('volumes wanted', phase, (pod) => this.attachAll(pod));
    this.releaseEvent = kernel.defineEvent('volume released', phase, (id) => this.release(id));
    this.attachedEvent = kernel.defineEvent('volume attached', phase, (id) => this.attached(id));
    this.detachedEvent = kernel.defineEvent('volume detached', phase, (id) => this.detached(id));
    this.forceEvent = kernel.defineEvent('volume detached by force', phase, (id) => this.force(id));
    this.mountedEvent = kernel.defineEvent('volumes mounted', 3, (pod, incarnation) => this.mounted(pod, incarnation));
    cluster.observe(this);
    troubles?.listeners.push(this);
  }

  /** true: the pod's volumes are there, or it has none. */
  areMounted(pod: number, then: () => void): boolean {
    const own = this.pods.get(pod);
    if (own === undefined) return true;
    own.then = then;
    own.isMounting = false;
    this.mountIfAttached(pod, own);
    return false;
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podBound(pod: number, placed: boolean): void {
    const { pods, nodes } = this.cluster;
    const volumes = this.volumesOf(pod);
    if (volumes.length === 0) return;
    const node = nodes.facts[pods.node[pod]].name;
    this.pods.set(pod, { node, volumes, refused: new Set(), then: null, isMounting: false });
    // It ran before the simulation began: so were its volumes attached.
    if (placed) for (const volume of volumes) this.put(volume, node, 'attached').users.add(pod);
    else this.kernel.after(0, this.workEvent, pod);
  }

  podRemoved(pod: number): void {
    const own = this.pods.get(pod);
    if (own === undefined) return;
    this.pods.delete(pod);
    for (const volume of own.volumes) {
      this.waiting.get(volume)?.delete(pod);
      const id = this.byVolume.get(volume)?.get(own.node);
      if (id === undefined || !this.attachments[id].users.delete(pod)) continue;
      if (this.attachments[id].users.size > 0) continue;
      this.attachments[id].freeSince = this.kernel.now;
      this.kernel.at(this.nextReport(own.node), this.releaseEvent, id);
    }
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (up) this.lookAtNode(node);
  }

  nodeAdded(node: number): void {
    this.lookAtNode(node);
  }

  nodeCut(node: number, isCut: boolean): void {
    if (!isCut) this.lookAtNode(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Taints) !== 0 && isOutOfService(this.cluster.nodes.facts[node])) this.lookAtNode(node);
  }

  /** What nobody uses there may be let go now. */
  private lookAtNode(node: number): void {
    const { name } = this.cluster.nodes.facts[node];
    for (const byNode of this.byVolume.values()) {
      const id = byNode.get(name);
      if (id !== undefined && this.attachments[id].users.size === 0) this.kernel.after(0, this.releaseEvent, id);
    }
  }

  // ---- attaching -------------------------------------------------------------------------------------------------

  private attachAll(pod: number): void {
    for (const volume of this.pods.get(pod)?.volumes ?? []) this.want(pod, volume);
  }

  private want(pod: number, volume: string): void {
    const own = this.pods.get(pod);
    if (own === undefined) return;
    const byNode = this.byVolume.get(volume);
    const known = byNode?.get(own.node);
    if (known !== undefined && this.attachments[known].state !== 'detaching') {
      this.attachments[known].users.add(pod);
      return this.mountIfAttached(pod, own);
    }
    if (known !== undefined || ((byNode?.size ?? 0) > 0 && this.isExclusive(volume))) {
      this.waiting.set(volume, (this.waiting.get(volume) ?? new Set()).add(pod));
      if (known === undefined) this.tellMultiAttach(pod, volume, own);
      return;
    }
    const attachment = this.put(volume, own.node, 'attaching');
    attachment.users.add(pod);
    const id = this.byVolume.get(volume)?.get(own.node) ?? 0;
    this.kernel.after(this.drawn('attach', volume, this.settings.attachSeconds), this.attachedEvent, id);
  }

  private put(volume: string, node: string, state: Attachment['state']): Attachment {
    const byNode = this.byVolume.get(volume) ?? new Map<string, number>();
    this.byVolume.set(volume, byNode);
    const known = byNode.get(node);
    if (known !== undefined) return this.attachments[known];
    const attachment: Attachment = { volume, node, state, users: new Set(), freeSince: 0 };
    byNode.set(node, this.attachments.push(attachment) - 1);
    return attachment;
  }

  private attached(id: number): void {
    const attachment = this.attachments[id];
    attachment.state = 'attached';
    if (attachment.users.size === 0) return this.release(id);
    for (const pod of attachment.users) {
      const own = this.pods.get(pod);
      if (own === undefined) continue;
      const message = `AttachVolume.Attach succeeded for volume "${attachment.volume}"`;
      this.tell(pod, 'Normal', 'SuccessfulAttachVolume', message);
      this.mountIfAttached(pod, own);
    }
  }

  private tellMultiAttach(pod: number, volume: string, { refused }: PodVolumes): void {
    if (refused.has(volume)) return;
    refused.add(volume);
    const users = [...(this.byVolume.get(volume)?.values() ?? [])].flatMap((id) => [...this.attachments[id].users]);
    const names = users.map((row) => this.cluster.podName(row)).join(', ');
    const why = names === ''
      ? 'Volume is already exclusively attached to one node and can\'t be attached to another'
      : `Volume is already used by pod(s) ${names}`;
    this.tell(pod, 'Warning', 'FailedAttachVolume', `Multi-Attach error for volume "${volume}" ${why}`);
  }

  private tell(pod: number, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.cluster.recordEvent(pod, { type, reason, message, from: 'attachdetach-controller', fieldPath: '' });
  }

  private mountIfAttached(pod: number, own: PodVolumes): void {
    const isThere = (volume: string): boolean => {
      const id = this.byVolume.get(volume)?.get(own.node);
      return id !== undefined && this.attachments[id].state === 'attached' && this.attachments[id].users.has(pod);
    };
    if (own.then === null || own.isMounting || !own.volumes.every(isThere)) return;
    own.isMounting = true;
    const micros = this.drawn('mount', own.volumes[0], this.settings.mountSeconds);
    this.kernel.after(micros, this.mountedEvent, pod, this.cluster.pods.incarnation[pod] | 0);
  }

  private mounted(pod: number, incarnation: number): void {
    const own = this.pods.get(pod);
    if (own === undefined || (this.cluster.pods.incarnation[pod] | 0) !== incarnation) return;
    const { then } = own;
    own.then = null;
    then?.();
  }

  // ---- detaching -------------------------------------------------------------------------------------------------

  private release(id: number): void {
    const { state, users, node, freeSince } = this.attachments[id];
    if (state !== 'attached' || users.size > 0) return;
    const row = this.cluster.nodeRow(node);
    if (this.isHeard(row) || (row >= 0 && isOutOfService(this.cluster.nodes.facts[row]))) this.detach(id);
    else this.kernel.at(Math.max(freeSince + MOST_UNMOUNT_MICROS, this.kernel.now), this.forceEvent, id);
  }

  private force(id: number): void {
    const { state, users, freeSince } = this.attachments[id];
    const isLongFree = this.kernel.now - freeSince >= MOST_UNMOUNT_MICROS;
    if (state === 'attached' && users.size === 0 && isLongFree) this.detach(id);
  }

  private detach(id: number): void {
    const attachment = this.attachments[id];
    attachment.state = 'detaching';
    this.kernel.after(this.drawn('detach', attachment.volume, this.settings.detachSeconds), this.detachedEvent, id);
  }

  private detached(id: number): void {
    const { volume, node } = this.attachments[id];
    this.byVolume.get(volume)?.delete(node);
    const waiting = [...(this.waiting.get(volume) ?? [])];
    this.waiting.delete(volume);
    for (const pod of waiting) this.want(pod, volume);
  }

  private isHeard(row: number): boolean {
    return row >= 0 && this.cluster.nodes.up[row] === 1 && this.troubles?.isCut(row) !== true;
  }

  /** When the node says that it has unmounted a volume (status.volumesInUse); now, when it says nothing. */
  private nextReport(node: string): Micros {
    const { now } = this.kernel;
    const row = this.cluster.nodeRow(node);
    if (!this.isHeard(row)) return now;
    const createdAt = this.cluster.nodes.createdAt[row];
    return createdAt + (Math.floor((now - createdAt) / STATUS_PERIOD_MICROS) + 1) * STATUS_PERIOD_MICROS;
  }

  // ---- facts -----------------------------------------------------------------------------------------------------

  private volumesOf(pod: number): string[] {
    const template = this.cluster.templateOf(pod);
    if (template.spec.volumes === undefined) return [];
    const names = podClaims(template, this.cluster.podName(pod)).map(
      ({ name }) => findClaim(this.cluster, template.namespace, name)?.spec?.volumeName ?? '',
    );
    return [...new Set(names)].filter((name) => isAttachable(findVolume(this.cluster, name)));
  }

  private isExclusive(name: string): boolean {
    const modes = findVolume(this.cluster, name)?.spec?.accessModes ?? [];
    return modes.length > 0 && !modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  }

  private drawn(what: string, volume: string, seconds: Distribution): Micros {
    return sampleMicros(seconds, this.kernel.random.stream(what, volume));
  }
}

/** Volumes of a node's own disk, of a host's path or of a network's share are attached to nothing. */
function isAttachable(volume: PersistentVolume | undefined): boolean {
  const { csi, gcePersistentDisk, awsElasticBlockStore } = volume?.spec ?? {};
  return csi !== undefined || gcePersistentDisk !== undefined || awsElasticBlockStore !== undefined;
}

/** For a simulation's options. */
export const attachDetach: MakeVolumes = (...parts) => new AttachDetach(...parts);
