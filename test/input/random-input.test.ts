/** Whatever stands in a file: a result or an InputError, never another exception, always in bounded time. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { InputError } from '../../src/base/input-error.ts';
import { explainScenario } from '../../src/simulation/scenario-explain.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { initScenario } from '../../src/simulation/scenario-template.ts';
import { readManifests } from '../../src/workload/manifests/read-manifests.ts';
import { change, changed, junk } from '../support/random-changes.ts';
import { memoryFiles } from './memory-files.ts';

type Outcome = 'read' | 'refused';

function attempt(run: () => void): Outcome {
  try {
    run();
    return 'read';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const problem of error.problems) expect(problem.message).toMatch(/^\S/);
    return 'refused';
  }
}

/** Reads a scenario text; what is read must be finite, serialisable and explainable. */
function scenario(text: string, overrides: readonly { path: string; value: string }[] = []): Outcome {
  return attempt(() => {
    const files = memoryFiles({ 's.yaml': text });
    const read = readScenario({ file: 's.yaml' }, files, overrides);
    expect(JSON.parse(JSON.stringify(read.scenario))).toEqual(read.scenario);
    expect(readScenario({ text: explainScenario(read.scenario), name: 's.yaml' }, files).scenario).toEqual(read.scenario);
  });
}

/** PODYARD_RUNS=20000 for a long hunt. */
const RUNS = Number(process.env['PODYARD_RUNS'] ?? 400);

describe('random input', () => {
  test('scenarios with a few changes are read or refused', () => {
    const bases = [readFileSync('workloads/default.yaml', 'utf8'), initScenario('default'), initScenario('small')].map((text): unknown => parse(text));
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...bases), fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), (base, changes, asJson) => {
        const tree = changes.reduce<unknown>(changed, base);
        outcomes[scenario(asJson ? JSON.stringify(tree) : stringify(tree))]++;
      }),
      { numRuns: RUNS },
    );
    expect(outcomes.read).toBeGreaterThan(RUNS / 50);
    expect(outcomes.refused).toBeGreaterThan(RUNS / 5);
  });

  test('scenarios with letters changed are read or refused', () => {
    const text = initScenario('default');
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(6), fc.constantFrom('', ' ', '\n', '\t', ':', '- ', '{', '}', '[', ']', '"', "'", '&a', '*a', '#', '0', 'x', '\u0000', '\r\n', '|', '>', '!', '---\n', '\uFFFD', '\u{1F600}'), (at, length, insert) => {
        scenario(`${text.slice(0, at)}${insert}${text.slice(at + length)}`);
      }),
      { numRuns: RUNS },
    );
  });

  test('overrides are read or refused', () => {
    const text = initScenario('default');
    const part = fc.constantFrom('nodePools', 'workloads', '[0]', '[general]', '[99]', '.count', '.name', 'duration', '.arrivals', '.lifetime', 'kubelet', '.', '["a b"]', '[', '__proto__', '.constructor', 'seed', 'autoscaler', '.enabled');
    const setting = fc.record({ path: fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')), value: fc.oneof(junk.map((value) => JSON.stringify(value)), fc.string({ maxLength: 10 })) });
    fc.assert(fc.property(fc.array(setting, { minLength: 1, maxLength: 3 }), (overrides) => void scenario(text, overrides)), { numRuns: RUNS });
  });

  test('manifests with a few changes are read or refused', () => {
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.constantFrom('yaml', 'json', 'jsonl'), (changes, format) => {
        const tree = changes.reduce<unknown>(changed, OBJECTS) as unknown[];
        const items = Array.isArray(tree) ? tree : [tree];
        const text = format === 'yaml' ? items.map((item) => stringify(item)).join('---\n') : format === 'json' ? JSON.stringify(items) : items.map((item) => JSON.stringify(item)).join('\n');
        outcomes[attempt(() => void readManifests([`m.${format}`], memoryFiles({ [`m.${format}`]: text })))]++;
      }),
      { numRuns: RUNS },
    );
    expect(outcomes.read).toBeGreaterThan(RUNS / 50);
    expect(outcomes.refused).toBeGreaterThan(RUNS / 10);
  });

  test('any text at all is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 })), fc.constantFrom('yaml', 'json', 'jsonl'), (text, format) => {
        scenario(text);
        attempt(() => void readManifests([`m.${format}`], memoryFiles({ [`m.${format}`]: text })));
      }),
      { numRuns: RUNS },
    );
  });
});

const TEMPLATE = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu: '1', 'nvidia.com/gpu': 1 }, limits: { cpu: 2, 'nvidia.com/gpu': 1 } }, ports: [{ containerPort: 80, hostPort: 80 }] }],
    nodeSelector: { a: 'b' },
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'z', operator: 'Gt', values: ['1'] }], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, preference: { matchExpressions: [{ key: 'z', operator: 'Exists' }] } }],
      },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }] },
    },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } }],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
  },
};

const OBJECTS = [
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels: { z: '3' } }, spec: { taints: [{ key: 'a', effect: 'NoExecute' }] }, status: { allocatable: { cpu: '4', memory: '8Gi', pods: 110 }, images: [{ names: ['nginx'], sizeBytes: 5 }] } },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: TEMPLATE } },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ownerReferences: [{ kind: 'ReplicaSet', name: 'r' }] }, spec: TEMPLATE.spec, status: { phase: 'Running' } },
  { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 5 }] },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b' }, spec: { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } } },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
];
