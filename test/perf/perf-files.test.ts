// Reading scheduler_perf files: selection, what is not supported, mistakes, and upstream's own files as they are.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { dataItemsOf } from '../../src/scheduler-perf/data-items.ts';
import { TemplateError, fillIn } from '../../src/scheduler-perf/object-template.ts';
import { PhaseMeter } from '../../src/scheduler-perf/phase-meter.ts';
import { hasLabels, planPerf, playWorkload } from '../../src/scheduler-perf/scheduler-perf.ts';
import type { FileReader } from '../../src/workload/manifests/file-reader.ts';
import { memoryFiles as folderFiles } from '../input/memory-files.ts';
import { FIXTURE, UPSTREAM, planOf, playCase, tickingClock } from './fixture-runs.ts';

const ALL = { cases: [], workloads: [], labels: [] };

/** One file `perf.yaml` that needs no templates. */
function memoryFiles(text: string): FileReader {
  const read = (path: string): string => {
    if (path !== 'perf.yaml') throw new InputError({ file: path, message: 'no such file or folder' });
    return text;
  };
  return { read, list: () => [], isFolder: () => false, isFile: () => true, resolve: (_from, relative) => relative, realPath: (path) => path };
}

function mistakesOf(text: string): string[] {
  try {
    planPerf(['perf.yaml'], ALL, memoryFiles(text));
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('selection', () => {
  test('goes by case, workload and labels', () => {
    expect(planOf(FIXTURE, { cases: ['Nodes', 'Gated'] }).workloads.map(({ perfCase }) => perfCase.name)).toEqual(['Nodes', 'Gated']);
    expect(planOf(FIXTURE, { workloads: ['three'] }).workloads.map(({ perfCase }) => perfCase.name)).toEqual(['Nodes']);
    expect(planOf(FIXTURE, { labels: ['long'] }).workloads.map(({ perfCase }) => perfCase.name)).toEqual(['TooLarge']);
  });

  test.each([
    [['short'], true],
    [['+short'], true],
    [['-long'], true],
    [['short,performance'], true],
    [['short', '-performance'], false],
    [['long'], false],
    [[], true],
  ])('labels %j on [short, performance]: %s', (wanted, holds) => {
    expect(hasLabels(['short', 'performance'], wanted)).toBe(holds);
  });

  test('names what there is none of', () => {
    expect(() => planOf(FIXTURE, { cases: ['Node'] })).toThrow('there is no test case Node — did you mean "Nodes"?');
    expect(() => planOf(FIXTURE, { workloads: ['threee'] })).toThrow('there is no workload threee — did you mean "three"?');
    expect(() => planOf(FIXTURE, { labels: ['perf'] })).toThrow('no workload has the labels perf');
  });
});

describe('what is not supported', () => {
  test('is listed by case, op and field, with the reason', () => {
    expect(planOf(FIXTURE).unsupported).toEqual([
      {
        case: 'Claims',
        workload: 'driver',
        reasons: ['op 1 (createResourceDriver): resource drivers (DRA) are not simulated', 'op 2 (createPods): signatureBatchSize: the field is not modelled'],
      },
      {
        case: 'ClaimTemplates',
        workload: 'pod',
        reasons: [
          'op 0 (createPods): templates/pod-claim.yaml: spec.resourceClaims: resource claims (DRA) are not simulated',
          'op 1 (createPods): templates/pod-odd.yaml: the template action {{ Reverse .Index }} is not modelled',
        ],
      },
      { case: 'Steady', workload: 'ten-seconds', reasons: ['op 0 (createPods): steadyState: it lasts for a time of the wall clock, which a simulator does not have'] },
    ]);
  });
});

describe('files of forks and of older layouts', () => {
  const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: pod-}\nspec: {containers: [{name: c, image: i}]}\n';
  const perfCase = (name: string, more: string): string => `- name: ${name}\n${more}  workloadTemplate:\n  - {opcode: createNodes, count: 2}\n  - {opcode: createPods, count: 3, collectMetrics: true}\n  workloads:\n  - {name: small}\n`;
  const CONFIG = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

  test('paths that are relative to the folder above are found, those beside the file first', () => {
    const text = perfCase('Old', '  defaultPodTemplatePath: config/pod.yaml\n  schedulerConfigPath: config/scheduler.yaml\n');
    const files = { 'perf/config/performance-config.yaml': text, 'perf/config/pod.yaml': POD, 'perf/config/scheduler.yaml': CONFIG };
    const plan = planPerf(['perf/config/performance-config.yaml'], ALL, folderFiles(files));
    expect(plan.unsupported).toEqual([]);
    expect(playWorkload(plan.workloads[0], { plain: false, now: tickingClock() }).scheduled).toBe(3);
    const beside = planPerf(['perf/config/performance-config.yaml'], ALL, folderFiles({ ...files, 'perf/config/config/pod.yaml': POD.replace('pod-', 'beside-') }));
    expect(beside.workloads[0].templates.get('perf/config/performance-config.yaml', 'config/pod.yaml').file).toBe('perf/config/config/pod.yaml');
    const { 'perf/config/pod.yaml': _missing, ...others } = files;
    expect(() => planPerf(['perf/config/performance-config.yaml'], ALL, folderFiles(others))).toThrow('perf/config/config/pod.yaml: no such file or folder');
  });

  test('a foreign plugin, or an old version of the configuration, leaves its case out and names the place', () => {
    const text = perfCase('Plain', '  defaultPodTemplatePath: pod.yaml\n') + perfCase('Wasm', '  defaultPodTemplatePath: pod.yaml\n  schedulerConfigPath: wasm.yaml\n') + perfCase('Beta', '  defaultPodTemplatePath: pod.yaml\n  schedulerConfigPath: beta.yaml\n');
    const files = {
      'p/perf.yaml': text, 'p/pod.yaml': POD, 'p/wasm.yaml': `${CONFIG}profiles:\n- plugins:\n    filter: {enabled: [{name: wasm}]}\n`,
      'p/beta.yaml': CONFIG.replace('/v1', '/v1beta3'),
    };
    const plan = planPerf(['p/perf.yaml'], ALL, folderFiles(files));
    expect(plan.workloads.map(({ perfCase: { name } }) => name)).toEqual(['Plain']);
    expect(plan.unsupported).toEqual([
      { case: 'Wasm', workload: 'small', reasons: [expect.stringMatching(/^p\/wasm\.yaml:5:31: there is no plugin wasm/)] },
      { case: 'Beta', workload: 'small', reasons: [expect.stringMatching(/^p\/beta\.yaml:1:13: expected apiVersion kubescheduler\.config\.k8s\.io\/v1, found/)] },
    ]);
  });
});

describe('mistakes', () => {
  test('of the file are told with their places, all at once', () => {
    const text = ['- name: A', '  featureGates: {X: maybe}', '  workloadTemplate:', '  - {count: 1}', '  workloads:', '  - {name: w, threshold: many}', '  - {labels: [1]}', ''].join('\n');
    expect(mistakesOf(text)).toEqual([
      'perf.yaml:4:5: expected an op with an "opcode" [[0].workloadTemplate[0]]',
      'perf.yaml:2:21: expected true or false, found "maybe" [[0].featureGates.X]',
      'perf.yaml:6:26: expected a number of pods/s, found "many" [[0].workloads[0].threshold]',
      'perf.yaml:7:5: "name" is missing [[0].workloads[1]]',
      'perf.yaml:7:15: expected a text, found the number 1 [[0].workloads[1].labels[0]]',
    ]);
    expect(mistakesOf('{}')).toEqual([expect.stringContaining('expected a list of test cases')]);
    expect(mistakesOf('[]')).toEqual([expect.stringContaining('expected a list of test cases, found none')]);
  });

  test('of ops are told by workload and op', () => {
    const op = (members: string): string => `- name: A\n  workloadTemplate:\n  - {${members}}\n  workloads:\n  - {name: w, params: {half: 0.5, word: x}}\n`;
    expect(mistakesOf(op('opcode: createNodes, countParam: $nodes'))[0]).toContain('A/w: op 0 (createNodes): the workload has no parameter nodes');
    expect(mistakesOf(op('opcode: createNodes, countParam: $half'))[0]).toContain('expected a whole number');
    expect(mistakesOf(op('opcode: createNodes'))[0]).toContain('expected count or countParam');
    expect(mistakesOf(op('opcode: createNodes, countParam: nodes'))[0]).toContain('expected a parameter such as $count, found nodes');
    expect(mistakesOf(op('opcode: barrier, stageRequirement: Bound'))[0]).toContain('expected Scheduled or Attempted, found Bound');
    expect(mistakesOf(op('opcode: churn, mode: recreate, templatePaths: []')).join()).toContain('recreate needs a number of objects');
    expect(mistakesOf(op('opcode: sleep, duration: soon'))[0]).toContain('expected a duration such as 5s, found soon');
    expect(mistakesOf(op('opcode: createPods, count: 1, podTemplatePath: gone.yaml'))[0]).toContain('gone.yaml: no such file');
  });

  test('an op that is not known is no mistake of the file', () => {
    const { unsupported } = planPerf(['perf.yaml'], ALL, memoryFiles('- name: A\n  workloadTemplate:\n  - {opcode: createPodz}\n  workloads:\n  - {name: w}\n'));
    expect(unsupported[0].reasons).toEqual(['op 0 (createPodz): the op is not known (did you mean createPods?)']);
  });
});

test('templates know fields and functions of numbers', () => {
  expect(fillIn('a-{{.Index}} {{ DivideInt .Index 10 }} {{- Mod 7 4 }}', { Index: 25 })).toBe('a-25 2 3');
  expect(() => fillIn('{{ if .Index }}', { Index: 1 })).toThrow(TemplateError);
  expect(() => fillIn('{{ .Missing }}', {})).toThrow('{{ .Missing }} is not modelled');
});

describe('results', () => {
  test('depend on the workload alone, but for the times; caches change nothing', () => {
    for (const { perfCase } of planOf(FIXTURE, { labels: ['short'] }).workloads) {
      // How many nodes were worked out anew is the caches' own affair.
      const { nodesEvaluated: _none, ...plain } = playCase(perfCase.name, true);
      const { nodesEvaluated, ...fast } = playCase(perfCase.name);
      expect(fast, perfCase.name).toEqual(plain);
      expect(nodesEvaluated, perfCase.name).toBeLessThanOrEqual(fast.nodesFiltered);
    }
  });

  test('throughput is sampled once a second, and once when a phase is shorter', () => {
    let millis = 0;
    const counts = { pods: 40, scheduled: 0, decisions: 7 };
    const meter = new PhaseMeter(() => millis, () => counts);
    meter.start('long');
    for (const scheduled of [5, 10, 25, 25, 30]) {
      millis += 500;
      counts.scheduled = scheduled;
      meter.tick();
    }
    counts.decisions = 57;
    meter.stop();
    expect(meter.measurements).toEqual([{ name: 'long', pods: 40, scheduled: 30, decisions: 50, seconds: 2.5, samples: [10, 15] }]);
    meter.start('short');
    millis += 100;
    counts.scheduled = 60;
    meter.stop();
    expect(meter.measurements[1].samples).toEqual([600]);
  });

  test('DataItems carry mean and percentiles of each phase', () => {
    const result = { ...playCase('Nodes'), phases: [{ name: 'n', pods: 60, scheduled: 60, decisions: 60, seconds: 4, samples: [20, 10, 14, 16] }] };
    expect(dataItemsOf([result])).toEqual({
      version: 'v1',
      dataItems: [
        {
          data: { Average: 15, Perc50: 14, Perc90: 20, Perc95: 20, Perc99: 20 },
          unit: 'pods/s',
          labels: { Metric: 'SchedulingThroughput', Name: 'Nodes/three/n' },
        },
      ],
    });
  });
});

test('the shapes that are benchmarked have one digest with and without caches', () => {
  const { workloads, unsupported } = planOf('bench/macro/scheduler-perf/performance-config.yaml', { labels: ['smoke'] });
  expect(unsupported).toEqual([]);
  expect(workloads).toHaveLength(9);
  for (const planned of workloads) {
    const fast = playWorkload(planned, { plain: false, now: tickingClock() });
    expect(fast.scheduled, fast.case).toBe(fast.pods);
    expect(playWorkload(planned, { plain: true, now: tickingClock() }).digest, fast.case).toBe(fast.digest);
  }
});

describe.each(['misc', 'affinity', 'topology_spreading', 'event_handling'])("upstream's %s/performance-config.yaml", (folder) => {
  const file = `${UPSTREAM}/${folder}/performance-config.yaml`;

  test('is read whole and nothing in it is unsupported', (context) => {
    context.skip(!existsSync(file), `${file} is not there`);
    const plan = planOf(file);
    expect(plan.workloads.length).toBeGreaterThan(9);
    expect(plan.unsupported).toEqual([]);
  });

  test('has its smallest workloads scheduled to the last pod, with and without caches', (context) => {
    context.skip(!existsSync(file), `${file} is not there`);
    const { workloads } = planOf(file, { labels: ['integration-test,short'] });
    for (const planned of workloads.filter(({ workload }) => !workload.name.includes('Enabled'))) {
      const result = playWorkload(planned, { plain: false, now: tickingClock() });
      const name = `${result.case}/${result.workload}`;
      expect(result.pods, name).toBeGreaterThan(0);
      expect(result.scheduled, name).toBe(result.pods);
      expect(playWorkload(planned, { plain: true, now: tickingClock() }).digest, name).toBe(result.digest);
    }
  });
});
