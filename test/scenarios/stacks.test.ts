// Whole stacks as people install them, from manifests in the manner of the real ones (stacks/): every pod runs, on
// pools that say nothing but their size, and on an autoscaled pool that begins with no node at all.
import { describe, expect, test } from 'vitest';
import { createInputFiles } from '../../src/io/input-files.ts';
import { formatProblem } from '../../src/base/input-error.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';

const STACKS = ['monitoring', 'argo-cd', 'ingress-nginx', 'cert-manager'];
const FIXED = '{name: n, count: 3, zones: [a, b, c], allocatable: {cpu: 4, memory: 16Gi}}';
const GROWING =
  '{name: g, zones: [a, b, c], allocatable: {cpu: 2, memory: 8Gi}, autoscaling: {min: 0, max: 12, provisioning: 60s}}';

function install(stack: string, pool: string, plain = false) {
  const text = `name: ${stack}\nduration: 20m\nnodePools: [${pool}]\nmanifests: [${stack}]\nmetrics: {pods: all, checkEvery: 50}\n`;
  const { scenario, warnings, notSimulated } = readScenario(
    { text, name: 'test/scenarios/stacks/scenario.yaml' },
    createInputFiles(),
  );
  const simulation = new Simulation(scenario, { version: 'stacks', userPlugins: [], openTrace: null, plain });
  while (simulation.advance(100_000));
  return {
    result: simulation.result(true),
    warnings: warnings.map(formatProblem),
    notSimulated: notSimulated().map(formatProblem),
  };
}

function outcomes({ pods }: ReturnType<typeof install>['result']): string[] {
  // Without the hash of a ReplicaSet's template.
  const told = (name: string): string => name.replace(/-[bcdfghjklmnpqrstvwxz2456789]{8,10}-(\d+)$/, '-$1');
  return (pods?.name ?? []).map((name, row) => `${told(name)} ${pods?.outcome[row]}`).sort((a, b) => (a < b ? -1 : 1));
}

describe.each(STACKS)('%s', (stack) => {
  test.each([
    ['on three nodes', FIXED],
    ['on an autoscaled pool that begins empty', GROWING],
  ])('every pod runs %s', (_where, pool) => {
    const { result } = install(stack, pool);
    expect(result.counts.podsPending).toBe(0);
    expect(outcomes(result).filter((line) => !/ (?:Running|Succeeded)$/.test(line))).toEqual([]);
    expect(result.counts.podsArrived).toBeGreaterThan(2);
    expect(install(stack, pool, true).result.digest, 'without caches').toBe(result.digest);
  });
});

test('the monitoring stack: which pods there are, and what reading it says', () => {
  const { result, warnings, notSimulated } = install('monitoring', FIXED);
  expect(outcomes(result)).toEqual([
    'alertmanager-main-0 Running',
    'alertmanager-main-1 Running',
    'alertmanager-main-2 Running',
    'grafana-0 Running',
    'kube-state-metrics-0 Running',
    'node-exporter-0 Running',
    'node-exporter-1 Running',
    'node-exporter-2 Running',
    'prometheus-k8s-0 Running',
    'prometheus-k8s-1 Running',
    'prometheus-operator-0 Running',
  ]);
  const folder = 'test/scenarios/stacks/monitoring';
  expect(warnings).toEqual([
    `${folder}/dashboards.json: passed over: it holds no Kubernetes objects`,
    `${folder}/kustomization.yaml: passed over: a kustomization is not built: run "kubectl kustomize" and name what it prints`,
    `${folder}/prometheus.yaml:39:5: no StorageClass standard in the files: taken for one whose volumes are provisioned where the pod runs [spec.volumeClaimTemplates[0]]`,
  ]);
  expect(notSimulated).toEqual([
    `${folder}/grafana.yaml:17:9: Pod spec.containers[*].readinessProbe is not simulated (2 objects): a pod is ready as soon as it runs`,
    `${folder}/prometheus.yaml:21:7: Pod spec.initContainers is not simulated: init containers take no time`,
    `${folder}/prometheus.yaml:29:9: Pod spec.containers[*].startupProbe is not simulated: a pod is ready as soon as it runs`,
    `${folder}/prometheus.yaml:31:9: Pod spec.containers[*].livenessProbe is not simulated: containers never fail by themselves`,
  ]);
  expect(result.notSimulated.map(({ kind, field, count }) => `${count} ${kind} ${field}`)).toContain(
    '2 Pod spec.containers[*].readinessProbe',
  );
  expect(result.notes).toContain(
    'Kinds in manifests that are not simulated: 1 × CustomResourceDefinition.apiextensions.k8s.io, 1 × ServiceMonitor.monitoring.example.',
  );
});

test('a kind of another group is no misspelling of ours', () => {
  expect(install('cert-manager', FIXED).warnings).toEqual([]);
});
