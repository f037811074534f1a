/**
 * How well a node's volumes, or the storage behind them, suit the claims that a pod would bind there: by storage
 * class the share that the claims would use, read off a shape; the mean over the classes. Where a claim is to be
 * bound to a volume that is there, those that are to be provisioned do not count.
 * Source: plugins/volumebinding/{scorer,volume_binding}.go (v1.37.2). Departure: upstream dies of an object that
 * names a maximumVolumeSize and no capacity; here its capacity counts as 0.
 */
import { parseQuantity } from '../../base/quantity.ts';
import { claimClassOf, volumeClassOf } from '../../cluster/volume-claims.ts';
import { capacityOf, requestOf } from '../../cluster/volume-matching.ts';
import { shapeScore } from './resource-scoring.ts';
import type { ShapePoint } from './resource-scoring.ts';
import type { VolumeVerdict } from './volume-binding-matching.ts';

/** Bytes. */
interface Usage {
  requested: bigint;
  capacity: bigint;
}

/** 0 to 100 for a shape within its bounds. */
export function storageScore(verdict: VolumeVerdict, shape: readonly ShapePoint[]): number {
  const classes = verdict.plan.bindings.length > 0 ? usageOfVolumes(verdict) : usageOfStorage(verdict);
  if (classes.size === 0) return 0;
  let sum = 0;
  for (const usage of classes.values()) sum += shapeScore(shape, usedPercent(usage));
  return Math.round(sum / classes.size);
}

function usageOfVolumes({ plan }: VolumeVerdict): Map<string, Usage> {
  const classes = new Map<string, Usage>();
  for (const { claim, volume } of plan.bindings) {
    const usage = usageOf(classes, volumeClassOf(volume));
    usage.requested += requestOf(claim).value();
    usage.capacity += capacityOf(volume).value();
  }
  return classes;
}

/** Claims of a class share one storage: its capacity is that of the last one. */
function usageOfStorage({ plan, storages }: VolumeVerdict): Map<string, Usage> {
  const classes = new Map<string, Usage>();
  plan.provisions.forEach((claim, index) => {
    const storage = storages[index];
    if (storage === null) return;
    const usage = usageOf(classes, claimClassOf(claim));
    usage.requested += requestOf(claim).value();
    usage.capacity = storage.capacity === undefined ? 0n : parseQuantity(storage.capacity).value();
  });
  return classes;
}

function usageOf(classes: Map<string, Usage>, name: string): Usage {
  let usage = classes.get(name);
  if (usage === undefined) classes.set(name, (usage = { requested: 0n, capacity: 0n }));
  return usage;
}

function usedPercent({ requested, capacity }: Usage): number {
  return capacity === 0n || requested > capacity ? 100 : Number((requested * 100n) / capacity);
}
