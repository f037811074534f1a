// Owners: replacement, ends, DaemonSets; as text stories.
import { describe, expect, test } from 'vitest';
import { playScript, story, World } from '../support/node-life.ts';

const PODS_ONLY = { hide: /bound|node/ };

describe('replacement', () => {
  test('a preempted pod of a Deployment is replaced as soon as it is terminating', () => {
    expect(story(`
      node a
      deployment web replicas=1
      at 10 terminate web-0 Preemption
    `, 30, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
          1.0  started web-0 on a
         10.0  terminating web-0: preemption
         10.0  created web-1
         11.0  removed web-0: Evicted
         11.0  started web-1 on a
      "
    `);
  });

  test('a pending pod that is deleted is gone and replaced in the same instant', () => {
    expect(story(`
      node a
      deployment web replicas=1 cpu=9
      at 10 terminate web-0 Api
    `, 30, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
         10.0  terminating web-0: api
         10.0  created web-1
         10.0  removed web-0: Evicted
      "
    `);
  });

  test('a Job makes the next pod of its completions when one has succeeded', () => {
    expect(story(`
      node a
      job work pods=2 later=1 duration=10
    `, 60, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created work-0
          0.0  created work-1
          1.0  started work-0 on a
          1.0  started work-1 on a
         11.0  removed work-0: Succeeded
         11.0  removed work-1: Succeeded
         12.0  created work-2
         13.0  started work-2 on a
         23.0  removed work-2: Succeeded
      "
    `);
  });

  test('a Deployment that ends deletes its pods wherever they stand, and replaces none', () => {
    expect(story(`
      node a cpu=2
      deployment web replicas=3 lifetime=100 grace=0
      at 99.5 terminate web-0 Preemption
    `, 200, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
          0.0  created web-1
          0.0  created web-2
          1.0  started web-0 on a
          1.0  started web-1 on a
         99.5  terminating web-0: preemption
         99.5  removed web-0: Evicted
         99.5  created web-3
        100.0  terminating web-1: none
        100.0  terminating web-2: none
        100.0  terminating web-3: none
        100.0  removed web-1: Deleted
        100.0  removed web-3: Deleted
        100.0  removed web-2: Deleted
      "
    `);
  });

  test('rows of owners that are done are used again', () => {
    const world = new World();
    playScript(world, `node a\n${Array.from({ length: 50 }, (_, index) => `at ${index * 10} job j${index} pods=1 duration=5`).join('\n')}`);
    world.run(1000);
    expect([world.owners.count, world.owners.length]).toEqual([0, 1]);
  });
});

describe('DaemonSets', () => {
  test('follow labels and taints of nodes; a lost pod comes back once it is gone', () => {
    expect(story(`
      node a labels=disk:ssd
      daemonset agent selector=disk:ssd
      node b
      at 10 node c labels=disk:ssd taint=dedicated:NoSchedule
      at 20 untaint c dedicated:NoSchedule
      at 30 taint a x:NoExecute
      at 40 terminate agent-1 Api
    `, 100, { hide: /bound/ })).toMatchInlineSnapshot(`
      "
          0.0  created agent-0
          1.0  started agent-0 on a
         20.0  node c taints []
         20.0  created agent-1
         21.0  started agent-1 on c
         30.0  node a taints [x:NoExecute]
         30.0  terminating agent-0: none
         31.0  removed agent-0: Deleted
         40.0  terminating agent-1: api
         41.0  removed agent-1: Evicted
         41.0  created agent-2
         42.0  started agent-2 on c
      "
    `);
  });

  test('stay on a node that is unreachable', () => {
    expect(story(`
      node a
      node b
      daemonset agent
      at 100 crash a
      at 900 repair a
    `, 1000, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created agent-0
          0.0  created agent-1
          1.0  started agent-0 on a
          1.0  started agent-1 on b
        100.0  machine a down
        100.0  interrupted agent-0 on a, lost 99 s
        900.0  machine a up
        901.0  started agent-0 on a
      "
    `);
  });

  test('pods still pending on a node go with it', () => {
    expect(story(`
      node a cpu=1
      daemonset agent cpu=2
      at 10 remove a
    `, 100)).toMatchInlineSnapshot(`
      "
          0.0  created agent-0
         10.0  node a removed
         10.0  terminating agent-0: none
         10.0  removed agent-0: Deleted
      "
    `);
  });
});

describe('taint eviction', () => {
  test('counts from the first taint that starts a timer, and forgets when the taints go', () => {
    expect(story(`
      node a
      pod none
      pod short tolerate=x:NoExecute:10
      pod long tolerate=x:NoExecute:60
      pod ever tolerate=x:NoExecute
      at 100 taint a x:NoExecute
      at 150 untaint a x:NoExecute
      at 200 taint a x:NoExecute
    `, 400, { hide: /created|bound|started/ })).toMatchInlineSnapshot(`
      "
        100.0  node a taints [x:NoExecute]
        100.0  terminating none: taint
        101.0  removed none: Evicted
        110.0  terminating short: taint
        111.0  removed short: Evicted
        150.0  node a taints []
        200.0  node a taints [x:NoExecute]
        260.0  terminating long: taint
        261.0  removed long: Evicted
      "
    `);
  });
});
