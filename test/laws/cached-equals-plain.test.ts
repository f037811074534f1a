/** The caches' twin is the plain scan: same digest, same messages, on random clusters under churn. */
import { describe, expect, it } from 'vitest';
import { checkCluster } from '../../src/cluster/check.ts';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS } from '../../src/cluster/kubernetes-versions.ts';
import { randomRun } from '../support/random-cluster.ts';
import { sized } from '../support/thorough.ts';

const SHAPES = [
  { seed: 'a', nodes: 12, steps: 400 },
  { seed: 'b', nodes: 40, steps: 600 },
  { seed: 'c', nodes: 130, steps: 700 },
  { seed: 'd', nodes: 3, steps: 300 },
  { seed: 'e', nodes: 260, steps: 500 },
];
/** In the default version all shapes, in the others a cluster that is wholly scanned and one that is sampled. */
const CASES = KUBERNETES_VERSIONS.flatMap((kubernetes) => {
  const shapes = kubernetes === DEFAULT_KUBERNETES_VERSION ? SHAPES : sized([SHAPES[0], SHAPES[2]], SHAPES);
  return shapes.map((shape) => ({ ...shape, kubernetes }));
});

describe('decisions from remembered answers', () => {
  it.each(CASES)(
    'are those of the plain scan on random cluster $seed of $nodes nodes in v$kubernetes',
    ({ seed, nodes, steps, kubernetes }) => {
      const fast = randomRun({ seed, nodes, steps, kubernetes, plain: false, check: checkCluster });
      const plain = randomRun({ seed, nodes, steps, kubernetes, plain: true });
      expect(fast.messages).toEqual(plain.messages);
      expect(fast).toEqual(plain);
      expect(fast.decisions).toBeGreaterThan(steps / 2);
    },
  );

  it('stay so when every node is scored and packing is preferred', () => {
    const configuration = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      percentageOfNodesToScore: 100,
      profiles: [{ schedulerName: 'default-scheduler', pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 2 }, { name: 'example.com/gpu', weight: 5 }] } } }] }],
    };
    const run = (plain: boolean): unknown => randomRun({ seed: 'f', nodes: 50, steps: 500, plain, configuration });
    expect(run(false)).toEqual(run(true));
  });
});
