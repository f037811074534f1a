// Which item of a Job the next pod carries: the first that nobody has taken, or one whose pod was lost.
import { expect, test } from 'vitest';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { jobDetails } from '../../src/controllers/job.ts';
import { WorkItems } from '../../src/controllers/work-items.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

function world() {
  const cluster = new Cluster(new Kernel({ seed: 'items' }));
  const items = new WorkItems(cluster);
  const node = cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '9', memory: '9Gi', pods: '9' } } });
  const nameBase = cluster.names.intern('job');
  const job = cluster.workloadWriter.create({
    kind: WorkloadKind.Job, parent: -1, object: null, key: 'default/job', wanted: -1, template: -1, workloadClass: 0,
    nameBase, podMicros: Infinity, details: jobDetails(),
  });
  items.add(job, Float64Array.from([10, 20, 30]));
  const template = cluster.internTemplate({ metadata: { namespace: 'default' }, spec: { containers: [] } });
  const start = (): number => {
    const pod = cluster.createPod({
      template: template.id, nameBase, nameOrdinal: cluster.workloads.takeOrdinal(nameBase), owner: job, workloadClass: 0,
      durationMicros: Infinity, pinnedNode: -1, item: items.next(job),
    });
    cluster.bindPod(pod, node);
    cluster.startPod(pod);
    return pod;
  };
  const end = (pod: number, isSuccess: boolean): void => {
    const phase = isSuccess ? PodPhase.Succeeded : PodPhase.Failed;
    cluster.endPod(pod, { phase, outcome: isSuccess ? PodOutcome.Succeeded : PodOutcome.Failed });
  };
  return { cluster, items, job, start, end };
}

test('an item whose pod fails or is made to go comes again, before those that nobody has taken', () => {
  const { cluster, items, job, start, end } = world();
  const [first, second] = [start(), start()];
  end(second, false);
  cluster.terminatePod(first, EvictionCause.None);
  expect([items.next(job), items.next(job), items.next(job)]).toEqual([1, 0, 2]);
  expect([0, 1, 2].map((item) => items.runMicros(job, item))).toEqual([10, 20, 30]);
});

test('an item whose pod succeeds before its kubelet hears of its deletion does not come again', () => {
  const { cluster, items, job, start, end } = world();
  const first = start();
  cluster.terminatePod(first, EvictionCause.None);
  end(first, true);
  expect(items.next(job)).toBe(1);
});

test('one that another pod has taken meanwhile stays with that pod', () => {
  const { cluster, items, job, start, end } = world();
  const first = start();
  cluster.terminatePod(first, EvictionCause.None);
  expect(items.next(job)).toBe(0);
  end(first, true);
  expect(items.next(job)).toBe(1);
});
