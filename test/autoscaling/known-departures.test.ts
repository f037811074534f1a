/** What the autoscaler leaves out or does otherwise than upstream's (docs/model.md, known departures), as stories. */
import { describe, expect, test } from 'vitest';
import { playScenario, podObject } from '../support/played-scenario.ts';
import { AutoscaledWorld } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '4', memory: '16Gi' };

describe('growing', () => {
  test('one owner may bring any number of kinds of pods: a dozen in one loop', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 0, max: 20 }]);
    world.at(1, () => {
      for (let kind = 0; kind < 12; kind++) world.pod({ cpu: '3', labels: { kind: `k${kind}` } });
    });
    expect(world.until(15)).toBe('10 scaleUp std +12');
  });

  const zoned = (zone: string): string[] => {
    const pool = { name: 'std', count: 0, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi' }, autoscaling: { min: 0, max: 5, provisioning: '1m' } };
    const { pods, result } = playScenario({ duration: '20m', nodePools: [pool] }, [podObject('p', { nodeSelector: { 'topology.kubernetes.io/zone': zone } })]);
    return [...result.nodes.map(({ name, zone: where }) => `${name} in ${where}`), `p ${pods[0].outcome}`];
  };

  test('a group\'s next node has its own zone: one that is asked for another zone does not grow', () => {
    expect(zoned('a')).toEqual(['std-0 in a', 'p Running']);
    expect(zoned('b')).toEqual(['p Pending']);
  });

  test('a group below its minimum is not brought up to it', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, min: 3, max: 10 }]);
    expect(world.until(3600)).toBe('');
  });
});

describe('draining', () => {
  const drained = (prepare: (world: AutoscaledWorld) => void, options: Parameters<AutoscaledWorld['pod']>[0] = {}): boolean => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }, { name: 'fixed', count: 1, cpu: '1500m', memory: '16Gi' }]);
    const fixed = (): number => world.cluster.nodeRow('fixed-0');
    world.at(1, () => world.cluster.setUnschedulable(fixed(), true));
    world.at(2, () => world.pod(options));
    world.at(5, () => world.cluster.setUnschedulable(fixed(), false));
    prepare(world);
    return world.until(5000).includes('std-0 is gone');
  };

  test('a node that says so itself is kept', () => {
    expect(drained(() => undefined)).toBe(true);
    expect(drained((world) => world.at(3, () => {
      const row = world.cluster.nodeRow('std-0');
      const { object } = world.cluster.nodes.facts[row];
      world.cluster.updateNode(row, { ...object, metadata: { ...object.metadata, annotations: { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' } } });
    }))).toBe(false);
  });
});
