/**
 * The attach-detach controller and the kubelets' mounts: a volume is attached to the node of a pod that is bound there,
 * and detached when no pod there uses it any more and its kubelet has unmounted it and said so in the node's next
 * status. One that only one node may use is attached elsewhere only then (Multi-Attach error). A node that is silent
 * unmounts nothing: its volumes are detached by force 6 minutes after their pods have gone, at once when it has the
 * out-of-service taint. A node takes no more volumes of a driver than its CSINode object allows. What fails is tried
 * again, with pauses; a pod whose kubelet has waited in vain for a volume that the node has no room for has failed.
 * Loaded only where a scenario says how long all this takes.
 * Source: pkg/controller/volume/attachdetach/{attach_detach_controller,reconciler/reconciler}.go,
 * pkg/volume/util/operationexecutor, pkg/kubelet/{kubelet,volumemanager/volume_manager}.go (v1.36). docs/model.md has
 * the departures.
 *
 * Costs an event and an object for each volume that is attached or detached and an event for the mounts of a pod; a
 * look at its template for a pod without volumes.
 */
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { sortedTexts } from '../cluster/label-requirements.ts';
import { isOutOfService, nextStatusAt } from '../cluster/node-facts.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver, ObjectAction } from '../cluster/observer.ts';
import { findClaim, findVolume, podClaims, usesClaim } from '../cluster/volume-claims.ts';
import type { MountRefusal, VolumeMounts } from '../cluster/volume-mounts.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { MountWait } from './mount-wait.ts';
import type { MakeVolumes } from './settings.ts';
import { SlowProvisioner } from './slow-provisioner.ts';
import { StorageCalls } from './storage-calls.ts';
import { VolumeAttachments, driverOf } from './volume-attachments.ts';
import type { AttachedVolume } from './volume-attachments.ts';

/** ReconcilerMaxWaitForUnmountDuration. */
const MOST_UNMOUNT_MICROS: Micros = 6 * MICROS_PER_MINUTE;

/** How a driver answers when it cannot. */
const FAILURE = 'rpc error: code = Internal desc = the driver failed';
const EXHAUSTED = 'rpc error: code = ResourceExhausted desc = the node has its maximum number of volumes attached';

interface Attachment extends AttachedVolume {
  /** `failed`: it is attached again after a pause. All others hold a slot of the node. */
  state: 'attaching' | 'failed' | 'attached' | 'detaching';
  /** In a row. */
  failures: number;
  /** The last one was for want of room. */
  isExhausted: boolean;
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
  then: ((refusal: MountRefusal | null) => void) | null;
  wait: MountWait | null;
  /** Of this wait: events of an earlier one are void. */
  ticket: number;
  isMounting: boolean;
  mountFailures: number;
  /** Somebody looks when the kubelet's wait ends. */
  isWatched: boolean;
}

export class AttachDetach implements ClusterObserver, TroubleListener, VolumeMounts {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly calls: StorageCalls;
  private readonly objects: VolumeAttachments;
  private readonly troubles: NodeTroubles | null;
  private readonly attachments: Attachment[] = [];
  /** By volume: places in `attachments` by node name. */
  private readonly byVolume = new Map<string, Map<string, number>>();
  private readonly pods = new Map<number, PodVolumes>();
  /** By volume: pods that wait until another node lets it go. */
  private readonly waiting = new Map<string, Set<number>>();
  private tickets = 0;
  private readonly events: Readonly<Record<'want' | 'attach' | 'attached' | 'release' | 'force' | 'detach' |
    'detached' | 'mount' | 'mounted' | 'told' | 'timeout', EventKind>>;
  /** Told of each volume that no node has any more. */
  private readonly onFree: (volume: string) => void;

  constructor(
    kernel: Kernel, cluster: Cluster, calls: StorageCalls, phase: number, troubles: NodeTroubles | null,
    onFree: (volume: string) => void,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.calls = calls;
    this.objects = new VolumeAttachments(cluster);
    this.troubles = troubles;
    this.onFree = onFree;
    const node = 3;
    const ofPod = (does: (pod: number, own: PodVolumes) => void) => (pod: number, ticket: number): void => {
      const own = this.pods.get(pod);
      if (own?.ticket === ticket) does(pod, own);
    };
    this.events = {
      want: kernel.defineEvent('volumes wanted', phase, (pod) => this.attachAll(pod)),
      attach: kernel.defineEvent('volume to attach', phase, (id) => this.attach(id)),
      attached: kernel.defineEvent('volume attached', phase, (id) => this.attached(id)),
      release: kernel.defineEvent('volume released', phase, (id) => this.release(id)),
      force: kernel.defineEvent('volume detached by force', phase, (id) => this.force(id)),
      detach: kernel.defineEvent('volume to detach', phase, (id) => this.detach(id)),
      detached: kernel.defineEvent('volume detached', phase, (id) => this.detached(id)),
      mount: kernel.defineEvent('volumes to mount', node, ofPod((pod, own) => this.mount(pod, own))),
      mounted: kernel.defineEvent('volumes mounted', node, ofPod((pod, own) => this.mounted(pod, own))),
      told: kernel.defineEvent('volumes found mounted', node, ofPod((_pod, own) => this.answer(own, null))),
      timeout: kernel.defineEvent('volumes waited for in vain', node, ofPod((pod, own) => this.waitedInVain(pod, own))),
    };
    cluster.observe(this);
    troubles?.listeners.push(this);
  }

  /** true: the pod's volumes are there, or it has none. */
  areMounted(pod: number, then: (refusal: MountRefusal | null) => void): boolean {
    const own = this.pods.get(pod);
    if (own === undefined) return true;
    own.then = then;
    const name = this.cluster.podName(pod);
    own.wait = new MountWait(this.kernel.now, () => this.kernel.random.stream('mount-wait', name).next());
    own.ticket = ++this.tickets;
    own.isMounting = own.isWatched = false;
    if (own.volumes.some((volume) => this.attachmentOf(own, volume)?.isExhausted === true)) this.watch(pod, own);
    this.mountIfAttached(pod, own);
    return false;
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podBound(pod: number, placed: boolean): void {
    const { pods, nodes } = this.cluster;
    const volumes = this.volumesOf(pod);
    if (volumes.length === 0) return;
    const node = nodes.facts[pods.node[pod]].name;
    this.pods.set(pod, {
      node, volumes, refused: new Set(), then: null, wait: null, ticket: 0, isMounting: false, mountFailures: 0,
      isWatched: false,
    });
    // It ran before the simulation began: so were its volumes attached.
    if (placed) for (const volume of volumes) this.putAttached(volume, node).users.add(pod);
    this.kernel.after(0, this.events.want, pod);
  }

  podRemoved(pod: number): void {
    const own = this.pods.get(pod);
    if (own === undefined) return;
    this.pods.delete(pod);
    for (const volume of own.volumes) {
      this.waiting.get(volume)?.delete(pod);
      const id = this.byVolume.get(volume)?.get(own.node);
      if (id === undefined || !this.attachments[id].users.delete(pod)) continue;
      if (this.attachments[id].users.size === 0) this.letGo(id);
    }
  }

  /** What was attached before the run began, whether a pod uses it or not. */
  objectChanged(kind: string, action: ObjectAction, object: KubernetesObject): void {
    if (kind !== 'VolumeAttachment' || action === 'delete') return;
    const given = this.objects.noteGiven(object);
    if (given === undefined || this.byVolume.get(given.volume)?.has(given.node) === true) return;
    this.letGo(this.put(given, 'attached'));
  }

  private letGo(id: number): void {
    this.attachments[id].freeSince = this.kernel.now;
    this.kernel.at(this.nextReport(this.attachments[id].node), this.events.release, id);
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
      if (id !== undefined && this.attachments[id].users.size === 0) this.kernel.after(0, this.events.release, id);
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
      const attachment = this.attachments[known];
      attachment.users.add(pod);
      if (attachment.state === 'attached') this.objects.write(attachment);
      if (attachment.isExhausted) this.watch(pod, own);
      return this.mountIfAttached(pod, own);
    }
    if (known !== undefined || ((byNode?.size ?? 0) > 0 && this.isExclusive(volume))) {
      this.waiting.set(volume, (this.waiting.get(volume) ?? new Set()).add(pod));
      if (known === undefined) this.tellMultiAttach(pod, volume, own);
      return;
    }
    const id = this.put({ volume, node: own.node, driver: driverOf(findVolume(this.cluster, volume)) }, 'failed');
    this.attachments[id].users.add(pod);
    this.attach(id);
  }

  private put(attached: AttachedVolume, state: 'failed' | 'attached'): number {
    const { volume, node } = attached;
    const byNode = this.byVolume.get(volume) ?? new Map<string, number>();
    this.byVolume.set(volume, byNode);
    const id = this.attachments.push({
      ...attached, state, failures: 0, isExhausted: false, users: new Set(), freeSince: 0,
    }) - 1;
    byNode.set(node, id);
    if (state === 'attached') this.objects.hold(attached, 1);
    return id;
  }

  private putAttached(volume: string, node: string): Attachment {
    const known = this.byVolume.get(volume)?.get(node);
    const attached = { volume, node, driver: driverOf(findVolume(this.cluster, volume)) };
    return this.attachments[known ?? this.put(attached, 'attached')];
  }

  private attachmentOf({ node }: PodVolumes, volume: string): Attachment | undefined {
    const id = this.byVolume.get(volume)?.get(node);
    return id === undefined ? undefined : this.attachments[id];
  }

  /** Asks the driver, if anybody wants the volume there yet. */
  private attach(id: number): void {
    const attachment = this.attachments[id];
    if (attachment.state !== 'failed') return;
    if (attachment.users.size === 0) return this.forget(id);
    this.objects.write(attachment);
    attachment.isExhausted = !this.objects.hasRoom(attachment);
    if (attachment.isExhausted) return this.attachFailed(id, EXHAUSTED);
    attachment.state = 'attaching';
    this.objects.hold(attachment, 1);
    this.kernel.after(this.calls.micros('attach', attachment.volume), this.events.attached, id);
  }

  private attached(id: number): void {
    const attachment = this.attachments[id];
    const { volume, users } = attachment;
    if (this.calls.fails('attach', volume)) {
      this.objects.hold(attachment, -1);
      return this.attachFailed(id, FAILURE);
    }
    attachment.state = 'attached';
    attachment.failures = 0;
    if (users.size === 0) return this.release(id);
    for (const pod of users) {
      const own = this.pods.get(pod);
      if (own === undefined) continue;
      const message = `AttachVolume.Attach succeeded for volume "${volume}"`;
      this.tell(pod, 'Normal', 'SuccessfulAttachVolume', message);
      this.mountIfAttached(pod, own);
    }
  }

  private attachFailed(id: number, why: string): void {
    const attachment = this.attachments[id];
    const { volume, users } = attachment;
    attachment.state = 'failed';
    this.kernel.after(this.calls.pauseMicros('attach', ++attachment.failures), this.events.attach, id);
    for (const pod of users) {
      const message = `AttachVolume.Attach failed for volume "${volume}" : ${why}`;
      this.tell(pod, 'Warning', 'FailedAttachVolume', message);
      const own = this.pods.get(pod);
      if (attachment.isExhausted && own !== undefined) this.watch(pod, own);
    }
  }

  /** Nobody wants it there any more, and it is not there. */
  private forget(id: number): void {
    const attachment = this.attachments[id];
    const { volume, node } = attachment;
    const byNode = this.byVolume.get(volume);
    if (byNode?.get(node) !== id) return;
    byNode.delete(node);
    if (byNode.size === 0) this.byVolume.delete(volume);
    this.objects.remove(attachment);
    const waiting = [...(this.waiting.get(volume) ?? [])];
    this.waiting.delete(volume);
    for (const pod of waiting) this.want(pod, volume);
    if (!this.byVolume.has(volume)) this.onFree(volume);
  }

  isAttached(volume: string): boolean {
    return this.byVolume.has(volume);
  }

  // ---- events ----------------------------------------------------------------------------------------------------

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

  private tell(
    pod: number, type: 'Normal' | 'Warning', reason: string, message: string, from = 'attachdetach-controller',
  ): void {
    this.cluster.recordEvent(pod, { type, reason, message, from, fieldPath: '' });
  }

  // ---- mounting --------------------------------------------------------------------------------------------------

  private mountIfAttached(pod: number, own: PodVolumes): void {
    const isThere = (volume: string): boolean => {
      const attachment = this.attachmentOf(own, volume);
      return attachment?.state === 'attached' && attachment.users.has(pod);
    };
    if (own.then === null || own.isMounting || !own.volumes.every(isThere)) return;
    own.isMounting = true;
    this.mount(pod, own);
  }

  private mount(pod: number, own: PodVolumes): void {
    this.afterOf(pod, own, this.calls.micros('mount', own.volumes[0]), this.events.mounted);
  }

  private mounted(pod: number, own: PodVolumes): void {
    const [volume] = own.volumes;
    if (this.calls.fails('mount', volume)) {
      const message = `MountVolume.MountDevice failed for volume "${volume}" : ${FAILURE}`;
      this.tell(pod, 'Warning', 'FailedMount', message, 'kubelet');
      return this.afterOf(pod, own, this.calls.pauseMicros('mount', ++own.mountFailures), this.events.mount);
    }
    const { now } = this.kernel;
    const looksAt = own.wait?.looksAt(now) ?? now;
    if (looksAt > now) this.afterOf(pod, own, looksAt - now, this.events.told);
    else this.answer(own, null);
  }

  private answer(own: PodVolumes, refusal: MountRefusal | null): void {
    const { then } = own;
    own.then = null;
    own.mountFailures = 0;
    then?.(refusal);
  }

  /** Its kubelet looks once its wait is over whether there was room on the node. */
  private watch(pod: number, own: PodVolumes): void {
    if (own.isWatched || own.then === null || own.wait === null) return;
    own.isWatched = true;
    this.afterOf(pod, own, own.wait.failsAt(this.kernel.now) - this.kernel.now, this.events.timeout);
  }

  private waitedInVain(pod: number, own: PodVolumes): void {
    if (own.then === null) return;
    own.isWatched = false;
    const unattached = own.volumes.filter((volume) => this.attachmentOf(own, volume)?.state !== 'attached');
    if (!unattached.some((volume) => this.attachmentOf(own, volume)?.isExhausted === true)) return;
    const named = (volumes: readonly string[]): string =>
      sortedTexts(volumes.map((volume) => this.nameInPod(pod, volume))).join(' ');
    this.answer(own, {
      reason: 'VolumeAttachmentLimitExceeded',
      message: 'Pod was rejected: Node has reached its volume attachment limit, rejecting pod. unmounted volumes=' +
        `[${named(own.volumes)}], unattached volumes=[${named(unattached)}], failed to process volumes=[]: ` +
        'context deadline exceeded',
    });
  }

  private afterOf(pod: number, { ticket }: PodVolumes, micros: Micros, event: EventKind): void {
    this.kernel.after(micros, event, pod, ticket);
  }

  // ---- detaching -------------------------------------------------------------------------------------------------

  private release(id: number): void {
    const { state, users, node, freeSince } = this.attachments[id];
    if (users.size > 0) return;
    if (state === 'failed') return this.forget(id);
    if (state !== 'attached') return;
    const row = this.cluster.nodeRow(node);
    if (this.isHeard(row) || (row >= 0 && isOutOfService(this.cluster.nodes.facts[row]))) this.beginDetach(id);
    else this.kernel.at(Math.max(freeSince + MOST_UNMOUNT_MICROS, this.kernel.now), this.events.force, id);
  }

  private force(id: number): void {
    const { state, users, freeSince } = this.attachments[id];
    const isLongFree = this.kernel.now - freeSince >= MOST_UNMOUNT_MICROS;
    if (state === 'attached' && users.size === 0 && isLongFree) this.beginDetach(id);
  }

  private beginDetach(id: number): void {
    this.attachments[id].state = 'detaching';
    this.detach(id);
  }

  private detach(id: number): void {
    this.kernel.after(this.calls.micros('detach', this.attachments[id].volume), this.events.detached, id);
  }

  private detached(id: number): void {
    const attachment = this.attachments[id];
    if (this.calls.fails('detach', attachment.volume)) {
      this.kernel.after(this.calls.pauseMicros('detach', ++attachment.failures), this.events.detach, id);
      return;
    }
    this.objects.hold(attachment, -1);
    this.forget(id);
  }

  private isHeard(row: number): boolean {
    return row >= 0 && this.cluster.nodes.up[row] === 1 && this.troubles?.isCut(row) !== true;
  }

  /** When the node says that it has unmounted a volume (status.volumesInUse); now, when it says nothing. */
  private nextReport(node: string): Micros {
    const { now } = this.kernel;
    const row = this.cluster.nodeRow(node);
    if (!this.isHeard(row)) return now;
    return nextStatusAt(this.cluster.nodes.createdAt[row], now + 1);
  }

  // ---- facts -----------------------------------------------------------------------------------------------------

  private volumesOf(pod: number): string[] {
    const template = this.cluster.templateOf(pod);
    if (template.spec.volumes === undefined) return [];
    const names = podClaims(template, this.cluster.podName(pod)).map(
      ({ name }) => findClaim(this.cluster, template.namespace, name)?.spec?.volumeName ?? '',
    );
    return [...new Set(names)].filter((name) => driverOf(findVolume(this.cluster, name)) !== '');
  }

  private isExclusive(name: string): boolean {
    const modes = findVolume(this.cluster, name)?.spec?.accessModes ?? [];
    return modes.length > 0 && !modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  }

  /** Of the pod's own list of volumes. */
  private nameInPod(pod: number, volume: string): string {
    const template = this.cluster.templateOf(pod);
    const podName = this.cluster.podName(pod);
    const claims = podClaims(template, podName);
    const at = claims.findIndex(
      ({ name }) => findClaim(this.cluster, template.namespace, name)?.spec?.volumeName === volume,
    );
    return (template.spec.volumes ?? []).filter(usesClaim)[at]?.name ?? volume;
  }
}

/** For a simulation's options. */
export const attachDetach: MakeVolumes = (kernel, cluster, settings, phase, troubles, volumes) => {
  const calls = new StorageCalls(kernel, settings);
  const attacher = new AttachDetach(kernel, cluster, calls, phase, troubles, (volume) => {
    volumes.volumeDetached(volume);
  });
  volumes.provisioner = new SlowProvisioner(kernel, calls, phase);
  volumes.isAttached = (volume) => attacher.isAttached(volume);
  return attacher;
};
