/**
 * Who goes first when a node runs out of something. Memory and disk: pods that use more than they request, then those
 * of lower priority, then those that use most beyond it. Processes: by priority, then by how many they have. Equals in
 * order of creation. Source: pkg/kubelet/eviction/helpers.go (v1.36); that of a pod's inodes its requested bytes are
 * taken away in the last comparison is upstream's, too.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { EPHEMERAL_STORAGE, MEMORY, amountOf } from '../cluster/resources.ts';
import type { PodUses } from './pod-lives.ts';
import type { EvictionSignal } from './settings.ts';

/** What is named in messages. */
export const RESOURCE_OF: Readonly<Record<EvictionSignal, string>> = {
  'memory.available': 'memory', 'nodefs.available': 'ephemeral-storage', 'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage', 'imagefs.inodesFree': 'inodes', 'pid.available': 'pids',
};

interface Candidate {
  readonly pod: number;
  readonly exceeds: boolean;
  readonly priority: number;
  readonly beyond: number;
}

/** `isImageDiskApart`: what containers write is not on the file system of images. */
export function rankedForEviction(
  cluster: Cluster, signal: EvictionSignal, rows: readonly number[], usesOf: (pod: number) => PodUses,
  isImageDiskApart: boolean,
): number[] {
  const { pods } = cluster;
  const candidates = rows.map((pod): Candidate => {
    const { priority, accounted } = cluster.templateOf(pod);
    const uses = usesOf(pod);
    const requested = (column: number): number => amountOf(accounted, column);
    const candidate = (used: number, request: number, beyond = used - request): Candidate => (
      { pod, priority, exceeds: used > request, beyond }
    );
    switch (signal) {
      case 'memory.available':
        return candidate(uses.memory.amount, requested(MEMORY));
      case 'pid.available':
        return { pod, priority, exceeds: false, beyond: uses.pids.amount };
      case 'nodefs.inodesFree':
        return candidate(uses.inodes.amount, 0, uses.inodes.amount - requested(EPHEMERAL_STORAGE));
      case 'imagefs.available':
      case 'imagefs.inodesFree':
        if (isImageDiskApart) return { pod, priority, exceeds: false, beyond: -requested(EPHEMERAL_STORAGE) };
        if (signal === 'imagefs.available') return candidate(uses.storage.amount, requested(EPHEMERAL_STORAGE));
        return candidate(uses.inodes.amount, 0, uses.inodes.amount - requested(EPHEMERAL_STORAGE));
      case 'nodefs.available':
        return candidate(uses.storage.amount, requested(EPHEMERAL_STORAGE));
    }
  });
  candidates.sort(
    (a, b) =>
      Number(b.exceeds) - Number(a.exceeds) ||
      a.priority - b.priority ||
      b.beyond - a.beyond ||
      pods.serial[a.pod] - pods.serial[b.pod],
  );
  return candidates.map(({ pod }) => pod);
}
