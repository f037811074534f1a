/**
 * VolumeBinding (PreFilter, Filter, PreScore, Score, Reserve, PreBind): nodes where the pod's claims are, or can be,
 * bound. Reserve promises volumes to claims and nodes to claims that are to be provisioned, in this plugin only.
 * PreBind hands that to the volume controller, waits until it has bound the claims, and gives up after
 * bindTimeoutSeconds. It asks each second, as upstream does.
 * Score tells how much room a node's storage has left for the claims; in v1.36 PreScore always skips it.
 * Source: plugins/volumebinding/{volume_binding,binder}.go.
 */
import { MICROS_PER_SECOND } from '../../base/time.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { CSIDriver, KubernetesObject, PersistentVolumeClaim, StorageClass } from '../../cluster/objects.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { EventRegistration, EventSubject, Hint } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle, Plugin, PluginFactory, PreFilterResult, RetryLater } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, errorStatus, unresolvable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { MIGRATED_PLUGINS } from './csi-volumes.ts';
import { VolumeMatcher, volumeLimit } from './volume-binding-matching.ts';
import type { LabelledNode, VolumeVerdict } from './volume-binding-matching.ts';
import type { ShapePoint } from './resource-scoring.ts';
import { storageScore } from './volume-binding-scoring.ts';
import {
  claimClassOf,
  findClaim,
  findClass,
  findVolume,
  foreignClaimProblem,
  isClaimOf,
  isFullyBound,
  notFound,
  podClaims,
  volumeNameOf,
  waitsForFirstConsumer,
} from '../../cluster/volume-claims.ts';
import type { PodClaim } from '../../cluster/volume-claims.ts';
import type { VolumePlan } from '../../cluster/volume-matching.ts';

const NAME = 'VolumeBinding';
const UNBOUND_IMMEDIATE = unresolvable(NAME, 'pod has unbound immediate PersistentVolumeClaims');
const POLL: RetryLater = { afterMicros: MICROS_PER_SECOND };
const DEFAULT_BIND_TIMEOUT_SECONDS = 600;

interface BindingState {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Unbound, of classes that wait for a pod. */
  readonly toBind: readonly PersistentVolumeClaim[];
  /** By name, of the nodes that passed Filter while somebody will score them and there is something to bind. */
  readonly verdicts: Map<string, VolumeVerdict>;
  /** What Reserve promised. */
  reserved: VolumePlan | null;
  /** Micros: when PreBind first asked; NaN before. */
  waitingSince: number;
}
const STATE = stateKey<BindingState>(NAME);
/** PreFilter has not run (ErrNotFound). */
const NO_STATE = errorStatus(NAME, 'not found');

/** Of pods without claims; nothing of it ever changes. */
const NO_CLAIMS: BindingState = { bound: [], toBind: [], verdicts: new Map(), reserved: null, waitingSince: NaN };

/** Shared: verdicts by the reasons' text. */
type StatusCache = Map<string, Status>;

export const VolumeBinding: PluginFactory = {
  name: NAME,
  summary: 'nodes where the claims of the pod are or can be bound',
  defaultArgs: { bindTimeoutSeconds: DEFAULT_BIND_TIMEOUT_SECONDS },
  create(args, handle): Plugin {
    const { cluster } = handle;
    const matcher = new VolumeMatcher(cluster);
    const statuses: StatusCache = new Map();
    const scores = cluster.features.storageCapacityScoring;
    const shape = (args['shape'] ?? []) as readonly ShapePoint[];
    const timeoutMicros = Number(args['bindTimeoutSeconds'] ?? DEFAULT_BIND_TIMEOUT_SECONDS) * MICROS_PER_SECOND;
    return {
      name: NAME,
      dependence: { filter: 'cluster', score: scores ? 'cluster' : 'facts' },
      specOnly: true,
      inert: ({ claimNames, hasEphemeralVolumes }) => claimNames.length === 0 && !hasEphemeralVolumes,
      inertByTemplate: true,
      inertUntilChange: true,
      preScoreNeedsPreFilter: scores,
      claimsOnly: true,
      preFilter: (state, pod) => preFilter(state, pod, cluster),
      filter: (state, _pod, node) => filter(state.read(STATE), node, matcher, statuses, scores),
      preScore: (state) => (!scores ? SKIP : state.isWritten(STATE) ? null : NO_STATE),
      score: (state, _pod, node) => {
        const verdict = state.read(STATE)?.verdicts.get(node.name);
        return verdict === undefined ? 0 : storageScore(verdict, shape);
      },
      reserve: (state, _pod, nodeName) => reserve(state.read(STATE), nodeName, matcher, handle),
      unreserve: (state) => {
        const bindingState = state.read(STATE);
        if (bindingState === undefined || bindingState.reserved === null) return;
        matcher.revert(bindingState.reserved);
        bindingState.reserved = null;
      },
      preBind: (state, pod, nodeName) => preBind(state.read(STATE), pod, nodeName, matcher, handle, timeoutMicros),
      eventsToRegister: bindingEvents,
    };
  },
};

function preFilter(state: CycleState, pod: PodInfo, cluster: SchedulerCache): PreFilterResult {
  const claims = podClaims(pod.template, pod.name);
  if (claims.length === 0) {
    state.write(STATE, NO_CLAIMS);
    return { status: SKIP, nodeNames: null };
  }
  const bound: PersistentVolumeClaim[] = [];
  const toBind: PersistentVolumeClaim[] = [];
  let hasUnboundImmediate = false;
  for (const podClaim of claims) {
    const claim = findClaim(cluster, pod.namespace, podClaim.name);
    const problem = claimProblem(podClaim, claim, pod);
    if (claim === undefined || problem !== '') return { status: unresolvable(NAME, problem), nodeNames: null };
    if (isFullyBound(claim)) bound.push(claim);
    else if (volumeNameOf(claim) === '' && isDelayed(claim, cluster)) toBind.push(claim);
    else hasUnboundImmediate = true;
  }
  if (hasUnboundImmediate) return { status: UNBOUND_IMMEDIATE, nodeNames: null };
  state.write(STATE, { bound, toBind, verdicts: new Map(), reserved: null, waitingSince: NaN });
  return { status: null, nodeNames: null };
}

/** '' when there is none. */
function claimProblem({ name, isEphemeral }: PodClaim, claim: PersistentVolumeClaim | undefined, pod: PodInfo): string {
  if (claim === undefined) {
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${JSON.stringify(name)}`
      : notFound('persistentvolumeclaim', name);
  }
  if (claim.status?.phase === 'Lost')
    return `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ` +
      `${JSON.stringify(volumeNameOf(claim))}`;
  if (claim.metadata?.deletionTimestamp !== undefined)
    return `persistentvolumeclaim ${JSON.stringify(name)} is being deleted`;
  return isEphemeral ? foreignClaimProblem(claim, pod.template, pod.name) : '';
}

/** Without a class, or one that is not there, a claim binds at once. */
function isDelayed(claim: PersistentVolumeClaim, cluster: SchedulerCache): boolean {
  const storageClass = findClass(cluster, claimClassOf(claim));
  return storageClass !== undefined && waitsForFirstConsumer(storageClass);
}

function filter(
  state: BindingState | undefined,
  node: LabelledNode,
  matcher: VolumeMatcher,
  statuses: StatusCache,
  scores: boolean,
): Status | null {
  if (state === undefined) return null;
  const verdict = matcher.find(state.bound, state.toBind, node);
  const { reasons, error } = verdict;
  if (error !== '') return errorStatus(NAME, error);
  if (reasons.length === 0) {
    if (scores && state.toBind.length > 0) state.verdicts.set(node.name, verdict);
    return null;
  }
  const key = reasons.join('\n');
  let status = statuses.get(key);
  if (status === undefined) statuses.set(key, (status = unresolvable(NAME, ...reasons)));
  return status;
}

/** Decides once more for the chosen node, which is cheaper than keeping a plan for each that was filtered. */
function reserve(
  state: BindingState | undefined, nodeName: string, matcher: VolumeMatcher, { snapshot }: Handle,
): Status | null {
  if (state === undefined || state.toBind.length === 0) return null;
  const node = snapshot.find(nodeName);
  if (node === undefined) return errorStatus(NAME, `node ${JSON.stringify(nodeName)} not found`);
  const { plan, error } = matcher.find(state.bound, state.toBind, node);
  if (error !== '') return errorStatus(NAME, error);
  matcher.assume(plan, nodeName);
  state.reserved = plan;
  return null;
}

/** Nothing to wait for when every claim was bound at Reserve already. */
function preBind(
  state: BindingState | undefined,
  pod: PodInfo,
  nodeName: string,
  matcher: VolumeMatcher,
  handle: Handle,
  timeoutMicros: number,
): Status | RetryLater | null {
  if (state === undefined || state.reserved === null) return null;
  const { cluster } = handle;
  const node = handle.snapshot.find(nodeName);
  if (node === undefined) return bindingError(`node ${JSON.stringify(nodeName)} not found`);
  const now = handle.now();
  if (Number.isNaN(state.waitingSince)) {
    state.waitingSince = now;
    handle.bindVolumes?.(state.reserved, node);
  }
  let areBound = true;
  for (const { name } of podClaims(pod.template, pod.name)) {
    const claim = findClaim(cluster, pod.namespace, name);
    if (claim === undefined) return bindingError(notFound('persistentvolumeclaim', name));
    const volume = findVolume(cluster, volumeNameOf(claim));
    if (volume !== undefined && !matcher.isReachable(volume, node)) {
      return bindingError(
        `pv ${JSON.stringify(volumeNameOf(claim))} node affinity doesn't match node ${JSON.stringify(nodeName)}: no ` +
          'matching NodeSelectorTerms',
      );
    }
    if (!isFullyBound(claim)) areBound = false;
  }
  if (areBound) return null;
  return now - state.waitingSince >= timeoutMicros ? bindingError('context deadline exceeded') : POLL;
}

function bindingError(text: string): Status {
  return errorStatus(NAME, `binding volumes: ${text}`);
}

function bindingEvents(): readonly EventRegistration[] {
  return [
    { event: event('StorageClass', Action.Add), hint: null },
    {
      event: event('StorageClass', Action.Update),
      hint: (_pod, { object, objectBefore }) => queueIf(topologiesText(object) !== topologiesText(objectBefore)),
    },
    {
      event: event('PersistentVolumeClaim', Action.Add | Action.Update),
      hint: (pod, { object }) => queueIf(isClaimOf(object, pod.template, pod.name)),
    },
    { event: event('PersistentVolume', Action.Add | Action.Update), hint: null },
    { event: event('Node', Action.Add | Action.UpdateNodeLabel), hint: null },
    { event: event('CSINode', Action.Add), hint: null },
    {
      event: event('CSINode', Action.Update),
      hint: (_pod, { object, objectBefore }) => queueIf(migratedPlugins(object) !== migratedPlugins(objectBefore)),
    },
    { event: event('CSIDriver', Action.Update), hint: (pod, subject) => queueIf(dropsCapacityCheck(pod, subject)) },
    { event: event('CSIStorageCapacity', Action.Add), hint: null },
    {
      event: event('CSIStorageCapacity', Action.Update),
      hint: (_pod, { object, objectBefore }) => queueIf(raisesLimit(object, objectBefore)),
    },
  ];
}

function queueIf(condition: boolean): Hint {
  return condition ? 'Queue' : 'QueueSkip';
}

function topologiesText(storageClass: KubernetesObject | undefined): string {
  return JSON.stringify((storageClass as StorageClass | undefined)?.allowedTopologies ?? []);
}

function migratedPlugins(csiNode: KubernetesObject | undefined): string {
  return csiNode?.metadata?.annotations?.[MIGRATED_PLUGINS] ?? '';
}

/** The driver of an inline volume of the pod stopped publishing its storage capacity. */
function dropsCapacityCheck(pod: PodInfo, { object, objectBefore }: EventSubject): boolean {
  const name = object?.metadata?.name;
  if (!(pod.template.spec.volumes ?? []).some(({ csi }) => csi !== undefined && csi.driver === name)) return false;
  return checksCapacity(objectBefore) && !checksCapacity(object);
}

function checksCapacity(driver: KubernetesObject | undefined): boolean {
  return (driver as CSIDriver | undefined)?.spec?.storageCapacity === true;
}

function raisesLimit(now: KubernetesObject | undefined, before: KubernetesObject | undefined): boolean {
  const limit = volumeLimit(now);
  const old = volumeLimit(before);
  return limit !== null && (old === null || limit > old);
}
