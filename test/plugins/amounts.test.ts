// What plugins of the user's ask by name: amounts of nodes and pods, and the pods of a node.
import { expect, test } from 'vitest';
import { allocatableOf, freeOn, podsOn, requestOf, requestedOn } from '../../src/scheduler/framework/plugin-api.ts';
import type { Handle, NodeInfo, PluginFactory, PodInfo } from '../../src/scheduler/framework/plugin-api.ts';
import { run } from '../../src/io/run-scenario.ts';

const GPU = 'nvidia.com/gpu';

/** What a filter sees of the only node, pod by pod. */
async function seen(look: (handle: Handle, pod: PodInfo, node: NodeInfo) => unknown): Promise<unknown[]> {
  const looks: unknown[] = [];
  const factory: PluginFactory = {
    name: 'Look',
    summary: 'looks',
    create: (_args, handle) => ({
      name: 'Look',
      filter: (_state, pod, node) => {
        looks.push(look(handle, pod, node));
        return null;
      },
    }),
  };
  await run(
    {
      name: 'look',
      duration: '1m',
      nodePools: [
        {
          name: 'a',
          count: 1,
          allocatable: { cpu: 4, memory: '8Gi', [GPU]: 2, pods: 5 },
          labels: { 'example.com/rack': 'r7' },
        },
      ],
      workloads: [
        {
          name: 'first',
          kind: 'Pod',
          lifetime: '1h',
          template: {
            metadata: { labels: { app: 'web' } },
            spec: {
              containers: [{ name: 'main', resources: { requests: { cpu: '1500m', memory: '1Gi', [GPU]: 1 } } }],
            },
          },
        },
        { name: 'second', kind: 'Pod', lifetime: '1h', requests: { cpu: 1, memory: '2Gi' } },
      ],
    },
    {
      plugins: [factory],
      scheduler: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Look' }] } } }],
      },
    },
  );
  return looks;
}

test('amounts are told by the names of manifests, cpu in milli-cores, memory in bytes', async () => {
  const names = ['cpu', 'memory', GPU, 'pods', 'example.com/unknown'];
  expect(
    await seen((handle, _pod, node) =>
      names.map((name) => [
        allocatableOf(handle, node, name),
        requestedOn(handle, node, name),
        freeOn(handle, node, name),
      ]),
    ),
  ).toEqual([
    [
      [4000, 0, 4000],
      [8 * 2 ** 30, 0, 8 * 2 ** 30],
      [2, 0, 2],
      [5, 0, 5],
      [0, 0, 0],
    ],
    [
      [4000, 1500, 2500],
      [8 * 2 ** 30, 2 ** 30, 7 * 2 ** 30],
      [2, 1, 1],
      [5, 1, 4],
      [0, 0, 0],
    ],
  ]);
  expect(await seen((handle, pod) => names.map((name) => requestOf(handle, pod, name)))).toEqual([
    [1500, 2 ** 30, 1, 1, 0],
    [1000, 2 ** 31, 0, 1, 0],
  ]);
});

test('the pods of a node come with their names and labels', async () => {
  expect(
    await seen((handle, _pod, node) => [
      node.labels.get('example.com/rack'),
      podsOn(handle, node).map(({ name, namespace, labels }) => [name, namespace, labels.get('app')]),
    ]),
  ).toEqual([
    ['r7', []],
    ['r7', [['first-0', 'default', 'web']]],
  ]);
});
