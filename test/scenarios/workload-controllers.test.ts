// Workload objects of files in a run: what their controllers make of failures, orders and ends.
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario } from '../support/played-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const template = (app: string, spec: Fields = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }], ...spec },
});
const object = (kind: string, name: string, spec: Fields, duration?: string) => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name, ...(duration === undefined ? {} : { annotations: { 'podyard.dev/duration': duration } }) },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});
/** `name created outcome`. */
const told = (members: Fields, objects: readonly unknown[]): string[] =>
  playScenario({ duration: '10m', ...members }, objects).pods.map(
    ({ name, created, outcome }) => `${name} ${created.toFixed(1)} ${outcome}`,
  );

describe('a Job', () => {
  const job = (spec: Fields, duration = '1m') =>
    object('Job', 'sum', { template: template('sum', { restartPolicy: 'Never' }), ...spec }, duration);
  const crashes = { name: 'crash', uptime: '20s', repair: '1s' };

  test('that fails waits longer each time, and not beyond its backoffLimit', () => {
    const { pods } = playScenario({ duration: '30m', failures: [crashes] }, [
      nodeObject('n'),
      job({ backoffLimit: 2 }),
    ]);
    expect(pods.map(({ outcome }) => outcome)).toEqual(['Failed', 'Failed', 'Failed']);
    expect(pods[1].created - pods[0].ended).toBeCloseTo(10, 1);
    expect(pods[2].created - pods[1].ended).toBeCloseTo(20, 1);
  });

  test('with indexes makes the lowest ones first, and as many at once as it may', () => {
    expect(
      told({}, [nodeObject('n'), job({ completions: 3, parallelism: 2, completionMode: 'Indexed' }, '10s')]),
    ).toEqual(['sum-0-0 0.0 Succeeded', 'sum-1-0 0.0 Succeeded', 'sum-2-0 11.0 Succeeded']);
  });

  test('past its active deadline ends, and its pods with it', () => {
    const { pods } = playScenario({ duration: '10m' }, [nodeObject('n'), job({ activeDeadlineSeconds: 30 }, '5m')]);
    expect(pods.map(({ outcome, ended }) => [outcome, Math.round(ended)])).toEqual([['Deleted', 31]]);
  });
});

describe('a StatefulSet', () => {
  test('makes one pod after the other, each when the one before it is ready', () => {
    const kubelet = { sandbox: '0s', containerStart: '2s', pullBase: '0s', defaultImageSize: '0' };
    expect(told({ kubelet }, [nodeObject('n'), object('StatefulSet', 'db', { replicas: 3 })])).toEqual([
      'db-0 0.0 Running', 'db-1 2.0 Running', 'db-2 4.0 Running',
    ]);
  });

  test('stops where one cannot start; Parallel ones do not wait', () => {
    const small = nodeObject('n', { cpu: '1' });
    expect(told({}, [small, object('StatefulSet', 'db', { replicas: 3 })])).toHaveLength(2);
    expect(told({}, [small, object('StatefulSet', 'db', { replicas: 3, podManagementPolicy: 'Parallel' })])).toEqual([
      'db-0 0.0 Running', 'db-1 0.0 Pending', 'db-2 0.0 Pending',
    ]);
  });
});

describe('an update of a StatefulSet', () => {
  const kubelet = { sandbox: '0s', containerStart: '2s', pullBase: '0s', defaultImageSize: '0' };
  const steps = [{ at: '1m', rollout: { workload: 'sts/db', image: ':v2' } }];
  const set = (podManagementPolicy: string) =>
    object('StatefulSet', 'db', {
      replicas: 4, podManagementPolicy, updateStrategy: { rollingUpdate: { maxUnavailable: 2 } },
    });
  const secondsOf = (kubernetes: string, policy: string): readonly number[] =>
    playScenario({ duration: '10m', kubelet, steps, kubernetes }, [nodeObject('n', { cpu: '9' }), set(policy)])
      .pods.map(({ created }) => Math.round(created))
      .filter((created) => created >= 60)
      .sort((a, b) => a - b);

  test('takes maxUnavailable pods at a time from v1.37 on, and one before', () => {
    expect(secondsOf('1.37', 'Parallel')).toEqual([61, 61, 64, 64]);
    expect(secondsOf('1.36', 'Parallel')).toEqual([61, 64, 67, 70]);
    // The first comes back before the second is looked at again: the order of the set is kept.
    expect(secondsOf('1.37', 'OrderedReady')).toEqual([61, 63, 66, 68]);
    expect(secondsOf('1.36', 'OrderedReady')).toEqual([61, 64, 67, 70]);
  });
});

describe('a Deployment', () => {
  test('goes with its ReplicaSet and its pods when its time is over', () => {
    const { pods } = playScenario({ duration: '10m' }, [
      nodeObject('n'),
      object('Deployment', 'web', { replicas: 2 }, '1m'),
    ]);
    expect(pods.map(({ outcome, ended }) => [outcome, Math.round(ended)])).toEqual([['Deleted', 61], ['Deleted', 61]]);
  });

  test('has the pods of a dead node made elsewhere, and they count as replaced', () => {
    const failures = [{ name: 'crash', uptime: '2m', repair: '30d', pools: ['a'] }];
    const nodePools = ['a', 'b'].map((name) => ({
      name,
      count: 1,
      allocatable: { cpu: 4, memory: '16Gi' },
      labels: { pool: name },
    }));
    const { result } = playScenario({ duration: '1h', failures, nodePools }, [
      object('Deployment', 'web', { replicas: 4 }),
    ]);
    const { evictions, podsReplaced, podsLost } = result.counts;
    expect(evictions).toBeGreaterThan(0);
    expect([podsReplaced, podsLost]).toEqual([evictions, 0]);
  });
});

describe('a CronJob', () => {
  const cron = (spec: Fields, duration = '10s') => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', annotations: { 'podyard.dev/duration': duration } },
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: { spec: { template: template('tick', { restartPolicy: 'Never' }) } },
      ...spec,
    },
  });
  const starts = (spec: Fields, duration?: string): readonly (readonly [number, string])[] =>
    playScenario({ duration: '21m' }, [nodeObject('n'), cron(spec, duration)]).pods.map(({ created, outcome }) => [
      Math.round(created),
      outcome,
    ]);

  test('starts a Job at each time of its schedule, a tenth of a second late', () => {
    const { pods } = playScenario({ duration: '11m' }, [nodeObject('n'), cron({})]);
    expect(pods.map(({ name, created }) => [name, created])).toEqual([
      ['tick-28401125-0', 300.1],
      ['tick-28401130-0', 600.1],
    ]);
  });

  test('lets Jobs run side by side, waits for the one before, or replaces it, as its policy says', () => {
    expect(starts({}, '7m')).toEqual([[300, 'Succeeded'], [600, 'Succeeded'], [900, 'Running'], [1200, 'Running']]);
    // A start that was held back is made up for as soon as the Job before it has ended.
    expect(starts({ concurrencyPolicy: 'Forbid' }, '7m')).toEqual([
      [300, 'Succeeded'],
      [721, 'Succeeded'],
      [1142, 'Running'],
    ]);
    expect(starts({ concurrencyPolicy: 'Replace' }, '7m')).toEqual([
      [300, 'Deleted'],
      [600, 'Deleted'],
      [900, 'Deleted'],
      [1200, 'Running'],
    ]);
  });

  test('reads its schedule in its time zone: New York is five hours behind in January, Kolkata five and a half ahead', () => {
    const seconds = (spec: Fields): readonly number[] =>
      playScenario({ duration: '1d' }, [nodeObject('n'), cron(spec)]).pods.map(({ created }) => created);
    const noon = '0 12 * * *';
    expect(seconds({ schedule: noon })).toEqual([43_200.1]);
    expect(seconds({ schedule: noon, timeZone: 'America/New_York' })).toEqual([61_200.1]);
    expect(seconds({ schedule: noon, timeZone: 'Asia/Kolkata' })).toEqual([23_400.1]);
    expect(seconds({ schedule: `CRON_TZ=Asia/Tokyo ${noon}` })).toEqual([10_800.1]);
  });

  test('of a zone that is not there is a mistake, with the nearest one', () => {
    expect(() => starts({ timeZone: 'Europe/Berln' })).toThrow(/unknown time zone "Europe\/Berln".*Europe\/Berlin/u);
  });

  test('that is suspended starts none', () => {
    expect(starts({ suspend: true })).toEqual([]);
  });
});

test('a finished Job with a time to live goes with its pods', () => {
  const job = object(
    'Job',
    'sum',
    { template: template('sum', { restartPolicy: 'Never' }), ttlSecondsAfterFinished: 60 },
    '10s',
  );
  const { result } = playScenario({ duration: '10m' }, [nodeObject('n'), job]);
  expect(result.counts).toMatchObject({ podsArrived: 1, podsFinished: 1, podsRunning: 0, podsPending: 0 });
});
