/**
 * Pods of a run as the API server would show them. A pod whose machine is down keeps the status that its kubelet last
 * wrote: nobody is there to write another one. Sources: pkg/kubelet/{kubelet_pods,status/generate}.go (v1.36).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Container, OwnerReference, PodSpec } from '../cluster/objects.ts';
import { qosClass } from '../cluster/pod-requests.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { isGenerated } from '../cluster/lineages.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../cluster/workload-table.ts';
import type { ContainerLook } from '../simulation/simulation.ts';
import type { LookedHistory } from './looked-history.ts';
import type {
  ContainerState, LookedContainerStatus, LookedPod, LookedPodStatus, TimedCondition,
} from './looked-object.ts';

/** What is looked at, and how its times are written. */
export interface LookedRun {
  readonly cluster: Cluster;
  readonly history: LookedHistory;
  /** null: nobody says what runs in the pod. */
  readonly containersOf: (pod: number) => readonly ContainerLook[] | null;
  /** RFC 3339, of micros of the run. */
  readonly timeText: (at: Micros) => string;
  /** The time of day at the beginning of the run, since 1970. */
  readonly beginsMicros: Micros;
}

/** Reason of the condition DisruptionTarget, by what makes the pod go. */
const DISRUPTIONS: Readonly<Record<number, string>> = {
  [EvictionCause.Taint]: 'DeletionByTaintManager',
  [EvictionCause.NodeFailure]: 'DeletionByPodGC',
  [EvictionCause.Preemption]: 'PreemptionByScheduler',
  [EvictionCause.ScaleDown]: 'EvictionByEvictionAPI',
  [EvictionCause.Api]: 'EvictionByEvictionAPI',
  [EvictionCause.NodePressure]: 'TerminationByKubelet',
  [EvictionCause.NodeShutdown]: 'TerminationByKubelet',
  [EvictionCause.KubeletPreemption]: 'TerminationByKubelet',
};

/** Of a kind of workloads. */
export function apiVersionOf(kind: string): string {
  return kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1';
}

/** What the pod's containers do, as its status says. */
type Stage = 'unbound' | 'starting' | 'running' | 'ended';

/** Rows of all pods that the API server has, in no order. */
export function podRows(cluster: Cluster): number[] {
  const rows: number[] = [];
  const { phase, length } = cluster.pods;
  for (let row = 0; row < length; row++) if (phase[row] !== PodPhase.Free) rows.push(row);
  return rows;
}

export function lookedPod(run: LookedRun, row: number): LookedPod {
  const { cluster, history, timeText } = run;
  const { pods, nodes } = cluster;
  const template = cluster.templateOf(row);
  const node = pods.node[row];
  const nodeName = node >= 0 ? nodes.facts[node].name : history.nodeOfEnded(row);
  const owner = ownerOf(cluster, row, template);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: cluster.podName(row),
      namespace: template.namespace,
      uid: podUid(pods.serial[row]),
      labels: { ...Object.fromEntries(template.labels), ...labelsByOwner(cluster, row) },
      creationTimestamp: timeText(pods.createdAt[row]),
      ...(pods.isTerminating(row) ? deletionOf(run, row, template) : {}),
      ...(owner === null ? {} : { ownerReferences: [owner] }),
    },
    spec: { ...withVolumeNames(template.spec), ...(nodeName === '' ? {} : { nodeName }), priority: template.priority },
    status: statusOf(run, row, template),
  };
}

/** Templates keep of a volume what a scheduler looks at: names that nobody looks at are made up. */
function withVolumeNames(spec: PodSpec): PodSpec {
  if (spec.volumes === undefined) return spec;
  return { ...spec, volumes: spec.volumes.map((own, index) => ({ name: `volume-${String(index)}`, ...own })) };
}

/** In the form of a UID, counted in order of creation. */
export function podUid(serial: number): string {
  return `00000000-0000-4000-8000-${(serial + 1).toString(16).padStart(12, '0')}`;
}

/** The controller that made the pod; null: nobody. */
function ownerOf(cluster: Cluster, row: number, { controller, namespace }: PodTemplate): OwnerReference | null {
  const { workloads } = cluster;
  const owner = cluster.pods.owner[row];
  const kind = controller?.kind ?? (owner < 0 ? '' : WORKLOAD_KIND_NAMES[workloads.kind[owner]]);
  if (kind === '') return null;
  const name = controller?.name ?? cluster.names.text(workloads.nameBase[owner]);
  const uid = controller?.uid ?? `${kind}/${namespace}/${name}`;
  return { apiVersion: apiVersionOf(kind), kind, name, uid, controller: true };
}

/** Those by which a generated workload knows its pods; all pods of a kind of workload share their template. */
function labelsByOwner({ workloads, pods }: Cluster, row: number): Readonly<Record<string, string>> {
  const owner = pods.owner[row];
  if (owner < 0 || !workloads.isObject(owner) || !isGenerated(workloads, owner)) return {};
  const { template } = workloads.object[owner]?.spec ?? {};
  if (workloads.kind[owner] !== WorkloadKind.Job) return template?.metadata?.labels ?? {};
  const name = workloads.nameOf(owner);
  return { 'batch.kubernetes.io/job-name': name, 'job-name': name };
}

function deletionOf(
  { cluster, timeText }: LookedRun, row: number, { graceMicros }: PodTemplate,
): { readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number } {
  const deletionTimestamp = timeText(cluster.pods.deletionAt[row] + graceMicros);
  return { deletionTimestamp, deletionGracePeriodSeconds: Math.round(graceMicros / MICROS_PER_SECOND) };
}

function statusOf(run: LookedRun, row: number, template: PodTemplate): LookedPodStatus {
  const { cluster, timeText } = run;
  const { pods } = cluster;
  const stage = stageOf(cluster, row);
  const { spec } = template;
  const isReady = isShownReady(cluster, row, stage);
  const nominatedNodeName = pods.node[row] < 0 ? cluster.nominatedNodeName(row) : '';
  const acknowledgedAt = pods.acknowledgedAt[row];
  // Of a pod that its kubelet has made go the reason is told, not how its containers ended.
  const { reason, message } = pods.history(row);
  const hasContainers = stage !== 'unbound' && reason === '';
  const hasStarted = acknowledgedAt === acknowledgedAt;
  const inits = spec.initContainers ?? [];
  const main = mainState(run, row, stage);
  const lives = stage === 'unbound' || stage === 'ended' ? null : run.containersOf(row);
  const ofInit = (own: Container, index: number): LookedContainerStatus => {
    if (lives !== null) return livingStatus(run, own, lives[index], 'init', main);
    const state = initState(run, row, stage, own);
    return containerStatus(own, state, state.waiting === undefined, 0);
  };
  // Of an ended pod restarts are counted by pod: the first container stands for all.
  const ofMain = (own: Container, index: number): LookedContainerStatus =>
    lives !== null
      ? livingStatus(run, own, lives[inits.length + index], 'main', main)
      : containerStatus(own, main, isReady, index === 0 ? pods.history(row).restarts : 0);
  return {
    phase: phaseOf(pods.phase[row], stage),
    ...(reason === '' ? {} : { reason, message }),
    conditions: conditionsOf(run, row, stage, isReady),
    ...(hasStarted ? { startTime: timeText(acknowledgedAt) } : {}),
    qosClass: qosClass({ spec }),
    ...(nominatedNodeName === '' ? {} : { nominatedNodeName }),
    ...(!hasContainers || inits.length === 0 ? {} : { initContainerStatuses: inits.map(ofInit) }),
    ...(hasContainers ? { containerStatuses: (spec.containers ?? []).map(ofMain) } : {}),
  };
}

function stageOf({ pods, nodes }: Cluster, row: number): Stage {
  const phase = pods.phase[row];
  if (phase === PodPhase.Pending) return 'unbound';
  if (phase === PodPhase.Running) return 'running';
  if (phase !== PodPhase.Bound) return pods.startedAt[row] === pods.startedAt[row] ? 'ended' : 'unbound';
  const hasRun = pods.startedAt[row] === pods.startedAt[row];
  return hasRun && nodes.up[pods.node[row]] === 0 ? 'running' : 'starting';
}

function phaseOf(phase: number, stage: Stage): string {
  if (phase === PodPhase.Succeeded) return 'Succeeded';
  if (phase === PodPhase.Failed) return 'Failed';
  return stage === 'running' ? 'Running' : 'Pending';
}

function isShownReady({ pods, nodes }: Cluster, row: number, stage: Stage): boolean {
  if (stage !== 'running') return false;
  if (pods.phase[row] === PodPhase.Running) return pods.isReady(row);
  // Its machine is down: the node-lifecycle controller takes Ready back once it has noticed.
  const conditions = nodes.facts[pods.node[row]].object.status?.conditions ?? [];
  return conditions.every(({ type, status }) => type !== 'Ready' || status === 'True');
}

function conditionsOf(run: LookedRun, row: number, stage: Stage, isReady: boolean): TimedCondition[] {
  const { cluster, history, timeText } = run;
  const { pods } = cluster;
  const disruption = DISRUPTIONS[pods.cause[row]];
  const since = (at: Micros): { readonly lastTransitionTime?: string } =>
    at === at ? { lastTransitionTime: timeText(at) } : {};
  const disruptedAt = pods.isTerminating(row) ? pods.deletionAt[row] : pods.endedAt[row];
  const target: TimedCondition[] =
    disruption === undefined
      ? []
      : [{ type: 'DisruptionTarget', status: 'True', reason: disruption, ...since(disruptedAt) }];
  if (stage === 'unbound') {
    const isGated = (cluster.templateOf(row).spec.schedulingGates ?? []).length > 0;
    const failed = history.unscheduled(row);
    if (isGated)
      return [...target, {
        type: 'PodScheduled', status: 'False', reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates', ...since(pods.createdAt[row]),
      }];
    if (failed === null) return target;
    const { message } = failed;
    return [...target, {
      type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, ...since(failed.since),
    }];
  }
  const truth = (type: string, isTrue: boolean, at: Micros, reason?: string): TimedCondition => ({
    type, status: isTrue ? 'True' : 'False', ...(isTrue || reason === undefined ? {} : { reason }), ...since(at),
  });
  const turnedAt = pods.readyAt[row];
  const why = stage === 'ended' ? 'PodCompleted' : 'ContainersNotReady';
  const hasInitialized = stage !== 'starting' || !hasInits(cluster, row);
  return [
    ...target,
    truth('PodReadyToStartContainers', stage === 'running', pods.startedAt[row]),
    truth('Initialized', hasInitialized, pods.startedAt[row], 'ContainersNotInitialized'),
    truth('Ready', isReady, turnedAt, why),
    truth('ContainersReady', isReady, turnedAt, why),
    truth('PodScheduled', true, pods.boundAt[row]),
  ];
}

function hasInits(cluster: Cluster, row: number): boolean {
  return (cluster.templateOf(row).spec.initContainers ?? []).length > 0;
}

function mainState(run: LookedRun, row: number, stage: Stage): ContainerState {
  const { waits } = run.cluster.pods.history(row);
  if (stage === 'starting' && waits !== '') return { waiting: { reason: waits } };
  if (stage === 'starting')
    return { waiting: { reason: hasInits(run.cluster, row) ? 'PodInitializing' : 'ContainerCreating' } };
  return stage === 'running' ? runningState(run, row) : endedState(run, row, run.cluster.pods.history(row).exitCode);
}

function initState(run: LookedRun, row: number, stage: Stage, { restartPolicy }: Container): ContainerState {
  if (stage === 'starting') return { waiting: { reason: 'PodInitializing' } };
  return restartPolicy === 'Always' && stage === 'running' ? runningState(run, row) : endedState(run, row, 0);
}

function runningState({ cluster, timeText }: LookedRun, row: number): ContainerState {
  return { running: { startedAt: timeText(cluster.pods.startedAt[row]) } };
}

function endedState({ cluster, timeText }: LookedRun, row: number, exitCode: number): ContainerState {
  const { startedAt, endedAt } = cluster.pods;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const finished = endedAt[row] === endedAt[row] ? { finishedAt: timeText(endedAt[row]) } : {};
  return { terminated: { exitCode, reason, startedAt: timeText(startedAt[row]), ...finished } };
}

function containerStatus(
  { name = '', image = '' }: Container, state: ContainerState, ready: boolean, restartCount: number,
): LookedContainerStatus {
  return { name, image, ready, started: state.running !== undefined, restartCount, state };
}

/** `waiting`: as a container that has never run says it. */
function livingStatus(
  { timeText }: LookedRun, { name = '', image = '' }: Container, look: ContainerLook, role: 'init' | 'main',
  waiting: ContainerState,
): LookedContainerStatus {
  const { state, restarts, last, runsFrom, isStarted, isReady } = look;
  const ended: ContainerState = last === null ? {} : {
    terminated: {
      exitCode: last.exitCode, reason: last.exitCode === 0 ? 'Completed' : 'Error',
      startedAt: timeText(last.ranFrom), finishedAt: timeText(last.at),
    },
  };
  const shown: ContainerState = {
    waiting: waiting.waiting === undefined ? { waiting: { reason: 'PodInitializing' } } : waiting,
    backoff: { waiting: { reason: 'CrashLoopBackOff' } },
    running: { running: { startedAt: timeText(runsFrom) } },
    ended,
  }[state];
  // What has ended for the last time is told by its state alone.
  const lastState = last === null || state === 'ended' ? {} : { lastState: ended };
  const ready = isReady || (role === 'init' && shown.terminated?.exitCode === 0);
  return { name, image, ready, started: isStarted, restartCount: restarts, state: shown, ...lastState };
}
