// ResourceQuotas and LimitRanges in runs: who is refused what, who asks again when, what the report says.
import { withoutHash } from '../support/without-hash.ts';
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import type { Played } from '../support/played-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const template = (app: string, spec: Fields = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }], ...spec },
});
const owner = (kind: string, name: string, spec: Fields, duration?: string) => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name, ...(duration === undefined ? {} : { annotations: { 'podyard.dev/duration': duration } }) },
  spec: { ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } }), template: template(name), ...spec },
});
const job = (name: string, spec: Fields, duration: string) =>
  owner('Job', name, { template: template(name, { restartPolicy: 'Never' }), ...spec }, duration);
const quota = (hard: Fields, spec: Fields = {}, name = 'small') =>
  ({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard, ...spec } });
const range = (item: Fields) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'sizes' },
  spec: { limits: [item] },
});
/** `name created`. */
const made = ({ pods }: Played): string[] => pods.map(({ name, created }) => `${withoutHash(name)} ${created.toFixed(3)}`);
const big = nodeObject('n', { cpu: '64' });

describe('a quota', () => {
  test('lets in what fits, and says what it refused', () => {
    const played = playScenario({ duration: '1m' }, [
      big,
      quota({ pods: '2' }),
      podObject('a'),
      podObject('b'),
      podObject('c'),
    ]);
    expect(made(played)).toEqual(['a 0.000', 'b 0.000']);
    expect(played.result.refusedPods).toEqual([{
      kind: 'ResourceQuota', namespace: 'default', name: 'small', count: 1, firstAtSeconds: 0,
      message: 'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    }]);
    expect(played.result.notes).toContain(
      'Not created: ResourceQuota default/small has refused 1 requests for pods, the first with ' +
      '"exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2".',
    );
  });

  test('counts what pods ask for; a pod that leaves out what it counts is told so', () => {
    const twoQuotas = [quota({ 'requests.cpu': '1500m', 'limits.memory': '1Gi' })];
    const { result } = playScenario({ duration: '1m' }, [big, ...twoQuotas, podObject('a')]);
    expect(result.refusedPods.map(({ message }) => message)).toEqual([
      'failed quota: small: must specify limits.memory for: main',
    ]);
    const cpuOnly = playScenario({ duration: '1m' }, [
      big,
      quota({ 'requests.cpu': '1500m' }),
      podObject('a'),
      podObject('b'),
    ]);
    expect(made(cpuOnly)).toEqual(['a 0.000']);
    expect(cpuOnly.result.refusedPods[0].message).toBe(
      'exceeded quota: small, requested: requests.cpu=1, used: requests.cpu=1, limited: requests.cpu=1500m',
    );
  });

  test('has no say in other namespaces, nor about pods outside of its scopes', () => {
    const other = podObject('c', {}, { namespace: 'other' });
    expect(made(playScenario({ duration: '1m' }, [big, quota({ pods: '0' }), podObject('a'), other]))).toEqual([
      'c 0.000',
    ]);
    const ended = podObject('t', { activeDeadlineSeconds: 60 });
    const scoped = [big, quota({ pods: '0' }, { scopes: ['NotTerminating'] }), podObject('a'), ended];
    expect(made(playScenario({ duration: '1m' }, scoped))).toEqual(['t 0.000']);
  });

  test('counts the pods of a dump, which were let in before, be they too many', () => {
    const old = (name: string) => ({ ...(podObject(name, { nodeName: 'n' }) as Fields), status: { phase: 'Running' } });
    const played = playScenario({ duration: '1m' }, [big, quota({ pods: '1' }), old('a'), old('b'), podObject('c')]);
    expect(made(played)).toEqual(['a 0.000', 'b 0.000']);
    expect(played.result.refusedPods[0].message).toContain('used: pods=2, limited: pods=1');
  });
});

describe('a controller that is refused a pod', () => {
  test('tries in batches of 1, 2, 4 ..., and asks again after 5 ms, 10 ms and so on', () => {
    // Nobody can take the pods, so nothing but the back-off makes the controller look again.
    const full = nodeObject('n', { cpu: '500m' });
    const played = playScenario({ duration: '70ms' }, [
      full,
      quota({ pods: '4' }),
      owner('Deployment', 'web', { replicas: 10 }),
    ]);
    expect(played.pods).toHaveLength(4);
    // Three of the batch of four, one as the new pods are seen; then one each at 5, 25 and 65 ms.
    expect(played.result.refusedPods[0].count).toBe(7);
  });

  test('gets it at its next try after room has come, which may be up to 1000 s later', () => {
    // x ends after a minute. Tries are at 5 ms * (2^n - 1): 40.955 s, 81.915 s.
    const busy = podObject('x', {}, { annotations: { 'podyard.dev/duration': '1m' } });
    const played = playScenario({ duration: '5m' }, [
      big,
      quota({ pods: '1' }),
      busy,
      owner('ReplicaSet', 'web', { replicas: 1 }),
    ]);
    expect(made(played)).toEqual(['x 0.000', 'web-0 81.915']);
  });

  test('of a Job asks again after 1 s, 2 s, ... and at most a minute', () => {
    const busy = podObject('x', {}, { annotations: { 'podyard.dev/duration': '10s' } });
    expect(made(playScenario({ duration: '5m' }, [big, quota({ pods: '1' }), busy, job('sum', {}, '1m')]))).toEqual([
      'x 0.000',
      'sum-0 15.000',
    ]);
  });

  test('of a StatefulSet goes no further; its pods come one after the other as room comes', () => {
    const busy = podObject('x', {}, { annotations: { 'podyard.dev/duration': '100ms' } });
    const played = playScenario({ duration: '5m' }, [
      big,
      quota({ pods: '2' }),
      busy,
      owner('StatefulSet', 'db', { replicas: 3 }),
    ]);
    // db-0 is ready at 8 ms; its pod and its set's status are two reasons to ask, and 145 ms of back-off follow.
    expect(made(played)).toEqual(['x 0.000', 'db-0 0.000', 'db-1 0.153']);
  });

  test('of a generated workload does the same', () => {
    const workloads = [{ name: 'web', kind: 'Deployment', replicas: 5, requests: { cpu: 1 }, arrivals: { at: '0s' } }];
    const played = playScenario({ duration: '1m', workloads }, [big, quota({ pods: '3' })]);
    expect(made(played)).toEqual(['web-0-0 0.000', 'web-0-1 0.000', 'web-0-2 0.000']);
    const { counts, refusedPods } = played.result;
    expect([counts.podsArrived, counts.podsLost]).toEqual([3, 0]);
    expect(refusedPods[0].count).toBeGreaterThan(10);
  });
});

test('a run without a duration ends although refused pods are asked for again and again', () => {
  const { result, pods } = playScenario({}, [
    big,
    quota({ pods: '1' }),
    job('a', {}, '30s'),
    owner('ReplicaSet', 'web', { replicas: 2 }),
  ]);
  expect(pods.map(({ name }) => name)).toContain('a-0');
  expect(result.simulatedSeconds).toBeLessThan(3600);
});

test('a Job whose pods fit one at a time is done in the end', () => {
  const { result } = playScenario({}, [
    big,
    quota({ pods: '2' }),
    job('sum', { completions: 6, parallelism: 6 }, '30s'),
  ]);
  expect(result.counts).toMatchObject({ podsArrived: 6, podsFinished: 6, podsPending: 0 });
});

describe('a LimitRange', () => {
  const refusedBy = (item: Fields, resources: Fields): string[] => {
    const pod = podObject('p', { containers: [{ name: 'main', image: 'i', resources }] });
    return playScenario({ duration: '1m' }, [big, range(item), pod]).result.refusedPods.map(({ message }) => message);
  };

  test('refuses containers that ask for too much, too little, or may use too many times what they ask for', () => {
    expect(
      refusedBy({ type: 'Container', max: { cpu: '500m' } }, { requests: { cpu: '1' }, limits: { cpu: '2' } }),
    ).toEqual(['maximum cpu usage per Container is 500m, but limit is 2']);
    expect(refusedBy({ type: 'Container', min: { memory: '1Gi' } }, { requests: { memory: '512Mi' } })).toEqual([
      'minimum memory usage per Container is 1Gi, but request is 512Mi',
    ]);
    expect(
      refusedBy(
        { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
        { requests: { cpu: '1' }, limits: { cpu: '3' } },
      ),
    ).toEqual(['cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000']);
    expect(refusedBy({ type: 'Pod', max: { cpu: '1', memory: '1Gi' } }, { requests: { cpu: '1' } })).toEqual([
      '[maximum cpu usage per Pod is 1.  No limit is specified, maximum memory usage per Pod is 1Gi.  No limit is specified]',
    ]);
    expect(
      refusedBy(
        { type: 'Container', max: { cpu: '2' }, min: { cpu: '100m' } },
        { requests: { cpu: '1' }, limits: { cpu: '2' } },
      ),
    ).toEqual([]);
  });

  test('is told of beforehand', () => {
    const { warnings } = playScenario({ duration: '1m' }, [
      big,
      range({ type: 'Container', max: { cpu: '500m' } }),
      owner('Deployment', 'web', { replicas: 1 }),
      quota({ pods: '0' }),
    ]);
    expect(warnings).toEqual([
      'the API server will refuse these pods, so none is made: maximum cpu usage per Container is 500m, but request is 1',
    ]);
  });
});

