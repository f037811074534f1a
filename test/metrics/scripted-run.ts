// A cluster driven by a script of timed verbs, watched by a MetricsCollector: no scheduler, no kubelet.
import { Cluster } from '../../src/cluster/cluster.ts';
import type { PodSeed } from '../../src/cluster/cluster.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { checkAccounting } from '../../src/metrics/accounting.ts';
import { MetricsCollector } from '../../src/metrics/collector.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import type { SchedulingCounters } from '../../src/metrics/scheduling-counters.ts';

export const SECOND = 1_000_000;

export const NO_SCHEDULING: SchedulingCounters = {
  decisions: 0,
  unschedulableDecisions: 0,
  rejectionsByPlugin: new Map(),
  nodesFiltered: 0,
  nodesScored: 0,
  profile: null,
  activeCount: 0,
  backoffCount: 0,
  unschedulableCount: 0,
  attempts: () => 1,
  backoffMicros: () => 0,
  isAssumed: () => false,
};

export const NO_AUTOSCALING = { scaleUpEvents: 0, scaleDownEvents: 0, nodesAdded: 0, nodesRemoved: 0 };

export interface ScriptedOptions {
  readonly sampleSeconds?: number;
  readonly pods?: 'auto' | 'all' | 'none';
  readonly podTableLimit?: number;
  readonly costPerHourByPool?: Readonly<Record<string, number>>;
}

export class ScriptedRun {
  readonly kernel = new Kernel({ seed: 'script' });
  readonly cluster = new Cluster(this.kernel);
  readonly collector: MetricsCollector;
  /** Pods that the scheduler that is not there has chosen a node for. */
  readonly assumed = new Set<number>();
  /** Attempts that the scheduler that is not there made; 1 for the others. */
  readonly attempts = new Map<number, number>();
  private readonly actions: (() => void)[] = [];
  private readonly event = this.kernel.defineEvent('script', 2, (index) => this.actions[index]());

  constructor(options: ScriptedOptions = {}) {
    this.collector = new MetricsCollector(
      this.kernel,
      this.cluster,
      { sampleMicros: (options.sampleSeconds ?? 60) * SECOND, pods: options.pods ?? 'auto', checkEveryEvents: 0 },
      {
        ...NO_SCHEDULING,
        isAssumed: (pod) => this.assumed.has(pod),
        attempts: (pod) => this.attempts.get(pod) ?? 1,
      },
      { costPerHourByPool: new Map(Object.entries(options.costPerHourByPool ?? {})), podTableLimit: options.podTableLimit ?? 1000, phase: 7 },
    );
  }

  at(seconds: number, action: () => void): void {
    this.kernel.at(Math.round(seconds * SECOND), this.event, this.actions.push(action) - 1);
  }

  /** Runs to the end and closes the books. */
  result(endSeconds: number): RunResult {
    this.kernel.run({ until: endSeconds * SECOND });
    checkCluster(this.cluster);
    const result = this.collector.result(
      {
        scenario: 's',
        description: '',
        seed: 'script',
        version: '0',
        kubernetes: '1.37',
        complete: true,
        resolvedScenario: {},
        notes: [],
        notSimulated: [],
        refusedPods: [],
      },
      NO_AUTOSCALING,
    );
    checkAccounting(result);
    return result;
  }

  node(name: string, allocatable: Readonly<Record<string, string>>, pool = '', zone = ''): number {
    return this.cluster.addNode({ metadata: { name, labels: zone === '' ? {} : { 'topology.kubernetes.io/zone': zone } }, status: { allocatable: { pods: '110', ...allocatable } } }, pool);
  }

  pod(
    requests: Readonly<Record<string, string>>,
    more: Partial<PodSeed> & { readonly className?: string; readonly priority?: number } = {},
  ): number {
    const { className, priority, ...seed } = more;
    const template = this.cluster.internTemplate({ spec: { priority: priority ?? 0, containers: [{ name: 'c', image: 'i', resources: { requests } }] } });
    return this.cluster.createPod({
      template: template.id,
      nameBase: this.cluster.names.intern('pod'),
      nameOrdinal: this.cluster.pods.length,
      owner: -1,
      workloadClass: this.cluster.classes.intern(className ?? 'batch'),
      durationMicros: Infinity,
      pinnedNode: -1,
      ...seed,
    });
  }

  bind(pod: number, node: number): void {
    this.cluster.bindPod(pod, node);
  }

  /** Bound and running at once. */
  launch(pod: number, node: number): void {
    this.bind(pod, node);
    this.cluster.startPod(pod);
  }
}
