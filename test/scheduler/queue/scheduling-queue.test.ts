/**
 * Stories of the scheduling queue; upstream: pkg/scheduler/backend/queue (v1.36). Seconds of simulated time throughout.
 */
import { describe, expect, test } from 'vitest';
import { PodOutcome } from '../../../src/cluster/cluster.ts';
import { Action, UNSCHEDULABLE_TIMEOUT, WILDCARD_EVENT, event } from '../../../src/scheduler/framework/cluster-event.ts';
import { QueuePlace } from '../../../src/scheduler/queue/scheduling-queue.ts';
import { CLASS_ADD, GATES_GONE, POD_DELETE, QueueStory } from './queue-story.ts';

describe('order', () => {
  test('the most important pod goes first, then the one that came first', () => {
    const story = new QueueStory();
    story.add('first');
    story.add('second');
    story.at(1).add('urgent', 9);
    expect([story.pop(), story.pop(), story.pop(), story.pop()]).toEqual(['urgent', 'first', 'second', '']);
  });

  test('a pod keeps its place in time when an event brings it back, and loses it when it has failed', () => {
    const story = new QueueStory();
    story.failed('old', ['Size']);
    story.at(5).add('young');
    story.nodeAdded('big-1');
    expect(story.state).toEqual({ active: ['old', 'young'] });
    expect(story.pop()).toBe('old');
    story.at(6).fail('old', ['Size']);
    story.at(9).nodeAdded('big-2');
    expect([story.pop(), story.pop()]).toEqual(['young', 'old']);
  });

  test('a QueueSort plugin of one\'s own orders the queue', () => {
    const byName = { name: 'ByName', less: (a: { pod: { name: string } }, b: { pod: { name: string } }) => a.pod.name < b.pod.name };
    const story = new QueueStory({ plugins: [byName], points: { queueSort: ['ByName'] } });
    for (const name of ['delta', 'alpha', 'charlie', 'bravo']) story.add(name, name === 'delta' ? 9 : 0);
    expect([story.pop(), story.pop(), story.pop(), story.pop()]).toEqual(['alpha', 'bravo', 'charlie', 'delta']);
  });
});

describe('backoff', () => {
  test('a pod that failed at 0.3 s with 1 s of backoff leaves with the flush at 2.0 s', () => {
    const story = new QueueStory();
    story.at(0.3).failed('p', ['Size']);
    story.at(0.4).nodeAdded('big');
    expect(story.state).toEqual({ backoff: ['p'] });
    expect(story.backoffUntil('p')).toBe(1);
    expect(story.flushesAsked.at(-1)).toBe(2);
    story.at(1.999999).queue.flushBackoff();
    expect(story.state).toEqual({ backoff: ['p'] });
    story.at(2).queue.flushBackoff();
    expect(story.state).toEqual({ active: ['p'] });
    expect(story.queue.backoffMicros(story.row('p'))).toBe(1_700_000);
  });

  test('when nothing is active the pod whose backoff ends first is popped at once', () => {
    const story = new QueueStory();
    story.failed('p', ['Size']);
    story.at(0.25).nodeAdded('big');
    expect(story.queue.hasWork).toBe(true);
    expect(story.pop()).toBe('p');
    expect(story.queue.attempts(story.row('p'))).toBe(2);
    expect(story.queue.backoffMicros(story.row('p'))).toBe(250_000);
  });

  test('as long as something is active nothing leaves backoff early', () => {
    const story = new QueueStory();
    story.failed('p', ['Size']);
    story.nodeAdded('big');
    story.add('q', -5);
    expect([story.pop(), story.pop()]).toEqual(['q', 'p']);
  });

  test('it doubles from one second to ten', () => {
    const story = new QueueStory();
    story.add('p');
    const lengths: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const now = attempt * 100;
      story.at(now).pop();
      story.fail('p', ['Size']);
      story.nodeAdded('big');
      expect(story.state).toEqual({ backoff: ['p'] });
      lengths.push(story.backoffUntil('p') - now);
    }
    expect(lengths).toEqual([1, 2, 4, 8, 10, 10, 10]);
    expect(story.queue.unschedulableAttempts(story.row('p'))).toBe(7);
  });

  test('it begins and ends where the settings say, and a maximum of zero switches it off', () => {
    const story = new QueueStory({ settings: { podInitialBackoffMicros: 3_000_000, podMaxBackoffMicros: 5_000_000 } });
    story.failed('p');
    expect(story.backoffUntil('p')).toBe(3);
    story.at(4).queue.flushBackoff();
    story.pop();
    story.fail('p');
    expect(story.backoffUntil('p')).toBe(9);
    const without = new QueueStory({ settings: { podMaxBackoffMicros: 0 } });
    without.failed('p');
    expect(without.state).toEqual({ active: ['p'] });
  });

  test('ends of the same second leave in order of priority', () => {
    const story = new QueueStory();
    story.failed('low', ['Size']);
    story.at(0.6).failed('high', ['Size'], 5);
    story.nodeAdded('big');
    expect(story.backoffUntil('low')).toBe(story.backoffUntil('high'));
    expect([story.pop(), story.pop()]).toEqual(['high', 'low']);
  });
});

describe('errors', () => {
  test('a pod that failed without a rejector waits in the error backoff, which is never popped early', () => {
    const story = new QueueStory();
    story.failed('p');
    expect(story.state).toEqual({ error: ['p'] });
    expect(story.queue.backoffCount).toBe(1);
    expect(story.queue.hasWork).toBe(false);
    expect(story.pop()).toBe('');
    story.at(2).queue.flushBackoff();
    expect(story.state).toEqual({ active: ['p'] });
    expect(story.queue.backoffMicros(story.row('p'))).toBe(2_000_000);
  });

  test('consecutive errors lengthen the backoff, a rejection in between starts them anew', () => {
    const story = new QueueStory();
    const lengths: number[] = [];
    story.add('p');
    [false, false, false, true, false].forEach((rejected, index) => {
      const now = index * 100;
      story.at(now).queue.flushBackoff();
      expect(story.pop()).toBe('p');
      story.fail('p', rejected ? ['Size'] : []);
      if (rejected) story.nodeAdded(`big-${index}`);
      lengths.push(story.backoffUntil('p') - now);
    });
    expect(lengths).toEqual([1, 2, 4, 1, 1]);
  });

  test('error backoff knows no priority: of the same second, the first to fail stands first', () => {
    const story = new QueueStory();
    const low = story.failed('low', [], 0);
    const high = story.failed('high', [], 9);
    expect(story.queue.rows(QueuePlace.ErrorBackoff)).toEqual([low, high]);
    expect(story.flushesAsked).toEqual([2]);
    story.at(2).queue.flushBackoff();
    expect(story.queue.rows(QueuePlace.ErrorBackoff)).toEqual([]);
    expect(story.pop()).toBe('high');
  });
});

describe('events', () => {
  test('a pod goes back only for an event whose hint says that it may help', () => {
    const story = new QueueStory();
    story.failed('p', ['Size']);
    expect(story.queue.unschedulablePlugins(story.row('p'))).toEqual(['Size']);
    story.at(60).nodeAdded('tiny');
    expect(story.state).toEqual({ unschedulable: ['p'] });
    story.nodeAdded('big');
    expect(story.state).toEqual({ active: ['p'] });
  });

  test('only plugins that rejected the pod are asked', () => {
    const story = new QueueStory();
    story.failed('p', ['Size']);
    story.at(60).queue.moveOnEvent(POD_DELETE, {});
    expect(story.state).toEqual({ unschedulable: ['p'] });
    story.pop();
    story.failed('q', ['Other']);
    story.nodeAdded('big-2');
    story.at(120).queue.moveOnEvent(POD_DELETE, {});
    expect(story.state).toEqual({ active: ['p', 'q'] });
  });

  test('an event that no plugin registered is dropped before anybody is asked, and not kept for pods in flight', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.queue.moveOnEvent(event('CSINode', Action.Add), {});
    expect([...story.queue.inFlight.eventsSince(story.row('p'))]).toEqual([]);
  });

  test('pods of one template rejected by the same plugins share one answer', () => {
    const story = new QueueStory();
    const names = ['a', 'b', 'c'];
    for (const name of names) story.failed(name, ['Size']);
    story.at(60).nodeAdded('tiny');
    expect(story.hintsAsked).toHaveLength(1);
    story.nodeAdded('big');
    expect(story.hintsAsked).toHaveLength(2);
    expect(story.state).toEqual({ active: names });
  });

  test('a move may be confined to some pods', () => {
    const story = new QueueStory();
    story.failed('a', ['Other']);
    const b = story.failed('b', ['Other']);
    story.at(60).queue.moveOnEvent(POD_DELETE, {}, (other) => other === b);
    expect(story.state).toEqual({ active: ['b'], unschedulable: ['a'] });
  });

  test('a wildcard moves everybody; with a target, only that pod', () => {
    const story = new QueueStory();
    story.failed('a', ['Size']);
    story.failed('b', ['Other']);
    story.at(60).queue.moveOnEvent(WILDCARD_EVENT, { pod: story.queue.podView(story.row('b')) });
    expect(story.state).toEqual({ active: ['b'], unschedulable: ['a'] });
    story.queue.moveOnEvent(WILDCARD_EVENT, {});
    expect(story.state).toEqual({ active: ['a', 'b'] });
  });

  test('a plugin that said Pending lets the pod skip its backoff when its hint says Queue', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.fail('p', [], ['Size']);
    expect(story.state).toEqual({ unschedulable: ['p'] });
    story.nodeAdded('big');
    expect(story.state).toEqual({ active: ['p'] });
  });

  test('with a pending plugin a mere rejector\'s event still means backoff', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.fail('p', ['Other'], ['Size']);
    story.queue.moveOnEvent(POD_DELETE, {});
    expect(story.state).toEqual({ backoff: ['p'] });
  });

  test('the queue listens only while somebody waits or is in flight', () => {
    const story = new QueueStory();
    expect(story.queue.listens).toBe(false);
    story.add('p');
    expect(story.queue.listens).toBe(false);
    story.pop();
    expect(story.queue.listens).toBe(true);
    story.fail('p', ['Size']);
    expect(story.queue.listens).toBe(true);
  });
});

describe('events while a pod is in flight', () => {
  test('what happened during its cycle is asked about when it fails', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.nodeAdded('tiny');
    story.nodeAdded('big');
    story.fail('p', ['Size']);
    expect(story.state).toEqual({ backoff: ['p'] });
  });

  test('what happened before it was popped, or does not help, is not', () => {
    const story = new QueueStory();
    story.add('a');
    story.add('b');
    story.pop();
    story.nodeAdded('big');
    story.pop();
    story.nodeAdded('tiny');
    story.fail('b', ['Size']);
    story.fail('a', ['Size']);
    expect(story.state).toEqual({ backoff: ['a'], unschedulable: ['b'] });
  });

  test('the first event that lets a pending pod go at once wins', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.queue.moveOnEvent(POD_DELETE, {});
    story.nodeAdded('big');
    story.fail('p', ['Other'], ['Size']);
    expect(story.state).toEqual({ active: ['p'] });
  });

  test('a pod that is done hears no more, and events that nobody needs are dropped', () => {
    const story = new QueueStory();
    story.add('a');
    story.add('b');
    story.pop();
    story.pop();
    story.nodeAdded('big');
    story.queue.done(story.row('a'));
    expect(story.queue.inFlight.has(story.row('a'))).toBe(false);
    expect(story.queue.inFlight.podCount).toBe(1);
    story.queue.done(story.row('a'));
    story.queue.done(story.row('b'));
    expect(story.queue.inFlight.podCount).toBe(0);
    expect(story.queue.listens).toBe(false);
  });

  test('an update of the pod itself is kept, whether a plugin asked for it or not', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.update('p', { labels: { app: 'web' } }, [event('UnschedulablePod', Action.UpdatePodLabel)]);
    expect([...story.queue.inFlight.eventsSince(story.row('p'))]).toHaveLength(1);
    expect(story.state).toEqual({});
  });

  test('a pod that came back by another way is not queued twice', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.queue.add(story.row('p'));
    story.fail('p', ['Size']);
    expect(story.state).toEqual({ active: ['p'] });
    expect(story.queue.inFlight.has(story.row('p'))).toBe(false);
  });
});

describe('the flush of pods that have waited for five minutes', () => {
  test('takes pods that have waited for more than 300 s, not exactly 300 s', () => {
    const story = new QueueStory();
    story.at(10).failed('p', ['Size']);
    story.at(310).queue.flushUnschedulable();
    expect(story.state).toEqual({ unschedulable: ['p'] });
    story.at(310.000001).queue.flushUnschedulable();
    expect(story.state).toEqual({ active: ['p'] });
  });

  test('leaves gated pods alone', () => {
    const story = new QueueStory();
    story.add('g', 0, { gate: 'yes' });
    story.at(900).queue.flushUnschedulable();
    expect(story.state).toEqual({ unschedulable: ['g (gated)'] });
    expect(story.queue.gatedCount).toBe(1);
    expect(story.queue.unschedulableCountNow).toBe(0);
  });

  test('is an event for the pods in flight', () => {
    const story = new QueueStory();
    story.failed('old', ['Size']);
    story.at(400).add('p');
    story.pop();
    story.queue.flushUnschedulable();
    story.fail('p', ['Size']);
    expect(story.state).toEqual({ active: ['old'], backoff: ['p'] });
    expect(UNSCHEDULABLE_TIMEOUT.label).toBe('UnschedulableTimeout');
  });
});

describe('gated pods', () => {
  test('stay out of the queue until their gate opens, and count no attempt', () => {
    const story = new QueueStory();
    const row = story.add('g', 0, { gate: 'yes' });
    expect(story.state).toEqual({ unschedulable: ['g (gated)'] });
    expect(story.queue.gatingPlugin(row)).toBe('Gate');
    expect(story.queue.unschedulablePlugins(row)).toEqual(['Gate']);
    expect(story.queue.initialAttemptAt(row)).toBeNaN();
    expect(story.pop()).toBe('');
    story.at(7).update('g', {}, [GATES_GONE]);
    expect(story.state).toEqual({ active: ['g'] });
    expect(story.queue.gatingPlugin(row)).toBe('');
    expect(story.queue.initialAttemptAt(row)).toBe(7_000_000);
  });

  test('are looked at again only on events that their gate registered', () => {
    const story = new QueueStory();
    const row = story.add('g', 0, { gate: 'yes' });
    const { cluster } = story.world;
    cluster.updatePod(row, cluster.internTemplate({ metadata: { name: 'g' }, spec: { containers: [{ name: 'main' }] } }).id);
    story.nodeAdded('big');
    expect(story.state).toEqual({ unschedulable: ['g (gated)'] });
    story.queue.moveOnEvent(CLASS_ADD, {});
    expect(story.state).toEqual({ active: ['g'] });
  });

  test.each([
    ['1.36', { unschedulable: ['g (gated)'] }],
    ['1.37', { active: ['g'] }],
  ] as const)('an event about anything has their gate asked again from v1.37 on (v%s)', (kubernetes, state) => {
    const story = new QueueStory({ kubernetes });
    const row = story.add('g', 0, { gate: 'yes' });
    const { cluster } = story.world;
    const opened = { metadata: { name: 'g' }, spec: { containers: [{ name: 'main' }] } };
    cluster.updatePod(row, cluster.internTemplate(opened).id);
    story.queue.moveOnEvent(WILDCARD_EVENT, {});
    expect(story.state).toEqual(state);
  });

  test('an update that leaves the gate shut changes nothing', () => {
    const story = new QueueStory();
    story.add('g', 0, { gate: 'yes' });
    story.update('g', { labels: { gate: 'still' } }, [event('UnschedulablePod', Action.UpdatePodLabel), GATES_GONE]);
    expect(story.state).toEqual({ unschedulable: ['g (gated)'] });
    expect(story.queue.gatedCount).toBe(1);
  });

  test('a failed pod that is gated meanwhile does not enter backoff', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.fail('p', ['Size']);
    const { cluster } = story.world;
    cluster.updatePod(story.row('p'), cluster.internTemplate({ metadata: { name: 'p', labels: { gate: 'yes' } }, spec: { containers: [{ name: 'main' }] } }).id);
    story.nodeAdded('big');
    expect(story.state).toEqual({ unschedulable: ['p (gated)'] });
    expect(story.queue.backoffCount).toBe(0);
  });
});

describe('activation', () => {
  test('brings pods from everywhere to the active queue, whatever their backoff', () => {
    const story = new QueueStory();
    story.failed('waiting', ['Size']);
    story.failed('error');
    story.failed('back', ['Other']);
    story.queue.moveOnEvent(POD_DELETE, {});
    expect(story.state).toEqual({ backoff: ['back'], error: ['error'], unschedulable: ['waiting'] });
    story.at(0.5).queue.activate(['waiting', 'error', 'back'].map((name) => story.row(name)));
    expect(story.state).toEqual({ active: ['back', 'error', 'waiting'] });
    expect(story.queue.backoffMicros(story.row('back'))).toBe(500_000);
    expect(story.queue.backoffMicros(story.row('waiting'))).toBe(0);
    story.queue.activate([story.row('back')]);
    expect(story.queue.activeCount).toBe(3);
  });

  test('of a pod in flight means that it comes back if it fails, others do not', () => {
    const story = new QueueStory();
    story.add('a');
    story.add('b');
    story.pop();
    story.pop();
    story.queue.activate([story.row('a')]);
    story.fail('a', ['Size']);
    story.fail('b', ['Size']);
    expect(story.state).toEqual({ backoff: ['a'], unschedulable: ['b'] });
  });

  test('of a pod that is in no queue does nothing', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.queue.done(story.row('p'));
    story.queue.activate([story.row('p')]);
    expect(story.state).toEqual({});
  });
});

describe('updates of queued pods', () => {
  test('in the active queue a new priority changes the order, not the time', () => {
    const story = new QueueStory();
    story.add('a');
    story.at(1).add('b');
    story.at(2).add('c');
    story.update('c', { priority: 3 });
    story.update('b', { priority: 3 });
    expect([story.pop(), story.pop(), story.pop()]).toEqual(['b', 'c', 'a']);
  });

  test('in backoff the pod stays where it is, by its new priority', () => {
    const story = new QueueStory();
    story.failed('a', ['Size']);
    story.failed('b', ['Size']);
    story.nodeAdded('big');
    story.update('b', { priority: 3 });
    expect(story.state).toEqual({ backoff: ['a', 'b'] });
    expect(story.pop()).toBe('b');
  });

  test('in error backoff nothing moves', () => {
    const story = new QueueStory();
    story.failed('a');
    story.update('a', { priority: 3 });
    expect(story.state).toEqual({ error: ['a'] });
    expect(story.queue.attempts(story.row('a'))).toBe(1);
  });

  test('an unschedulable pod is asked about the events of its own update, in turn', () => {
    const own = { name: 'Own', filter: () => null, eventsToRegister: () => [{ event: event('Pod' as const, Action.UpdatePodLabel), hint: null }] };
    const story = new QueueStory({ plugins: [own], points: { filter: ['Size', 'Other', 'Own'] } });
    story.failed('p', ['Own']);
    story.failed('q', ['Size']);
    const labelled = event('UnschedulablePod', Action.UpdatePodLabel);
    story.at(60).update('q', { labels: { a: 'b' } }, [labelled]);
    expect(story.state).toEqual({ unschedulable: ['p', 'q'] });
    story.update('p', { labels: { a: 'b' } }, [event('UnschedulablePod', Action.UpdatePodToleration), labelled]);
    expect(story.state).toEqual({ active: ['p'], unschedulable: ['q'] });
  });

  test('an event on one unschedulable pod is put to each pod of a group on its own', () => {
    const own = {
      name: 'Own', filter: () => null,
      eventsToRegister: () => [{ event: event('Pod' as const, Action.UpdatePodLabel), hint: (waiting: { row: number }, subject: { pod?: { row: number } }) => (subject.pod?.row === waiting.row ? 'Queue' as const : 'QueueSkip' as const) }],
    };
    const story = new QueueStory({ plugins: [own], points: { filter: ['Own'] } });
    story.failed('p', ['Own']);
    const q = story.failed('q', ['Own']);
    story.at(60).queue.moveOnEvent(event('UnschedulablePod', Action.UpdatePodLabel), { pod: story.queue.podView(q) });
    expect(story.state).toEqual({ active: ['q'], unschedulable: ['p'] });
  });

  test('a pod in no queue comes in like a new one', () => {
    const story = new QueueStory();
    story.add('p');
    story.pop();
    story.queue.done(story.row('p'));
    story.at(3).update('p', { labels: { a: 'b' } });
    expect(story.state).toEqual({ active: ['p'] });
    expect(story.queue.attempts(story.row('p'))).toBe(0);
  });

  test('a nomination that came with the update is noted', () => {
    const story = new QueueStory();
    story.failed('p', ['Size']);
    story.world.cluster.nominatePod(story.row('p'), 'n1');
    story.update('p', { labels: { a: 'b' } });
    expect(story.queue.nominator.podsOf('n1')).toEqual([story.row('p')]);
  });
});

describe('pods that go away', () => {
  test('leave whichever queue they are in, and their nomination', () => {
    const story = new QueueStory();
    story.failed('waiting', ['Size']);
    story.failed('error');
    story.failed('back', ['Other']);
    story.queue.moveOnEvent(POD_DELETE, {});
    story.add('active');
    story.add('gated', 0, { gate: 'yes' });
    story.queue.nominator.add(story.row('waiting'), 'n1');
    for (const name of ['waiting', 'error', 'back', 'active', 'gated']) story.queue.remove(story.row(name));
    expect(story.state).toEqual({});
    expect(story.queue.nominator.size).toBe(0);
    expect(story.queue.gatedCount).toBe(0);
    expect(story.pop()).toBe('');
  });

  test('a new pod in the row of an old one starts afresh', () => {
    const story = new QueueStory();
    const row = story.failed('old', ['Size']);
    story.queue.remove(row);
    story.world.cluster.removePod(row, PodOutcome.Deleted);
    expect(story.at(9).add('new')).toBe(row);
    expect(story.queue.attempts(row)).toBe(0);
    expect(story.queue.unschedulablePlugins(row)).toEqual([]);
    expect(story.queue.placeOf(row)).toBe(QueuePlace.Active);
  });
});

test('whoever runs the loop is woken when there is work', () => {
  const story = new QueueStory();
  expect(story.queue.placeOf(99)).toBe(QueuePlace.None);
  expect(story.queue.hasWork).toBe(false);
  story.add('p');
  expect(story.wakeUps).toBe(1);
  story.pop();
  story.fail('p');
  expect(story.wakeUps).toBe(2);
  story.at(2).queue.flushBackoff();
  expect(story.wakeUps).toBe(3);
});
