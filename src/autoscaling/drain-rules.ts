/**
 * Which pods keep a node from being drained.
 * Source: cluster-autoscaler simulator/drainability/rules (mirror, longterminating, daemonset, safetoevict, replicated,
 * system, notsafetoevict, localstorage, pdb) in this order; the first that has an opinion decides.
 */
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';

export type DrainVerdict =
  /** Goes without a new place: a DaemonSet's or static pod, or one that should have been gone long ago. */
  'skip' | 'move' | 'block';

export interface DrainSettings {
  readonly skipNodesWithSystemPods: boolean;
  readonly skipNodesWithLocalStorage: boolean;
}

const SYSTEM_NAMESPACE = 'kube-system';
const TERMINATION_SLACK_MICROS: Micros = 30 * MICROS_PER_SECOND;
const SYSTEM_POD_TIMEOUT_MICROS: Micros = MICROS_PER_HOUR;

export class DrainRules {
  private readonly cluster: Cluster;
  private readonly settings: DrainSettings;
  private readonly budgets: DisruptionBudgets;

  constructor(cluster: Cluster, settings: DrainSettings, budgets: DisruptionBudgets) {
    this.cluster = cluster;
    this.settings = settings;
    this.budgets = budgets;
  }

  verdict(pod: number, remaining: RemainingBudgets): DrainVerdict {
    if (isSkipped(this.cluster, pod)) return 'skip';
    const { pods } = this.cluster;
    const template = this.cluster.templateOf(pod);
    const { safeToEvict } = template.drainMarks;
    if (safeToEvict === 'true') return 'move';
    // Upstream takes the node when such pods have ended; until then it stays.
    if (safeToEvict === 'on-completion' || pods.owner[pod] < 0) return 'block';
    if (
      this.settings.skipNodesWithSystemPods &&
      template.namespace === SYSTEM_NAMESPACE &&
      this.cluster.now - pods.createdAt[pod] < SYSTEM_POD_TIMEOUT_MICROS
    ) {
      if (this.budgets.coveringKeys(template).length === 0) return 'block';
    }
    if (safeToEvict === 'false' || (this.settings.skipNodesWithLocalStorage && template.hasLocalStorage))
      return 'block';
    return remaining.allow(pod) ? 'move' : 'block';
  }

  /** What the budgets allow as things stand. */
  remainingBudgets(): RemainingBudgets {
    return new RemainingBudgets(this.cluster, this.budgets);
  }
}

/** Goes with its node, and is not waited for. */
export function isSkipped(cluster: Cluster, pod: number): boolean {
  const { pods } = cluster;
  const template = cluster.templateOf(pod);
  if (pods.pinnedNode[pod] >= 0 || template.drainMarks.isMirror === true) return true;
  return (
    pods.isTerminating(pod) && cluster.now - pods.deletionAt[pod] > template.graceMicros + TERMINATION_SLACK_MICROS
  );
}

/** Budgets that are spent in thought, node after node (core/scaledown/pdb/basic.go). */
export class RemainingBudgets {
  private readonly cluster: Cluster;
  private readonly budgets: DisruptionBudgets;
  private readonly left = new Map<string, number>();
  /** There are none: so it stays within a look, in which nothing comes in between. */
  readonly areNone: boolean;

  constructor(cluster: Cluster, budgets: DisruptionBudgets) {
    this.cluster = cluster;
    this.budgets = budgets;
    this.areNone = budgets.isEmpty;
  }

  /** Whether every budget of the pod still allows a disruption. */
  allow(pod: number): boolean {
    return this.areNone || this.keysOf(pod).every((key) => this.of(key) >= 1);
  }

  /**
   * Takes the pods' disruptions off; false: together they are more than their budgets allow: some will have to wait.
   */
  spend(pods: readonly number[], count: number): boolean {
    if (this.areNone) return true;
    let isCovered = true;
    for (let i = 0; i < count; i++) {
      for (const key of this.keysOf(pods[i])) {
        const left = this.of(key) - 1;
        this.left.set(key, left);
        if (left < 0) isCovered = false;
      }
    }
    return isCovered;
  }

  private of(key: string): number {
    return this.left.get(key) ?? this.budgets.allowed(key);
  }

  private keysOf(pod: number): readonly string[] {
    return this.budgets.coveringKeys(this.cluster.templateOf(pod));
  }
}
