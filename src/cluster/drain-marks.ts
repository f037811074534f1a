/**
 * What a pod's annotations and volumes say to whoever drains its node or chooses which pods to give up. Part of the
 * pod's template only where it says something, so that templates without such annotations stay as they are.
 * Source: cluster-autoscaler utils/drain/drain.go, pkg/kubelet/types/pod_update.go.
 */
import type { Pod, Volume } from './objects.ts';

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
const SAFE_LOCAL_VOLUMES = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const MIRROR = 'kubernetes.io/config.mirror';

export interface DrainMarks {
  readonly safeToEvict?: 'true' | 'false' | 'on-completion';
  /** A static pod: the API server only mirrors what the kubelet runs. */
  readonly isMirror?: true;
  /** Every local volume is named as one that may be lost. */
  readonly localStorageIsSafe?: true;
  /** Cheaper pods of a ReplicaSet are given up first. */
  readonly deletionCost?: number;
}

const NO_MARKS: DrainMarks = {};

export function drainMarks({ metadata, spec }: Pod): DrainMarks {
  const annotations = metadata?.annotations;
  if (annotations === undefined) return NO_MARKS;
  const safeToEvict = annotations[SAFE_TO_EVICT];
  const safeVolumes = annotations[SAFE_LOCAL_VOLUMES];
  const isKnown = safeToEvict === 'true' || safeToEvict === 'false' || safeToEvict === 'on-completion';
  const local = typeof safeVolumes !== 'string' ? [] : (spec?.volumes ?? []).filter(isLocalVolume);
  const localStorageIsSafe = local.length > 0 && local.every(({ name = '' }) => safeVolumes.split(',').includes(name));
  const isMirror = annotations[MIRROR] !== undefined;
  const deletionCost = deletionCostOf(annotations[DELETION_COST]);
  if (!isKnown && !localStorageIsSafe && !isMirror && deletionCost === 0) return NO_MARKS;
  return {
    ...(isKnown ? { safeToEvict } : {}),
    ...(isMirror ? { isMirror } : {}),
    ...(localStorageIsSafe ? { localStorageIsSafe } : {}),
    ...(deletionCost !== 0 ? { deletionCost } : {}),
  };
}

/**
 * An int32 as Go writes it; 0 for whatever upstream refuses (pkg/apis/core/helper/helpers.go,
 * GetDeletionCostFromPodAnnotations).
 */
export function deletionCostOf(text: string | undefined): number {
  if (text === undefined || !/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost === (cost | 0) ? cost : 0;
}

export function hasMarks(marks: DrainMarks): boolean {
  return marks !== NO_MARKS;
}

/** What is lost with the node; memory is lost with the pod anyway. */
export function isLocalVolume({ hostPath, emptyDir }: Volume): boolean {
  return hostPath !== undefined || (emptyDir !== undefined && emptyDir['medium'] !== 'Memory');
}
