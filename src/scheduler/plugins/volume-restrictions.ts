/**
 * VolumeRestrictions (PreFilter, Filter): disks that only one node may mount, and ReadWriteOncePod claims in use.
 * PreFilter looks at the pods of nodes that hold pods with claims, and only for a pod with such a claim.
 * Source: plugins/volumerestrictions/volume_restrictions.go.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { Volume } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { Hint, PodEventView } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { Cloneable, CycleState } from '../framework/cycle-state.ts';
import type { Handle, Plugin, PluginFactory, PreFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, unresolvable, unschedulable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { findClaim, namespaceOf, notFound } from '../../cluster/volume-claims.ts';

const NAME = 'VolumeRestrictions';
const DISK_CONFLICT = unschedulable(NAME, 'node(s) had no available disk');
const CLAIM_IN_USE = unschedulable(
  NAME,
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
);
const READ_WRITE_ONCE_POD = 'ReadWriteOncePod';

interface FilterState extends Cloneable {
  /** Names of the pod's ReadWriteOncePod claims. */
  readonly claims: ReadonlySet<string>;
  /** Uses of them by other pods, on any node. */
  conflicts: number;
}
const FILTER_STATE = stateKey<FilterState>(`PreFilter${NAME}`);

export const VolumeRestrictions: PluginFactory = {
  name: NAME,
  summary: 'disks for one node only and claims for one pod only',
  create(_args, handle): Plugin {
    const { cluster } = handle;
    const disksByTemplate: (readonly Volume[])[] = [];
    const disksOf = (template: PodTemplate): readonly Volume[] =>
      (disksByTemplate[template.id] ??= (template.spec.volumes ?? []).filter(isExclusiveDisk));
    return {
      name: NAME,
      dependence: { filter: 'cluster' },
      inert: ({ spec }) => spec.volumes === undefined || spec.volumes.length === 0,
      inertByTemplate: true,
      inertUntilChange: true,
      preFilter: (state, pod) => preFilter(state, pod, disksOf(pod.template).length > 0, handle),
      preFilterExtensions: {
        addPod: (state, _pod, added) => updateWithPod(state, cluster.templateOf(added), 1),
        removePod: (state, _pod, removed) => updateWithPod(state, cluster.templateOf(removed), -1),
      },
      filter: (state, pod, node): Status | null => {
        if (hasDiskConflict(disksOf(pod.template), node, cluster)) return DISK_CONFLICT;
        return (state.read(FILTER_STATE)?.conflicts ?? 0) > 0 ? CLAIM_IN_USE : null;
      },
      eventsToRegister: () => [
        {
          event: event('Pod', Action.Delete),
          hint: (pod, subject) => afterPodWent(pod, subject.pod ?? subject.podBefore, disksOf(pod.template)),
        },
        { event: event('Node', Action.Add), hint: null },
        {
          event: event('PersistentVolumeClaim', Action.Add),
          hint: (pod, { object }) =>
            namespaceOf(object) === pod.namespace && pod.template.claimNames.includes(object?.metadata?.name ?? '')
              ? 'Queue'
              : 'QueueSkip',
        },
      ],
    };
  },
};

function preFilter(state: CycleState, pod: PodInfo, hasDisks: boolean, { cluster, snapshot }: Handle): PreFilterResult {
  const { namespace, claimNames } = pod.template;
  const claims = new Set<string>();
  for (const name of claimNames) {
    const claim = findClaim(cluster, namespace, name);
    if (claim === undefined)
      return { status: unresolvable(NAME, notFound('persistentvolumeclaim', name)), nodeNames: null };
    if (claim.spec?.accessModes?.includes(READ_WRITE_ONCE_POD) === true) claims.add(name);
  }
  let conflicts = 0;
  for (const name of claims) if (isInUse(name, namespace, snapshot.nodes, cluster)) conflicts++;
  if (!hasDisks && conflicts === 0) return { status: SKIP, nodeNames: null };
  state.write(FILTER_STATE, filterState(claims, conflicts));
  return { status: null, nodeNames: null };
}

function filterState(claims: ReadonlySet<string>, conflicts: number): FilterState {
  return {
    claims,
    conflicts,
    clone(): FilterState {
      return filterState(this.claims, this.conflicts);
    },
  };
}

function isInUse(claim: string, namespace: string, nodes: readonly NodeInfo[], cluster: SchedulerCache): boolean {
  for (const node of nodes) {
    if (node.podsWithClaims === 0) continue;
    for (const row of node.pods) {
      const template = cluster.templateOf(row);
      if (template.namespace === namespace && template.claimNames.includes(claim)) return true;
    }
  }
  return false;
}

/** Claims are compared by name, whatever the namespace, as upstream does here. */
function updateWithPod(state: CycleState, { claimNames }: PodTemplate, change: 1 | -1): null {
  const filterState = state.read(FILTER_STATE);
  if (filterState !== undefined)
    for (const name of claimNames) if (filterState.claims.has(name)) filterState.conflicts += change;
  return null;
}

function hasDiskConflict(disks: readonly Volume[], node: NodeInfo, cluster: SchedulerCache): boolean {
  return disks.length > 0 && node.pods.some((row) => sharesDisk(disks, cluster.templateOf(row).spec.volumes));
}

function sharesDisk(disks: readonly Volume[], others: readonly Volume[] = []): boolean {
  return disks.some((disk) => others.some((other) => conflict(disk, other)));
}

function isExclusiveDisk(volume: Volume): boolean {
  return [volume.gcePersistentDisk, volume.awsElasticBlockStore, volume.rbd, volume.iscsi].some(
    (source) => source !== undefined,
  );
}

function conflict(a: Volume, b: Volume): boolean {
  if (
    a.gcePersistentDisk &&
    b.gcePersistentDisk &&
    a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName &&
    !bothReadOnly(a.gcePersistentDisk, b.gcePersistentDisk)
  )
    return true;
  if (
    a.awsElasticBlockStore &&
    b.awsElasticBlockStore &&
    a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID
  )
    return true;
  if (a.iscsi && b.iscsi && a.iscsi.iqn === b.iscsi.iqn && !bothReadOnly(a.iscsi, b.iscsi)) return true;
  return a.rbd !== undefined && b.rbd !== undefined && isSameRbdImage(a.rbd, b.rbd) && !bothReadOnly(a.rbd, b.rbd);
}

function bothReadOnly(a: { readonly readOnly?: boolean }, b: { readonly readOnly?: boolean }): boolean {
  return a.readOnly === true && b.readOnly === true;
}

type Rbd = NonNullable<Volume['rbd']>;

/** The API server's default pool is `rbd`. */
function isSameRbdImage(a: Rbd, b: Rbd): boolean {
  const sharesMonitor = (a.monitors ?? []).some((monitor) => b.monitors?.includes(monitor) === true);
  return sharesMonitor && (a.pool ?? 'rbd') === (b.pool ?? 'rbd') && (a.image ?? '') === (b.image ?? '');
}

/** Access modes of a shared claim are not looked up. */
function afterPodWent(pod: PodInfo, gone: PodEventView | undefined, disks: readonly Volume[]): Hint {
  if (gone === undefined || gone.template.namespace !== pod.namespace) return 'QueueSkip';
  const frees =
    sharesDisk(disks, gone.template.spec.volumes) ||
    gone.template.claimNames.some((name) => pod.template.claimNames.includes(name));
  return frees ? 'Queue' : 'QueueSkip';
}
