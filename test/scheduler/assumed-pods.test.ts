// Updates of a pod between its choice and its binding: the scheduler passes over them, and its cache keeps the pod as
// it was chosen for (pkg/scheduler/eventhandlers.go updatePodInSchedulingQueue, IsAssumedPod; backend/cache/cache.go,
// v1.36).
import { expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { Action, event } from '../../src/scheduler/framework/cluster-event.ts';
import { errorStatus, unschedulable } from '../../src/scheduler/framework/status.ts';
import { SchedulerWorld, plugin } from './scheduler-world.ts';
import type { SchedulerWorldOptions } from './scheduler-world.ts';

const SECOND = 1_000_000;
const NEAR_DB: PodSpec = {
  containers: [{ name: 'main' }],
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } },
      ],
    },
  },
};

function world(options: SchedulerWorldOptions = {}): SchedulerWorld {
  const made = new SchedulerWorld({ bindMicros: 5 * SECOND, ...options });
  made.node('n1', {}, { zone: 'a' });
  return made;
}

function update(story: SchedulerWorld, name: string, labels: Readonly<Record<string, string>>, cpu = '1'): void {
  const template = story.cluster.internTemplate({
    metadata: { namespace: 'default', labels },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
  });
  story.cluster.updatePod(story.row(name), template.id);
}

test('new labels of a pod that is not bound yet wake nobody and match nothing; the binding brings them', () => {
  const story = world();
  story.pod('late', '', NEAR_DB);
  story.runTo(1);
  story.pod('db');
  story.runTo(2);
  expect([story.where('late'), story.where('db')]).toEqual(['Unschedulable', 'assumed on n1']);
  update(story, 'db', { app: 'db' });
  expect(story.where('late')).toBe('Unschedulable');
  story.pod('other', '', NEAR_DB);
  story.runTo(5);
  expect([story.where('late'), story.where('other')]).toEqual(['Unschedulable', 'Unschedulable']);
  story.runTo(20);
  expect([story.where('db'), story.where('late'), story.where('other')]).toEqual(['on n1', 'on n1', 'on n1']);
});

test('what the node holds is what was chosen for, until the binding', () => {
  const story = world();
  story.pod('p', '1');
  story.runTo(1);
  update(story, 'p', {}, '500m');
  const { nodes } = story.scheduler.cache;
  expect(nodes.info[0].requested[nodes.info[0].base]).toBe(1000);
  checkCluster(story.cluster);
  checkSchedulerCache(story.scheduler.cache);
  story.runTo(6);
  expect(nodes.info[0].requested[nodes.info[0].base]).toBe(500);
  checkCluster(story.cluster);
  checkSchedulerCache(story.scheduler.cache);
});

test('a pod whose binding fails goes back to the queue as it is by then', () => {
  const failing = plugin('Failing', { preBind: () => errorStatus('Failing', 'no'), eventsToRegister: () => [] });
  const story = world({ plugins: [failing], also: { preBind: ['Failing'] } });
  story.pod('p', '1');
  story.runTo(1);
  update(story, 'p', { app: 'db' }, '3');
  story.runTo(5.01);
  expect(story.where('p')).toBe('ErrorBackoff');
  expect([...story.scheduler.cache.templateOf(story.row('p')).labels]).toEqual([['app', 'db']]);
  const { nodes } = story.scheduler.cache;
  expect(nodes.info[0].requested[nodes.info[0].base]).toBe(0);
  story.runTo(8);
  expect(nodes.info[0].requested[nodes.info[0].base]).toBe(3000);
  checkCluster(story.cluster);
  checkSchedulerCache(story.scheduler.cache);
});

test('the last of several updates counts; a pod that goes away takes them along', () => {
  const story = world();
  story.pod('p', '1');
  story.pod('gone', '1');
  story.runTo(1);
  for (const labels of [{ app: 'a' }, { app: 'b' }]) for (const name of ['p', 'gone']) update(story, name, labels);
  story.remove('gone');
  story.pod('next', '1');
  story.runTo(20);
  const labelsOf = (name: string): unknown => [...story.scheduler.cache.templateOf(story.row(name)).labels];
  expect([labelsOf('p'), labelsOf('next')]).toEqual([[['app', 'b']], []]);
});

test('a pod that begins to terminate is an update to others only when it is bound', () => {
  let asked = 0;
  const asking = plugin('Asking', {
    filter: (_state, pod) => (pod.name === 'waiting' ? unschedulable('Asking', 'never') : null),
    eventsToRegister: () => [{ event: event('Pod', Action.Update), hint: () => (asked++, 'QueueSkip') }],
  });
  const story = world({ plugins: [asking], also: { filter: ['Asking'] } });
  story.pod('waiting');
  story.placed('bound', 'n1');
  story.pod('p');
  story.runTo(2);
  expect([story.where('waiting'), story.where('p')]).toEqual(['Unschedulable', 'assumed on n1']);
  story.cluster.terminatePod(story.row('p'), EvictionCause.Api);
  expect(asked).toBe(0);
  story.cluster.terminatePod(story.row('bound'), EvictionCause.Api);
  expect(asked).toBe(1);
});
