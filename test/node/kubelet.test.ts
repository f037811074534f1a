// Kubelets: image pulls, start delays, stopping; and that the delays of first pods do not depend on what else happens.
import { describe, expect, test } from 'vitest';
import { PodPhase } from '../../src/cluster/cluster.ts';
import { playScript, story, World } from '../support/node-life.ts';

describe('images', () => {
  test('are pulled one after another, once for all pods that wait, and reported every 10 s', () => {
    expect(story(`
      node a images=base:1
      pod one image=small cpu=100m
      pod two image=big,small cpu=100m
      pod three image=small cpu=100m duration=5
      pod four image=base:1 cpu=100m
      at 40 pod five image=big cpu=100m
    `, 60)).toMatchInlineSnapshot(`
      "
          0.0  created one
          0.0  created two
          0.0  created three
          0.0  created four
          0.0  bound one on a
          0.0  bound two on a
          0.0  bound three on a
          0.0  bound four on a
          1.0  started four on a
          6.0  started one on a
          6.0  started three on a
         10.0  node a images base:1 small:latest
         11.0  removed three: Succeeded
         27.0  started two on a
         30.0  node a images base:1 small:latest big:latest
         40.0  created five
         40.0  bound five on a
         41.0  started five on a
      "
    `);
  });

  test('are pulled side by side when pulls are not serialised', () => {
    expect(story(`
      node a
      pod one image=small cpu=100m
      pod two image=big cpu=100m
    `, 60, { kubelet: { serializeImagePulls: false }, hide: /created|bound/ })).toMatchInlineSnapshot(`
      "
          6.0  started one on a
         10.0  node a images small:latest
         22.0  started two on a
         30.0  node a images small:latest big:latest
      "
    `);
  });

  test('a crash loses the pull under way', () => {
    expect(story(`
      node a
      pod one image=big
      at 10 crash a
      at 20 repair a
    `, 60)).toMatchInlineSnapshot(`
      "
          0.0  created one
          0.0  bound one on a
         10.0  machine a down
         20.0  machine a up
         42.0  started one on a
         50.0  node a images big:latest
      "
    `);
  });

  test('a pull whose pod has gone still brings the image', () => {
    expect(story(`
      node a
      pod one image=big
      at 5 terminate one Api
      at 30 pod two image=big
    `, 60)).toMatchInlineSnapshot(`
      "
          0.0  created one
          0.0  bound one on a
          5.0  terminating one: api
          5.0  removed one: Evicted
         30.0  created two
         30.0  node a images big:latest
         30.0  bound two on a
         31.0  started two on a
      "
    `);
  });

  test('a Node object names the fifty largest', () => {
    const world = new World({ kubelet: { imageBytes: { tiny: 1 } } });
    playScript(world, `node a images=${Array.from({ length: 50 }, (_, index) => `i${index}:1`).join(',')}\npod one image=tiny\npod two image=other`);
    world.run(60);
    const { images } = world.cluster.nodes.facts[0];
    expect([images.size, images.has('tiny:latest'), images.has('other:latest')]).toEqual([50, false, true]);
  });
});

describe('stopping', () => {
  test('takes a second, or the grace period where that is less; a pod that is not running goes at once', () => {
    expect(story(`
      node a
      pod calm
      pod hasty grace=0
      pod starting image=big
      pod waiting cpu=9
      at 10 terminate calm Api
      at 10 terminate hasty Api
      at 10 terminate starting Api
      at 10 terminate waiting Api
    `, 20, { hide: /created|bound/ })).toMatchInlineSnapshot(`
      "
          1.0  started calm on a
          1.0  started hasty on a
         10.0  terminating calm: api
         10.0  terminating hasty: api
         10.0  terminating starting: api
         10.0  terminating waiting: api
         10.0  removed hasty: Evicted
         10.0  removed starting: Evicted
         10.0  removed waiting: Evicted
         11.0  removed calm: Evicted
      "
    `);
  });

  test('a pod that would finish while it stops does not succeed', () => {
    expect(story(`
      node a
      pod one duration=9.5
      at 10 terminate one Api
    `, 20, { hide: /created|bound/ })).toMatchInlineSnapshot(`
      "
          1.0  started one on a
         10.0  terminating one: api
         11.0  removed one: Evicted
      "
    `);
  });
});

describe('start delays', () => {
  const delays = { sandboxSeconds: { kind: 'lognormal', median: 0.4, sigma: 0.5, atLeast: null, atMost: null } } as const;
  const startOf = (script: string, name: string): number => {
    const world = new World({ kubelet: delays });
    playScript(world, script);
    world.run(300);
    const pod = world.podNamed(name);
    expect(world.cluster.pods.phase[pod]).toBe(PodPhase.Running);
    return world.cluster.pods.startedAt[pod] - world.cluster.pods.boundAt[pod];
  };

  test('of the first pods of a class stay when others are replaced, DaemonSets come, or nodes are added', () => {
    const calm = startOf('node a cpu=40\ndeployment web replicas=3\nat 100 deployment api replicas=2 class=deployment', 'api-1');
    const busy = startOf(`
      node a cpu=40
      deployment web replicas=3
      daemonset agent
      at 50 terminate web-1 Preemption
      at 60 node b
      at 70 terminate web-0 Preemption
      at 100 deployment api replicas=2 class=deployment
    `, 'api-1');
    expect(busy).toBe(calm);
  });

  test('differ between pods', () => {
    const script = 'node a cpu=40\ndeployment web replicas=2';
    expect(startOf(script, 'web-0')).not.toBe(startOf(script, 'web-1'));
  });
});
