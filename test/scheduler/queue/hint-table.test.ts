/** Which plugin hears of which event; upstream: pkg/scheduler/scheduler.go buildQueueingHintMap (v1.36). */
import { describe, expect, test } from 'vitest';
import { Action, event, eventMatches, WILDCARD_EVENT } from '../../../src/scheduler/framework/cluster-event.ts';
import type { EventRegistration } from '../../../src/scheduler/framework/cluster-event.ts';
import type { Plugin } from '../../../src/scheduler/framework/plugin-api.ts';
import { Profile } from '../../../src/scheduler/framework/profile.ts';
import { PrioritySort } from '../../../src/scheduler/plugins/priority-sort.ts';
import { HintTable } from '../../../src/scheduler/queue/hint-table.ts';
import { fixture } from '../../support/scheduler-fixture.ts';
import { NO_POINTS } from './queue-story.ts';

function tableOf(
  plugins: readonly Plugin[],
  points: { readonly filter?: readonly string[]; readonly postBind?: readonly string[] },
  taintsHinted = false,
): HintTable {
  const registry = new Map(
    [PrioritySort, ...plugins.map((plugin) => ({ name: plugin.name, summary: '', create: () => plugin }))].map(
      (factory) => [factory.name, factory],
    ),
  );
  const spec = {
    schedulerName: 'default-scheduler',
    percentageOfNodesToScore: null,
    points: { ...NO_POINTS, ...points },
    args: {},
  };
  return new HintTable([new Profile(spec, registry, fixture({}).handle)], taintsHinted);
}

const registering = (name: string, ...registrations: EventRegistration[]): Plugin => ({ name, filter: () => null, eventsToRegister: () => registrations });

describe('registered events', () => {
  test('match by resource, by a common action, and only when nothing else came along', () => {
    const labels = event('Node', Action.Add | Action.UpdateNodeLabel);
    expect(eventMatches(labels, event('Node', Action.Add))).toBe(true);
    expect(eventMatches(labels, event('Node', Action.UpdateNodeTaint))).toBe(false);
    expect(eventMatches(labels, event('Pod', Action.Add))).toBe(false);
    expect(eventMatches(labels, event('Node', Action.UpdateNodeLabel | Action.UpdateNodeTaint))).toBe(false);
    expect(eventMatches(WILDCARD_EVENT, event('CSINode', Action.Delete))).toBe(true);
    expect(eventMatches(event('*', Action.Add), event('CSINode', Action.Add))).toBe(true);
  });

  test('on pods cover assigned and unschedulable pods', () => {
    const onPods = event('Pod', Action.Delete);
    expect(eventMatches(onPods, event('AssignedPod', Action.Delete))).toBe(true);
    expect(eventMatches(onPods, event('UnschedulablePod', Action.Delete))).toBe(true);
    expect(eventMatches(event('AssignedPod', Action.Delete), event('Pod', Action.Delete))).toBe(false);
  });
});

test('a plugin that waits for new nodes hears of lifted taints, too, and always says Queue', () => {
  const table = tableOf([registering('Adds', { event: event('Node', Action.Add), hint: () => 'QueueSkip' })], { filter: ['Adds'] });
  const matching = table.matching('default-scheduler', event('Node', Action.UpdateNodeTaint), table.bit('Adds'));
  expect(matching.map(({ hint }) => hint)).toEqual([null]);
});

test('one that registered taints itself is not given them twice', () => {
  const table = tableOf([registering('Both', { event: event('Node', Action.Add | Action.UpdateNodeTaint), hint: () => 'QueueSkip' })], { filter: ['Both'] });
  expect(table.matching('default-scheduler', event('Node', Action.UpdateNodeTaint), table.bit('Both'))).toHaveLength(1);
});

test('a plugin without registrations hears everything, one that cannot reject hears nothing', () => {
  const plugins = [{ name: 'Silent', filter: () => null }, { name: 'Late', postBind: () => undefined }];
  const table = tableOf(plugins, { filter: ['Silent'], postBind: ['Late'] });
  const incoming = event('CSINode', Action.Add);
  expect(table.isOfInterest(incoming)).toBe(true);
  expect(table.matching('default-scheduler', incoming, table.mask(['Silent', 'Late'])).map(({ pluginBit }) => table.names(pluginBit))).toEqual([['Silent']]);
  expect(tableOf(plugins, { postBind: ['Late'] }).isOfInterest(incoming)).toBe(false);
  expect(table.matching('unknown-scheduler', incoming, table.bit('Silent'))).toEqual([]);
});

test('masks turn back into names; more than 31 plugins are refused', () => {
  const table = tableOf([], {});
  expect(table.names(table.mask(['A', 'C', 'B']))).toEqual(['A', 'C', 'B']);
  expect(() => table.mask(Array.from({ length: 32 }, (_, i) => `P${i}`))).toThrow('more than 31 plugins');
});
