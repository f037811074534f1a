/**
 * Pods as `kubectl get` prints them: the one word that stands for a pod's status is found as upstream finds it.
 * Source: pkg/printers/internalversion/printers.go (printPod), v1.36.
 */
import type { LookedContainerStatus, LookedPod } from '../../experiment/looked-object.ts';
import { compareKeys } from '../format.ts';
import { ageOf } from './age.ts';

export const POD_TITLES = ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'] as const;
export const POD_WIDE_TITLES = ['IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES'] as const;
export const NONE = '<none>';

/** Name, ready containers, status, restarts, age; then, wide, what stands behind them. */
export function podCells(pod: LookedPod, now: number): string[] {
  const { spec, status } = pod;
  const sidecars = sidecarNames(pod);
  const inits = (status.initContainerStatuses ?? []).filter(({ name }) => sidecars.includes(name));
  const counted = [...inits, ...(status.containerStatuses ?? [])];
  const ready = counted.filter((own) => own.ready && own.state.running !== undefined).length;
  const total = sidecars.length + (spec.containers ?? []).length;
  const restarts = counted.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return [
    pod.metadata.name,
    `${String(ready)}/${String(total)}`,
    podStatus(pod),
    restartsText(restarts, counted, now),
    ageOf(pod.metadata.creationTimestamp, now),
    NONE,
    spec.nodeName ?? NONE,
    status.nominatedNodeName ?? NONE,
    NONE,
  ];
}

/** `4 (2m ago)`: how often, and when the last of the runs before ended. */
function restartsText(restarts: number, counted: readonly LookedContainerStatus[], now: number): string {
  const ends = counted.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? []).sort(compareKeys);
  const last = ends.at(-1);
  return restarts === 0 || last === undefined ? String(restarts) : `${String(restarts)} (${ageOf(last, now)} ago)`;
}

/** `Running`, `ContainerCreating`, `Completed`, `Init:0/1`, `Terminating`, ... */
function podStatus(pod: LookedPod): string {
  const { metadata, spec, status } = pod;
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  if (metadata.deletionTimestamp !== undefined && !isOver) return 'Terminating';
  const gated = status.conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const word = gated ? 'SchedulingGated' : (status.reason ?? status.phase);
  const inits = status.initContainerStatuses ?? [];
  const sidecars = sidecarNames(pod);
  const at = inits.findIndex((own) => !hasInitialized(own, sidecars.includes(own.name)));
  if (at >= 0) {
    const reason = initReason(inits[at]);
    return reason === null ? `Init:${String(at)}/${String((spec.initContainers ?? []).length)}` : `Init:${reason}`;
  }
  return containersWord(pod, word);
}

function sidecarNames({ spec }: LookedPod): (string | undefined)[] {
  return (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name);
}

function hasInitialized({ state, started }: LookedContainerStatus, sidecar: boolean): boolean {
  return state.terminated?.exitCode === 0 || (sidecar && started);
}

/** What keeps an init container back; null: its turn has not come, or it is at work. */
function initReason({ state: { terminated, waiting } }: LookedContainerStatus): string | null {
  if (terminated !== undefined) return terminated.reason;
  return waiting === undefined || waiting.reason === 'PodInitializing' ? null : waiting.reason;
}

/** The first container that has something to say; those that have ended do not hide one that runs. */
function containersWord({ status }: LookedPod, word: string): string {
  const all = status.containerStatuses ?? [];
  const waiting = all.find(({ state }) => state.waiting !== undefined)?.state.waiting?.reason;
  const ended = all.find(({ state }) => state.terminated !== undefined)?.state.terminated?.reason;
  const found = waiting ?? ended ?? word;
  const runs = all.some((own) => own.ready && own.state.running !== undefined);
  if (found !== 'Completed' || !runs) return found;
  const isReady = status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return isReady ? 'Running' : 'NotReady';
}
