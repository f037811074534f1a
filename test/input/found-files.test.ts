// Files as they lie about in folders: what is no object is passed over, what kubectl reads is read, and a mistake is
// still a mistake. Then what is said of pods before they are there: fields without effect, refusals, and what can never
// run.
import { describe, expect, test } from 'vitest';
import { InputError, formatProblem } from '../../src/base/input-error.ts';
import { readDocuments } from '../../src/workload/manifests/documents.ts';
import { indentQuotedLines } from '../../src/workload/manifests/quoted-continuation.ts';
import { readManifests } from '../../src/workload/manifests/read-manifests.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import type { ScenarioRead } from '../../src/simulation/scenario-reader.ts';
import { memoryFiles } from './memory-files.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n';

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(formatProblem);
  }
  return [];
}

describe('a file that a folder brings along', () => {
  const folder = (name: string, text: string) =>
    readManifests(['d'], memoryFiles({ [`d/${name}`]: text, 'd/pod.yaml': POD }));

  test.each([
    ['10-secret.yaml', '# fill in your own\n# kind: Secret\n', 'it holds nothing but comments'],
    ['empty.yaml', '', 'it holds nothing but comments'],
    [
      'kustomization.yaml',
      'resources: [pod.yaml]\n',
      'a kustomization is not built: run "kubectl kustomize" and name what it prints',
    ],
    [
      'values.yaml',
      'image: {tag: 1}\nreplicas: 2\n',
      'a Helm chart is not rendered: run "helm template" and name what it prints',
    ],
    [
      'Chart.yaml',
      'apiVersion: v2\nname: c\nversion: 1.0.0\n',
      'a Helm chart is not rendered: run "helm template" and name what it prints',
    ],
    ['dashboard.json', '{"panels": [{"type": "graph"}], "title": "t"}', 'it holds no Kubernetes objects'],
    ['nodes.json', '[{"name": "n0", "cpu": 4}, {"name": "n1", "cpu": 8}]', 'it holds no Kubernetes objects'],
    ['words.yaml', '- a\n- b\n', 'it holds no Kubernetes objects'],
    ['text.yaml', 'just words\n', 'it holds no Kubernetes objects'],
    ['player.json', '{"kind": "Playlist", "items": 3}', 'it holds no Kubernetes objects'],
    ['broken.json', '{"panels": [', 'it holds no Kubernetes objects'],
    [
      'deployment.yaml',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Values.name }}\n  {{- if .x }}\n',
      'it is a template: render it first (helm template)',
    ],
  ])('%s is passed over and said so', (name, text, reason) => {
    const { objects, warnings } = folder(name, text);
    expect(objects.map(({ metadata }) => metadata?.name)).toEqual(['a']);
    expect(warnings.map(formatProblem)).toEqual([`d/${name}: passed over: ${reason}`]);
  });

  test('is read for the objects that it does hold', () => {
    const { objects, warnings } = folder('mixed.yaml', `remark: nothing\n---\n${POD.replace('name: a', 'name: b')}`);
    expect(objects.map(({ metadata }) => metadata?.name)).toEqual(['b', 'a']);
    expect(warnings.map(formatProblem)).toEqual(['d/mixed.yaml: passed over: a part of it is no Kubernetes object']);
  });

  test.each([
    [
      'names a kind of ours and no version',
      'kind: Pod\nmetadata: {name: b}\n',
      'd/x.yaml:1:1: "apiVersion" is missing',
    ],
    ['is broken', 'apiVersion: v1\nkind: Pod\n  name: b\n', 'd/x.yaml:2:7: broken YAML'],
    [
      'is a list of objects with a hole',
      'apiVersion: v1\nkind: List\nitems:\n- {metadata: {name: b}}\n',
      'd/x.yaml:4:3: expected a Kubernetes object: "kind" is missing [items[0]]',
    ],
  ])('is a mistake when it %s', (_what, text, message) => {
    expect(problemsOf(() => folder('x.yaml', text)).join('\n')).toContain(message);
  });

  test('named by hand is a mistake', () => {
    expect(problemsOf(() => readManifests(['values.yaml'], memoryFiles({ 'values.yaml': 'a: 1\n' })))).toEqual([
      'values.yaml:1:1: expected a Kubernetes object: "kind" is missing',
    ]);
    expect(problemsOf(() => readManifests(['empty.yaml'], memoryFiles({ 'empty.yaml': '# nothing\n' })))).toEqual([
      'empty.yaml: expected Kubernetes objects, found an empty file',
    ]);
  });
});

describe('quoted text that goes on in the next line', () => {
  const value = (text: string): unknown => readDocuments(text, 'x.yaml').documents[0]?.value;

  test.each([
    ["at its key's column", "m:\n  a: 'one\n  two'\n  b: 1\n"],
    ['at the first column', 'm:\n  a: "one\ntwo"\n  b: 1\n'],
    ['in a list', 'm:\n- a: "one\n  two"\n  b: 1\n'],
    ['with an escaped quote', "m:\n  a: 'o''ne\n  two'\n  b: \"x\\\"\n  y\"\n"],
    ['as an item', 'm:\n- "one\n- two"\n'],
    ['within brackets', 'm:\n  a: ["one\n  two", \'x\n  y\']\n'],
    ['beside a block text', 'm:\n  t: |\n    it\'s "not\n    a quote\n  a: "one\n  two"\n'],
    ['beside a comment', 'm: # it\'s a "comment\n  a: "one\n  two"\n'],
    ['over an empty line', 'm:\n  a: "one\n\n  two"\n'],
    ['behind a quoted key', 'm:\n  "a": "one\n  two"\n'],
  ])('%s', (_where, text) => {
    const indented = indentQuotedLines(text);
    expect(indented).toBeDefined();
    // As it would stand with more blanks, which the parser takes without help.
    expect(value(text)).toEqual(value(indented ?? ''));
    expect(readDocuments(text, 'x.yaml').problems).toEqual([]);
    expect(readDocuments(indented ?? '', 'x.yaml').problems).toEqual([]);
  });

  test('folds as ever', () => expect(value("a: 'one\ntwo\n\nthree'\n")).toEqual({ a: 'one two\nthree' }));

  test.each([
    ['a quote that is not closed', 'a: "one\nb: 2\n'],
    ['a colon in a value', 'a: b: c\n'],
    ['a tab', 'a:\n\tb: 1\n'],
  ])('%s stays a mistake', (_what, text) => {
    expect(readDocuments(text, 'x.yaml').problems).toHaveLength(1);
  });

  test('has its place in messages', () => {
    const text =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    x: 'one\n    two'\nspec:\n  containers: [{name: C}]\n";
    expect(problemsOf(() => readManifests(['x.yaml'], memoryFiles({ 'x.yaml': text })))).toEqual([
      expect.stringMatching(/^x\.yaml:9:23: expected a name/),
    ]);
  });
});

describe('a key that stands twice', () => {
  const crd =
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {a: 1, a: 2}\n';
  const read =
    (text: string, name = 'x.yaml') =>
    () =>
      readManifests([name], memoryFiles({ [name]: text }));

  test('does not matter in a kind that is ignored', () => {
    expect(read(`${crd}---\n${POD}`)().objects).toHaveLength(1);
    expect(
      read(
        JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 1 } }).replace(
          '"a":1',
          '"a":1,"a":2',
        ),
        'x.json',
      )().ignoredKinds,
    ).toEqual({ Secret: 1 });
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s, name: s}}\n- ${POD.trim().replaceAll('\n', '\n  ')}\n`;
    expect(read(list)().objects).toHaveLength(1);
  });

  test('is a mistake in one that is simulated', () => {
    expect(problemsOf(read(POD.replace('{name: a}', '{name: a, name: a}')))).toEqual([
      'x.yaml:3:21: duplicate key "name"',
    ]);
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, name: a}\n  spec: {containers: [{name: c}]}\n- {apiVersion: v1, kind: Secret, metadata: {name: t}}\n`;
    expect(problemsOf(read(list))).toEqual(['x.yaml:7:23: duplicate key "name"']);
  });
});

describe('hints at misspelt kinds', () => {
  const warnings = (kind: string, apiVersion: string): string[] =>
    readManifests(
      ['x.yaml'],
      memoryFiles({ 'x.yaml': `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n` }),
    ).warnings.map(({ suggestion }) => suggestion ?? '');

  test.each([
    ['Deploymnet', 'apps/v1', 'Deployment'],
    ['Servce', 'v1', 'Service'],
    ['Jobs', 'batch/v1', ''],
  ])('%s of %s', (kind, apiVersion, hint) => {
    expect(warnings(kind, apiVersion)).toEqual(hint === '' ? [] : [hint]);
  });

  test.each([
    ['APIService', 'apiregistration.k8s.io/v1'],
    ['Services', 'example.com/v1'],
    ['PodMetrics', 'metrics.k8s.io/v1'],
    ['Deployments', 'x.example/v1'],
  ])('not at %s of %s', (kind, apiVersion) => {
    expect(warnings(kind, apiVersion)).toEqual([]);
  });
});

// ---- before anything runs ------------------------------------------------------------------------------------------

const POOL = 'nodePools: [{name: n, count: 1, allocatable: {cpu: 4, memory: 8Gi}}]\n';

function scenario(objects: string, rest = ''): ScenarioRead {
  return readScenario(
    { file: 's.yaml' },
    memoryFiles({ 's.yaml': `${POOL}manifests: o.yaml\n${rest}`, 'o.yaml': objects }),
  );
}

describe('mistakes that admission would find', () => {
  test('are all found, with their places', () => {
    const objects = [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  priority: 7\n  containers: [{name: c}]\n',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b, annotations: {podyard.dev/duration: soon}}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      runtimeClassName: gvisr\n      containers: [{name: c}]\n',
      'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: gvisor}\nhandler: runsc\nscheduling: {nodeSelector: {sandbox: "yes"}}\n',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec:\n  runtimeClassName: gvisor\n  nodeSelector: {sandbox: "no"}\n  containers: [{name: c}]\n',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: d}\nspec:\n  priorityClassName: nobody\n  containers: [{name: c}]\n',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: e}\nspec:\n  priorityClassName: system-node-critical\n  priority: 1\n  containers: [{name: c}]\n',
    ].join('---\n');
    expect(
      problemsOf(() =>
        scenario(
          objects,
          'workloads: [{name: w, kind: Deployment, template: {spec: {runtimeClassName: kata, containers: [{name: c}]}}}]\n',
        ),
      ),
    ).toEqual([
      's.yaml:3:77: RuntimeClass "kata" not found [workloads[0].template.spec.runtimeClassName]',
      'o.yaml:5:3: priority 7 differs from 0, which the PriorityClass gives [spec.priorityClassName]',
      'o.yaml:10:57: expected a duration such as 90s, 10m or 1h30m, found "soon" [metadata.annotations["podyard.dev/duration"]]',
      'o.yaml:16:25: RuntimeClass "gvisr" not found — did you mean "gvisor"? [spec.template.spec.runtimeClassName]',
      'o.yaml:30:17: sandbox=no contradicts sandbox=yes of the RuntimeClass [spec.nodeSelector]',
      'o.yaml:37:22: unknown priority class "nobody" [spec.priorityClassName]',
      'o.yaml:44:22: priority 1 differs from 2000001000, which the PriorityClass gives [spec.priorityClassName]',
    ]);
  });

  test('are none in pods of a running cluster', () => {
    const running =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {priority: 7, runtimeClassName: gone, nodeName: n-0, containers: [{name: c}]}\nstatus: {phase: Running}\n';
    expect(scenario(running).warnings).toEqual([]);
  });
});

describe('what can never run', () => {
  const pod = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {${spec}}\n`;
  const warnings = (objects: string, rest = ''): string[] => scenario(objects, rest).warnings.map(formatProblem);
  const requests = (text: string): string =>
    `containers: [{name: c, resources: {requests: {${text}}, limits: {${text}}}}]`;

  test.each([
    [
      'more cpu than any node has',
      'cpu: 5',
      'the pod asks for cpu 5, and no node offers more than 4: it can never run',
    ],
    [
      'what no node has',
      'example.com/gpu: 1',
      'the pod asks for example.com/gpu 1, and no node offers any: it can never run',
    ],
    ['all of a node', 'cpu: 4, memory: 8Gi', ''],
  ])('a pod that asks for %s', (_what, text, message) => {
    expect(warnings(pod(requests(text)))).toEqual(message === '' ? [] : [`o.yaml:4:8: ${message} [spec.containers]`]);
  });

  test('looks at each kind of node, groups that are empty now included', () => {
    const pools = (autoscaling: string): string =>
      `nodePools: [{name: a, count: 1, allocatable: {cpu: 8, memory: 1Gi}}, {name: b, count: 0, allocatable: {cpu: 1, memory: 64Gi}}, {name: c${autoscaling}, allocatable: {cpu: 16, memory: 16Gi}}]\nmanifests: o.yaml\n`;
    const read = (autoscaling: string, text: string): string[] =>
      readScenario(
        { file: 's.yaml' },
        memoryFiles({ 's.yaml': pools(autoscaling), 'o.yaml': pod(requests(text)) }),
      ).warnings.map(({ message }) => message);
    expect(read(', autoscaling: {min: 0, max: 2}', 'cpu: 10, memory: 10Gi')).toEqual([]);
    expect(read(', count: 0', 'cpu: 10')).toEqual([
      'the pod asks for cpu 10, and no node offers more than 8: it can never run',
    ]);
    expect(read(', autoscaling: {min: 0, max: 2}', 'cpu: 8, memory: 17Gi')).toEqual([
      'the pod asks for memory 17Gi, and no node offers more than 16Gi: it can never run',
    ]);
    const two = readScenario(
      { file: 's.yaml' },
      memoryFiles({
        's.yaml': `nodePools: [{name: a, count: 1, allocatable: {cpu: 8, memory: 1Gi}}, {name: b, count: 1, allocatable: {cpu: 1, memory: 64Gi}}]\nmanifests: o.yaml\n`,
        'o.yaml': pod(requests('cpu: 4, memory: 4Gi')),
      }),
    );
    expect(two.warnings.map(({ message }) => message)).toEqual([
      'the pod asks for cpu 4, memory 4Gi, and no single node offers all of that: it can never run',
    ]);
  });

  test('generated work, by shape', () => {
    const workloads =
      'workloads: [{name: w, kind: Job, lifetime: 1m, shapes: [{requests: {cpu: 1}}, {requests: {cpu: 9}}]}]\n';
    expect(warnings(POD, workloads)).toEqual([
      's.yaml:3:79: the pod asks for cpu 9, and no node offers more than 4: it can never run [workloads[0].shapes[1]]',
    ]);
  });

  test('claims that nothing binds, claims that are not there, nodes that are not there', () => {
    const claim = (name: string, spec: string): string =>
      `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: ${name}}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, ${spec}}\n`;
    const objects = [
      claim('by-hand', 'storageClassName: local'),
      claim('named', 'volumeName: v'),
      claim('classless', 'storageClassName: ""'),
      claim('disk', 'storageClassName: fast'),
      'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: local}\nprovisioner: kubernetes.io/no-provisioner\nvolumeBindingMode: WaitForFirstConsumer\n',
      pod(
        'containers: [{name: c}], volumes: [{name: v, persistentVolumeClaim: {claimName: nowhere}}, {name: w, persistentVolumeClaim: {claimName: disk}}]',
      ),
      pod('containers: [{name: c}], nodeName: gone').replace('{name: a}', '{name: b}'),
    ].join('---\n');
    expect(warnings(objects)).toEqual([
      'o.yaml:4:1: nothing will ever bind the claim: the class local has no provisioner, and no volume suits it [spec]',
      'o.yaml:9:1: nothing will ever bind the claim: there is no volume v [spec]',
      'o.yaml:14:1: nothing will ever bind the claim: it has no class, no class is the default, and no volume suits it [spec]',
      'o.yaml:19:7: no StorageClass fast in the files: taken for one whose volumes are provisioned where the pod runs [spec]',
      'o.yaml:30:88: there is no claim nowhere: the pod waits for ever [spec.volumes[0].persistentVolumeClaim.claimName]',
      'o.yaml:35:43: there is no node gone: the pod is lost at once [spec.nodeName]',
    ]);
  });

  test('no class is missed by a claim that has its volume', () => {
    const bound =
      'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\n' +
      'spec: {accessModes: [ReadWriteOnce], storageClassName: gp2, volumeName: v, resources: {requests: {storage: 1Gi}}}\n';
    const volume =
      'apiVersion: v1\nkind: PersistentVolume\n' +
      'metadata: {name: v, annotations: {pv.kubernetes.io/provisioned-by: ebs.csi.aws.com}}\n' +
      'spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: gp2}\n';
    expect(warnings(`${bound}---\n${volume}`)).toEqual([]);
  });

  test('many of one kind are counted', () => {
    const objects = Array.from({ length: 25 }, (_, index) =>
      pod(requests('cpu: 5')).replace('{name: a}', `{name: p${index}}`),
    ).join('---\n');
    expect(warnings(objects).slice(20)).toEqual([
      'and 5 more of this kind: the pod asks for cpu 5, and no node offers more than 4: it can never run',
    ]);
  });
});

describe('fields that change nothing here', () => {
  test('are told once each, counted, with what happens instead', () => {
    const job = (name: string, spec: string): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${name}}\nspec:\n  ${spec}\n  template: {spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: c}]}}\n`;
    const objects = [
      job('a', 'suspend: true'),
      job('b', 'suspend: true\n  managedBy: example.com/queue'),
      job('c', 'backoffLimit: 0'),
    ].join('---\n');
    const { scenario: read, notSimulated } = scenario(objects);
    expect(notSimulated().map(formatProblem)).toEqual([
      'o.yaml:5:3: Job spec.suspend is not simulated (2 objects): nobody resumes the Job: it makes no pods',
      'o.yaml:6:43: Pod spec.activeDeadlineSeconds is not simulated (3 objects): no deadline ends a pod',
      'o.yaml:13:3: Job spec.managedBy is not simulated: nobody else looks after the Job: it makes no pods',
    ]);
    expect(read.notSimulated).toContainEqual({
      kind: 'Job',
      field: 'spec.suspend',
      count: 2,
      effect: 'nobody resumes the Job: it makes no pods',
    });
  });

  test.each([
    [
      'a node that is not ready',
      'apiVersion: v1\nkind: Node\nmetadata: {name: x}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 1}, conditions: [{type: Ready, status: "False"}]}\n',
      'Node status.conditions',
    ],
    [
      'a rollout under way',
      'apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}}\nstatus: {desiredNumberScheduled: 3, updatedNumberScheduled: 1}\n',
      'DaemonSet status.updatedNumberScheduled',
    ],
    [
      'limits of claims',
      'apiVersion: v1\nkind: LimitRange\nmetadata: {name: x}\nspec: {limits: [{type: PersistentVolumeClaim, max: {storage: 1Gi}}]}\n',
      'LimitRange spec.limits',
    ],
    [
      'a quota of other objects than pods',
      'apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x}\nspec: {hard: {pods: 3, count/services: 2}}\n',
      'ResourceQuota spec.hard',
    ],
    [
      'a quota of pods',
      'apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x}\nspec: {hard: {pods: 3, requests.nvidia.com/gpu: 2}}\n',
      '',
    ],
    [
      'a suspended Job',
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}}\n',
      'Job spec.suspend',
    ],
    ['gates', POD.replace('spec: {', 'spec: {schedulingGates: [{name: g}], '), 'Pod spec.schedulingGates'],
    ['nothing', POD, ''],
  ])('%s', (_what, objects, field) => {
    expect(scenario(objects).scenario.notSimulated.map((found) => `${found.kind} ${found.field}`)).toEqual(
      field === '' ? [] : [field],
    );
  });
});
