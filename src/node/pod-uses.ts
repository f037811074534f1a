/**
 * What the containers of a pod take of its node at one instant, and how fast it becomes more. A container that does not
 * run takes nothing but the disk that its last run has left behind.
 */
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Use } from './application-runs.ts';
import type { Container, LivingPod } from './containers.ts';
import type { PodUses, StorageExcess } from './pod-lives.ts';

export function usesOf({ containers }: LivingPod, now: Micros): PodUses {
  let [memory, storage, inodes, pids] = [NONE, NONE, NONE, NONE];
  for (const container of containers) {
    const { facts: { program, bounds }, uses, state } = container;
    const written = writtenBy(container, now);
    storage = sum(storage, written);
    inodes = sum(inodes, scaled(written, 1 / (program.storage?.fileBytes ?? USUAL_FILE_BYTES)));
    if (state !== 'running') continue;
    memory = sum(memory, usedNow(uses.memory, bounds.memory.requestBytes, container, now));
    pids = sum(pids, usedNow(uses.pids, 1, container, now));
  }
  return { memory, storage, inodes, pids };
}

/** Of pods that do not say how large their files are. */
export const USUAL_FILE_BYTES = 1024 * 1024;

const NONE: Use = { amount: 0, perMicro: 0 };

/**
 * The first limit that is passed: of the pod, where all its containers have one, or of a container. Source:
 * pkg/kubelet/eviction/eviction_manager.go, localStorageEviction (v1.36).
 */
export function storageExcess({ containers }: LivingPod, names: readonly string[], now: Micros): StorageExcess {
  let first: StorageExcess = { afterMicros: Infinity, message: '' };
  const consider = (written: Use, limit: number, message: string): void => {
    const afterMicros = exceedsAfter(written, limit);
    if (afterMicros < first.afterMicros) first = { afterMicros, message };
  };
  const limits = containers.map(({ facts }) => facts.bounds.storage.limitBytes);
  const all = limits.reduce((total, limit) => total + limit, 0);
  if (all < Infinity) {
    const written = containers.reduce((total, container) => sum(total, writtenBy(container, now)), NONE);
    consider(written, all, `Pod ephemeral local storage usage exceeds the total limit of containers ${String(all)}. `);
  }
  containers.forEach((container, index) => {
    const name = names[index] ?? '';
    const text = `Container ${name} exceeded its local ephemeral storage limit "${String(limits[index])}". `;
    consider(writtenBy(container, now), limits[index], text);
  });
  return first;
}

function exceedsAfter({ amount, perMicro }: Use, limit: number): number {
  if (amount > limit) return 0;
  return perMicro === 0 ? Infinity : Math.floor((limit - amount) / perMicro) + 1;
}

function writtenBy(container: Container, now: Micros): Use {
  const { uses, facts, deadBytes, state } = container;
  const left = { amount: deadBytes, perMicro: 0 };
  if (state !== 'running') return left;
  return sum(left, usedNow(uses.storage, facts.bounds.storage.requestBytes, container, now));
}

/** What a run that ends now leaves on the disk; nothing where nobody has said what it writes. */
export function leftBehind({ uses: { storage }, state, runningSince, deadBytes }: Container, now: Micros): number {
  if (state !== 'running' || storage === null) return deadBytes;
  return storage.amount + storage.perMicro * (now - runningSince);
}

function usedNow(use: Use | null, requested: number, { runningSince }: Container, now: Micros): Use {
  if (use === null) return { amount: requested, perMicro: 0 };
  return { amount: use.amount + use.perMicro * (now - runningSince), perMicro: use.perMicro };
}

/** Of the running pods of a node together. */
export function usesOnNode({ nodes, pods }: Cluster, node: number, useOf: (pod: number) => Use): Use {
  let all = NONE;
  for (const pod of nodes.pods[node]) if (pods.phase[pod] === PodPhase.Running) all = sum(all, useOf(pod));
  return all;
}

function sum(a: Use, b: Use): Use {
  return { amount: a.amount + b.amount, perMicro: a.perMicro + b.perMicro };
}

function scaled({ amount, perMicro }: Use, factor: number): Use {
  return { amount: amount * factor, perMicro: perMicro * factor };
}
