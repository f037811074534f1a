/** What kubelets ask of whoever attaches volumes. Types alone: nothing is loaded. */
import type { Cluster } from './cluster.ts';
import type { NodeTroubles } from './node-troubles.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { StorageSettings } from '../simulation/scenario.ts';

export interface VolumeMounts {
  /** true: the pod has no volumes to wait for. Otherwise `then` is called when they are mounted. */
  areMounted(pod: number, then: () => void): boolean;
}

export type MakeVolumes = (
  kernel: Kernel, cluster: Cluster, settings: StorageSettings, phase: number, troubles: NodeTroubles | null,
) => VolumeMounts;
