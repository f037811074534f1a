/** What watches the resources of nodes, put together; loaded only where something is said of them. */
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { EPHEMERAL_STORAGE, MEMORY, amountOf } from '../cluster/resources.ts';
import { EvictionMonitor } from './eviction-monitor.ts';
import type { MonitorParts, WatchedResources } from './eviction-monitor.ts';
import { ImageGc } from './image-gc.ts';
import type { Kubelet } from './kubelet.ts';
import { NodeDisks } from './node-disks.ts';
import { USUAL_FILE_BYTES } from './pod-uses.ts';
import type { PodUses } from './pod-lives.ts';
import { DEFAULT_DISK } from './settings.ts';
import type { PressureSettings } from './settings.ts';

export type MakePressure = (
  kernel: Kernel, cluster: Cluster, settings: PressureSettings, watched: WatchedResources, kubelet: Kubelet,
  troubles: NodeTroubles | null,
) => void;

const still = (amount: number): PodUses['memory'] => ({ amount, perMicro: 0 });
const NO_USES: PodUses = { memory: still(0), storage: still(0), inodes: still(0), pids: still(0) };

/** Of pods of which nothing is said: what they request, and a process a container. */
function requestedUses(cluster: Cluster, pod: number): PodUses {
  const { accounted, spec } = cluster.templateOf(pod);
  const storage = amountOf(accounted, EPHEMERAL_STORAGE);
  return {
    memory: still(amountOf(accounted, MEMORY)), storage: still(storage), inodes: still(storage / USUAL_FILE_BYTES),
    pids: still(spec.containers?.length ?? 0),
  };
}

/** For a simulation's options; to be called before the first node joins. */
export const nodePressure: MakePressure = (kernel, cluster, settings, watched, kubelet, troubles) => {
  const { uses: lives, images, admittance } = kubelet;
  // Of a node that is cut off nobody hears that a pod has stopped.
  const hasStopped = (pod: number): boolean =>
    troubles?.isCut(cluster.pods.node[pod]) === true && kubelet.isEvicting(pod);
  const usesOf = (pod: number): PodUses =>
    hasStopped(pod) ? NO_USES : lives?.usesOf(pod) ?? requestedUses(cluster, pod);
  const makeDisks = (): MonitorParts['disks'] => {
    const disks = new NodeDisks(cluster, {
      settings: settings.disk ?? DEFAULT_DISK,
      images, troubles, usesOf,
    });
    return { disks, imageGc: new ImageGc(kernel, cluster, disks, settings) };
  };
  const disks = watched.disk ? makeDisks() : null;
  const host = kubelet;
  new EvictionMonitor(kernel, cluster, { settings, watched, lives, usesOf, host, admittance, disks, troubles });
};
