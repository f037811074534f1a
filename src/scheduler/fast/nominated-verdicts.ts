/**
 * Why pods that are nominated to nodes keep a pod from them: upstream filters such a node with them in place, and
 * without them (RunFilterPluginsWithNominatedPods). Remembered by (template, node) until the node, its pods or the
 * nominations to it change, where what filters say hangs on nothing else; the plain way, which asks anew each time, is
 * Profile.runFilterWithNominatedPods. About 100 bytes a nominated node and template that came to it.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Profile } from '../framework/profile.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import { isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';

/** Templates of a profile that are remembered. */
const MOST_TEMPLATES = 64;
/**
 * A template's entries begin anew when there are so many more than nominated nodes: most are of nodes that no pod waits
 * for any more.
 */
const MOST_LEFT_OVER = 500;

interface Entry {
  /** What the answer is of: the pods nominated to the node, the node and its version. */
  readonly pods: readonly number[];
  readonly node: NodeInfo;
  readonly generation: number;
  readonly status: Status | null;
}

export class NominatedVerdicts {
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly byProfile = new Map<Profile, BoundedMap<number, Map<string, Entry>>>();

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot) {
    this.cluster = cluster;
    this.snapshot = snapshot;
  }

  /** Whether another pod of no lower priority is nominated anywhere. */
  concern(profile: Profile, pod: PodInfo): boolean {
    for (const pods of profile.nominations().values()) if (profile.countsAnyOf(pods, pod)) return true;
    return false;
  }

  /**
   * By row, the nodes that reject the pod and to which another pod of no lower priority is nominated. `remember`: the
   * answers hang on the node alone. null: PreFilter or a filter says something that only the plain scan can tell.
   * Leaves no state.
   */
  rejections(profile: Profile, state: CycleState, pod: PodInfo, remember: boolean): ReadonlyMap<number, Status> | null {
    const rejections = new Map<number, Status>();
    const nominations = profile.nominations();
    const entries = this.entriesOf(profile, pod.template.id);
    if (entries.size > nominations.size + MOST_LEFT_OVER) entries.clear();
    let prepared = false;
    for (const [name, pods] of nominations) {
      if (!profile.countsAnyOf(pods, pod)) continue;
      const node = this.snapshot.find(name);
      if (node === undefined) continue;
      const generation = this.cluster.nodes.generation[node.row];
      const entry = entries.get(name);
      let status: Status | null;
      if (
        remember &&
        entry !== undefined &&
        entry.pods === pods &&
        entry.node === node &&
        entry.generation === generation &&
        !pods.includes(pod.row)
      )
        status = entry.status;
      else {
        if (!prepared && profile.runPreFilter(state, pod).status !== null) return null;
        prepared = true;
        status = profile.runFilterWithNominatedPods(state, pod, node);
        if (status !== null && !isRejected(status)) return null;
        if (remember && !pods.includes(pod.row)) entries.set(name, { pods, node, generation, status });
      }
      if (status !== null) rejections.set(node.row, status);
    }
    if (prepared) state.reset();
    return rejections;
  }

  private entriesOf(profile: Profile, template: number): Map<string, Entry> {
    let byTemplate = this.byProfile.get(profile);
    if (byTemplate === undefined)
      this.byProfile.set(profile, (byTemplate = new BoundedMap(MOST_TEMPLATES, () => new Map<string, Entry>())));
    return byTemplate.of(template);
  }
}
