/**
 * One decision (PreFilter, Filter, PreScore, Score, choice) on a half-filled cluster that stands still, by the plain scan
 * and by the caches, for a plain pod and one with spread constraints. Nothing is bound, so each decision meets the same
 * cluster; only the rotating start moves on. The digest covers the nodes chosen by the first decisions.
 */
import { Bench } from 'tinybench';
import { assert } from '../../src/base/assert.ts';
import { Digest } from '../../src/base/digest.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Pod, PodSpec } from '../../src/cluster/objects.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';

const DIGESTED = 20;
const SPREAD: PodSpec = {
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } }],
};

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const nodes = size === 'smoke' ? 50 : 5_000;
  const rows: BenchRow[] = [];
  for (const [shape, spec] of [['plain pod', {}], ['spreading pod', SPREAD]] as const) {
    for (const plain of [true, false]) {
      const { decide, digest, filtered } = decider(nodes, spec, plain);
      const name = `${shape}, ${plain ? 'scan' : 'caches'}`;
      const bench = new Bench({ throws: true, time: size === 'smoke' ? 20 : 1_000, warmupTime: 0, iterations: 5, warmupIterations: 2 });
      bench.add(name, decide);
      const [task] = await bench.run();
      assert(task.result.state === 'completed', `the benchmark "${name}" did not complete`);
      rows.push({ name, digest, value: 1000 / task.result.period, unit: 'decisions/s', counts: { nodes, filtered } });
    }
  }
  return rows;
}

/** `filtered`: nodes looked at by the first decisions. */
function decider(nodes: number, spec: PodSpec, plain: boolean): { readonly decide: () => number; readonly digest: string; readonly filtered: number } {
  const kernel = new Kernel({ seed: 'filter-score' });
  const cluster = halfFilled(nodes, kernel);
  const scheduler = schedulerOf(kernel, cluster, plain);
  const pod = new PodInfo(scheduler.cache, create(cluster, podOf(spec), 'pending'));
  const profile = scheduler.profiles.get('default-scheduler');
  assert(profile !== undefined, 'the default configuration has the default profile');
  const state = new CycleState();
  const decide = (): number => {
    state.reset();
    const result = scheduler.algorithm.schedule(profile, state, pod);
    return result.kind === 'scheduled' ? result.node.row : -1;
  };
  const digest = new Digest();
  for (let i = 0; i < DIGESTED; i++) digest.addInt(decide());
  return { decide, digest: digest.hex(), filtered: scheduler.algorithm.nodesFiltered };
}

function schedulerOf(kernel: Kernel, cluster: Cluster, plain: boolean): Scheduler {
  const registry = pluginRegistry();
  const configuration = decodeSchedulerConfiguration(null, { registry });
  return new Scheduler(kernel, cluster, { configuration, registry, cycleMicros: 0, bindMicros: 0, tieBreak: 'upstream', sampling: true, autoRun: false, plain, phase: 5 });
}

function halfFilled(nodes: number, kernel: Kernel): Cluster {
  const cluster = new Cluster(kernel);
  const running = podOf({});
  for (let i = 0; i < nodes; i++) {
    const row = cluster.addNode({ metadata: { name: `node-${i}`, labels: { zone: `zone-${i % 3}` } }, status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } } });
    for (let n = 0; n < 10 + (i % 20); n++) cluster.placePod(create(cluster, running, `running-${i}`), row);
  }
  return cluster;
}

function podOf(spec: PodSpec): Pod {
  const containers = [{ name: 'web', resources: { requests: { cpu: '100m', memory: '500Mi' } } }];
  return applyPodDefaults({ metadata: { namespace: 'default', labels: { app: 'web' } }, spec: { containers, ...spec } });
}

function create(cluster: Cluster, pod: Pod, name: string): number {
  const template = cluster.internTemplate(pod).id;
  return cluster.createPod({ template, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
}
