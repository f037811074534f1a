/** Who was in the way of a drain, by which rule, and whether waiting helps. */
import type { Micros } from '../base/time.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../cluster/objects.ts';
import type { EvictionAnswer } from '../control-plane/eviction.ts';
import { DRAIN_RULE_TEXTS } from '../operations/drain.ts';
import type { DrainRule } from '../operations/operation-log.ts';
import { formatDuration } from '../base/duration.ts';
import type { Blocker } from './rehearsal-result.ts';

interface Refusal {
  readonly budgets: readonly string[];
  readonly code: number;
  readonly node: string;
  /** Pod row to its name: refused, and neither evicted nor gone since. */
  readonly left: Map<number, string>;
  readonly pods: Set<string>;
  count: number;
  readonly beganAt: Micros;
  endedAt: Micros | null;
  /** Its rule as the budget last stood. */
  rule: string;
  isForEver: boolean;
}

export class RehearsalBlockers {
  private readonly cluster: Cluster;
  private readonly budgets: DisruptionBudgets;
  private readonly refusals = new Map<string, Refusal>();
  private readonly refused: Blocker[] = [];

  constructor(cluster: Cluster, budgets: DisruptionBudgets) {
    this.cluster = cluster;
    this.budgets = budgets;
  }

  evictionRefused(pod: number, node: string, { code }: EvictionAnswer, budgets: readonly string[]): void {
    const { now } = this.cluster;
    const key = `${node} ${code} ${budgets.join(' ')}`;
    let refusal = this.refusals.get(key);
    if (refusal === undefined) {
      refusal = {
        budgets,
        code,
        node,
        left: new Map(),
        pods: new Set(),
        count: 0,
        beganAt: now,
        endedAt: null,
        rule: '',
        isForEver: false,
      };
      this.refusals.set(key, refusal);
    }
    const name = `${this.cluster.templateOf(pod).namespace}/${this.cluster.podName(pod)}`;
    refusal.left.set(pod, name);
    refusal.pods.add(name);
    refusal.count++;
    refusal.endedAt = null;
    const budget = code === 500 ? undefined : this.budgets.get(budgets[0] ?? '');
    refusal.rule = budget === undefined ? severalText(budgets.length) : ruleOf(budget);
    refusal.isForEver = budget === undefined || canNeverAllow(budget);
  }

  /** The pod is on its way, or gone. */
  podLeaves(pod: number): void {
    for (const refusal of this.refusals.values()) {
      if (!refusal.left.delete(pod) || refusal.left.size > 0) continue;
      refusal.endedAt = this.cluster.now;
    }
  }

  drainRefused(node: string, rule: DrainRule, pods: readonly string[]): void {
    const beginSeconds = this.cluster.now / MICROS_PER_SECOND;
    const object = pods.length === 1 ? `pod ${pods[0]}` : `${pods.length} pods`;
    const named = pods.slice(0, 3).join(', ');
    this.refused.push({
      object,
      node,
      pods,
      refusals: 0,
      beginSeconds,
      endSeconds: null,
      isForEver: true,
      text: `${node} is not drained: ${DRAIN_RULE_TEXTS[rule]}: ${named}${pods.length > 3 ? ` and ${pods.length - 3} more` : ''}`,
    });
  }

  /** Budgets that will stop the drain of a node whose turn has not come: as they stand, they can never allow it. */
  private toCome(node: string): Blocker[] {
    const { cluster, budgets } = this;
    const row = cluster.nodeRow(node);
    const pods = new Map<string, string[]>();
    for (const pod of row < 0 ? [] : cluster.nodes.pods[row]) {
      const template = cluster.templateOf(pod);
      const keys = budgets.coveringKeys(template);
      if (keys.length === 0 || cluster.pods.pinnedNode[pod] >= 0 || !cluster.pods.isReady(pod)) continue;
      const budget = budgets.get(keys[0]);
      if (keys.length === 1 && (budget === undefined || !canNeverAllow(budget))) continue;
      const name = `${template.namespace}/${cluster.podName(pod)}`;
      pods.set(keys.join(' '), [...(pods.get(keys.join(' ')) ?? []), name]);
    }
    return [...pods].map(([joined, names]) => {
      const keys = joined.split(' ');
      const budget = keys.length === 1 ? budgets.get(keys[0]) : undefined;
      const object = keys.map((key) => `PDB ${key}`).join(' and ');
      const rule = budget === undefined ? severalText(keys.length) : ruleOf(budget);
      return {
        object,
        node,
        pods: names,
        refusals: 0,
        beginSeconds: cluster.now / MICROS_PER_SECOND,
        endSeconds: null,
        isForEver: true,
        text: `${object} would block ${node} for ever: ${rule}`,
      };
    });
  }

  /** `waiting`: nodes that a drain has not come to. */
  result(waiting: readonly string[]): Blocker[] {
    const { now } = this.cluster;
    const found = [...this.refusals.values()].map((refusal): Blocker => {
      const { budgets, node, endedAt, beganAt } = refusal;
      const isOver = endedAt !== null;
      const object = budgets.map((key) => `PDB ${key}`).join(' and ');
      const verb = budgets.length === 1 ? (isOver ? 'blocked' : 'blocks') : isOver ? 'blocked' : 'block';
      const lasting = formatDuration(wholeSeconds((endedAt ?? now) - beganAt));
      const howLong = isOver ? `for ${lasting}` : refusal.isForEver ? 'for ever' : `still, after ${lasting}`;
      return {
        object, node,
        pods: [...refusal.pods],
        refusals: refusal.count,
        beginSeconds: beganAt / MICROS_PER_SECOND,
        endSeconds: endedAt === null ? null : endedAt / MICROS_PER_SECOND,
        isForEver: !isOver && refusal.isForEver,
        text: `${object} ${verb} ${node} ${howLong}: ${refusal.rule}`,
      };
    });
    const rank = ({ endSeconds, isForEver }: Blocker): number => (endSeconds === null ? (isForEver ? 0 : 1) : 2);
    return [...this.refused, ...found, ...waiting.flatMap((node) => this.toCome(node))].sort(
      (a, b) => rank(a) - rank(b) || a.beginSeconds - b.beginSeconds,
    );
  }
}

function severalText(count: number): string {
  return `${count} budgets cover one pod: the API evicts none such`;
}

/** At least one. */
function wholeSeconds(micros: Micros): Micros {
  return Math.max(1, Math.round(micros / MICROS_PER_SECOND)) * MICROS_PER_SECOND;
}

/** With every pod that it expects healthy it would still allow none. */
function canNeverAllow({ status }: PodDisruptionBudget): boolean {
  return (status?.desiredHealthy ?? 0) >= (status?.expectedPods ?? 0);
}

function ruleOf(budget: PodDisruptionBudget): string {
  const { expectedPods = 0, currentHealthy = 0 } = budget.status ?? {};
  const replicas = `${expectedPods} replica${expectedPods === 1 ? '' : 's'}`;
  const healthy = currentHealthy < expectedPods ? `, ${currentHealthy} healthy` : '';
  return `${replicas}${healthy}, ${budgetRule(budget)}`;
}

/** `minAvailable 2` or `maxUnavailable 25%`, as its author wrote it. */
export function budgetRule({ spec }: PodDisruptionBudget): string {
  if (spec?.maxUnavailable !== undefined) return `maxUnavailable ${spec.maxUnavailable}`;
  return `minAvailable ${spec?.minAvailable ?? 1}`;
}
