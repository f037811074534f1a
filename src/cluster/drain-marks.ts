/**
 * What a pod's annotations and volumes say to whoever drains its node. Part of the pod's template only where it says
 * something, so that templates without such annotations stay as they are.
 * Source: cluster-autoscaler utils/drain/drain.go, pkg/kubelet/types/pod_update.go.
 */
import type { Pod, Volume } from './objects.ts';

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
const SAFE_LOCAL_VOLUMES = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const MIRROR = 'kubernetes.io/config.mirror';

export interface DrainMarks {
  readonly safeToEvict?: 'true' | 'false' | 'on-completion';
  /** A static pod: the API server only mirrors what the kubelet runs. */
  readonly isMirror?: true;
  /** Every local volume is named as one that may be lost. */
  readonly localStorageIsSafe?: true;
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
  if (!isKnown && !localStorageIsSafe && !isMirror) return NO_MARKS;
  return {
    ...(isKnown ? { safeToEvict } : {}),
    ...(isMirror ? { isMirror } : {}),
    ...(localStorageIsSafe ? { localStorageIsSafe } : {}),
  };
}

export function hasMarks(marks: DrainMarks): boolean {
  return marks !== NO_MARKS;
}

/** What is lost with the node; memory is lost with the pod anyway. */
export function isLocalVolume({ hostPath, emptyDir }: Volume): boolean {
  return hostPath !== undefined || (emptyDir !== undefined && emptyDir['medium'] !== 'Memory');
}
