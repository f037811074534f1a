// What people do to a cluster, verb by verb, with the times at which it happens.
import { describe, expect, test } from 'vitest';
import { budget, lanes, nodes, pod, rehearse, told, workload } from '../support/rehearsed.ts';

const service = (name: string, selector: object) => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { selector },
});
const drain = (more: object = {}, at = '1m') => ({ at, drain: { nodes: ['node-0'], ...more } });

describe('drain', () => {
  test('evicts all pods at once and ends when kubectl has seen the last one gone', () => {
    const result = rehearse([drain()], [...nodes(3), workload('Deployment', 'web', 6)]);
    // SIGTERM takes a second, which is kubectl's next look.
    expect(told(result)).toEqual(['drain node-0: 1s done']);
    expect(result.blockers).toEqual([]);
    expect(result.end).toBe('healed');
    expect(lanes(result)).toEqual(['node-0 draining 0-1', `node-0 cordoned 1-${result.endSeconds - 60}`]);
  });

  test('asks again every 5 s for what a budget refuses, and tells who was in the way for how long', () => {
    const slow = { sandbox: '0s', containerStart: '8s', pullBase: '0s', defaultImageSize: '0' };
    const objects = [
      ...nodes(2), workload('Deployment', 'web', 4),
      budget('web', { maxUnavailable: 1 }), service('web', { app: 'web' }), service('all', {}),
    ];
    const result = rehearse([drain()], objects, { kubelet: slow });
    // Two pods there: one goes at 0 s, its replacement is ready at 8 s, the other goes at the next asking.
    expect(told(result)).toEqual(['drain node-0: 11s done']);
    expect(result.blockers.map(({ text, refusals }) => `${text} (${refusals})`)).toEqual([
      'PDB default/web blocked node-0 for 10s: 4 replicas, 3 healthy, maxUnavailable 1 (2)',
    ]);
    const web = result.availability.find(({ kind }) => kind === 'PodDisruptionBudget');
    expect([web?.leastAvailable, web?.belowSeconds, web?.rule]).toEqual([3, 0, 'maxUnavailable 1']);
    // A service wants what it had; one without a selector has no pods of its own.
    const services = result.availability.filter(({ kind }) => kind === 'Service');
    expect(services.map(({ key, leastAvailable, series }) => [key, leastAvailable, series.wanted[0]])).toEqual([
      ['default/web', 3, 4],
    ]);
    expect(result.unavailablePodSeconds).toBe(16);
    expect(result.healSeconds).toBe(18);
  });

  test('waits for ever for a budget that can never allow it, and says so', () => {
    const objects = [
      ...nodes(2),
      pod('gone', 'node-1'),
      workload('StatefulSet', 'db', 1, { nodeSelector: { 'kubernetes.io/hostname': 'node-0' } }),
      budget('db', { minAvailable: 1 }),
    ];
    const result = rehearse([drain()], objects);
    expect(told(result)).toEqual(['drain node-0: - unfinished']);
    expect(result.blockers.map(({ text }) => text)).toEqual([
      'PDB default/db blocks node-0 for ever: 1 replica, minAvailable 1',
    ]);
    expect(result.end).toBe('stuck');
  });

  test('that is stuck tells what would stop it on nodes whose turn has not come', () => {
    const onNode = (row: number) => ({ nodeSelector: { 'kubernetes.io/hostname': `node-${row}` } });
    const objects = [
      ...nodes(3), workload('StatefulSet', 'db', 1, onNode(0)), budget('db', { minAvailable: 1 }),
      workload('StatefulSet', 'vault', 2, onNode(1)), budget('vault', { maxUnavailable: 0 }),
      workload('StatefulSet', 'web', 2, onNode(2)), budget('web', { maxUnavailable: 1 }),
    ];
    const { blockers } = rehearse([{ at: '1m', drain: { nodes: ['node-0', 'node-1', 'node-2'] } }], objects);
    expect(blockers.map(({ text }) => text)).toEqual([
      'PDB default/db blocks node-0 for ever: 1 replica, minAvailable 1',
      'PDB default/vault would block node-1 for ever: 2 replicas, maxUnavailable 0',
    ]);
  });

  test('gives up at its timeout', () => {
    const objects = [...nodes(2), workload('StatefulSet', 'db', 1), budget('db', { minAvailable: 1 })];
    expect(told(rehearse([{ at: '1m', drain: { nodes: ['node-0', 'node-1'], timeout: '90s' } }], objects))[0]).toMatch(
      /^drain node-0 node-1: (90|91)s failed unable to drain node node-.: global timeout reached; pods left: default\/db-0$/,
    );
  });

  test('leaves bare pods alone unless forced, and pods with emptyDir unless told that their data may go', () => {
    const objects = [
      ...nodes(2),
      pod('debug', 'node-0'),
      pod('cache', 'node-0', { volumes: [{ name: 'v', emptyDir: {} }] }),
    ];
    const message = 'cannot delete Pods that declare no controller (use --force to override): default/debug; ' +
      'cannot delete Pods with local storage (use --delete-emptydir-data to override): default/cache';
    const refused = rehearse([drain()], objects);
    expect(told(refused)).toEqual([`drain node-0: 0s failed unable to drain node node-0: ${message}`]);
    expect(refused.lost).toEqual([]);
    const forced = rehearse([drain({ force: true, deleteEmptyDirData: true })], objects);
    expect(told(forced)).toEqual(['drain node-0: 1s done']);
    expect(forced.lost).toEqual([{ reason: 'bare', controller: '', pods: ['default/debug', 'default/cache'] }]);
  });

  test('drains one node after the other, and goes on after one that cannot be', () => {
    const result = rehearse(
      [{ at: '1m', drain: { selector: 'topology.kubernetes.io/zone in (a,b)' } }],
      [
        ...nodes(3),
        pod('debug', 'node-0'),
        workload('Deployment', 'web', 3, { nodeSelector: { 'topology.kubernetes.io/zone': 'b' } }),
      ],
    );
    expect(told(result)[0]).toMatch(
      /^drain topology.kubernetes.io\/zone in \(a,b\): 1s failed unable to drain node node-0: cannot delete Pods that declare no controller/,
    );
    expect(
      result.pending.map(({ owner, pods, stillPending, message }) => `${owner} ${pods} ${stillPending} ${message}`),
    ).toEqual([
      "Deployment default/web 3 3 0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    ]);
    expect(result.healSeconds).toBeNull();
  });

  test('of a pod that two budgets cover ends with an error, as the API evicts none such', () => {
    const objects = [...nodes(2), workload('Deployment', 'web', 2), budget('web', { minAvailable: 1 }),
      { ...(budget('web', { minAvailable: 1 }) as object), metadata: { name: 'web-too', namespace: 'default' } }];
    const result = rehearse([drain()], objects);
    expect(told(result)[0]).toMatch(/^drain node-0: 0s failed .*more than one PodDisruptionBudget covers it$/);
    expect(result.blockers[0].text).toBe(
      'PDB default/web and PDB default/web-too block node-0 for ever: 2 budgets cover one pod: the API evicts none such',
    );
  });
});

describe('cordon, uncordon', () => {
  test('keep new pods away until they may come again', () => {
    const cordoned = { pool: 'general' };
    const result = rehearse(
      [
        { at: '1m', cordon: cordoned },
        { at: '2m', scale: { workload: 'deploy/web', replicas: 3 } },
        { at: '3m', uncordon: cordoned },
      ],
      [...nodes(2), workload('Deployment', 'web', 2)],
    );
    expect(told(result)).toEqual([
      'cordon pool=general: 0s done',
      'scale Deployment default/web to 3: 0s done',
      'uncordon pool=general: 0s done',
    ]);
    const web = result.availability.find(({ kind }) => kind === 'Deployment');
    expect(web?.series).toEqual({
      seconds: [60, 120, 180],
      available: [2, 2, 3],
      wanted: [2, 3, 3],
      needed: [1, 1, 1],
    });
    expect(result.healSeconds).toBe(120);
  });
});

describe('kill, outage', () => {
  test('stop machines; without an end pods are made anew after detection and toleration', () => {
    const result = rehearse(
      [{ at: '1m', kill: { nodes: ['node-0'] } }],
      [...nodes(3), workload('Deployment', 'web', 3)],
    );
    expect(told(result)).toEqual(['kill node-0: 0s done 1 node down for good']);
    // Unreachable after 40 to 55 s, deleted 300 s later.
    expect(result.healSeconds).toBeGreaterThanOrEqual(340);
    expect(result.healSeconds).toBeLessThanOrEqual(356);
    expect(lanes(result)).toEqual([`node-0 down 0-${result.endSeconds - 60}`]);
  });

  test('of a zone end when they are over, and nodes are held down by each that strikes them', () => {
    const result = rehearse(
      [{ at: '1m', outage: { zone: 'a', for: '30s' } }, { at: '80s', kill: { nodes: ['node-0'], for: '20s' } }],
      [...nodes(4), workload('Deployment', 'web', 4)],
    );
    expect(told(result)).toEqual(['outage zone=a: 30s done 2 nodes back', 'kill node-0: 20s done 1 node back']);
    expect(lanes(result)).toEqual(['node-0 down 0-40', 'node-3 down 0-30']);
    expect(result.healSeconds).toBe(40);
  });
});

describe('scale, rollout, delete', () => {
  test('a rollout makes new pods within surge and unavailability', () => {
    const slow = { sandbox: '0s', containerStart: '10s', pullBase: '0s', defaultImageSize: '0' };
    const result = rehearse(
      [{ at: '1m', rollout: { workload: 'deployment/web', image: ':v2' } }],
      [...nodes(4), workload('Deployment', 'web', 4)],
      { kubelet: slow },
    );
    // 25 % of 4: one more, one less. Two waves of two.
    expect(told(result)).toEqual(['rollout Deployment default/web image=:v2: 0s done']);
    const web = result.availability.find(({ kind }) => kind === 'Deployment');
    expect(web?.leastAvailable).toBe(3);
    expect(result.healSeconds).toBe(20);
  });

  test('a deleted pod is made anew, a deleted node takes its pods along, a deleted budget lets a drain go on', () => {
    const objects = [...nodes(2), workload('StatefulSet', 'db', 1), budget('db', { minAvailable: 1 })];
    const result = rehearse(
      [
        { at: '1m', delete: { object: 'pod/db-0' } },
        { at: '2m', drain: { nodes: ['node-0', 'node-1'] } },
        { at: '130s', delete: { object: 'pdb/db' } },
      ],
      objects,
    );
    expect(told(result)[0]).toBe('delete Pod default/db-0: 0s done');
    expect(told(result)[1]).toMatch(/^drain node-0 node-1: 1[01]s done$/);
    const gone = rehearse(
      [{ at: '1m', delete: { object: 'node/node-0' } }],
      [...nodes(2), workload('Deployment', 'web', 2)],
    );
    expect(told(gone)).toEqual(['delete Node node-0: 0s done']);
    expect(gone.healSeconds).toBe(40);
  });

  test('what is gone by then is not found', () => {
    const steps = [
      { at: '1m', delete: { object: 'deploy/web' } },
      { at: '2m', scale: { workload: 'deploy/web', replicas: 1 } },
      { at: '2m', delete: { object: 'pod/nobody' } },
    ];
    expect(told(rehearse(steps, [...nodes(1), workload('Deployment', 'web', 1)]))).toEqual([
      'delete Deployment default/web: 0s done',
      'scale Deployment default/web to 1: 0s failed Deployment default/web not found',
      'delete Pod default/nobody: 0s failed Pod default/nobody not found',
    ]);
  });
});

describe('upgrade', () => {
  const upgrade = (more: object) => ({ at: '1m', upgrade: { pool: 'general', provisioning: '60s', ...more } });

  test.each([
    [{ surge: 1 }, 5],
    [{ surge: 2 }, 3],
    [{ surge: '33%' }, 3],
    [{ surge: 0, maxUnavailable: 1 }, 5],
    [{ surge: 1, maxUnavailable: 1 }, 3],
    [{ surge: 5 }, 1],
  ] as const)('with %j takes ceil(N / places) rounds of boot and drain', (plan, rounds) => {
    const result = rehearse([upgrade(plan)], [...nodes(5), workload('Deployment', 'web', 5, {}, {})]);
    const [{ beginSeconds, endSeconds, message }] = result.steps;
    expect(message).toBe('5 nodes replaced');
    // A node boots for 60 s; a drain takes a second where there are pods, and none where there are not.
    const seconds = (endSeconds ?? NaN) - beginSeconds;
    expect(seconds).toBeGreaterThanOrEqual(rounds * 60);
    expect(seconds).toBeLessThanOrEqual(rounds * 61);
    expect(result.nodes.filter(({ spans }) => spans.some(({ state }) => state === 'booting'))).toHaveLength(5);
  });

  test('pays for surge nodes from when they are asked for', () => {
    const result = rehearse([upgrade({ surge: 1 })], [...nodes(2)]);
    expect(result.extraNodeHours).toBeCloseTo(120 / 3600, 10);
    expect(lanes(result)).toEqual(['node-0-new booting 0-60', 'node-1-new booting 60-120']);
  });

  test('stops at a node whose pods may not go, or deletes it when its time is over', () => {
    const objects = [...nodes(2), workload('StatefulSet', 'db', 1), budget('db', { minAvailable: 1 })];
    const stuck = rehearse([upgrade({ surge: 1 })], objects);
    expect(stuck.steps[0].outcome).toBe('unfinished');
    expect(stuck.blockers).toHaveLength(1);
    const forced = rehearse([upgrade({ surge: 2, drainTimeout: '1h' })], objects);
    expect(told(forced)[0]).toBe(
      'upgrade pool=general surge=2: 3660s done 2 nodes replaced, 1 before their pods had gone',
    );
    expect(forced.availability.find(({ kind }) => kind === 'PodDisruptionBudget')?.belowSeconds).toBeGreaterThan(0);
  });
});
