/**
 * What the scheduling queue does for many pods at once, against the same done pod by pod: moving a group on an event,
 * rejecting those that come next, and the lists of pods that wait. Same places, order, attempts, backoffs and calls.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import { WILDCARD_EVENT } from '../../src/scheduler/framework/cluster-event.ts';
import { UnschedulablePods } from '../../src/scheduler/queue/unschedulable-pods.ts';
import { CLASS_ADD, POD_DELETE, QueueStory } from '../scheduler/queue/queue-story.ts';

const PLUGINS = [['Size'], ['Other'], ['Size', 'Other'], []] as const;
const PENDING = [[], [], ['Other']] as const;

const few = fc.integer({ min: 1, max: 30 });
const is = <T extends string>(...verbs: T[]): fc.Arbitrary<T> => fc.constantFrom(...verbs);
const often = <T>(weight: number, members: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): Weighted<T> => (
  { weight, arbitrary: fc.record(members) }
);
interface Weighted<T> {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<T>;
}

const step = fc.oneof(
  often(3, { verb: is('add'), kind: fc.nat(3), count: few }),
  often(3, { verb: is('fail'), plugins: fc.nat(3), pending: fc.nat(2), count: few }),
  often(4, { verb: is('stretch'), plugins: fc.nat(2), most: few, every: fc.constantFrom(0, 7, 400_000) }),
  often(4, { verb: is('event'), what: fc.constantFrom('node', 'bigNode', 'delete', 'class') }),
  often(1, { verb: is('remove', 'activate', 'gate', 'own', 'change'), pick: fc.nat(1000) }),
  often(2, { verb: is('wait'), micros: fc.constantFrom(0, 1, 300_000, 1_000_000, 11_000_000, 301_000_000) }),
  often(1, { verb: is('flush', 'leftovers') }),
);
const steps = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays steps; `whole`: with the shortcuts. */
class Played {
  readonly story: QueueStory;
  longest = 0;
  /** When a flush was asked for, each before the last one; Infinity: it came. */
  private readonly flushes: number[] = [];
  private readonly whole: boolean;
  private readonly rows: number[] = [];
  private nodes = 0;
  private made = 0;

  constructor(whole: boolean, maxBackoffMicros: number) {
    this.whole = whole;
    this.story = new QueueStory({ settings: { podMaxBackoffMicros: maxBackoffMicros } });
    this.story.at(5);
    this.story.queue.onBackoff = (at) => {
      if (at < (this.flushes.at(-1) ?? Infinity)) this.flushes.push(at);
    };
  }

  play(one: Step): void {
    const { story } = this;
    const { queue, world } = story;
    if (one.verb === 'add') for (let i = 0; i < one.count; i++) this.add(one.kind);
    else if (one.verb === 'fail') {
      for (let i = 0; i < one.count; i++) {
        const pod = queue.pop();
        if (pod >= 0) queue.addUnschedulable(pod, PLUGINS[one.plugins], PENDING[one.pending]);
      }
    } else if (one.verb === 'stretch') this.stretch(one.most, one.every, queue.hints.mask(PLUGINS[one.plugins]));
    else if (one.verb === 'event') this.event(one.what);
    else if (one.verb === 'wait') world.clock.now += one.micros;
    else if (one.verb === 'flush') this.flush();
    else if (one.verb === 'leftovers') queue.flushUnschedulable();
    else if ('pick' in one && this.rows.length > 0) {
      const at = one.pick % this.rows.length;
      const row = this.rows[at];
      if (one.verb === 'activate') queue.activate([row]);
      else if (one.verb === 'own') queue.moveOnEvent(WILDCARD_EVENT, { pod: queue.podView(row) }, ...this.only);
      else if (one.verb === 'change') this.changeInFlight(one.pick % 5);
      else if (one.verb === 'remove') queue.remove(...this.rows.splice(at, 1) as [number]);
      else story.update(world.cluster.podName(row), { labels: { gate: 'shut' } });
    }
  }

  /** The pod that comes next has another priority when it fails. */
  private changeInFlight(priority: number): void {
    const { story } = this;
    const pod = story.queue.pop();
    if (pod < 0) return;
    story.update(story.world.cluster.podName(pod), { priority });
    story.queue.addUnschedulable(pod, ['Size'], []);
  }

  private flush(): void {
    this.flushes.push(Infinity);
    this.story.queue.flushBackoff();
  }

  private add(kind: number): void {
    const labels: Record<string, string> = kind === 3 ? { gate: 'shut' } : {};
    this.rows.push(this.story.add(`p${this.made++}`, kind % 2, labels));
  }

  private stretch(most: number, every: number, rejectors: number): void {
    const { queue, world } = this.story;
    const first = queue.peek();
    if (first < 0) return;
    const { template } = world.cache.pods;
    const passes = (pod: number): boolean => template[pod] === template[first] && pod % 13 !== 7;
    let left = most;
    while (left > 0 && queue.peek() >= 0 && passes(queue.peek())) {
      if (this.whole) {
        const count = queue.rejectNext(passes, left, every, { rejectors, pendings: 0 });
        expect(count).toBeGreaterThan(0);
        this.longest = Math.max(this.longest, count);
        left -= count;
        world.clock.now += every * count;
      } else {
        const pod = queue.pop();
        world.clock.now += every;
        queue.reject(pod, rejectors, 0);
        left--;
      }
    }
  }

  private event(what: string): void {
    const { story } = this;
    const { queue } = story;
    const { only } = this;
    if (what === 'class') queue.moveOnEvent(CLASS_ADD, {}, ...only);
    else if (what === 'delete') queue.moveOnEvent(POD_DELETE, {}, ...only);
    else {
      const subject = story.nodeSubject(`${what === 'node' ? 'n' : 'big'}-${this.nodes++}`);
      queue.moveOnEvent({ resource: 'Node', actions: 1, label: 'NodeAdd' }, subject, ...only);
    }
  }

  /** Whoever says which pods an event is for has them asked one by one. */
  private get only(): [((pod: number) => boolean)?] {
    return this.whole ? [] : [() => true];
  }

  get state(): unknown {
    const { queue } = this.story;
    return {
      places: Object.values(QueuePlace).map((place) => [...queue.rows(place)].sort((a, b) => a - b)),
      waiting: [...queue.rows(QueuePlace.Unschedulable)],
      next: queue.peek(),
      flushes: this.flushes,
      pods: this.rows.map((pod) => [
        queue.attempts(pod), queue.unschedulableAttempts(pod), queue.errorAttempts(pod), queue.backoffMicros(pod),
        queue.backoffUntil(pod), queue.lastFailureAt(pod), queue.initialAttemptAt(pod), queue.isGated(pod),
        queue.unschedulablePlugins(pod),
      ]),
    };
  }

  /** All that is left to pop, in order. */
  drained(): number[] {
    const rows: number[] = [];
    for (let pod = this.story.queue.pop(); pod >= 0; pod = this.story.queue.pop()) rows.push(pod);
    return rows;
  }
}

describe('the queue', () => {
  test('does for many pods at once what it does for each', () => {
    let longest = 0;
    let moved = 0;
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 4_000_000, 10_000_000), (played, most) => {
        const whole = new Played(true, most);
        const single = new Played(false, most);
        for (const one of played) {
          whole.play(one);
          single.play(one);
          expect(whole.state).toEqual(single.state);
          moved = Math.max(moved, whole.story.queue.backoffCount);
        }
        longest = Math.max(longest, whole.longest);
        expect(whole.drained()).toEqual(single.drained());
      }),
      { numRuns: 60 },
    );
    expect(longest).toBeGreaterThan(5);
    expect(moved).toBeGreaterThan(10);
  });
});

const GROUPS = [[0, 1, 0, 0], [0, 2, 0, 0], [1, 1, 0, 0], [1, 1, 0, 4]] as const;
const listStep = fc.oneof(
  often(4, { verb: is('add'), pod: fc.nat(60), group: fc.nat(3) }),
  often(2, { verb: is('addMany'), from: fc.nat(60), count: few, group: fc.nat(2) }),
  often(3, { verb: is('remove'), pod: fc.nat(60) }),
  often(1, { verb: is('takeAll'), group: fc.nat(3) }),
);

test('the lists of pods that wait hold who came, in the order of coming, and by group', () => {
  fc.assert(
    fc.property(fc.array(listStep, { maxLength: 150, size: 'max' }), (played) => {
      const lists = new UnschedulablePods();
      /** The plain twin: pods with their groups, the last one last. */
      let twin: (readonly [pod: number, group: number])[] = [];
      for (const one of played) {
        if (one.verb === 'add') {
          twin = [...twin.filter(([pod]) => pod !== one.pod), [one.pod, one.group]];
          const [template, rejectors, pendings, gate] = GROUPS[one.group];
          lists.add(one.pod, template, rejectors, pendings, gate);
        } else if (one.verb === 'addMany') {
          const all = Array.from({ length: one.count }, (_, i) => one.from + i);
          const pods = all.filter((pod) => !twin.some(([other]) => other === pod));
          twin = [...twin, ...pods.map((pod) => [pod, one.group] as const)];
          const [template, rejectors, pendings] = GROUPS[one.group];
          if (pods.length > 0) lists.addMany(Int32Array.from(pods), pods.length, template, rejectors, pendings);
        } else if (one.verb === 'remove') {
          twin = twin.filter(([pod]) => pod !== one.pod);
          lists.remove(one.pod);
        } else {
          const [, rejectors, , gate] = GROUPS[one.group];
          const own = twin.filter(([, group]) => group === one.group).map(([pod]) => pod);
          const group = lists.groups().find((each) => lists.firstOf(each) === own[0]);
          expect(group === undefined).toBe(own.length === 0);
          if (group === undefined) continue;
          expect([group.rejectors, group.gate]).toEqual([rejectors, gate]);
          expect(lists.podsOf(group)).toEqual(own);
          const { size } = group;
          const rows = lists.takeAll(group);
          expect([...rows.subarray(0, size)]).toEqual(own);
          lists.giveBack(rows);
          twin = twin.filter(([, other]) => other !== one.group);
        }
        expect(lists.size).toBe(twin.length);
        expect(lists.gatedCount).toBe(twin.filter(([, group]) => GROUPS[group][3] !== 0).length);
        expect(lists.rows()).toEqual(twin.map(([pod]) => pod));
        expect(lists.filter((pod) => pod % 3 === 0)).toEqual(twin.map(([pod]) => pod).filter((pod) => pod % 3 === 0));
        expect(lists.groups().map((group) => lists.podsOf(group).length)).not.toContain(0);
      }
    }),
    { numRuns: 100 },
  );
});
