/** `autoscaler` of a scenario: the cluster autoscaler's flags. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Micros } from '../base/time.ts';
import type { Block, BlockContext } from '../scenario/block.ts';
import { MAX_NODES, duration, expecting, flag, number, whole } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';

/** cluster-autoscaler's flags, upstream's defaults (control plane §5.1.1). */
export interface ClusterAutoscalerSettings {
  readonly scanIntervalMicros: Micros;
  readonly newPodScaleUpDelayMicros: Micros;
  readonly scaleDownEnabled: boolean;
  readonly scaleDownUtilizationThreshold: number;
  readonly scaleDownUnneededMicros: Micros;
  readonly scaleDownUnreadyMicros: Micros;
  readonly scaleDownDelayAfterAddMicros: Micros;
  readonly scaleDownDelayAfterFailureMicros: Micros;
  readonly maxScaleDownParallelism: number;
  readonly maxDrainParallelism: number;
  readonly maxNodesPerScaleUp: number;
  readonly maxNodesTotal: number;
  readonly expander: 'least-waste' | 'most-pods' | 'least-nodes' | 'random';
  readonly expendablePodsPriorityCutoff: number;
  readonly skipNodesWithSystemPods: boolean;
  readonly skipNodesWithLocalStorage: boolean;
}

const schema = z.strictObject({
  enabled: flag('false: node groups keep their size').default(true),
  scanInterval: duration('How often the autoscaler looks at the cluster. Default 10s (--scan-interval)').default('10s'),
  newPodScaleUpDelay: duration(
    'Age at which a pending pod counts. Default 0s (--new-pod-scale-up-delay)',
  ).default('0s'),
  scaleDownEnabled: flag('Whether nodes are removed. Default true (--scale-down-enabled)').default(true),
  scaleDownUtilizationThreshold: number(
    'Nodes requested less than this share are candidates. Default 0.5 (--scale-down-utilization-threshold)',
    0,
    1,
  ).default(0.5),
  scaleDownUnneededTime: duration(
    'How long a node must be unneeded. Default 10m (--scale-down-unneeded-time)',
  ).default('10m'),
  scaleDownUnreadyTime: duration(
    'The same for nodes that are not ready. Default 20m (--scale-down-unready-time)',
  ).default('20m'),
  scaleDownDelayAfterAdd: duration('Rest after a scale-up. Default 10m (--scale-down-delay-after-add)').default('10m'),
  scaleDownDelayAfterFailure: duration(
    'Rest after a failed scale-down. Default 3m (--scale-down-delay-after-failure)',
  ).default('3m'),
  maxScaleDownParallelism: whole(
    'Nodes removed at once. Default 10 (--max-scale-down-parallelism)',
    1,
    MAX_NODES,
  ).default(10),
  maxDrainParallelism: whole('Nodes drained at once. Default 1 (--max-drain-parallelism)', 1, MAX_NODES).default(1),
  maxNodesPerScaleUp: whole(
    'Nodes added in one step. Default 1000 (--max-nodes-per-scaleup)',
    1,
    MAX_NODES,
  ).default(1000),
  maxNodesTotal: whole(
    'Nodes of the whole cluster; 0: no limit. Default 0 (--max-nodes-total)',
    0,
    MAX_NODES,
  ).default(0),
  expander: z
    .enum(
      ['least-waste', 'most-pods', 'least-nodes', 'random'],
      expecting('expected least-waste, most-pods, least-nodes or random'),
    )
    .default('least-waste')
    .describe('Which group grows when several could. Default least-waste (--expander)'),
  expendablePodsPriorityCutoff: whole(
    'Pods of lower priority never cause a scale-up. Default -10 (--expendable-pods-priority-cutoff)',
    -2_147_483_648,
    2_147_483_647,
  ).default(-10),
  skipNodesWithSystemPods: flag(
    'Whether pods of kube-system without a disruption budget keep their node, in their first hour. ' +
      'Default true (--skip-nodes-with-system-pods)',
  ).default(true),
  skipNodesWithLocalStorage: flag(
    'Whether pods with hostPath volumes, or emptyDir volumes that are not in memory, keep their node. ' +
      'Default true (--skip-nodes-with-local-storage)',
  ).default(true),
});

/** A pool with `autoscaling` turns the autoscaler on, with upstream's flags where the scenario gives none. */
function resolve(
  given: z.output<typeof schema> | undefined, numbers: ScenarioNumbers, { isAutoscaled }: BlockContext,
): ClusterAutoscalerSettings | null {
  const at = below(null, 'autoscaler');
  if (given !== undefined && !isAutoscaled)
    numbers.findings.warn(at, 'no pool has "autoscaling": the autoscaler has nothing to do', undefined, 'key');
  const input = given ?? schema.parse({});
  if (!isAutoscaled || !input.enabled) return null;
  return {
    scanIntervalMicros: numbers.microsAbove0(input.scanInterval, below(at, 'scanInterval')),
    newPodScaleUpDelayMicros: numbers.micros(input.newPodScaleUpDelay, below(at, 'newPodScaleUpDelay')),
    scaleDownEnabled: input.scaleDownEnabled,
    scaleDownUtilizationThreshold: input.scaleDownUtilizationThreshold,
    scaleDownUnneededMicros: numbers.micros(input.scaleDownUnneededTime, below(at, 'scaleDownUnneededTime')),
    scaleDownUnreadyMicros: numbers.micros(input.scaleDownUnreadyTime, below(at, 'scaleDownUnreadyTime')),
    scaleDownDelayAfterAddMicros: numbers.micros(input.scaleDownDelayAfterAdd, below(at, 'scaleDownDelayAfterAdd')),
    scaleDownDelayAfterFailureMicros: numbers.micros(
      input.scaleDownDelayAfterFailure,
      below(at, 'scaleDownDelayAfterFailure'),
    ),
    maxScaleDownParallelism: input.maxScaleDownParallelism,
    maxDrainParallelism: input.maxDrainParallelism,
    maxNodesPerScaleUp: input.maxNodesPerScaleUp,
    maxNodesTotal: input.maxNodesTotal,
    expander: input.expander,
    expendablePodsPriorityCutoff: input.expendablePodsPriorityCutoff,
    skipNodesWithSystemPods: input.skipNodesWithSystemPods,
    skipNodesWithLocalStorage: input.skipNodesWithLocalStorage,
  };
}

function spell(
  autoscaler: ClusterAutoscalerSettings | null, { isAutoscaled }: BlockContext,
): Record<string, unknown> | undefined {
  if (autoscaler === null) return isAutoscaled ? { enabled: false } : undefined;
  return {
    scanInterval: formatDuration(autoscaler.scanIntervalMicros),
    newPodScaleUpDelay: formatDuration(autoscaler.newPodScaleUpDelayMicros),
    scaleDownEnabled: autoscaler.scaleDownEnabled,
    scaleDownUtilizationThreshold: autoscaler.scaleDownUtilizationThreshold,
    scaleDownUnneededTime: formatDuration(autoscaler.scaleDownUnneededMicros),
    scaleDownUnreadyTime: formatDuration(autoscaler.scaleDownUnreadyMicros),
    scaleDownDelayAfterAdd: formatDuration(autoscaler.scaleDownDelayAfterAddMicros),
    scaleDownDelayAfterFailure: formatDuration(autoscaler.scaleDownDelayAfterFailureMicros),
    maxScaleDownParallelism: autoscaler.maxScaleDownParallelism,
    maxDrainParallelism: autoscaler.maxDrainParallelism,
    maxNodesPerScaleUp: autoscaler.maxNodesPerScaleUp,
    maxNodesTotal: autoscaler.maxNodesTotal,
    expander: autoscaler.expander,
    expendablePodsPriorityCutoff: autoscaler.expendablePodsPriorityCutoff,
    skipNodesWithSystemPods: autoscaler.skipNodesWithSystemPods,
    skipNodesWithLocalStorage: autoscaler.skipNodesWithLocalStorage,
  };
}

const field = schema
  .optional()
  .describe("Cluster autoscaler. Default: on with upstream's flags when a pool has `autoscaling`");

export const autoscalerBlock: Block<typeof field, ClusterAutoscalerSettings | null> = { field, resolve, spell };
