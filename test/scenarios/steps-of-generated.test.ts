// Steps name what workloads make by the names of its objects; rolled out, scaled and deleted as others are.
import { expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { sortedTexts } from '../../src/cluster/label-requirements.ts';
import { playScenario } from '../support/played-scenario.ts';

const SCENARIO = {
  duration: '1h',
  nodePools: [{ name: 'n', count: 4, allocatable: { cpu: 4, memory: '16Gi' } }],
  workloads: [
    { name: 'web', kind: 'Deployment', replicas: 2, requests: { cpu: '500m' }, namespace: 'shop' },
    { name: 'task', kind: 'Job', arrivals: { at: '0s' }, lifetime: '50m', requests: { cpu: 1 } },
  ],
};

test('a generated Deployment is scaled, rolled out and deleted; a Job of a workload is deleted', () => {
  const { result, pods } = playScenario({
    ...SCENARIO,
    steps: [
      { at: '10m', scale: { workload: 'deploy/web-0', namespace: 'shop', replicas: 3 } },
      { at: '20m', rollout: { workload: 'deployment/web-0', namespace: 'shop', image: 'x:2' } },
      { at: '30m', delete: { object: 'job/task-0' } },
      { at: '40m', delete: { object: 'deploy/web-0', namespace: 'shop' } },
    ],
  });
  expect(result.notes.join('\n')).not.toContain('not found');
  const sets = new Set(pods.map(({ name }) => name.replace(/-[0-9]+$/, '')).filter((name) => name.startsWith('web-0-')));
  expect(sets.size).toBe(2);
  const told = pods.map(({ name, created, ended, outcome }) => {
    return [name.startsWith('web') ? 'web' : name, Math.floor(created / 60), Math.floor(ended / 60), outcome].join(' ');
  });
  expect(sortedTexts(told)).toEqual([
    'task-0-0 0 30 Deleted', 'web 0 20 Deleted', 'web 0 20 Deleted', 'web 10 20 Deleted',
    'web 20 40 Deleted', 'web 20 40 Deleted', 'web 20 40 Deleted',
  ]);
});

test.each([
  ['deploy/web-0', 'default', 'neither manifests nor workloads make a Deployment default/web-0 [steps[0].delete.object]'],
  ['deploy/wbe-0', 'shop', 'neither manifests nor workloads make a Deployment shop/wbe-0 — did you mean "shop/web-0"?'],
  ['job/task', 'default', 'neither manifests nor workloads make a Job default/task — did you mean "default/task-0"?'],
  ['job/task-00', 'default', 'neither manifests nor workloads make a Job default/task-00 — did you mean "default/task-0"?'],
])('%s in %s is no name that a workload gives', (object, namespace, message) => {
  const play = (): unknown => playScenario({ ...SCENARIO, steps: [{ at: '1m', delete: { object, namespace } }] });
  expect(play).toThrow(InputError);
  expect(play).toThrow(message);
});
