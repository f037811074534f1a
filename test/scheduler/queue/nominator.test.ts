/** Who is nominated where; upstream: pkg/scheduler/backend/queue/nominator.go (v1.36, v1.37). */
import { expect, test } from 'vitest';
import { Nominator } from '../../../src/scheduler/queue/nominator.ts';
import { QueueStory } from './queue-story.ts';

test('a pod is nominated to one node at a time, and a node keeps the order of nominations', () => {
  const nominator = new Nominator();
  expect(nominator.podsOf('a')).toEqual([]);
  nominator.add(1, 'a');
  nominator.add(2, 'a');
  nominator.add(3, 'b');
  expect(nominator.podsOf('a')).toEqual([1, 2]);
  nominator.add(1, 'b');
  expect(nominator.podsOf('a')).toEqual([2]);
  expect(nominator.podsOf('b')).toEqual([3, 1]);
  expect(nominator.nodeOf(1)).toBe('b');
  expect([...nominator.entries()]).toEqual([[2, 'a'], [3, 'b'], [1, 'b']]);
});

test('removing is by pod and may be repeated', () => {
  const nominator = new Nominator();
  nominator.add(1, 'a');
  nominator.remove(1);
  nominator.remove(1);
  expect(nominator.size).toBe(0);
  expect(nominator.nodeOf(1)).toBeUndefined();
  expect(nominator.podsOf('a')).toEqual([]);
  expect(nominator.podsOf('other')).toEqual([]);
});

test.each([
  ['1.36', ['free']],
  ['1.37', ['free', 'gated']],
] as const)(
  'a pod that comes with a nomination is nominated, a gated one from v1.37 on (v%s)',
  (kubernetes, nominated) => {
    const story = new QueueStory({ kubernetes });
    for (const [name, labels] of [
      ['free', {}],
      ['gated', { gate: 'yes' }],
    ] as const) {
      const row = story.world.addPod({ metadata: { name, labels }, spec: { containers: [{ name: 'main' }] } });
      story.world.cluster.nominatePod(row, 'n1');
      story.queue.add(row);
    }
    expect(story.queue.nominator.podsOf('n1')).toEqual(nominated.map((name) => story.row(name)));
  },
);
