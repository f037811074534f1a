import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError, formatProblem } from '../../src/base/input-error.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { explainScenario } from '../../src/simulation/scenario-explain.ts';
import type { Override, ScenarioRead } from '../../src/simulation/scenario-reader.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { initScenario } from '../../src/simulation/scenario-template.ts';
import { formatDuration, parseDuration } from '../../src/base/duration.ts';
import { memoryFiles } from './memory-files.ts';

const POOL = 'nodePools: [{name: general, count: 2, allocatable: {cpu: 4, memory: 8Gi}}]\n';

function read(text: string, others: Readonly<Record<string, string>> = {}, overrides: readonly Override[] = []): ScenarioRead {
  return readScenario({ file: 'scenario.yaml' }, memoryFiles({ 'scenario.yaml': text, ...others }), overrides);
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(formatProblem);
  }
  return [];
}

function workload(text: string): Scenario['workloads'][number] {
  return read(`${POOL}duration: 1h\nworkloads:\n  - {name: w, requests: {cpu: 1}, ${text}}\n`).scenario.workloads[0];
}

describe('durations', () => {
  test.each([
    ['90s', 90_000_000],
    ['1h30m', 5_400_000_000],
    ['1.3ms', 1_300],
    ['7d', 604_800_000_000],
    ['500us', 500],
    ['0s', 0],
    ['0.1us', 0],
    ['1.5h', 5_400_000_000],
  ])('%s', (text, micros) => expect(parseDuration(text)).toBe(micros));

  test.each(['', '1', '1 h', 'h', '-1s', '1s ', '1.s', '1e3s', '99999999d'])('%j is none', (text) => expect(parseDuration(text)).toBeUndefined());

  test('print so that they read back', () => {
    for (const micros of [0, 1, 999, 1_300, 90_000_000, 86_400_000_001, 5_400_000_000]) expect(parseDuration(formatDuration(micros))).toBe(micros);
    expect(formatDuration(5_400_000_000)).toBe('1h30m');
  });
});

describe('defaults', () => {
  test('are upstream constants in numbers', () => {
    const { scenario, warnings } = read(`${POOL}workloads: [{name: w, kind: Deployment, requests: {cpu: 1}}]\n`);
    expect(warnings).toEqual([]);
    expect(scenario).toMatchObject({ name: 'scenario', seed: 'podyard', durationMicros: null, trace: null, autoscaler: null, nodes: [], objects: [] });
    expect(scenario.nodeLifecycle).toEqual({
      monitorPeriodMicros: 5_000_000,
      monitorGraceMicros: 50_000_000,
      leaseRenewMicros: 10_000_000,
      evictionRatePerSecond: 0.1,
      secondaryEvictionRatePerSecond: 0.01,
      largeClusterThreshold: 50,
      unhealthyZoneThreshold: 0.55,
      defaultTolerationSeconds: 300,
    });
    expect(scenario.scheduler).toEqual({ configuration: null, configurationFile: null, cycleMicros: 1300, bindMicros: 5000, tieBreak: 'upstream', sampling: true, pluginFiles: [] });
    expect(scenario.kubelet.sandboxSeconds).toEqual({ kind: 'lognormal', median: 0.4, sigma: 0.5, atLeast: null, atMost: null });
    expect(scenario.kubelet).toMatchObject({ pullBaseSeconds: 0.3, pullBytesPerSecond: 125e6, unpackBytesPerSecond: 100e6, defaultImageBytes: 250e6, serializeImagePulls: true });
    expect(scenario.nodePools[0].allocatable).toEqual({ cpu: 4, memory: '8Gi', pods: 110 });
    expect(scenario.priorityClasses).toEqual({
      'system-cluster-critical': { value: 2_000_000_000, preemptionPolicy: 'PreemptLowerPriority', globalDefault: false },
      'system-node-critical': { value: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority', globalDefault: false },
    });
  });

  test('of the autoscaler come with an autoscaled pool', () => {
    const pool = 'nodePools: [{name: g, allocatable: {cpu: 1, memory: 1Gi}, autoscaling: {min: 2, max: 5}}]\n';
    const { scenario } = read(`${pool}workloads: [{name: w, kind: Deployment, requests: {cpu: 1}}]\n`);
    expect(scenario.nodePools[0].count).toBe(2);
    expect(scenario.autoscaler).toEqual({
      scanIntervalMicros: 10e6,
      newPodScaleUpDelayMicros: 0,
      scaleDownEnabled: true,
      scaleDownUtilizationThreshold: 0.5,
      scaleDownUnneededMicros: 600e6,
      scaleDownUnreadyMicros: 1200e6,
      scaleDownDelayAfterAddMicros: 600e6,
      scaleDownDelayAfterFailureMicros: 180e6,
      maxScaleDownParallelism: 10,
      maxDrainParallelism: 1,
      maxNodesPerScaleUp: 1000,
      maxNodesTotal: 0,
      expander: 'least-waste',
      expendablePodsPriorityCutoff: -10,
      skipNodesWithSystemPods: true,
      skipNodesWithLocalStorage: true,
    });
    expect(read(`${pool}autoscaler: {enabled: false}\nworkloads: [{name: w, kind: Deployment, requests: {cpu: 1}}]\n`).scenario.autoscaler).toBeNull();
  });
});

describe('workloads', () => {
  test('know every distribution', () => {
    expect(workload('kind: Job, lifetime: 10m').lifetimeSeconds).toEqual({ kind: 'fixed', value: 600, atLeast: null, atMost: null });
    expect(workload('kind: Job, lifetime: {fixed: 10m, atMost: 5m}').lifetimeSeconds).toEqual({ kind: 'fixed', value: 600, atLeast: null, atMost: 300 });
    expect(workload('kind: Job, lifetime: {uniform: {min: 1s, max: 3s}}').lifetimeSeconds).toMatchObject({ kind: 'uniform', min: 1, max: 3 });
    expect(workload('kind: Job, lifetime: {exponential: {mean: 2m}}').lifetimeSeconds).toMatchObject({ kind: 'exponential', mean: 120 });
    expect(workload('kind: Job, lifetime: {weibull: {scale: 1h, shape: 0.7}, atLeast: 1s}').lifetimeSeconds).toMatchObject({ kind: 'weibull', scale: 3600, shape: 0.7, atLeast: 1 });
    expect(workload('kind: Job, lifetime: {boundedPareto: {min: 1s, max: 1h, alpha: 1.2}}').lifetimeSeconds).toMatchObject({ kind: 'boundedPareto', min: 1, max: 3600, alpha: 1.2 });
    expect(workload('kind: Deployment, replicas: {choice: {values: [1, 3]}}').replicas).toMatchObject({ kind: 'choice', values: [1, 3], weights: [1, 1] });
    expect(workload('kind: Deployment').lifetimeSeconds).toBeNull();
    expect(workload('kind: Deployment, lifetime: forever').lifetimeSeconds).toBeNull();
  });

  test('know every arrival process', () => {
    expect(workload('kind: Deployment').arrivals).toEqual({ kind: 'at', atMicros: 0, count: 1 });
    expect(workload('kind: Deployment, arrivals: {poisson: {ratePerHour: 30, from: 1m}}').arrivals).toEqual({ kind: 'poisson', ratePerHour: 30, startMicros: 60e6, endMicros: null });
    expect(workload('kind: Deployment, arrivals: {diurnal: {meanRatePerHour: 6}}').arrivals).toEqual({
      kind: 'diurnal', meanRatePerHour: 6, amplitude: 0.5, periodMicros: 86_400e6, peakMicros: 50_400e6, startMicros: 0, endMicros: null,
    });
    expect(workload('kind: Deployment, arrivals: {bursty: {burstsPerHour: 2, size: 5, gap: 100ms, until: 30m}}').arrivals).toEqual({
      kind: 'bursty', burstsPerHour: 2, size: { kind: 'fixed', value: 5, atLeast: null, atMost: null }, gapSeconds: 0.1, startMicros: 0, endMicros: 1800e6,
    });
  });

  test('get a template of one container and a label of their own', () => {
    const { template, shapes, class: label } = workload('kind: Deployment, image: nginx');
    expect(template).toEqual({ metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } });
    expect(shapes).toEqual([{ weight: 1, requests: { cpu: 1 } }]);
    expect(label).toBe('w');
  });

  test('keep the template they are given', () => {
    const given = workload('kind: Deployment, template: {metadata: {labels: {tier: front}}, spec: {nodeSelector: , containers: [{name: a}]}}');
    expect(given.template).toEqual({ metadata: { labels: { tier: 'front' } }, spec: { containers: [{ name: 'a' }] } });
  });
});

describe('taints and priority classes', () => {
  test('are read in the short and the long spelling', () => {
    const pool = 'nodePools: [{name: g, count: 1, allocatable: {cpu: 1, memory: 1Gi}, taints: [a=b:NoSchedule, c:NoExecute, {key: d, effect: PreferNoSchedule}]}]\n';
    const { scenario } = read(`${pool}priorityClasses: {high: 10, low: {value: -1, preemptionPolicy: Never, globalDefault: true}}\nworkloads: [{name: w, kind: Deployment, requests: {cpu: 1}, priorityClass: low}]\n`);
    expect(scenario.nodePools[0].taints).toEqual([
      { key: 'a', value: 'b', effect: 'NoSchedule' },
      { key: 'c', value: '', effect: 'NoExecute' },
      { key: 'd', value: '', effect: 'PreferNoSchedule' },
    ]);
    expect(scenario.priorityClasses).toMatchObject({ high: { value: 10, preemptionPolicy: 'PreemptLowerPriority' }, low: { value: -1, preemptionPolicy: 'Never', globalDefault: true } });
    expect(scenario.workloads[0].priorityClassName).toBe('low');
  });
});

describe('files of a scenario', () => {
  const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 10}}\n';

  test('are found relative to it, and read with their kinds', () => {
    const { scenario } = readScenario(
      { file: 'runs/scenario.yaml' },
      memoryFiles({
        'runs/scenario.yaml': 'nodes: ./nodes.yaml\nmanifests: [../objects/]\nscheduler: {config: config.yaml, plugins: [p.ts]}\ntrace: {file: t.csv}\n',
        'runs/nodes.yaml': node,
        'runs/config.yaml': 'kind: KubeSchedulerConfiguration\n',
        'runs/p.ts': '',
        'runs/t.csv': '',
        'objects/b.yaml': 'apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: gold}\nvalue: 7\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n',
        'objects/a.json': '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}',
        'objects/notes.txt': 'not read',
      }),
    );
    expect(scenario.nodes.map((found) => found.metadata?.name)).toEqual(['n1']);
    expect(scenario.objects.map((found) => found.metadata?.name)).toEqual(['team', 'gold']);
    expect(scenario.ignoredKinds).toEqual({ ConfigMap: 1 });
    expect(scenario.priorityClasses['gold']).toEqual({ value: 7, preemptionPolicy: 'PreemptLowerPriority', globalDefault: false });
    expect(scenario.scheduler).toMatchObject({ configuration: { kind: 'KubeSchedulerConfiguration' }, configurationFile: 'runs/config.yaml', pluginFiles: ['runs/p.ts'] });
    expect(scenario.trace).toMatchObject({ format: 'csv', file: 'runs/t.csv', compress: 1 });
  });

  test('show their mistakes together with those of the scenario', () => {
    const problems = problemsOf(() => read('nodes: [n.yaml, gone.yaml]\nsede: 1\n', { 'n.yaml': node.replace('cpu: 1', 'cpu: one') }));
    expect(problems).toEqual([
      'scenario.yaml:1:17: no such file or folder: gone.yaml [nodes[1]]',
      'scenario.yaml:2:1: unknown field "sede" — did you mean "seed"? [sede]',
      'n.yaml:4:29: expected a quantity such as 500m, 2 or 16Gi, found "one" [status.allocatable.cpu]',
    ]);
  });

  test('a file may be missing whose name every JavaScript object knows', () => {
    expect(problemsOf(() => read(`${POOL}manifests: toString\n`))).toEqual(['scenario.yaml:2:12: no such file or folder: toString [manifests]']);
  });

  test('may not define what the scenario defines', () => {
    const pod = 'apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 7\n';
    const problems = problemsOf(() => read(`${POOL}priorityClasses: {high: 3}\nmanifests: p.yaml\nnodes: n.yaml\n`, { 'p.yaml': pod, 'n.yaml': node.replace('n1', 'general-1') }));
    expect(problems).toEqual([
      'scenario.yaml:1:20: the pool makes a node general-1, which the files hold, too [nodePools[0].name]',
      'scenario.yaml:2:19: the priority class high is defined in the manifests, too [priorityClasses.high]',
    ]);
  });

  test('may not have the names of what workloads generate', () => {
    const template = '{metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}';
    const object = (kind: string, name: string): string => (
      `apiVersion: ${kind === 'Job' ? 'batch' : 'apps'}/v1\nkind: ${kind}\nmetadata: {${name}}\nspec: {` +
      (kind === 'Job' ? `template: ${template}}\n` :
        `selector: {matchLabels: {a: b}}, template: ${template.replace('restartPolicy: Never, ', '')}}\n`)
    );
    const names: readonly (readonly [string, string])[] = [
      ['Deployment', 'name: web-0'], ['Deployment', 'name: web-0, namespace: other'], ['Deployment', 'name: web-01'],
      ['Deployment', 'name: web'], ['Deployment', 'name: sum-0'], ['Job', 'name: sum-12'], ['Job', 'name: web-1'],
    ];
    const workloads = 'workloads:\n- {name: sum, kind: Job, lifetime: 1m, requests: {cpu: 1}, arrivals: {at: 0s}}\n' +
      '- {name: web, kind: Deployment, requests: {cpu: 1}, arrivals: {at: 0s}}\n';
    const files = Object.fromEntries(names.map(([kind, name], index) => [`${index}.yaml`, object(kind, name)]));
    const listed = `manifests: [${Object.keys(files).join(', ')}]\n`;
    expect(problemsOf(() => read(`duration: 1h\n${POOL}${listed}${workloads}`, files))).toEqual([
      '0.yaml:3:18: the Deployments that workloads[1] makes are called web-0, web-1 and so on: ' +
        'expected another name than "web-0" [metadata.name]',
      '5.yaml:3:18: the Jobs that workloads[0] makes are called sum-0, sum-1 and so on: ' +
        'expected another name than "sum-12" [metadata.name]',
    ]);
  });

  test('that hold no node leave the cluster empty', () => {
    expect(problemsOf(() => read('manifests: p.yaml\n', { 'p.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n' }))).toEqual([
      'scenario.yaml:1:1: the cluster has no nodes: neither "nodePools" nor a Node in the files',
    ]);
  });
});

describe('overrides', () => {
  const text = `${POOL}duration: 1h\nworkloads: [{name: web, kind: Deployment, requests: {cpu: 1}}]\n`;
  const set = (path: string, value: string): Scenario => read(text, {}, [{ path, value }]).scenario;
  const mistakes = (path: string, value: string): string[] => problemsOf(() => read(text, {}, [{ path, value }]));

  test('change values, by index or by name, and add what is not there', () => {
    expect(set('nodePools[0].count', '50').nodePools[0].count).toBe(50);
    expect(set('nodePools[general].count', '50').nodePools[0].count).toBe(50);
    expect(set('duration', '2h').durationMicros).toBe(7_200_000_000);
    expect(set('kubelet.sandbox', '{fixed: 1s}').kubelet.sandboxSeconds).toMatchObject({ kind: 'fixed', value: 1 });
    expect(set('nodePools[0].labels["example.com/a"]', 'x').nodePools[0].labels).toEqual({ 'example.com/a': 'x' });
    expect(set('workloads[1]', '{name: b, kind: DaemonSet, requests: {cpu: 1}}').workloads).toHaveLength(2);
    expect(set('workloads[web].lifetime.exponential.mean', '5m').workloads[0].lifetimeSeconds).toMatchObject({ kind: 'exponential', mean: 300 });
    expect(set('workloads[web].replicas', '{uniform: {min: 1, max: 2}}').workloads[0].replicas).toMatchObject({ kind: 'uniform', max: 2 });
  });

  test('show their own mistakes', () => {
    expect(mistakes('nodePools[0].cuont', '5')).toEqual(['--set nodePools[0].cuont=5: unknown field "cuont" — did you mean "count"? [nodePools[0].cuont]']);
    expect(mistakes('nodePools[genral].count', '5')).toEqual(['--set nodePools[genral].count=5: no item is named "genral" — did you mean "general"? [nodePools]']);
    expect(mistakes('nodePools[7].count', '5')).toEqual(['--set nodePools[7].count=5: the list has 1 items: [7] is out of range [nodePools]']);
    expect(mistakes('a..b', '5')).toEqual(['--set a..b=5: expected a path such as duration or nodePools[0].count, found "a..b"']);
    expect(mistakes('seed', '{')).toEqual(['--set seed={: expected one YAML value after "=", found "{"']);
    expect(mistakes('duration.x', '1')).toEqual(['--set duration.x=1: expected a duration such as 90s, 5m, 24h or 1h30m, found a mapping [duration]']);
    expect(mistakes('__proto__.x', '1')).toEqual(['--set __proto__.x=1: the key "__proto__" is not allowed']);
    expect(mistakes('duration', '2 hours')).toEqual(['--set duration=2 hours: expected a duration such as 90s, 5m, 24h or 1h30m, found "2 hours" [duration]']);
  });
});

describe('warnings', () => {
  test('stand beside the scenario, with their places', () => {
    const { warnings } = read(`${POOL}duration: 1h\ndescription: yes\nautoscaler: {}\nworkloads:\n  - name: late\n    kind: Pod\n    lifetime: 010m\n    arrivals: {at: 2h}\n    requests: {cpu: 1}\n    template: {spec: {containers: [{name: a, imagePullPolcy: Never}]}}\n`);
    expect(warnings.map(formatProblem)).toEqual([
      'scenario.yaml:3:14: plain yes is a text here, but a boolean for kubectl (YAML 1.1): write true or false, or quote it',
      'scenario.yaml:4:1: no pool has "autoscaling": the autoscaler has nothing to do [autoscaler]',
      'scenario.yaml:9:5: nothing of "late" arrives before the run ends [workloads[0].arrivals]',
      'scenario.yaml:11:46: unknown field "imagePullPolcy" is ignored — did you mean "imagePullPolicy"? [workloads[0].template.spec.containers[0].imagePullPolcy]',
    ]);
  });

  test('tell of delays of an autoscaler that is not there, where it is named beside less than all parts', () => {
    const told = (controlPlane: string, pool = POOL, more = ''): string[] =>
      read(`${pool}duration: 1h\nworkloads: [{name: w, kind: Pod, lifetime: 1m, requests: {cpu: 1}}]\n${more}controlPlane: {${controlPlane}}\n`)
        .warnings.map(formatProblem);
    const message = 'no pool has "autoscaling": there is nobody who could be late';
    expect(told('watchDelay: {autoscaler: 1s}')).toEqual([
      `scenario.yaml:4:29: ${message} [controlPlane.watchDelay.autoscaler]`,
    ]);
    expect(told('requestLatency: {scheduler: 5ms, autoscaler: {exponential: {mean: 1s}}}')).toEqual([
      `scenario.yaml:4:49: ${message} [controlPlane.requestLatency.autoscaler]`,
    ]);
    expect(told('watchDelay: 1s, requestLatency: {exponential: {mean: 1s}}')).toEqual([]);
    expect(told('watchDelay: {scheduler: 1s, controllers: 1s, kubelets: 1s, autoscaler: 1s}')).toEqual([]);
    const scaled = POOL.replace('}}]', '}, autoscaling: {min: 1, max: 3}}]');
    expect(told('watchDelay: {autoscaler: 1s}', scaled)).toEqual([]);
    expect(told('watchDelay: {autoscaler: 1s}', scaled, 'autoscaler: {enabled: false}\n')).toEqual([
      'scenario.yaml:5:29: the autoscaler is not enabled: there is nobody who could be late [controlPlane.watchDelay.autoscaler]',
    ]);
  });

  test('tell octal look-alikes', () => {
    expect(read(`${POOL.replace('count: 2', 'count: 010')}workloads: []\n`).warnings.map(formatProblem)).toEqual([
      'scenario.yaml:1:36: 010 is 10 here, but octal for kubectl (YAML 1.1): drop the leading zero, or quote it',
      'scenario.yaml:1:1: no pods will arrive: expected "workloads", "manifests" or "trace"',
    ]);
  });
});

describe('shipped scenarios', () => {
  test.each(['small', 'default'] as const)('the starter %s reads without a word, and names the schema first', (name) => {
    const text = initScenario(name);
    expect(text).toMatch(/^# yaml-language-server: \$schema=/);
    expect(read(text).warnings).toEqual([]);
  });

  test('the default scenario reads without a word', () => {
    const { scenario, warnings } = readScenario({ file: 'workloads/default.yaml' }, createInputFiles());
    expect(warnings).toEqual([]);
    expect(scenario.nodePools.reduce((sum, pool) => sum + pool.count, 0)).toBe(1000);
    expect(scenario.durationMicros).toBe(86_400_000_000);
    expect(scenario.nodePools.filter((pool) => pool.autoscaling !== null)).toHaveLength(1);
  });

  test.each(['small', 'default', 'shipped'])('the explained form of %s is a scenario that resolves to the same', (name) => {
    const text = name === 'shipped' ? readFileSync('workloads/default.yaml', 'utf8') : initScenario(name as 'small');
    const { scenario } = read(text);
    const again = read(explainScenario(scenario));
    expect(again.scenario).toEqual(scenario);
    expect(again.warnings).toEqual([]);
    expect(explainScenario(again.scenario)).toBe(explainScenario(scenario));
  });

  test('the explained form counts what came from files', () => {
    const { scenario } = read('nodes: n.yaml\n', {
      'n.yaml': 'apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 1}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n',
    });
    expect(explainScenario(scenario)).toMatch(/^# from files: 1 nodes\n# from files: 1 Namespace\n# not simulated: 1 Secret\nname: scenario\n/);
  });
});
