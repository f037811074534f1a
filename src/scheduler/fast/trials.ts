/**
 * What dry runs found out on nodes: the victims, or why there are none. Remembered by (template, node) until the node,
 * its pods, their order or the nominations to it change; only where filters look at nothing else (Profile.asksNodeOnly)
 * and no disruption budget counts what is taken elsewhere. A dry run without memory is the plain twin. 40 bytes a node
 * and template, and what was found.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { Handle } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Status } from '../framework/status.ts';
import type { Candidate } from '../preemption/victims.ts';
import type { NominatedNodes } from './nominated-nodes.ts';

/** Templates that are remembered. */
const MOST_TEMPLATES = 16;

export type Trial = Candidate | Status;

const NOBODY: readonly number[] = [];

/** By node row: the trial, and the versions that it is of. */
interface Remembered {
  generations: Uint32Array;
  orders: Uint32Array;
  readonly nominated: (readonly number[])[];
  readonly trials: Trial[];
}

export class Trials {
  private readonly cluster: SchedulerCache;
  private readonly byTemplate = new BoundedMap<number, Remembered>(MOST_TEMPLATES, () => ({
    generations: new Uint32Array(0),
    orders: new Uint32Array(0),
    nominated: [],
    trials: [],
  }));

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** For one dry run; null: nothing may be remembered. `nominated`: up to date; null: nobody follows nominations. */
  of(handle: Handle, pod: PodInfo, nominated: NominatedNodes | null): TrialsOfPod | null {
    const { template } = pod;
    if (handle.asksNodeOnly?.(template) !== true || this.cluster.objects.count('PodDisruptionBudget') > 0) return null;
    return new TrialsOfPod(this.cluster, handle, nominated, pod.row, this.rememberedOf(template.id));
  }

  private rememberedOf(template: number): Remembered {
    const { capacity } = this.cluster.nodes;
    const remembered = this.byTemplate.of(template);
    if (remembered.generations.length < capacity) {
      remembered.generations = new Uint32Array(capacity);
      remembered.orders = new Uint32Array(capacity);
    }
    return remembered;
  }
}

class TrialsOfPod {
  private readonly cluster: SchedulerCache;
  private readonly handle: Handle;
  private readonly nominated: NominatedNodes | null;
  private readonly pod: number;
  private readonly remembered: Remembered;

  constructor(
    cluster: SchedulerCache, handle: Handle, nominated: NominatedNodes | null, pod: number, remembered: Remembered,
  ) {
    this.nominated = nominated;
    this.cluster = cluster;
    this.handle = handle;
    this.pod = pod;
    this.remembered = remembered;
  }

  find(node: NodeInfo): Trial | undefined {
    const { row, orderVersion } = node;
    const { generations, orders, nominated, trials } = this.remembered;
    if (generations[row] !== this.cluster.nodes.generation[row] || orders[row] !== orderVersion) return undefined;
    const pods = this.nominatedTo(node);
    return nominated[row] === pods && !pods.includes(this.pod) ? trials[row] : undefined;
  }

  /** A list that is never changed but replaced. */
  private nominatedTo({ row, name }: NodeInfo): readonly number[] {
    return this.nominated?.isNominated[row] === 0 ? NOBODY : this.handle.nominatedPods(name);
  }

  keep(node: NodeInfo, trial: Trial): void {
    const { row, orderVersion } = node;
    const pods = this.nominatedTo(node);
    // A pod's own nomination does not count for it.
    if (pods.includes(this.pod)) return;
    const { generations, orders, nominated, trials } = this.remembered;
    generations[row] = this.cluster.nodes.generation[row];
    orders[row] = orderVersion;
    nominated[row] = pods;
    trials[row] = trial;
  }
}
