// PostFilter after PreFilter was broken off: DynamicResources answers with an error, so DefaultPreemption is not
// asked, and what was nominated stays (plugins/dynamicresources, framework/runtime RunPostFilterPlugins,
// schedule_one.go, v1.36, v1.37).
import { describe, expect, test } from 'vitest';
import { unresolvable, unschedulable } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';
import type { ProfilePoints } from '../../src/scheduler/framework/profile.ts';
import { SchedulerWorld, plugin } from './scheduler-world.ts';

/** A PreFilter that says no as long as `refusal` is there; it stands before DynamicResources, or behind all others. */
class Refusing {
  refusal: Status | null = null;
  readonly world: SchedulerWorld;

  constructor(place: 'first' | 'last', points: Partial<ProfilePoints> = {}) {
    const factory = plugin('Refusing', {
      preFilter: () => ({ status: this.refusal, nodeNames: null }),
      filter: () => null,
    });
    const standard = ['NodeResourcesFit', 'DynamicResources'];
    const preFilter = place === 'first' ? ['Refusing', ...standard] : [...standard, 'Refusing'];
    this.world = new SchedulerWorld({ plugins: [factory], points: { preFilter, ...points } });
    this.world.node('n1', { cpu: '2' });
    this.world.placed('low', 'n1', '2');
  }

  /** `high` preempts `low` and waits for its node; then its PreFilter says no. */
  preemptThenRefuse(refusal: Status): SchedulerWorld {
    const { world } = this;
    world.pod('high', '2', { priority: 10 });
    world.runTo(1);
    expect(world.log).toContain('0.001 high preempted low');
    this.refusal = refusal;
    return world.runTo(20);
  }
}

const NO = unresolvable('Refusing', 'no');

describe('PreFilter said UnschedulableAndUnresolvable', () => {
  test('before DynamicResources: the error stands in the message, the nomination stays and keeps others away', () => {
    const world = new Refusing('first').preemptThenRefuse(NO);
    expect(world.messages.at(-1)).toBe('0/1 nodes are available: no. not found');
    expect(world.cluster.nominatedNodeName(world.row('high'))).toBe('n1');
    world.pod('late', '1');
    world.runTo(21);
    expect(world.where('late')).toBe('Unschedulable');
  });

  test('before DynamicResources, which PostFilter lacks: preemption finds no help, the nomination is cleared', () => {
    const world = new Refusing('first', { postFilter: ['DefaultPreemption'] }).preemptThenRefuse(NO);
    expect(world.messages.at(-1)).toBe(
      '0/1 nodes are available: no. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    expect(world.cluster.nominatedNodeName(world.row('high'))).toBe('');
  });

  test('behind DynamicResources: all PostFilter plugins are asked', () => {
    const world = new Refusing('last').preemptThenRefuse(NO);
    expect(world.messages.at(-1)).toBe(
      '0/1 nodes are available: no. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    expect(world.cluster.nominatedNodeName(world.row('high'))).toBe('');
  });
});

test('PreFilter said Unschedulable: the others are asked all the same, DynamicResources among them', () => {
  const world = new Refusing('first').preemptThenRefuse(unschedulable('Refusing', 'not now'));
  expect(world.messages.at(-1)).toMatch(/^0\/1 nodes are available: not now\. preemption: /);
});
