import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { InputError, formatProblem } from '../../src/base/input-error.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { parsePlainYaml } from '../../src/workload/manifests/plain-yaml.ts';
import { readDocuments } from '../../src/workload/manifests/documents.ts';
import { KINDS } from '../../src/workload/manifests/object-checks.ts';
import type { Manifests } from '../../src/workload/manifests/read-manifests.ts';
import { readManifests } from '../../src/workload/manifests/read-manifests.ts';
import { formatPath, parsePath } from '../../src/base/source-path.ts';
import { memoryFiles } from './memory-files.ts';

function read(text: string, name = 'x.yaml'): Manifests {
  return readManifests([name], memoryFiles({ [name]: text }));
}

function names(manifests: Manifests): (string | undefined)[] {
  return [...manifests.nodes, ...manifests.objects].map((object) => `${object.kind ?? '?'} ${object.metadata?.name ?? '?'}`);
}

function warningsOf(text: string): string[] {
  return read(text).warnings.map(formatProblem);
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

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: main}]\n';

describe('documents', () => {
  test('come from several YAML documents, with positions in the whole file', () => {
    const text = `${POD}---\n# only a comment\n---\n${POD.replace('name: a', 'name: b')}--- # c\n${POD.replace('name: a', 'name: "C"')}`;
    expect(problemsOf(() => read(text))).toEqual([expect.stringMatching(/^x\.yaml:17:18: expected a name of lower-case/)]);
    expect(names(read(text.replace('"C"', 'c')))).toEqual(['Pod a', 'Pod b', 'Pod c']);
  });

  test('come from JSON, JSON Lines, JSON in a YAML file, and a list of objects', () => {
    const one = '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}';
    const two = one.replace('"a"', '"b"');
    expect(names(read(one, 'x.json'))).toEqual(['Namespace a']);
    expect(names(read(`[${one},\n${two}]`, 'x.json'))).toEqual(['Namespace a', 'Namespace b']);
    for (const file of ['x.jsonl', 'x.ndjson', 'x.json', 'x.yaml']) expect(names(read(`${one}\n\n${two}\n`, file))).toEqual(['Namespace a', 'Namespace b']);
    expect(names(read(`\uFEFF${one}`, 'x.yaml'))).toEqual(['Namespace a']);
  });

  test('resolve anchors and merge keys', () => {
    const [document] = readDocuments('base: &b {cpu: 1, memory: 2Gi}\na: {<<: *b, cpu: 3}\nlist: [*b, *b]\nc: {<<: [{x: 1}, *b]}\n', 'x.yaml').documents;
    expect(document?.value).toEqual({ base: { cpu: 1, memory: '2Gi' }, a: { cpu: 3, memory: '2Gi' }, list: [{ cpu: 1, memory: '2Gi' }, { cpu: 1, memory: '2Gi' }], c: { x: 1, cpu: 1, memory: '2Gi' } });
    expect(document?.locate(['list', 1, 'memory'], 'value')).toEqual({ line: 1, column: 27 });
    expect(document?.locate(['a', 'nothing'], 'value')).toEqual({ line: 2, column: 4 });
  });

  test('refuse merges of other things, keys that are no texts, and broken tags', () => {
    expect(readDocuments('a: &x 1\nb: {<<: *x}\n', 'x.yaml').problems.map(formatProblem)).toEqual(['x.yaml:2:5: expected a mapping, or a list of mappings, to merge with "<<"']);
    expect(readDocuments('? [a]\n: 1\n', 'x.yaml').problems.map(formatProblem)).toEqual(['x.yaml:1:3: expected a plain key before the colon']);
    expect(readDocuments('a: !odd 1\n', 'x.yaml').warnings.map(formatProblem)).toEqual(['x.yaml:1:4: Unresolved tag: !odd']);
  });

  test.each([
    ['an alias bomb of 10^9 values', `a: &a [${'x,'.repeat(9)}x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index] ?? ''},`.repeat(9)}x]\n`).join('')}`],
    ['a merge bomb', `a: &a {x: 1}\n${Array.from({ length: 60 }, (_, index) => `m${index}: &m${index} {<<: [${`*${index === 0 ? 'a' : `m${index - 1}`},`.repeat(9)}*a]}\n`).join('')}`],
    ['a million brackets', '['.repeat(1_000_000)],
    ['a million braces', '{"a":'.repeat(200_000)],
    ['a hundred thousand dashes', '- '.repeat(100_000)],
    ['a hundred thousand keys twice', `${Array.from({ length: 100_000 }, (_, index) => `k${index}: &x 1\n`).join('')}k0: 2\n`],
  ])('refuse %s, with work that grows no faster than the text', (_name, text) => {
    // Work that grows as the square of these lengths would take hours, whatever the machine does beside it.
    expect(readDocuments(text, 'x.yaml').problems.length).toBeGreaterThan(0);
  }, 600_000);

  test('allow many uses of an anchor', () => {
    const text = `base: &b {cpu: 1}\nlist:\n${'- *b\n'.repeat(5000)}`;
    expect((readDocuments(text, 'x.yaml').documents[0]?.value as { list: unknown[] }).list).toHaveLength(5000);
  });
});

describe('paths', () => {
  test.each(['a', 'a.b[0].c', 'a["x.y/z"].b', '[0].a', 'a-b.c'])('%s prints as it is read', (path) => expect(formatPath(parsePath(path) ?? [])).toBe(path));
  test.each(['', 'a..b', 'a[', 'a[]', '.', 'a["x]', 'a["\\x"]'])('%j is none', (path) => expect(parsePath(path)).toBeUndefined());
  test('name list items without quotes', () => expect(parsePath('pools[general-4].count')).toEqual(['pools', 'general-4', 'count']));
});

describe('objects', () => {
  test('of every kind that is simulated are kept, in file order', () => {
    const text = [...KINDS].map(([kind, { group }], index) => stringify({ apiVersion: group === '' ? 'v1' : `${group}/v1`, kind, metadata: { name: `o${index}` }, ...bodyOf(kind) })).join('---\n');
    const { nodes, objects, ignoredKinds, warnings } = read(text);
    expect(warnings.map(formatProblem)).toEqual([]);
    expect([...nodes, ...objects].map(({ kind }) => kind)).toEqual([...KINDS.keys()]);
    expect(ignoredKinds).toEqual({});
  });

  test('in lists are found at any depth, kinds of typed lists included', () => {
    const text = stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'NodeList', items: [{ metadata: { name: 'n' }, status: { capacity: { cpu: 1, memory: 1, pods: 1 } } }] },
        { apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'p' }, spec: { containers: [{ name: 'a' }] } }] },
      ],
    });
    const { nodes, objects } = read(text);
    expect(nodes.map(({ kind, metadata }) => [kind, metadata?.name])).toEqual([['Node', 'n']]);
    expect(objects.map(({ kind, metadata }) => [kind, metadata?.name])).toEqual([['Pod', 'p']]);
  });

  test('of other kinds and groups are counted', () => {
    const text = [
      'v1 Secret',
      'v1 Secret',
      'autoscaling/v2 HorizontalPodAutoscaler',
      'serving.knative.dev/v1 Service',
      'cert-manager.io/v1 Certificate',
    ]
      .map(
        (line) =>
          `apiVersion: ${line.split(' ')[0] ?? ''}\nkind: ${line.split(' ')[1] ?? ''}\nmetadata: {name: x}\nspec: {anything: [at all]}\n`,
      )
      .join('---\n');
    const { ignoredKinds, warnings } = read(text);
    expect(ignoredKinds).toEqual({
      Secret: 2,
      'HorizontalPodAutoscaler.autoscaling': 1,
      'Service.serving.knative.dev': 1,
      'Certificate.cert-manager.io': 1,
    });
    expect(warnings).toEqual([]);
  });

  test('lose null members, as on the API server', () => {
    const { objects } = read('apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  creationTimestamp: null\nspec:\n  nodeName:\n  containers: [{name: main, resources: {}}]\nstatus: {}\n');
    expect(objects).toEqual([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'main', resources: {} }] }, status: {} }]);
  });

  test('with generateName get an ordinal', () => {
    const text = POD.replace('{name: a}', '{generateName: job-}');
    expect(names(read(`${text}---\n${text}`))).toEqual(['Pod job-0', 'Pod job-1']);
  });

  test('of one name live in two namespaces', () => {
    expect(names(read(`${POD}---\n${POD.replace('{name: a}', '{name: a, namespace: other}')}`))).toHaveLength(2);
  });

  test('keep fields that Podyard does not know', () => {
    const { objects, warnings } = read(POD.replace('spec:', 'spec:\n  dnsPolicy: Default\n  fieldOfTheFuture: {a: [1]}'));
    expect(objects[0]).toMatchObject({ spec: { dnsPolicy: 'Default', fieldOfTheFuture: { a: [1] } } });
    expect(warnings).toEqual([]);
  });
});

describe('warnings', () => {
  test('name misspelled fields that matter', () => {
    expect(warningsOf(POD.replace('spec:', 'spec:\n  nodeSelectr: {a: b}\n  tolerations: [{operator: Exists, efect: NoExecute}]'))).toEqual([
      'x.yaml:5:3: unknown field "nodeSelectr" is ignored — did you mean "nodeSelector"? [spec.nodeSelectr]',
      'x.yaml:6:36: unknown field "efect" is ignored — did you mean "effect"? [spec.tolerations[0].efect]',
    ]);
  });

  test('name misspelled kinds, but not real ones', () => {
    expect(warningsOf('apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: a}\n')).toEqual(['x.yaml:2:7: objects of the unknown kind "Deploymnet" are ignored — did you mean "Deployment"? [kind]']);
    expect(warningsOf('apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\n')).toEqual([]);
  });

  test('tell nodes without room, unlimited devices, and jobs without a restart policy', () => {
    expect(warningsOf('apiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 1}}\n')).toEqual(['x.yaml:4:1: the node offers no memory, no pods: pods that need it cannot run there [status]']);
    expect(warningsOf(POD.replace('{name: main}', '{name: main, resources: {requests: {nvidia.com/gpu: 1}}}'))).toEqual([
      'x.yaml:5:68: kubectl would refuse a request for an extended resource without an equal limit [spec.containers[0].resources.requests["nvidia.com/gpu"]]',
    ]);
    expect(warningsOf('apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: a}]}}}\n')).toEqual([
      'x.yaml:4:19: kubectl would refuse a Job whose template has no restartPolicy Never or OnFailure: Never is taken [spec.template.spec]',
    ]);
  });

  test('let a pod of a dump keep its priority when its class is not there', () => {
    expect(warningsOf(POD.replace('spec:', 'spec:\n  priority: 5\n  priorityClassName: gold'))).toEqual(['x.yaml:6:22: unknown priority class "gold": the pod keeps the priority it has [spec.priorityClassName]']);
  });
});

describe('files and folders', () => {
  const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;

  test('are walked in name order, hidden and other files left out', () => {
    const files = memoryFiles({ 'm/b.yaml': namespace('b'), 'm/a/z.yml': namespace('z'), 'm/.git/c.yaml': 'broken: [', 'm/README.md': '#', 'm/c.json': '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"c"}}' });
    expect(names(readManifests(['m'], files))).toEqual(['Namespace z', 'Namespace b', 'Namespace c']);
    expect(names(readManifests(['m/', 'm/b.yaml'], files))).toHaveLength(3);
    expect(readManifests(['m', 'm/b.yaml'], files).warnings.map(formatProblem)).toEqual(['m/b.yaml: the same file as m/b.yaml: read once']);
  });

  test('refuse links that lead back', () => {
    const files = memoryFiles({ 'm/a.yaml': namespace('a') }, { 'm/again': 'm' });
    expect(problemsOf(() => readManifests(['m'], files))).toEqual(['m/again: a link leads back to a folder that holds it: a cycle']);
  });

  test('on disk: links that loop, missing files, folders without manifests, devices', () => {
    const folder = mkdtempSync(join(tmpdir(), 'podyard-'));
    try {
      const files = createInputFiles();
      mkdirSync(join(folder, 'm', 'empty'), { recursive: true });
      writeFileSync(join(folder, 'm', 'a.yaml'), namespace('a'));
      expect(names(readManifests([join(folder, 'm')], files))).toEqual(['Namespace a']);
      expect(readManifests([join(folder, 'm', 'empty')], files).warnings.map(({ message }) => message)).toEqual(['the folder holds no .yaml, .yml, .json or .jsonl file']);
      symlinkSync('../m', join(folder, 'm', 'again'));
      expect(problemsOf(() => readManifests([join(folder, 'm')], files))).toEqual([`${join(folder, 'm', 'again')}: a link leads back to a folder that holds it: a cycle`]);
      symlinkSync('loop', join(folder, 'loop'));
      expect(problemsOf(() => readManifests([join(folder, 'loop')], files))).toEqual([`${join(folder, 'loop')}: symbolic links form a loop`]);
      expect(problemsOf(() => readManifests([join(folder, 'none.yaml')], files))).toEqual([`${join(folder, 'none.yaml')}: no such file or folder`]);
      expect(problemsOf(() => files.read('/dev/zero'))).toEqual(['/dev/zero: expected a regular file, found a device, pipe or socket']);
      expect(problemsOf(() => files.read(folder))).toEqual([`${folder}: expected a file, found a folder`]);
      expect(files.isFile(join(folder, 'none'))).toBe(false);
      expect(files.resolve('runs/s.yaml', '../m')).toBe('m');
      expect(files.resolve('runs/s.yaml', '/m')).toBe('/m');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('large dumps', () => {
  const items = [...Array.from({ length: 500 }, (_, index) => node(index)), ...Array.from({ length: 5000 }, (_, index) => pod(index))];
  const dump = stringify({ apiVersion: 'v1', kind: 'List', items }, { indentSeq: false, aliasDuplicateObjects: false });

  test('500 nodes and 5,000 pods read fast, from YAML and from JSON, to the same objects', () => {
    expect(parsePlainYaml(dump, false)?.value, 'the quick reader takes it').toBeDefined();
    const fromYaml = read(dump);
    expect(fromYaml.nodes).toHaveLength(500);
    expect(fromYaml.objects).toHaveLength(5000);
    const fromJson = read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'x.json');
    expect({ ...fromJson, placed: null }).toEqual({ ...fromYaml, placed: null });
  });

  test('place each of many mistakes', () => {
    const problems = problemsOf(() => read(dump.replaceAll('cpu: 500m', 'cpu: 500q')));
    expect(problems).toHaveLength(5000);
    expect(problems[0]).toMatch(/^x\.yaml:\d+:\d+: expected a quantity such as 500m, 2 or 16Gi, found "500q" \[items\[500\]\.spec\.containers\[0\]\.resources\.requests\.cpu\]$/);
    const [, line = '0'] = /:(\d+):/.exec(problems[4999] ?? '') ?? [];
    expect(dump.split('\n')[Number(line) - 1]).toContain('cpu: 500m');
  });
});

function node(index: number): unknown {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: `n-${index}`, labels: { pool: 'a' } }, status: { allocatable: { cpu: '8', memory: '32Gi', pods: '110' }, images: [{ names: ['a@sha', 'a:1'], sizeBytes: 12345 }] } };
}

function pod(index: number): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p-${index}`, namespace: 'default', labels: { app: `a${index % 50}` }, annotations: { note: '{"a":1}\nmore\n' }, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'main', image: 'nginx:1.27', args: [], resources: { requests: { cpu: '500m', memory: '1Gi' } } }], schedulerName: 'default-scheduler' },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: 'no nodes' }] },
  };
}

function bodyOf(kind: string): Record<string, unknown> {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c' }], ...(kind === 'Job' ? { restartPolicy: 'Never' } : {}) } };
  const selector = kind === 'ReplicationController' ? { a: 'b' } : { matchLabels: { a: 'b' } };
  switch (kind) {
    case 'Node':
      return { status: { allocatable: { cpu: 1, memory: 1, pods: 1 } } };
    case 'Pod':
      return { spec: template.spec };
    case 'Job':
      return { spec: { template } };
    case 'CronJob':
      return { spec: { schedule: '@daily', jobTemplate: { spec: { template } } } };
    case 'PriorityClass':
      return { value: 1 };
    case 'StorageClass':
      return { provisioner: 'x' };
    case 'CSIStorageCapacity':
      return { storageClassName: 'x' };
    case 'PersistentVolumeClaim':
      return { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
    case 'PersistentVolume':
      return { spec: { capacity: { storage: '1Gi' } } };
    default:
      return ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController'].includes(kind) ? { spec: { selector, template } } : {};
  }
}
