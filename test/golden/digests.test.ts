// Frozen digests of whole runs: one scenario, version of Kubernetes and seed give one digest on every machine, in
// every process, under every Node (.ci/run runs this folder under others), however a run is cut, printed or written.
// A changed digest is a changed decision; when it is meant, `PODYARD_UPDATE_GOLDEN=1 PODYARD_THOROUGH=1 npx vitest run
// test/golden` writes digests.json anew.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS } from '../../src/cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { openTraceInput } from '../../src/io/trace-input.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { renderRunFiles } from '../../src/report/run-files.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { cliFolder } from '../cli/podyard.ts';
import { isThorough, sized } from '../support/thorough.ts';

/** The digest, and what helps to see how far two runs are apart. */
interface Golden {
  readonly digest: string;
  readonly podsArrived: number;
  readonly podsFinished: number;
  readonly decisions: number;
}

interface GoldenFile {
  /** By version of Kubernetes and scenario. */
  readonly runs: Readonly<Record<KubernetesVersion, Record<string, Golden>>>;
  /**
   * SHA-256 of each result file of one run of the default version: text, numbers and plots are the same under every
   * Node, too.
   */
  readonly files: Readonly<Record<string, string>>;
}

const FILE = fileURLToPath(new URL('digests.json', import.meta.url));
const isUpdate = process.env['PODYARD_UPDATE_GOLDEN'] === '1';
const golden = JSON.parse(readFileSync(FILE, 'utf8')) as GoldenFile;
const found = {
  runs: { '1.36': {}, '1.37': {} } as Record<KubernetesVersion, Record<string, Golden>>,
  files: {} as Record<string, string>,
};

const SCENARIOS = 'test/golden/scenarios';
const WITH_FILES = 'generators';
const names = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length)).sort((a, b) => (a < b ? -1 : 1));

interface Way {
  /** Events between two looks at the clock. */
  readonly slice: number;
  readonly plain?: boolean;
  readonly seed?: string;
  readonly kubernetes?: KubernetesVersion;
  readonly duration?: string;
}

function play(file: string, { slice, plain = false, ...changes }: Way): RunResult {
  const given = Object.entries(changes).map(([path, value]) => ({ path, value }));
  const { scenario } = readScenario({ file }, createInputFiles(), given);
  const simulation = new Simulation(scenario, { version: 'golden', userPlugins: [], openTrace: openTraceInput, plain });
  while (simulation.advance(slice));
  return simulation.result(true);
}

function goldenOf({ digest, counts }: RunResult): Golden {
  return { digest, podsArrived: counts.podsArrived, podsFinished: counts.podsFinished, decisions: counts.decisions };
}

function filesOf(result: RunResult): Record<string, string> {
  return Object.fromEntries(Array.from(renderRunFiles(result), ({ name, chunks }) => [name, [...chunks].join('')]));
}

/** Notes what was found; unless it is being written anew, it must be what is frozen. */
function expectGolden(name: string, result: RunResult): void {
  const kubernetes = result.kubernetes as KubernetesVersion;
  found.runs[kubernetes][name] = goldenOf(result);
  if (isUpdate) return;
  const what = `${name}, v${kubernetes}: another run than the frozen one (the head of this file tells how to freeze a new one)`;
  expect(found.runs[kubernetes][name], what).toEqual(golden.runs[kubernetes][name]);
}

const OTHER_VERSIONS = KUBERNETES_VERSIONS.filter((version) => version !== DEFAULT_KUBERNETES_VERSION);

describe.each(names)('%s', (name) => {
  const file = `${SCENARIOS}/${name}.yaml`;

  test('has its frozen digest; runs cut into slices of any size, with caches or without, give the same bytes', () => {
    const first = play(file, { slice: 1 << 20 });
    expect(first.complete).toBe(true);
    expectGolden(name, first);
    const expected = filesOf(first);
    // A cut behind every event is the hardest; one way of cutting more is for the thorough part.
    for (const slice of sized([1], [1, 97])) expect(filesOf(play(file, { slice })), `slices of ${String(slice)}`).toEqual(expected);
    expect(goldenOf(play(file, { slice: 4096, plain: true })), 'without caches').toEqual(goldenOf(first));
  });

  test.each(OTHER_VERSIONS)('has its frozen digest in v%s; thoroughly also in one slice and without caches', (kubernetes) => {
    const other = play(file, { slice: 97, kubernetes });
    expectGolden(name, other);
    if (!isThorough) return;
    expect(filesOf(play(file, { slice: 1 << 20, kubernetes })), 'in one slice').toEqual(filesOf(other));
    expect(goldenOf(play(file, { slice: 4096, plain: true, kubernetes })), 'without caches').toEqual(goldenOf(other));
  });

  test('has another digest under another seed', () => {
    // The test above holds the frozen one to be this scenario's.
    const own = isUpdate ? play(file, { slice: 1 << 20 }).digest : golden.runs[DEFAULT_KUBERNETES_VERSION][name].digest;
    expect(play(file, { slice: 1 << 20, seed: 'another' }).digest).not.toBe(own);
  });
});

test(`every byte of the files of ${WITH_FILES} is frozen`, () => {
  for (const [name, text] of Object.entries(filesOf(play(`${SCENARIOS}/${WITH_FILES}.yaml`, { slice: 5000 })))) {
    found.files[name] = createHash('sha256').update(text).digest('hex');
  }
  expect(Object.keys(found.files)).toEqual(['report.json', 'summary.csv', 'timeseries.csv', 'pods.csv', 'nodes.csv', 'report.html']);
  if (!isUpdate) expect(found.files, 'another text than the frozen one').toEqual(golden.files);
});

const DAY = 'default';
/** What `npm test` plays of the default day; the thorough part plays it whole. */
const MORNING = { name: 'default-6h', duration: '6h' };

describe('the default scenario', () => {
  const lengths = sized<readonly (readonly [string, string | null])[]>(
    [[MORNING.name, MORNING.duration]],
    [[MORNING.name, MORNING.duration], [DAY, null]],
  );
  const played = KUBERNETES_VERSIONS.flatMap((kubernetes) =>
    lengths.map(([name, duration]) => [name, kubernetes, duration] as const),
  );

  test.each(played)('has its frozen digest: %s, v%s', (name, kubernetes, duration) => {
    const way = { slice: 1 << 20, kubernetes, ...(duration === null ? {} : { duration }) };
    expectGolden(name, play('workloads/default.yaml', way));
  });
});

const FROZEN: readonly string[] = [...names, DAY, MORNING.name];

test('nothing is frozen that is not tested', () => {
  if (isUpdate) return;
  expect(Object.keys(golden.runs)).toEqual([...KUBERNETES_VERSIONS]);
  for (const kubernetes of KUBERNETES_VERSIONS) expect(Object.keys(golden.runs[kubernetes])).toEqual(FROZEN);
});

describe('the command line', () => {
  const cli = cliFolder();
  const scenario = resolve(SCENARIOS, 'failures.yaml');
  const digestIn = (text: string): string | undefined => /\b[0-9a-f]{32}\b/.exec(text)?.[0];

  test('gives that digest in every process, whatever it prints and wherever it writes', () => {
    const { digest } = isUpdate
      ? goldenOf(play(scenario, { slice: 1 << 20 }))
      : golden.runs[DEFAULT_KUBERNETES_VERSION]['failures'];
    for (const [index, format] of ['table', 'wide', 'json', 'yaml', 'csv'].entries()) {
      const progress = index % 2 === 0 ? 'json' : 'none';
      const words = ['run', scenario, '-o', format, '--progress', progress];
      // Two processes of their own, which write; then one after the other in one thread.
      const { code, out } = index < 2 ? cli.spawn(...words, '--out', `run-${String(index)}`) : cli.run(...words);
      expect(code, format).toBe(0);
      expect(digestIn(out), format).toBe(digest);
    }
  });

  test('writes the same bytes in two processes, in every file but timing.json', () => {
    const [first, second] = ['run-0', 'run-1'].map((folder) => join(cli.path(), folder));
    const files = readdirSync(first).filter((name) => name !== 'timing.json');
    expect(files.sort((a, b) => (a < b ? -1 : 1))).toEqual(['nodes.csv', 'pods.csv', 'report.html', 'report.json', 'summary.csv', 'timeseries.csv']);
    for (const name of files) expect(readFileSync(join(second, name)).equals(readFileSync(join(first, name))), name).toBe(true);
  });
});

afterAll(() => {
  if (!isUpdate) return;
  const runsOf = (kubernetes: KubernetesVersion) =>
    Object.fromEntries(
      FROZEN.map((name) => [name, found.runs[kubernetes][name] ?? golden.runs[kubernetes][name]]),
    );
  const runs = Object.fromEntries(KUBERNETES_VERSIONS.map((kubernetes) => [kubernetes, runsOf(kubernetes)]));
  writeFileSync(FILE, `${JSON.stringify({ runs, files: { ...golden.files, ...found.files } }, null, 2)}\n`);
});
