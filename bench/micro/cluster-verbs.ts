/**
 * The cluster's verbs without anything behind them: a pod's whole life (create, assume, bind, start, remove) in batches on
 * 1,000 nodes, and updates of nodes. The digest covers one batch; what follows does the same again while the clock runs.
 */
import { Bench } from 'tinybench';
import { Digest } from '../../src/base/digest.ts';
import { assert } from '../../src/base/assert.ts';
import { Cluster, PodOutcome } from '../../src/cluster/cluster.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';

const NODES = 1_000;
const POD = applyPodDefaults({
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', resources: { requests: { cpu: '100m', memory: '500Mi' } } }] },
});

interface Verbs {
  readonly name: string;
  /** Calls of verbs, or pods' lives, in one batch. */
  readonly batch: number;
  readonly unit: string;
  readonly digest: string;
  readonly work: () => void;
}

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { name, batch, unit, digest, work } of [podLives(size === 'smoke' ? 100 : 10_000), nodeUpdates()]) {
    const bench = new Bench({ throws: true, time: size === 'smoke' ? 20 : 1_000, warmupTime: 0, iterations: 5, warmupIterations: 2 });
    bench.add(name, work);
    const [task] = await bench.run();
    assert(task.result.state === 'completed', `the benchmark "${name}" did not complete`);
    rows.push({ name, digest, value: (batch * 1000) / task.result.period, unit, counts: { batch } });
  }
  return rows;
}

function clusterOfNodes(): { readonly cluster: Cluster; readonly digest: Digest } {
  const digest = new Digest();
  const cluster = new Cluster({ now: 0, digest });
  for (let i = 0; i < NODES; i++) {
    cluster.addNode({ metadata: { name: `node-${i}`, labels: { zone: `zone-${i % 3}` } }, status: { allocatable: { cpu: '64', memory: '256Gi', pods: '500' } } });
  }
  return { cluster, digest };
}

function podLives(batch: number): Verbs {
  const { cluster, digest } = clusterOfNodes();
  const template = cluster.internTemplate(POD).id;
  const nameBase = cluster.names.intern('web');
  const rows = new Int32Array(batch);
  const work = (): void => {
    for (let i = 0; i < batch; i++) {
      const pod = cluster.createPod({ template, nameBase, nameOrdinal: i, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
      cluster.bindPod(pod, i % NODES);
      cluster.startPod(pod);
      rows[i] = pod;
    }
    for (let i = 0; i < batch; i++) cluster.removePod(rows[i], PodOutcome.Succeeded);
  };
  work();
  return { name: 'a pod from create to remove', batch, unit: 'pods/s', digest: digest.hex(), work };
}

function nodeUpdates(): Verbs {
  const { cluster, digest } = clusterOfNodes();
  let cordon = false;
  const work = (): void => {
    cordon = !cordon;
    for (let row = 0; row < NODES; row++) cluster.setUnschedulable(row, cordon);
  };
  work();
  return { name: 'cordon or uncordon a node', batch: NODES, unit: 'updates/s', digest: digest.hex(), work };
}
