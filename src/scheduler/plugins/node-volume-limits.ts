/**
 * NodeVolumeLimits (PreFilter, Filter): a node attaches no more volumes of a CSI driver than its CSINode object allows,
 * and, from v1.37 on, needs the driver where the CSIDriver object says so.
 * Filter looks at the volumes of the pods with claims on the node, and only where a limit is set.
 * Source: plugins/nodevolumelimits/csi.go.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CSIDriver, CSINode, KubernetesObject, Volume, VolumeAttachment } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { EventRegistration, Hint, PodEventView } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, errorStatus, unresolvable, unschedulable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { claimedVolume, inTreeVolume, isMigratable } from './csi-volumes.ts';
import type { CsiVolume } from './csi-volumes.ts';
import {
  findClaim,
  findVolume,
  foreignClaimProblem,
  inTreeDriver,
  isClaimOf,
  notFound,
  podClaims,
  usesClaim,
} from '../../cluster/volume-claims.ts';

const NAME = 'NodeVolumeLimits';
const LIMIT_EXCEEDED = unschedulable(NAME, 'node(s) exceed max volume count');

/** `driver/handle` to driver. */
type AttachedVolumes = Map<string, string>;

export const NodeVolumeLimits: PluginFactory = {
  name: NAME,
  summary: 'no more CSI volumes on a node than its driver attaches',
  create(_args, { cluster }): Plugin {
    const required = cluster.features.volumeLimitScaling ? new RequiredDrivers(cluster) : null;
    const attachments = new AttachmentsByNode(cluster);
    return {
      name: NAME,
      dependence: { filter: 'cluster' },
      inert: ({ spec }) => spec.volumes === undefined || spec.volumes.length === 0,
      inertByTemplate: true,
      inertUntilChange: true,
      preFilter: (_state, pod) => ({ status: hasCountedVolume(pod.template) ? null : SKIP, nodeNames: null }),
      filter: (_state, pod, node) => filter(pod, node, cluster, required, attachments),
      eventsToRegister: limitEvents,
    };
  },
};

/** Volumes that may be CSI volumes. */
function hasCountedVolume({ spec }: PodTemplate): boolean {
  return (spec.volumes ?? []).some((volume) => usesClaim(volume) || isMigratable(volume));
}

function filter(
  pod: PodInfo,
  node: NodeInfo,
  cluster: SchedulerCache,
  required: RequiredDrivers | null,
  attachments: AttachmentsByNode,
): Status | null {
  const csiNode = cluster.objects.get<CSINode>('CSINode', node.name);
  const wanted: AttachedVolumes = new Map();
  const problem = collectNewVolumes(pod, csiNode, cluster, wanted);
  if (problem !== null) return problem;
  const missing = required?.missingOn(csiNode, wanted.values()) ?? null;
  if (missing !== null) return missing;
  const limits = volumeLimits(csiNode);
  if (wanted.size === 0 || limits.size === 0) return null;
  const used = usedVolumes(node, csiNode, cluster);
  const counts = new Map<string, number>();
  const count = (driver: string): void => void counts.set(driver, (counts.get(driver) ?? 0) + 1);
  for (const [name, driver] of used) {
    wanted.delete(name);
    count(driver);
  }
  for (const [name, driver] of attachedVolumes(attachments.of(node.name), cluster)) if (!used.has(name)) count(driver);
  const drivers = new Set(wanted.values());
  for (const driver of wanted.values()) count(driver);
  for (const driver of drivers) if ((counts.get(driver) ?? 0) > (limits.get(driver) ?? Infinity)) return LIMIT_EXCEEDED;
  return null;
}

/** Drivers that ask not to have pods where they are not installed. */
class RequiredDrivers {
  private readonly cluster: SchedulerCache;
  /** By driver. */
  private readonly statuses = new Map<string, Status>();

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** The first of the drivers that the node lacks; null: it has all that it needs to have. */
  missingOn(csiNode: CSINode | undefined, drivers: Iterable<string>): Status | null {
    for (const driver of drivers) {
      const { spec } = this.cluster.objects.get<CSIDriver>('CSIDriver', driver) ?? {};
      if (spec?.preventPodSchedulingIfMissing !== true) continue;
      if (csiNode?.spec?.drivers?.some(({ name }) => name === driver) !== true) return this.statusOf(driver);
    }
    return null;
  }

  private statusOf(driver: string): Status {
    let status = this.statuses.get(driver);
    if (status === undefined)
      this.statuses.set(driver, (status = unschedulable(NAME, `${driver} CSI driver is not installed on the node`)));
    return status;
  }
}

/** VolumeAttachment objects by the name of their node: Filter would go through all of them for each node. */
class AttachmentsByNode {
  /** By node: by name of the object. */
  private readonly byNode = new Map<string, Map<string, VolumeAttachment>>();

  constructor(cluster: SchedulerCache) {
    for (const attachment of cluster.objects.list<VolumeAttachment>('VolumeAttachment')) this.put(attachment);
    cluster.observe({
      objectChanged: (kind, action, object, before) => {
        if (kind !== 'VolumeAttachment') return;
        if (before !== undefined) this.drop(before);
        if (action !== 'delete') this.put(object);
      },
    });
  }

  of(node: string): Iterable<VolumeAttachment> {
    return this.byNode.get(node)?.values() ?? [];
  }

  private put(attachment: VolumeAttachment): void {
    const node = attachment.spec?.nodeName ?? '';
    const known = this.byNode.get(node) ?? new Map<string, VolumeAttachment>();
    this.byNode.set(node, known.set(attachment.metadata?.name ?? '', attachment));
  }

  private drop({ metadata, spec }: VolumeAttachment): void {
    this.byNode.get(spec?.nodeName ?? '')?.delete(metadata?.name ?? '');
  }
}

/** A driver without an entry has no limit. */
function volumeLimits(csiNode: CSINode | undefined): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of csiNode?.spec?.drivers ?? [])
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  return limits;
}

/** The volumes of the pod to place: all its claims must be there. */
function collectNewVolumes(
  pod: PodInfo, csiNode: CSINode | undefined, cluster: SchedulerCache, into: AttachedVolumes,
): Status | null {
  const { template } = pod;
  for (const { name, isEphemeral } of podClaims(template, pod.name)) {
    const claim = findClaim(cluster, template.namespace, name);
    if (claim === undefined)
      return unresolvable(
        NAME,
        `looking up PVC ${template.namespace}/${name}: ${notFound('persistentvolumeclaim', name)}`,
      );
    const foreign = isEphemeral ? foreignClaimProblem(claim, template, pod.name) : '';
    if (foreign !== '') return errorStatus(NAME, foreign);
  }
  collectVolumes(template, pod.name, csiNode, cluster, into);
  return null;
}

function collectVolumes(
  template: PodTemplate, podName: string, csiNode: CSINode | undefined, cluster: SchedulerCache, into: AttachedVolumes,
): void {
  const add = (volume: CsiVolume | undefined): void => {
    if (volume !== undefined && volume.driver !== '' && volume.handle !== '')
      into.set(`${volume.driver}/${volume.handle}`, volume.driver);
  };
  for (const { name } of podClaims(template, podName)) {
    const claim = findClaim(cluster, template.namespace, name);
    if (claim !== undefined) add(claimedVolume(claim, csiNode, cluster));
  }
  for (const volume of template.spec.volumes ?? []) if (!usesClaim(volume)) add(inTreeVolume(volume, csiNode));
}

function usedVolumes(node: NodeInfo, csiNode: CSINode | undefined, cluster: SchedulerCache): AttachedVolumes {
  const used: AttachedVolumes = new Map();
  for (const row of node.pods) {
    const template = cluster.templateOf(row);
    if ((template.spec.volumes ?? []).length > 0)
      collectVolumes(template, cluster.podName(row), csiNode, cluster, used);
  }
  return used;
}

/** What VolumeAttachment objects say of a node: attached, or about to be, for pods that may be gone. */
function attachedVolumes(attachments: Iterable<VolumeAttachment>, cluster: SchedulerCache): AttachedVolumes {
  const attached: AttachedVolumes = new Map();
  for (const { spec } of attachments) {
    const attacher = spec?.attacher ?? '';
    if (attacher === '') continue;
    const csi = findVolume(cluster, spec?.source?.persistentVolumeName ?? '')?.spec?.csi;
    if (csi !== undefined) attached.set(`${attacher}/${csi.volumeHandle}`, attacher);
  }
  return attached;
}

function limitEvents(): readonly EventRegistration[] {
  return [
    { event: event('CSINode', Action.Add), hint: null },
    {
      event: event('CSINode', Action.Update),
      hint: (_pod, { object, objectBefore }) => afterCsiNodeUpdate(object, objectBefore),
    },
    { event: event('Pod', Action.Delete), hint: (_pod, subject) => afterPodWent(subject.pod ?? subject.podBefore) },
    {
      event: event('PersistentVolumeClaim', Action.Add),
      hint: (pod, { object }) => (isClaimOf(object, pod.template, pod.name) ? 'Queue' : 'QueueSkip'),
    },
    {
      event: event('VolumeAttachment', Action.Delete),
      hint: (pod, { object, objectBefore }) => afterDetach(pod.template, object ?? objectBefore),
    },
  ];
}

function afterCsiNodeUpdate(now: CSINode | undefined, before: CSINode | undefined): Hint {
  const limits = volumeLimits(before);
  for (const [driver, limit] of volumeLimits(now)) if (limit > (limits.get(driver) ?? Infinity)) return 'Queue';
  return 'QueueSkip';
}

function afterPodWent(gone: PodEventView | undefined): Hint {
  if (gone === undefined || (gone.nodeName === '' && gone.nominatedNodeName === '')) return 'QueueSkip';
  return hasCountedVolume(gone.template) ? 'Queue' : 'QueueSkip';
}

/** Any claim might have been the one that waits for the slot; an in-tree volume is one of its driver. */
function afterDetach({ spec }: PodTemplate, attachment: KubernetesObject | undefined): Hint {
  const attacher = (attachment as VolumeAttachment | undefined)?.spec?.attacher;
  const frees = (volume: Volume): boolean =>
    usesClaim(volume) || (attacher !== undefined && inTreeDriver(volume) === attacher);
  return (spec.volumes ?? []).some(frees) ? 'Queue' : 'QueueSkip';
}
