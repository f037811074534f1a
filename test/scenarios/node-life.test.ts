// Nodes that die, come back and vanish, as text stories: the script first, then what happened and when (in seconds).
import { describe, expect, test } from 'vitest';
import { story } from '../support/node-life.ts';

const PODS_ONLY = { hide: /node/ };

describe('a node dies', () => {
  test('it is Unknown after 50 s of silence, tainted, and its pods are replaced 300 s later; they go when it returns', () => {
    expect(story(`
      node a
      node b
      deployment web replicas=2
      at 100 crash a
      at 700 repair a
    `, 1000)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
          0.0  created web-1
          0.0  bound web-0 on a
          0.0  bound web-1 on a
          1.0  started web-0 on a
          1.0  started web-1 on a
        100.0  machine a down
        100.0  interrupted web-0 on a, lost 99 s
        100.0  interrupted web-1 on a, lost 99 s
        150.0  node a Ready=Unknown
        150.0  node a taints [unreachable:NoSchedule]
        150.0  node a taints [unreachable:NoSchedule unreachable:NoExecute]
        450.0  terminating web-0: taint
        450.0  terminating web-1: taint
        450.0  created web-2
        450.0  created web-3
        450.0  bound web-2 on b
        450.0  bound web-3 on b
        451.0  started web-2 on b
        451.0  started web-3 on b
        700.0  machine a up
        700.0  removed web-0: Evicted
        700.0  removed web-1: Evicted
        700.0  node a Ready=True
        700.0  node a taints [unreachable:NoExecute]
        700.0  node a taints []
      "
    `);
  });

  test('a crash shorter than the grace period is seen by nobody but the pods', () => {
    expect(story(`
      node a
      deployment web replicas=1
      job once pods=1 duration=60 restart=Never
      job again pods=1 duration=60 restart=OnFailure
      pod bare duration=60
      at 20 crash a
      at 50 repair a
    `, 400)).toMatchInlineSnapshot(`
      "
          0.0  created bare
          0.0  created web-0
          0.0  created once-0
          0.0  created again-0
          0.0  bound bare on a
          0.0  bound web-0 on a
          0.0  bound once-0 on a
          0.0  bound again-0 on a
          1.0  started bare on a
          1.0  started web-0 on a
          1.0  started once-0 on a
          1.0  started again-0 on a
         20.0  machine a down
         20.0  interrupted bare on a, lost 19 s
         20.0  interrupted web-0 on a, lost 19 s
         20.0  interrupted once-0 on a, lost 19 s
         20.0  interrupted again-0 on a, lost 19 s
         50.0  machine a up
         50.0  removed once-0: Failed
         51.0  started bare on a
         51.0  started web-0 on a
         51.0  started again-0 on a
         60.0  created once-1
         60.0  bound once-1 on a
         61.0  started once-1 on a
        111.0  removed bare: Succeeded
        111.0  removed again-0: Succeeded
        121.0  removed once-1: Succeeded
      "
    `);
  });

  test('a StatefulSet waits for the old pod, a Job does its work again a second later, a bare pod is lost', () => {
    expect(story(`
      node a
      node b
      statefulset db replicas=1
      job sum pods=1 duration=200
      pod bare duration=500
      at 100 crash a
      at 900 repair a
    `, 1200, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created bare
          0.0  created db-0
          0.0  created sum-0
          0.0  bound bare on a
          0.0  bound db-0 on a
          0.0  bound sum-0 on a
          1.0  started bare on a
          1.0  started db-0 on a
          1.0  started sum-0 on a
        100.0  machine a down
        100.0  interrupted bare on a, lost 99 s
        100.0  interrupted db-0 on a, lost 99 s
        100.0  interrupted sum-0 on a, lost 99 s
        450.0  terminating bare: taint
        450.0  terminating db-0: taint
        450.0  terminating sum-0: taint
        451.0  created sum-1
        451.0  bound sum-1 on b
        452.0  started sum-1 on b
        652.0  removed sum-1: Succeeded
        900.0  machine a up
        900.0  removed bare: Evicted
        900.0  removed db-0: Evicted
        900.0  removed sum-0: Evicted
        900.0  created db-0
        900.0  bound db-0 on a
        901.0  started db-0 on a
      "
    `);
  });

  test('when it returns before the 300 s are over, its pods start again in place and stay', () => {
    expect(story(`
      node a
      deployment web replicas=1
      at 100 crash a
      at 400 repair a
    `, 1000)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
          0.0  bound web-0 on a
          1.0  started web-0 on a
        100.0  machine a down
        100.0  interrupted web-0 on a, lost 99 s
        150.0  node a Ready=Unknown
        150.0  node a taints [unreachable:NoSchedule]
        400.0  machine a up
        400.0  node a Ready=True
        400.0  node a taints []
        401.0  started web-0 on a
      "
    `);
  });

  test('a pod that is bound to a dead machine waits for it', () => {
    expect(story(`
      node a
      at 10 crash a
      at 20 deployment web replicas=1
      at 30 repair a
    `, 100, PODS_ONLY)).toMatchInlineSnapshot(`
      "
         10.0  machine a down
         20.0  created web-0
         20.0  bound web-0 on a
         30.0  machine a up
         31.0  started web-0 on a
      "
    `);
  });
});

describe('a zone loses nodes', () => {
  test('two of six: the second NoExecute taint comes 10 s after the first', () => {
    expect(story(`
      node a1 zone=1
      node a2 zone=1
      node a3 zone=1
      node a4 zone=1
      node a5 zone=1
      node b1 zone=2
      at 100 crash a1
      at 100 crash a2
    `, 500)).toMatchInlineSnapshot(`
      "
        100.0  machine a1 down
        100.0  machine a2 down
        155.0  node a1 Ready=Unknown
        155.0  node a1 taints [unreachable:NoSchedule]
        155.0  node a2 Ready=Unknown
        155.0  node a2 taints [unreachable:NoSchedule]
        155.0  node a1 taints [unreachable:NoSchedule unreachable:NoExecute]
        165.0  node a2 taints [unreachable:NoSchedule unreachable:NoExecute]
      "
    `);
  });

  test('six of ten: partial disruption of a small zone, nothing is evicted', () => {
    const nodes = Array.from({ length: 10 }, (_, index) => `node a${index} zone=1`).join('\n');
    const crashes = Array.from({ length: 6 }, (_, index) => `at 100 crash a${index}`).join('\n');
    const timeline = story(`${nodes}\nnode b zone=2\n${crashes}`, 1000, { lifecycle: { leaseRenewMicros: 1 } });
    expect(timeline.split('\n').filter((line) => line.includes('Ready=Unknown'))).toHaveLength(6);
    expect(timeline).not.toContain('NoExecute');
  });

  test('sixty of a hundred: one NoExecute taint in 100 s', () => {
    const nodes = Array.from({ length: 100 }, (_, index) => `node a${index} zone=1`).join('\n');
    const crashes = Array.from({ length: 60 }, (_, index) => `at 100 crash a${index}`).join('\n');
    const timeline = story(`${nodes}\nnode b zone=2\n${crashes}`, 470, { lifecycle: { leaseRenewMicros: 1 } });
    const tainted = timeline.split('\n').filter((line) => line.includes('NoExecute')).map((line) => line.slice(0, 7).trim());
    // The rate is a 32-bit float a little below 0.01, so the tenth of a second after 100 s is the first with a token.
    expect(tainted).toEqual(['155.0', '255.1', '355.2', '455.3']);
  });

  test('all zones down: the taints go, nothing is evicted, and afterwards the queues start anew', () => {
    expect(story(`
      node a1 zone=1
      node a2 zone=1
      node b1 zone=2
      at 100 crash a1
      at 101 crash b1
      at 300 crash a2
      at 600 repair b1
    `, 800)).toMatchInlineSnapshot(`
      "
        100.0  machine a1 down
        101.0  machine b1 down
        150.0  node b1 Ready=Unknown
        150.0  node b1 taints [unreachable:NoSchedule]
        150.0  node b1 taints [unreachable:NoSchedule unreachable:NoExecute]
        155.0  node a1 Ready=Unknown
        155.0  node a1 taints [unreachable:NoSchedule]
        155.0  node a1 taints [unreachable:NoSchedule unreachable:NoExecute]
        300.0  machine a2 down
        355.0  node a2 Ready=Unknown
        355.0  node a2 taints [unreachable:NoSchedule]
        355.0  node a1 taints [unreachable:NoSchedule]
        355.0  node b1 taints [unreachable:NoSchedule]
        600.0  machine b1 up
        600.0  node b1 Ready=True
        600.0  node b1 taints []
        610.0  node a1 taints [unreachable:NoSchedule unreachable:NoExecute]
        620.0  node a2 taints [unreachable:NoSchedule unreachable:NoExecute]
      "
    `);
  });

  test('a cluster of one zone with every node dead keeps its pods', () => {
    const timeline = story(`
      node a
      node b
      deployment web replicas=1
      at 100 crash a
      at 100 crash b
    `, 5000);
    expect(timeline).not.toContain('terminating');
  });
});

describe('a node is removed', () => {
  test('its pods are orphans until garbage collection; DaemonSet pods go as deleted', () => {
    expect(story(`
      node a
      node b
      deployment web replicas=1
      daemonset agent
      at 30 remove a
    `, 200)).toMatchInlineSnapshot(`
      "
          0.0  created agent-0
          0.0  created agent-1
          0.0  created web-0
          0.0  bound agent-0 on a
          0.0  bound agent-1 on b
          0.0  bound web-0 on a
          1.0  started agent-0 on a
          1.0  started agent-1 on b
          1.0  started web-0 on a
         30.0  node a removed
         30.0  interrupted agent-0 on a, lost 29 s
         30.0  interrupted web-0 on a, lost 29 s
         80.0  removed agent-0: Deleted
         80.0  terminating web-0: nodeFailure
         80.0  removed web-0: Evicted
         80.0  created web-1
         80.0  bound web-1 on b
         81.0  started web-1 on b
      "
    `);
  });

  test('a node of the same name takes the pods over', () => {
    expect(story(`
      node a
      deployment web replicas=1
      at 30 remove a
      at 50 node a
    `, 200)).toMatchInlineSnapshot(`
      "
          0.0  created web-0
          0.0  bound web-0 on a
          1.0  started web-0 on a
         30.0  node a removed
         30.0  interrupted web-0 on a, lost 29 s
         51.0  started web-0 on a
      "
    `);
  });

  test('dead and removed: terminating pods go with garbage collection', () => {
    expect(story(`
      node a
      node b
      statefulset db replicas=1
      at 100 crash a
      at 500 remove a
    `, 700, PODS_ONLY)).toMatchInlineSnapshot(`
      "
          0.0  created db-0
          0.0  bound db-0 on a
          1.0  started db-0 on a
        100.0  machine a down
        100.0  interrupted db-0 on a, lost 99 s
        450.0  terminating db-0: taint
        540.0  removed db-0: Evicted
        540.0  created db-0
        540.0  bound db-0 on b
        541.0  started db-0 on b
      "
    `);
  });
});

test('a cordoned node gets the taint that mirrors it', () => {
  expect(story(`
    node a
    at 5 cordon a
  `, 10)).toMatchInlineSnapshot(`
    "
        5.0  node a taints [unschedulable:NoSchedule]
    "
  `);
});
