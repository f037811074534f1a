// Pods that name a scheduler without a profile here: they stand in no queue and are nobody's before they have a node
// (pkg/scheduler/eventhandlers.go responsibleForPod, v1.36).
import { describe, expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import { SchedulerWorld } from './scheduler-world.ts';

const FOREIGN = { schedulerName: 'volcano', containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] };

function queued(story: SchedulerWorld): number {
  const { queue } = story.scheduler;
  return [QueuePlace.Active, QueuePlace.Backoff, QueuePlace.ErrorBackoff, QueuePlace.Unschedulable].reduce(
    (sum, place) => sum + queue.rows(place).length,
    0,
  );
}

describe('a pod of another scheduler', () => {
  test('is in no queue and never tried, whatever becomes of it', () => {
    const story = new SchedulerWorld();
    story.node('n1');
    const row = story.pod('foreign', '1', FOREIGN);
    expect([queued(story), story.scheduler.queue.attempts(row)]).toEqual([0, 0]);
    story.runTo(400);
    const template = story.cluster.internTemplate({
      metadata: { namespace: 'default', labels: { a: 'b' } },
      spec: FOREIGN,
    });
    story.cluster.updatePod(row, template.id);
    story.node('n2');
    story.cluster.terminatePod(row, EvictionCause.Api);
    story.remove('foreign');
    story.runTo(800);
    expect([queued(story), story.scheduler.decisions, story.messages]).toEqual([0, 0, []]);
  });

  test('has no attempts, even on the row of a pod that had some', () => {
    const story = new SchedulerWorld();
    story.node('n1', { cpu: '1' });
    const before = story.pod('big', '2');
    story.runTo(10);
    expect(story.scheduler.queue.attempts(before)).toBe(1);
    story.remove('big');
    const row = story.pod('foreign', '1', FOREIGN);
    expect([row, story.scheduler.queue.attempts(row)]).toEqual([before, 0]);
  });

  test('counts as soon as somebody has bound it, and makes room when it leaves', () => {
    const story = new SchedulerWorld();
    story.node('n1', { cpu: '1' });
    story.cluster.placePod(story.pod('foreign', '1', FOREIGN), 0);
    story.pod('mine');
    story.runTo(2);
    expect(story.where('mine')).toBe('Unschedulable');
    story.remove('foreign');
    story.runTo(4);
    expect(story.where('mine')).toBe('on n1');
  });

  test('that was nominated frees nothing for anybody when it goes', () => {
    const story = new SchedulerWorld();
    story.node('n1', { cpu: '1' });
    story.placed('there', 'n1');
    story.pod('mine');
    const foreign = story.pod('foreign', '1', { ...FOREIGN, priority: 5 });
    story.cluster.nominatePod(foreign, 'n1');
    story.runTo(2);
    story.remove('foreign');
    expect(story.where('mine')).toBe('Unschedulable');
  });
});

describe('a run says so beforehand', () => {
  const batch = podObject('p', { schedulerName: 'batch-scheduler' });
  const profile = (...names: readonly string[]) => ({
    scheduler: {
      config: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: names.map((schedulerName) => ({ schedulerName })),
      },
    },
  });
  const deployment = (name: string, replicas: number, schedulerName: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'team' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { schedulerName, containers: [{ name: 'c', image: 'i' }] },
      },
    },
  });
  const note = (members: object, objects: readonly unknown[]): readonly string[] =>
    playScenario({ duration: '2m', ...members }, [nodeObject('n'), ...objects]).result.notes.filter((line) =>
      line.includes('profile'),
    );

  const ONLY_DEFAULT = 'will wait for ever; the only profile is "default-scheduler"';

  test('and its pods have no attempts', () => {
    const { pods, result } = playScenario({ duration: '2m' }, [nodeObject('n'), batch]);
    expect(pods.map(({ name, attempts, outcome }) => [name, attempts, outcome])).toEqual([['p', 0, 'Pending']]);
    expect(result.notes[0]).toBe(
      `no scheduler profile is called "batch-scheduler": all pods name it and ${ONLY_DEFAULT}`,
    );
  });

  test('with the places of those pods when others are served', () => {
    expect(note({}, [batch, podObject('q')])).toEqual([
      `no scheduler profile is called "batch-scheduler": the pods of Pod default/p ${ONLY_DEFAULT}`,
    ]);
    const many = ['a', 'b', 'c', 'd'].map((name) => deployment(name, 1, 'defualt-scheduler'));
    expect(note({}, [...many, podObject('q')])).toEqual([
      'no scheduler profile is called "defualt-scheduler": the pods of Deployment team/a, Deployment team/b, ' +
        `Deployment team/c and 1 more ${ONLY_DEFAULT}; did you mean "default-scheduler"?`,
    ]);
  });

  test('when the profiles have other names: then nothing at all is placed', () => {
    const workloads = [{ name: 'web', kind: 'Deployment', requests: { cpu: 1 } }];
    expect(note({ workloads, ...profile('packer') }, [])).toEqual([
      'no scheduler profile is called "default-scheduler": all pods name it and will wait for ever; ' +
        'the only profile is "packer"',
    ]);
    expect(note({ workloads, ...profile('packer', 'spreader') }, [batch])).toEqual([
      'no scheduler profile is called "batch-scheduler", "default-scheduler": all pods name one of these ' +
        'and will wait for ever; the profiles are "packer", "spreader"',
    ]);
  });

  test('not of pods that have their node, have ended, or are none', () => {
    const settled = [
      podObject('placed', { schedulerName: 'volcano', nodeName: 'n' }),
      { ...(podObject('done', { schedulerName: 'volcano' }) as object), status: { phase: 'Succeeded' } },
      deployment('none', 0, 'volcano'),
    ];
    expect(note({}, [...settled, podObject('q')])).toEqual([]);
    expect(
      note(
        {
          workloads: [{ name: 'web', kind: 'Deployment', requests: { cpu: 1 } }],
          ...profile('default-scheduler', 'packer'),
        },
        [],
      ),
    ).toEqual([]);
  });
});
