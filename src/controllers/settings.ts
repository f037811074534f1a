/** `nodeLifecycle` of a scenario: how dead nodes are found and their pods evicted. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Micros } from '../base/time.ts';
import type { Block } from '../scenario/block.ts';
import { MAX_NODES, duration, number, whole } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';

/** Node-lifecycle and taint-eviction controllers; defaults are upstream's (control plane §2). */
export interface NodeLifecycleSettings {
  readonly monitorPeriodMicros: Micros;
  readonly monitorGraceMicros: Micros;
  readonly leaseRenewMicros: Micros;
  readonly evictionRatePerSecond: number;
  readonly secondaryEvictionRatePerSecond: number;
  readonly largeClusterThreshold: number;
  readonly unhealthyZoneThreshold: number;
  /** DefaultTolerationSeconds admission: seconds given to not-ready and unreachable. */
  readonly defaultTolerationSeconds: number;
}

const schema = z.strictObject({
  nodeMonitorPeriod: duration(
    'How often node health is looked at. Default 5s (kube-controller-manager --node-monitor-period)',
  ).default('5s'),
  nodeMonitorGracePeriod: duration(
    'Silence after which a node counts as unreachable. Default 50s (--node-monitor-grace-period since 1.32)',
  ).default('50s'),
  leaseRenewInterval: duration(
    'How often a kubelet renews its lease. Default 10s (a quarter of leaseDurationSeconds 40)',
  ).default('10s'),
  nodeEvictionRate: number(
    'Nodes tainted NoExecute per second in a healthy zone. Default 0.1 (--node-eviction-rate)',
    0,
    1_000_000,
  ).default(0.1),
  secondaryNodeEvictionRate: number(
    'The same in a zone with many failures. Default 0.01 (--secondary-node-eviction-rate)',
    0,
    1_000_000,
  ).default(0.01),
  largeClusterSizeThreshold: whole(
    'Zones up to this size stop evictions when many nodes fail. Default 50 (--large-cluster-size-threshold)',
    0,
    MAX_NODES,
  ).default(50),
  unhealthyZoneThreshold: number(
    'Share of not-ready nodes that makes a zone unhealthy. Default 0.55 (--unhealthy-zone-threshold)',
    0,
    1,
  ).default(0.55),
  defaultTolerationSeconds: whole(
    'Seconds for which pods tolerate not-ready and unreachable nodes unless they say otherwise. Default 300 ' +
      '(DefaultTolerationSeconds admission)',
    0,
    MAX_NODES,
  ).default(300),
});

function resolve(
  lifecycle: z.output<typeof schema>, numbers: ScenarioNumbers,
): NodeLifecycleSettings {
  const at = below(null, 'nodeLifecycle');
  return {
    monitorPeriodMicros: numbers.microsAbove0(lifecycle.nodeMonitorPeriod, below(at, 'nodeMonitorPeriod')),
    monitorGraceMicros: numbers.microsAbove0(lifecycle.nodeMonitorGracePeriod, below(at, 'nodeMonitorGracePeriod')),
    leaseRenewMicros: numbers.microsAbove0(lifecycle.leaseRenewInterval, below(at, 'leaseRenewInterval')),
    evictionRatePerSecond: lifecycle.nodeEvictionRate,
    secondaryEvictionRatePerSecond: lifecycle.secondaryNodeEvictionRate,
    largeClusterThreshold: lifecycle.largeClusterSizeThreshold,
    unhealthyZoneThreshold: lifecycle.unhealthyZoneThreshold,
    defaultTolerationSeconds: lifecycle.defaultTolerationSeconds,
  };
}

function spell(nodeLifecycle: NodeLifecycleSettings): Record<string, unknown> {
  return {
    nodeMonitorPeriod: formatDuration(nodeLifecycle.monitorPeriodMicros),
    nodeMonitorGracePeriod: formatDuration(nodeLifecycle.monitorGraceMicros),
    leaseRenewInterval: formatDuration(nodeLifecycle.leaseRenewMicros),
    nodeEvictionRate: nodeLifecycle.evictionRatePerSecond,
    secondaryNodeEvictionRate: nodeLifecycle.secondaryEvictionRatePerSecond,
    largeClusterSizeThreshold: nodeLifecycle.largeClusterThreshold,
    unhealthyZoneThreshold: nodeLifecycle.unhealthyZoneThreshold,
    defaultTolerationSeconds: nodeLifecycle.defaultTolerationSeconds,
  };
}

const field = schema.prefault({}).describe('Detection of dead nodes and eviction of their pods');

export const nodeLifecycleBlock: Block<typeof field, NodeLifecycleSettings> = { field, resolve, spell };
