// DaemonSets of files in a run, looked after by the controller that the recordings judge: updates, ends, dumps.
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario } from '../support/played-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const NODES = ['a', 'b', 'c'].map((name) => nodeObject(name));
const STARTING = { sandbox: '0s', containerStart: '2s', pullBase: '0s', defaultImageSize: '0' };
const rollout = { at: '1m', rollout: { workload: 'ds/agent', image: ':v2' } };

const template = (spec: Fields = {}) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'main', image: 'agent:v1', resources: { requests: { cpu: '1' } } }], ...spec },
});
const daemonSet = (spec: Fields = {}, metadata: Fields = {}) => ({
  apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'default', ...metadata },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template(), ...spec },
});
/** `name node created ended outcome`, by name. */
const told = (members: Fields, objects: readonly unknown[]): string[] =>
  playScenario({ duration: '10m', kubelet: STARTING, ...members }, objects).pods.map(
    ({ name, node, created, ended, outcome }) =>
      `${name} ${node} ${created.toFixed(0)} ${Number.isNaN(ended) ? '-' : ended.toFixed(0)} ${outcome}`,
  ).sort((a, b) => (a < b ? -1 : 1));

describe('an update of a DaemonSet', () => {
  test('takes one pod after the other, each when the one before it is ready again', () => {
    expect(told({ steps: [rollout] }, [...NODES, daemonSet()])).toEqual([
      'agent-0 a 0 61 Deleted', 'agent-1 b 0 64 Deleted', 'agent-2 c 0 67 Deleted',
      'agent-3 a 61 - Running', 'agent-4 b 64 - Running', 'agent-5 c 67 - Running',
    ]);
  });

  test('takes as many at once as may be unavailable', () => {
    const spec = { updateStrategy: { rollingUpdate: { maxUnavailable: '50%' } } };
    expect(told({ steps: [rollout] }, [...NODES, daemonSet(spec)]).slice(3)).toEqual([
      'agent-3 a 61 - Running', 'agent-4 b 61 - Running', 'agent-5 c 64 - Running',
    ]);
  });

  test('with surge makes the new pod first', () => {
    const spec = { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
    expect(told({ steps: [rollout] }, [...NODES, daemonSet(spec)])).toEqual([
      'agent-0 a 0 63 Deleted', 'agent-1 b 0 65 Deleted', 'agent-2 c 0 67 Deleted',
      'agent-3 a 60 - Running', 'agent-4 b 62 - Running', 'agent-5 c 64 - Running',
    ]);
  });

  test('waits for minReadySeconds', () => {
    const spec = { minReadySeconds: 20 };
    const created = told({ steps: [rollout] }, [...NODES, daemonSet(spec)]).slice(3);
    expect(created).toEqual(['agent-3 a 61 - Running', 'agent-4 b 84 - Running', 'agent-5 c 107 - Running']);
  });

  test('with OnDelete comes to a pod when somebody deletes it', () => {
    const steps = [rollout, { at: '2m', delete: { object: 'pod/agent-1' } }];
    const objects = [...NODES, daemonSet({ updateStrategy: { type: 'OnDelete' } })];
    expect(told({ steps }, objects)).toEqual([
      'agent-0 a 0 - Running', 'agent-1 b 0 121 Deleted', 'agent-2 c 0 - Running', 'agent-3 b 121 - Running',
    ]);
  });

  test('to other nodes moves the pods', () => {
    const labelled = { ...(nodeObject('d') as Fields), metadata: { name: 'd', labels: { disk: 'ssd' } } };
    const chosen = daemonSet({ template: template({ nodeSelector: { disk: 'ssd' } }) });
    expect(told({}, [...NODES, labelled, chosen])).toEqual(['agent-0 d 0 - Running']);
  });
});

describe('a DaemonSet', () => {
  test('goes with its pods when its time is over; a node that comes later has none', () => {
    const metadata = { annotations: { 'podyard.dev/duration': '1m' } };
    const upgrade = { at: '2m', upgrade: { nodes: ['a'], surge: 1 } };
    expect(told({ steps: [upgrade] }, [...NODES, daemonSet({}, metadata)])).toEqual([
      'agent-0 a 0 61 Deleted', 'agent-1 b 0 61 Deleted', 'agent-2 c 0 61 Deleted',
    ]);
  });

  test('that is deleted takes its pods along', () => {
    const steps = [{ at: '1m', delete: { object: 'ds/agent' } }];
    expect(told({ steps }, [...NODES, daemonSet()]).map((line) => line.split(' ').at(-1))).toEqual([
      'Deleted', 'Deleted', 'Deleted',
    ]);
  });

  test('of a dump keeps the pods that it has, and makes those that are lacking', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true };
    const pod = (name: string, nodeName: string, revision: string, generation: string) => ({
      apiVersion: 'v1', kind: 'Pod',
      metadata: {
        name, namespace: 'default', ownerReferences: [owner],
        labels: { app: 'agent', 'controller-revision-hash': revision, 'pod-template-generation': generation },
      },
      spec: { ...template().spec, nodeName },
      status: { phase: 'Running' },
    });
    const pods = [pod('agent-x', 'a', 'new', '2'), pod('agent-y', 'b', 'old', '1')];
    // The old one is replaced: its update was under way.
    expect(told({}, [...NODES, daemonSet({}, { uid: 'u' }), ...pods])).toEqual([
      'agent-0 c 0 - Running', 'agent-1 b 3 - Running', 'agent-x a 0 - Running', 'agent-y b 0 3 Deleted',
    ]);
  });

  test('is refused pods by a quota, and asks again', () => {
    const quota = {
      apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' },
      spec: { hard: { pods: '2' } },
    };
    expect(told({}, [...NODES, quota, daemonSet()])).toHaveLength(2);
  });
});
