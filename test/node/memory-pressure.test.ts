// Memory: a container that reaches its limit is killed; a node without memory evicts pods, the worst offender first.
import { describe, expect, test } from 'vitest';
import { containerStory } from '../support/container-story.ts';
import { fixed } from '../support/node-life.ts';
import { playScenario } from '../support/played-scenario.ts';

describe('a container', () => {
  const killed = (use: number, growthPerHour: number): string => {
    const resources = { requests: { memory: '512Mi' }, limits: { memory: '1Gi' } };
    const containers = [{ name: 'main', resources }];
    return containerStory({
      pod: { containers },
      application: { memory: { use: fixed(use), growthPerHour: fixed(growthPerHour) } },
      untilSeconds: 150,
    });
  };

  test('that leaks is killed when its memory reaches the limit, and leaks again', () => {
    expect(killed(1, 60)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
         61.0  not ready
         61.0  container exited with 137
         61.5  restart 1
         61.5  ready
        121.5  not ready
        121.5  container exited with 137
        132.0  restart 2
        132.0  ready
      "
    `);
  });

  test('that needs more than its limit from the start never gets further', () => {
    expect(killed(3, 0)).toMatchInlineSnapshot(`
      "
          1.0  running, ready
          2.0  not ready
          2.0  container exited with 137
          2.5  restart 1
          2.5  ready
          3.5  not ready
          3.5  container exited with 137
         14.0  restart 2
         14.0  ready
         15.0  not ready
         15.0  container exited with 137
         35.5  restart 3
         35.5  ready
         36.5  not ready
         36.5  container exited with 137
         77.0  restart 4
         77.0  ready
         78.0  not ready
         78.0  container exited with 137
      "
    `);
  });

  test('within its limit runs on', () => {
    expect(killed(1.9, 0)).toBe('\n    1.0  running, ready\n');
  });
});

describe('a node', () => {
  const pod = (name: string, memory: object, more: object = {}): object => ({
    name, kind: 'Pod', lifetime: '2h', requests: { cpu: '100m', memory: '2Gi' }, application: { memory }, ...more,
  });
  const nodePools = [{ name: 'general', count: 1, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } }];

  test('without memory evicts who uses more than it requests, then by priority, then by how much more', () => {
    const { pods, result } = playScenario({
      duration: '30m', nodePools, priorityClasses: { high: 1000 },
      workloads: [
        pod('modest', { use: 1 }),
        pod('large', { use: 1.6 }, { priorityClass: 'high' }),
        pod('larger', { use: 1.2, growthPerHour: 12 }),
      ],
    });
    // 7.6Gi are in use, 24Gi more an hour: what is left is less than 100Mi after 60 s or so.
    expect(pods.map(({ name, ended, outcome }) => [name, ended, outcome])).toMatchInlineSnapshot(`
      [
        [
          "larger-0",
          71,
          "Evicted",
        ],
        [
          "modest-0",
          NaN,
          "Running",
        ],
        [
          "large-0",
          NaN,
          "Running",
        ],
      ]
    `);
    expect(result.failures.evictionsByCause).toEqual({ nodePressure: 1 });
  });

  test('says so for five minutes at least, and nobody new comes meanwhile', () => {
    const { pods } = playScenario({
      duration: '30m', nodePools,
      workloads: [
        pod('leak', { use: 1, growthPerHour: 60 }), pod('calm', { use: 1 }),
        pod('later', { use: 1 }, { arrivals: { at: '5m' } }),
      ],
    });
    expect(pods.map(({ name, bound, ended, outcome }) => [name, bound, ended, outcome])).toMatchInlineSnapshot(`
      [
        [
          "leak-0",
          0.0063,
          131,
          "Evicted",
        ],
        [
          "calm-0",
          0.0076,
          NaN,
          "Running",
        ],
        [
          "later-0",
          430.0063,
          NaN,
          "Running",
        ],
      ]
    `);
  });

  test('is left alone where nobody says what its pods use', () => {
    const { result } = playScenario({
      duration: '30m', nodePools,
      workloads: [
        pod('one', {}, { application: { startup: '1s' } }), pod('two', {}, { application: { stop: '1s' } }),
      ],
    });
    expect(result.failures.evictionsByCause).toEqual({});
  });
});
