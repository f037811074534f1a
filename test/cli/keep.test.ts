// run --keep from the command line: a file beside the report from which explain and diff answer as they do by playing
// the run again; and what is said where the file is of no use.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENDLESS, cliFolder } from './podyard.ts';

const folder = cliFolder();

const SCENARIO = `name: small
seed: kept
duration: 50m
nodePools:
  - {name: big, count: 2, zones: [a, b], allocatable: {cpu: 8, memory: 8Gi}}
  - {name: small, count: 4, zones: [a, b, c], allocatable: {cpu: 4, memory: 8Gi}, autoscaling: {min: 1, max: 6}}
workloads:
  - name: web
    kind: Deployment
    replicas: 5
    requests: {cpu: 500m, memory: 512Mi}
  - name: job
    kind: Job
    arrivals: {poisson: {ratePerHour: 40}}
    lifetime: {exponential: {mean: 20m}}
    requests: {cpu: "1", memory: 1Gi}
  - {name: late, kind: Pod, arrivals: {at: 20m, count: 20}, lifetime: 10m, requests: {cpu: 2, memory: 1Gi}}
failures:
  - {name: crash, pools: [big], uptime: 20m, repair: 5m}
`;
const PACK = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated}}
`;

const TWO = `  - name: other
    kind: Pod
    arrivals: {poisson: {ratePerHour: 40}}
    lifetime: 20m
    template: {spec: {schedulerName: batch, containers: [{name: m, image: i, resources: {requests: {cpu: 500m}}}]}}
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{schedulerName: default-scheduler}, {schedulerName: batch}]
schedulers:
  - {profiles: [batch]}
`;
const GPUS = `name: shared
seed: t
duration: 30m
nodePools:
  - {name: n, count: 3, allocatable: {cpu: 16, memory: 64Gi, alibabacloud.com/gpu-milli: 4000}}
workloads:
  - name: large
    kind: Pod
    arrivals: {poisson: {ratePerHour: 120}}
    lifetime: 9m
    requests: {cpu: 1, alibabacloud.com/gpu-milli: 600}
  - name: small
    kind: Pod
    arrivals: {poisson: {ratePerHour: 120}}
    lifetime: 9m
    requests: {cpu: 1, alibabacloud.com/gpu-milli: 300}
`;
const OWN = `name: own
seed: o
duration: 10m
nodePools:
  - {name: n, count: 20, allocatable: {cpu: 16, memory: 64Gi}}
manifests: [own.json]
`;

/** Pods of which no two are alike. */
function ownTemplates(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `own-${String(i)}`, namespace: 'default', labels: { app: `app-${String(i)}` } },
    spec: { containers: [{ name: 'm', image: 'i', resources: { requests: { cpu: `${String(100 + i)}m` } } }] },
  }));
}

async function kept(): Promise<void> {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('pack.yaml', PACK);
  const { code, err } = await folder.here('run', 'scenario.yaml', '--out', 'kept', '--force', '--keep');
  expect(code).toBe(0);
  expect(err).toMatch(/^ {2}kept\/run\.kept +what explain and diff answer from$/m);
  expect(err).toMatch(/^Kept: \d+ KiB, \d+\.\d bytes a decision$/m);
}

/** Pods of the run, every so-manieth of them. */
function somePods(step: number): string[] {
  const rows = readFileSync(join(folder.path(), 'kept/pods.csv'), 'utf8').trim().split('\n');
  const at = rows[0].split(',').indexOf('name');
  return rows.slice(1).filter((_, row) => row % step === 0).map((row) => row.split(',')[at]);
}

describe('run --keep', () => {
  test('answers explain as the run does when it is played again, to the byte', async () => {
    await kept();
    const pods = somePods(8);
    expect(pods.length).toBeGreaterThan(4);
    for (const [number, pod] of pods.entries()) {
      const args = [pod, ...(number % 3 === 0 ? ['--counterfactual', 'pack.yaml'] : []), '-o', 'json'];
      expect(await folder.here('explain', 'kept', ...args)).toEqual(
        await folder.here('explain', 'scenario.yaml', ...args),
      );
    }
    for (const args of [['late-19', '--at', '21m'], ['late-19', '--at', '10m'], ['nobody-1'], ['other/late-1']]) {
      expect(await folder.here('explain', 'kept', ...args)).toEqual(
        await folder.here('explain', 'scenario.yaml', ...args),
      );
    }
  });

  test('answers diff, of two kept runs and of one', async () => {
    await kept();
    const packed = await folder.here(
      'run', 'scenario.yaml', '--scheduler', 'pack.yaml', '--out', 'packed', '--force', '--keep', '--quiet',
    );
    expect([packed.code, packed.err]).toEqual([0, '']);
    const played = await folder.here('diff', 'scenario.yaml', 'pack.yaml');
    expect(played.out).toContain('then part');
    expect(await folder.here('diff', 'kept', 'packed')).toEqual(played);
    expect(await folder.here('diff', 'kept', 'pack.yaml')).toEqual(played);
    expect((await folder.here('diff', 'kept', 'scenario.yaml')).out).toMatch(
      /^The runs decide alike: \d+ decisions\.$/m,
    );
  });

  test('changes nothing of the run, and the same run is kept in the same bytes', async () => {
    await kept();
    const bytes = readFileSync(join(folder.path(), 'kept/run.kept'));
    const report = readFileSync(join(folder.path(), 'kept/report.json'), 'utf8');
    await folder.here('run', 'scenario.yaml', '--out', 'plain', '--force', '--quiet');
    expect(readFileSync(join(folder.path(), 'plain/report.json'), 'utf8')).toBe(report);
    await kept();
    expect(readFileSync(join(folder.path(), 'kept/run.kept')).equals(bytes)).toBe(true);
  });

  test('what is kept and of no use is said to be, and the run is played again', async () => {
    await kept();
    const path = join(folder.path(), 'kept/run.kept');
    const bytes = readFileSync(path);
    const text = bytes.toString('latin1');
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length - 5] ^= 1;
    const pod = somePods(1).find((name) => /^web-0-.*-3$/.test(name)) ?? '';
    const { out } = await folder.here('explain', 'scenario.yaml', pod);
    const refused: readonly (readonly [Uint8Array | string, string])[] = [
      [bytes.subarray(0, bytes.length - 10), 'is cut short'],
      [damaged, 'is damaged'],
      [Buffer.concat([bytes, bytes]), 'is damaged'],
      ['', 'is no kept run'],
      ['{"a": 1}\n', 'is no kept run'],
      [Buffer.from(text.replace(/"version":"[^"]*"/, '"version":"0.0.1"'), 'latin1'), 'is of Podyard 0.0.1'],
      [
        Buffer.from(text.replace(/"digest":"../, '"digest":"zz'), 'latin1'),
        'is of another run than the report beside it',
      ],
    ];
    for (const [content, why] of refused) {
      writeFileSync(path, content);
      expect(await folder.here('explain', 'kept', pod)).toEqual({
        code: 0, out, err: `warning: kept/run.kept ${why}: the run is played again\n`,
      });
    }
    writeFileSync(path, bytes);
    const other = await folder.here('explain', 'kept', pod, '--seed', '7');
    expect(other.err).toContain('warning: kept/run.kept is of no use with --seed: the run is played again');
    expect(other.out).toBe((await folder.here('explain', 'scenario.yaml', pod, '--seed', '7')).out);
  });

  test('decisions that depend on claims are played again, which is said', async () => {
    const claim = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: default}
    spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
  - apiVersion: v1
    kind: Pod
    metadata: {name: with-claim, namespace: default}
    spec:
      containers: [{name: main, image: i}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`;
    folder.write('objects.yaml', claim);
    folder.write('claims.yaml', `${SCENARIO}manifests: [objects.yaml]\n`);
    const { code } = await folder.here('run', 'claims.yaml', '--out', 'claims', '--force', '--keep', '--quiet');
    expect(code).toBe(0);
    const { out, err } = await folder.here('explain', 'claims', 'with-claim');
    expect(err).toContain('warning: run.kept does not hold pods with volume claims: the run is played again');
    expect(out).toBe((await folder.here('explain', 'claims.yaml', 'with-claim')).out);
  });

  test('nothing is kept of a run with plugins of its own, which is said', () => {
    folder.write('scenario.yaml', SCENARIO);
    const plugin = resolve('docs/plugins/examples/no-neighbours.js');
    const args = [
      'scenario.yaml',
      '--plugin',
      plugin,
      '--out',
      'own',
      '--force',
      '--keep',
      '--set',
      'duration=1m',
      '-q',
    ];
    const { code, err } = folder.spawn('run', ...args);
    expect(code).toBe(0);
    expect(err).toContain(
      'warning: --keep: nothing is kept of this run: what plugins of your own remember is not in it',
    );
    expect(existsSync(join(folder.path(), 'own/report.json'))).toBe(true);
    expect(existsSync(join(folder.path(), 'own/run.kept'))).toBe(false);
  });

  test('nothing is kept of several schedulers, which is said', async () => {
    folder.write('two.yaml', SCENARIO.replace('failures:', `${TWO}failures:`));
    const { code, err } = await folder.here('run', 'two.yaml', '--out', 'two', '--force', '--keep', '--quiet');
    expect([code, existsSync(join(folder.path(), 'two/run.kept'))]).toEqual([0, false]);
    expect(err).toContain(
      'warning: --keep: nothing is kept of this run: what one of several schedulers sees is not in it',
    );
  });

  test('shares of GPUs are explained as they were given', async () => {
    folder.write('gpus.yaml', GPUS);
    const run = await folder.here('run', 'gpus.yaml', '--out', 'gpus', '--force', '--keep', '--quiet');
    expect([run.code, run.err]).toEqual([0, '']);
    const nodes = new Set<string>();
    for (const pod of ['large-2', 'small-3', 'large-19', 'small-21', 'small-40']) {
      const answer = await folder.here('explain', 'gpus', pod, '-o', 'json');
      expect(answer).toEqual(await folder.here('explain', 'gpus.yaml', pod, '-o', 'json'));
      expect([answer.code, answer.err]).toEqual([0, '']);
      nodes.add(String((JSON.parse(answer.out) as { readonly node: string | null }).node));
    }
    expect(nodes.size).toBeGreaterThan(1);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle leaves nothing kept', async (signal) => {
    folder.write('endless.yaml', ENDLESS);
    const args = ['run', 'endless.yaml', '--out', 'stopped', '--force', '--keep', '--progress', 'json'];
    const { code } = await folder.interrupt(signal, '"events"', ...args);
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    const names = readdirSync(join(folder.path(), 'stopped'));
    expect(names).toContain('INCOMPLETE.txt');
    expect(names).not.toContain('run.kept');
  });

  test('a kill in the middle leaves no folder, and nothing kept in what is left of it', async () => {
    folder.write('endless.yaml', ENDLESS);
    const args = ['run', 'endless.yaml', '--out', 'killed', '--keep', '--progress', 'json'];
    await folder.interrupt('SIGKILL', '"events"', ...args);
    expect(existsSync(join(folder.path(), 'killed'))).toBe(false);
    const left = readdirSync(folder.path(), { recursive: true }).map(String);
    expect(left.filter((name) => name.includes('killed') && name.endsWith('run.kept'))).toEqual([]);
  });

  test('pods that are all of a template of their own take at most so many bytes a decision', async () => {
    folder.write('own.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ownTemplates(400) }));
    folder.write('own.yaml', OWN);
    const { code, err } = await folder.here('run', 'own.yaml', '--out', 'own-kept', '--force', '--keep');
    expect(code).toBe(0);
    const bytes = Number(/, (\d+\.\d) bytes a decision/.exec(err)?.[1]);
    expect(bytes).toBeGreaterThan(1);
    expect(bytes).toBeLessThanOrEqual(20);
    expect(await folder.here('explain', 'own-kept', 'own-399')).toEqual(
      await folder.here('explain', 'own.yaml', 'own-399'),
    );
  });

  test.each([
    [['run', 'scenario.yaml', '--parquet'], '--parquet needs --out: its files stand beside the report'],
    [['run', resolve('workloads/fgd.yaml'), '--keep', '--out', 'x'], '--keep is the form of a run of the scheduler'],
    [['run', resolve('workloads/fgd.yaml'), '--parquet', '--out', 'x'], '--parquet is the form of a run of the'],
    [['run', 'scenario.yaml', '--keep'], '--keep needs --out: the file stands beside the report'],
    [['explain', '.', 'web-0-3'], 'expected a scenario, or the --out folder of a run: . holds no report.json'],
    [['replay', 'csv', 'scenario.yaml', '--keep'], 'there is no option --keep'],
  ])('%j is refused', async (args, message) => {
    folder.write('scenario.yaml', SCENARIO);
    const { code, out, err } = await folder.here(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
