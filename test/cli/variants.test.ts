// podyard compare with any number of variants: what they may be, what is shown of them, when it stops, what breaks it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shortMetricName } from '../../src/metrics/metric-names.ts';
import { PACK, SMALL, cliFolder } from './podyard.ts';
import type { Outcome } from './podyard.ts';

const cli = cliFolder();
const HEADER = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const EVEN =
  'const score = (_state, _pod, node) => (Number(node.name.slice(-1)) % 2 === 0 ? 100 : 0);\n' +
  "export const plugin = { name: 'Even', summary: 's', create: () => ({ name: 'Even', score }) };\n";

const POLICY = `autoscaler: {expander: most-pods}
nodePools:
  - {name: general, count: 4, allocatable: {cpu: 4, memory: 16Gi}, autoscaling: {min: 3, max: 5}}
`;

interface Shown {
  readonly labelA: string;
  readonly seeds: readonly string[];
  readonly confidence: number;
  readonly verdict: {
    readonly limitsBroken: boolean;
    readonly variants: readonly (Readonly<Record<string, readonly string[]>> & { readonly isDifferent: boolean })[];
  };
  readonly variants: readonly { readonly name: string; readonly label: string; readonly digests: readonly string[] }[];
  readonly comparisons: readonly {
    readonly metric: string;
    readonly variant: string;
    readonly verdict: string;
    readonly sentence: string;
  }[];
  readonly limits: readonly { readonly text: string; readonly variant: string; readonly state: string }[];
  readonly precision: readonly { readonly isReached: boolean; readonly found: number; readonly halfWidth: number }[];
  readonly configurationB: unknown;
  readonly changesC: unknown;
  readonly resolvedScenarioC: unknown;
}

function prepare(): void {
  cli.write('s.yaml', SMALL);
  cli.write('pack.yaml', PACK);
  cli.write('spread.yaml', HEADER);
}

/** The default scheduler beside packing. */
const A_B = ['--a', 'spread.yaml', '--b', 'pack.yaml'];

const beside = (...words: readonly string[]): Outcome => cli.run('compare', 's.yaml', ...A_B, ...words);

function compared(...words: readonly string[]): Shown {
  const { code, out, err } = cli.run('compare', 's.yaml', ...words, '-q', '-o', 'json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Shown;
}

describe('variants', () => {
  test('any number of them, by letters and by --variant, each beside the first', () => {
    prepare();
    const shown = compared(
      ...A_B, '--c', 'nodePools[general].count=5,pack.yaml', '--variant', 'kubernetes=1.36',
      '--variant', 'workloads[web].requests={cpu: 250m, memory: 1Gi},spread.yaml', '--seeds', '5',
    );
    expect(shown.variants.map(({ name, label }) => `${name} ${label}`)).toEqual([
      'A spread.yaml',
      'B pack.yaml',
      'C pack.yaml, nodePools[general].count=5',
      'D kubernetes=1.36',
      'E spread.yaml, workloads[web].requests={cpu: 250m, memory: 1Gi}',
    ]);
    expect(shown.changesC).toEqual(['nodePools[general].count=5']);
    expect(shown.resolvedScenarioC).toMatchObject({ nodePools: [{ count: 5 }] });
    expect(shown.verdict.variants[0].better).toContain('packing.densityOfNonEmptyNodes.cpu');
    const { out } = beside('--c', 'nodePools[general].count=5', '--seeds', '5', '-q');
    expect(out).toMatch(/^utilization\.cpu \(%\) +A .*\n +B .*\n +C .* worse$/m);
    expect(out).toMatch(/^C is .*worse in \d+ metrics/m);
  });

  test('a plugin file takes part, unless the configuration beside it says how', () => {
    prepare();
    cli.write('even.mjs', EVEN);
    cli.write('heavy.yaml', `${HEADER}profiles: [{plugins: {multiPoint: {enabled: [{name: Even, weight: 50}]}}}]\n`);
    const variants = ['--a', 'spread.yaml', '--b', 'even.mjs', '--c', 'even.mjs,heavy.yaml'];
    const line = ['compare', 's.yaml', ...variants, '--seeds', '2', '-q'];
    const { code, out } = cli.run(...line, '-o', 'json');
    expect(code).toBe(0);
    const shown = JSON.parse(out) as Shown & { readonly configurationC: unknown; readonly plugins: unknown };
    expect(shown.configurationB).toEqual({
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Even' }] } } }],
    });
    const multiPoint = { enabled: [{ weight: 50 }] };
    expect(shown.configurationC).toMatchObject({ profiles: [{ plugins: { multiPoint } }] });
    expect(shown.variants.map(({ label }) => label)).toEqual(['spread.yaml', 'even.mjs', 'even.mjs, heavy.yaml']);
    expect(new Set(shown.variants.map(({ digests }) => digests[0])).size).toBeGreaterThan(1);
    expect(cli.run(...line, '-o', 'json', '--jobs', '2').out).toBe(out);
  });

  test('a file with fields of a scenario is a change of each: the policy of an autoscaler', () => {
    prepare();
    cli.write('policy.yaml', POLICY);
    const shown = compared(...A_B, '--c', 'policy.yaml', '--seeds', '2');
    expect(shown.changesC).toEqual(['policy.yaml']);
    expect(shown.resolvedScenarioC).toMatchObject({ autoscaler: { expander: 'most-pods' }, nodePools: [{ count: 4 }] });
    cli.write('wrong.yaml', 'autoscaler: {expandr: most-pods}\n');
    const wrong = beside('--c', 'wrong.yaml', '--seeds', '2');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(/^error: --c wrong\.yaml: autoscaler\.expandr="most-pods": .*expandr/);
  });

  test('one that needs what the others do not have is played with it, on one thread as on two', () => {
    prepare();
    const failing = "failures=[{name: cut, kind: partition, uptime: {exponential: {mean: 1h}}, repair: 10m}]";
    const args = ['--c', failing, '--d', 'storage.attach=10s', '--seeds', '2', '-o', 'json', '--progress', 'none'];
    const [one, two] = ['1', '2'].map((jobs) => beside(...args, '--jobs', jobs));
    expect(one.code, one.err).toBe(0);
    expect(two.out).toBe(one.out);
  });

  test('the mistakes of all variants are told at once', () => {
    prepare();
    const variants = ['--a', 'kubernetes=1.2', '--b', 'nodePool=3', '--c', 'none.yaml'];
    const { code, err } = cli.run('compare', 's.yaml', ...variants);
    expect(code).toBe(2);
    expect(err).toContain('--a kubernetes=1.2: expected a version');
    expect(err).toContain('--b nodePool=3: unknown field "nodePool"');
    expect(err).toContain('none.yaml: no such file');
    expect(beside('--d', 'pack.yaml').err).toBe(
      'error: --c is missing: variants are named in turn, found --a, --b, --d\n',
    );
  });
});

describe('what is shown', () => {
  test('a thing beside itself: nothing, and no limit is broken', () => {
    prepare();
    for (const [first, second] of [['pack.yaml', 'pack.yaml'], ['spread.yaml', 'seed=other']]) {
      const shown = compared('--a', first, '--b', second, '--seeds', '12', '--fail-if', 'cost.nodeHours:+0%');
      expect(shown.verdict).toMatchObject({ limitsBroken: false, variants: [{ variant: 'B', isDifferent: false }] });
      expect(new Set(shown.comparisons.map(({ verdict }) => verdict))).toEqual(new Set(['same']));
    }
  });

  test('metrics that are asked for, by short names and stars; unknown ones are refused with the nearest', () => {
    prepare();
    const asked = ['--metric', 'queueWait.p9*,cost', '--metric', 'utilization.cpu.mean'];
    const shown = compared(...A_B, '--seeds', '2', ...asked);
    expect(shown.comparisons.map(({ metric }) => metric)).toEqual([
      'utilization.cpu.mean', 'latency.queueWaitSeconds.p90', 'latency.queueWaitSeconds.p95',
      'latency.queueWaitSeconds.p99', 'cost.total',
    ]);
    const wrong = beside('--metric', 'queueWiat.p99', '--metric', 'x*y', '--margin', '2');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toBe(
      'error: --metric: there is no metric queueWiat.p99 — did you mean "queueWait.p99"?\n' +
        'error: --metric: there is no metric x*y\n' +
        'error: --margin: expected a percentage such as 1%, found "2"\n',
    );
  });

  test('every metric has its sentence, in the table and for machines', () => {
    prepare();
    const shown = compared(...A_B, '--seeds', '8');
    const { out } = beside('--seeds', '8', '-q');
    for (const { metric, verdict, sentence } of shown.comparisons) {
      if (verdict === 'same') expect(out).toMatch(new RegExp(`${shortMetricName(metric)}.* ~ +same$`, 'm'));
      else expect(out).toContain(`  ${sentence}\n`);
    }
    expect(out).toContain('packing.densityOfNonEmptyNodes.cpu: B is better: ');
  });

  test('CSV has a line a metric and variant; its first columns are what they were', () => {
    prepare();
    const { out } = beside('--c', 'kubernetes=1.36', '--seeds', '5', '-q', '-o', 'csv', '--metric', 'cost*');
    const lines = out.trim().split('\n');
    expect(lines[0]).toBe(
      'metric,unit,better,a,b,meanDifference,low,high,significant,' +
        'variant,change,changeLow,changeHigh,pValue,adjustedPValue,verdict,moreSeeds,pairs',
    );
    expect(lines.slice(1).map((line) => line.split(',').filter((_cell, i) => i === 0 || i === 9).join(' '))).toEqual([
      'cost.nodeHours B', 'cost.nodeHours C', 'cost.total B', 'cost.total C',
    ]);
  });

  test('Markdown is a table with its sentences', () => {
    prepare();
    const { out } = beside('--seeds', '5', '-q', '-o', 'markdown', '--metric', 'packing.density*');
    expect(out).toMatch(/^\| METRIC \| A \| B \| B - A \| CHANGE \| 95% INTERVAL \| {2}\|\n\| --- \| ---: /m);
    expect(out).toMatch(/^\| packing\.densityOfNonEmptyNodes\.cpu \(%\) \|.*\| better \|$/m);
    expect(out).toMatch(/^- B is better than A in 2 metrics\.\n {2}- packing\.density\w+\.cpu: B is better/m);
  });

  test("benchstat's lines: every run, by metric, with the variant as a key", () => {
    prepare();
    const { out } = beside('--seeds', '3', '-q', '-o', 'benchstat');
    const shown = compared(...A_B, '--seeds', '3');
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^podyard: \d/);
    expect(lines.slice(1, 4)).toEqual(['scenario: small', '', 'variant: A spread.yaml']);
    // A line is a name with a capital, a number of iterations, and pairs of value and unit.
    const results = lines.filter((line) => line.startsWith('Benchmark'));
    const line = /^Benchmark[A-Z][\w./-]* 1 -?\d+(\.\d+)?(e[-+]?\d+)? [\w-]+$/;
    expect(results.filter((text) => !line.test(text))).toEqual([]);
    const values = results.filter((line) => line.startsWith('BenchmarkPacking.densityOfNonEmptyNodes.cpu '));
    expect(values).toHaveLength(6);
    expect(results.length).toBe(shown.comparisons.filter(({ verdict }) => verdict !== 'absent').length * 6);
    expect(lines.every((line) => line === '' || /^(Benchmark|[a-z][a-z-]*: )/.test(line))).toBe(true);
  });
});

describe('until an interval is narrow', () => {
  const density = 'packing.densityOfNonEmptyNodes.cpu:±20%';

  test('seeds are added look by look; the same bytes with one job and two', () => {
    prepare();
    const words = ['compare', 's.yaml', ...A_B, '--until', density, '-q', '--set', 'duration=15m'];
    const { out } = cli.run(...words, '-o', 'json');
    const shown = JSON.parse(out) as Shown;
    expect([15, 23, 35]).toContain(shown.seeds.length);
    expect(shown.confidence).toBe(0.9625);
    expect(shown.precision).toHaveLength(1);
    expect(shown.precision[0]).toMatchObject({ isReached: true, halfWidth: 0.2 });
    expect(shown.precision[0].found).toBeLessThanOrEqual(0.2);
    expect(cli.run(...words, '-o', 'json', '--jobs', '2').out).toBe(out);
    const table = cli.run(...words).out;
    expect(table).toMatch(/^Target +packing\.densityOfNonEmptyNodes\.cpu to ±20%: reached, ±\d+/m);
    expect(table).toContain('96.25% INTERVAL');
  });

  test('--seeds is then the most; what is not reached is said', () => {
    prepare();
    const { code, out } = beside('--until', 'packing.densityOfNonEmptyNodes.cpu:±0.1%', '--seeds', '12', '-q');
    expect(code).toBe(0);
    expect(out).toMatch(/^Pairs +12 seeds/m);
    expect(out).toMatch(/^Target .*: NOT reached with 12 seeds, ±\d+(\.\d+)?%; about [\d,]+ would do$/m);
  });

  test('a wrong target is refused with the nearest metric', () => {
    prepare();
    expect(beside('--until', 'queueWait.p98:±3%', '--until', 'cost=3%').err).toBe(
      'error: --until: unknown metric "queueWait.p98" in "queueWait.p98:±3%" — did you mean "queueWait.p90"?\n' +
        'error: --until: expected a metric and how exact it is to be, such as "queueWait.p99:±3%", found "cost=3%"\n',
    );
  });
});

describe('limits', () => {
  test('99 when a variant is beyond one without a doubt; 0 when it is not, or when nobody can tell', () => {
    prepare();
    const words = ['compare', 's.yaml', ...A_B, '--seeds', '8', '-q', '--metric', 'cost'];
    const broken = cli.run(...words, '--fail-if', 'packing.strandedShare.memory:+0.01', '--fail-if', 'cost:+2%');
    expect(broken.code).toBe(99);
    expect(broken.out).toMatch(/^packing\.strandedShare\.memory:\+0\.01 +B +\+\d.* BROKEN$/m);
    expect(broken.out).toMatch(/^cost:\+2% +B +.* holds$/m);
    expect(broken.err).toMatch(/^error: limit broken: packing\.strandedShare\.memory:\+0\.01: B: BROKEN \(found \+/);
    expect(cli.run(...words, '--fail-if', 'cost:+2%')).toMatchObject({ code: 0, err: '' });
    const few = ['compare', 's.yaml', ...A_B, '--seeds', '4', '-q', '--fail-if', 'packing.strandedShare.memory:+0.01'];
    expect(cli.run(...few)).toMatchObject({ code: 0 });
    expect(cli.run(...few).out).toMatch(/ not shown either way$/m);
  });

  test('a wrong limit is told with its place before anything runs', () => {
    prepare();
    expect(beside('--fail-if', 'cots:+2%', '--fail-if', 'cost:2%')).toEqual({
      code: 2,
      out: '',
      err:
        'error: --fail-if "cots:+2%", character 1: there is no metric cots — did you mean "cost"?\n' +
        'error: --fail-if "cost:2%", character 6: expected +, - or ± and how much, such as +2%, found "2%"\n',
    });
  });

  test('thresholds of the scenario hold for a run, and for each variant of a comparison', () => {
    prepare();
    const conditions = ['packing.densityOfNonEmptyNodes.cpu > 60%', 'counts.podsPending == 0'];
    cli.write('t.yaml', `${SMALL}thresholds: [${conditions.join(', ')}]\n`);
    const run = cli.run('run', 't.yaml', '-q');
    expect(run.code).toBe(99);
    expect(run.out).toMatch(/\n\nTHRESHOLD +FOUND\npacking\.density\w+\.cpu > 60% +\d\d\.\d\d % +BROKEN\n/);
    expect(run.out).toMatch(/\ncounts\.podsPending == 0 +0 pods +holds\n$/);
    expect(run.err).toMatch(/^error: threshold broken: packing\.density\w+\.cpu > 60%: found \d\d\.\d\d %\n$/);
    const json = cli.run('run', 't.yaml', '-q', '-o', 'json');
    expect(json.code).toBe(99);
    expect(JSON.parse(json.out)).toMatchObject({
      resolvedScenario: { thresholds: conditions },
    });
    expect(cli.run('run', 't.yaml', '-q', '--set', 'thresholds=[cost < 5]')).toMatchObject({ code: 0, err: '' });
    const { code, out } = cli.run('compare', 't.yaml', ...A_B, '--seeds', '8', '-q', '-o', 'json');
    expect(code).toBe(99);
    const { limits } = JSON.parse(out) as Shown;
    expect(limits.map(({ text, variant, state }) => `${variant} ${text}: ${state}`)).toEqual([
      'A packing.densityOfNonEmptyNodes.cpu > 60%: broken',
      'A counts.podsPending == 0: held',
      'B packing.densityOfNonEmptyNodes.cpu > 60%: held',
      'B counts.podsPending == 0: held',
    ]);
  });

  test('wrong thresholds are told with line, column and character; both spellings mean the same', () => {
    prepare();
    cli.write('w.yaml', `${SMALL}thresholds:\n  - queueWait.p99 < much\n  - cots < 5\n`);
    const wrong = cli.run('validate', 'w.yaml');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toBe(
      'error: w.yaml:10:5: character 17 of "queueWait.p99 < much": ' +
        'expected a duration such as 30s or 5m behind <, found "much" [thresholds[0]]\n' +
        'error: w.yaml:11:5: character 1 of "cots < 5": there is no metric cots — did you mean "cost"? ' +
        '[thresholds[1]]\n',
    );
    cli.write('m.yaml', `${SMALL}thresholds:\n  queueWait.p99: ['< 30s', '>= 0']\n  cost: < 5\n`);
    const spelled = cli.run('validate', 'm.yaml', '-o', 'yaml');
    expect(spelled.code).toBe(0);
    expect(spelled.out).toContain('thresholds:\n  - queueWait.p99 < 30s\n  - queueWait.p99 >= 0\n  - cost < 5\n');
    cli.write('k.yaml', `${SMALL}thresholds:\n  cots: < 5\n  cost: [< x]\n`);
    expect(cli.run('validate', 'k.yaml').err).toBe(
      'error: k.yaml:10:3: there is no metric cots — did you mean "cost"? [thresholds.cots]\n' +
        'error: k.yaml:11:10: character 3 of "< x": expected a number behind <, found "x" [thresholds.cost[0]]\n',
    );
  });
});

describe('after a kill', () => {
  test('the same command goes on from the runs that ended, and gives the same bytes', async () => {
    prepare();
    const words = ['compare', 's.yaml', ...A_B, '--seeds', '12', '--set', 'duration=10h'];
    expect(cli.run(...words, '-q', '--out', 'whole').code).toBe(0);
    const started = cli.start(...words, '--out', 'killed');
    await started.saw('run 5 of 24');
    started.child.kill('SIGKILL');
    await started.ended;
    expect(existsSync(join(cli.path(), 'killed'))).toBe(false);
    const cells = readdirSync(join(cli.path(), '.killed.cells'));
    expect(cells.length).toBeGreaterThanOrEqual(5);
    expect(cells.length).toBeLessThan(24);
    const resumed = cli.spawn(...words, '--out', 'killed', '--jobs', '2');
    expect(resumed.code).toBe(0);
    expect(resumed.err).toMatch(/^\d+ of 24 runs are there already, from a start that did not end$/m);
    for (const file of ['comparison.json', 'comparison.csv']) {
      const read = (folder: string): string => readFileSync(join(cli.path(), folder, file), 'utf8');
      expect(read('killed')).toBe(read('whole'));
    }
    expect(readdirSync(cli.path()).filter((name) => name.startsWith('.killed'))).toEqual([]);
  });

  test('runs of another scenario are not taken for these', async () => {
    prepare();
    const words = ['compare', 's.yaml', ...A_B, '--seeds', '12', '--set', 'duration=10h', '--out', 'other'];
    const stopped = await cli.interrupt('SIGTERM', 'run 3 of 24', ...words);
    expect(stopped.code).toBe(143);
    expect(stopped.err).toContain('the runs that ended are kept, and the same command goes on from there');
    expect(readdirSync(join(cli.path(), '.other.cells')).length).toBeGreaterThanOrEqual(3);
    const changed = cli.spawn('compare', 's.yaml', ...A_B, '--seeds', '2', '--set', 'duration=9h', '--out', 'other');
    expect(changed.code).toBe(0);
    expect(changed.err).not.toContain('there already');
    expect(existsSync(join(cli.path(), '.other.cells'))).toBe(false);
  });
});
