// Tables that are filled once somebody asks answer as a walk would: workloads by key, pod templates by label. And who
// is told of workloads hears of all that he has not left out.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { labelsOf, withLabel } from '../../src/cluster/selectors.ts';
import { TemplateLabels } from '../../src/cluster/template-labels.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import '../support/fixed-seed.ts';

const KINDS = [WorkloadKind.Job, WorkloadKind.ReplicaSet, WorkloadKind.Deployment];

const newCluster = (): Cluster => new Cluster(new Kernel({ seed: 'asked' }));

/** '': one that stands for itself. */
function create(cluster: Cluster, kind: WorkloadKind, key: string): number {
  const seed = {
    kind, key, parent: -1, object: null, wanted: 0, template: -1, workloadClass: 0, nameBase: -1, podMicros: Infinity,
    details: null,
  };
  return key === '' ? cluster.workloadWriter.stand(seed) : cluster.workloadWriter.create(seed);
}

const step = fc.record({
  what: fc.constantFrom('create', 'create', 'create', 'remove', 'find', 'find'), kind: fc.nat(2), name: fc.nat(6),
});

test('workloads are found by key, whenever somebody looks for the first of a kind', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
    const cluster = newCluster();
    const { workloads, workloadWriter } = cluster;
    const walk = (kind: WorkloadKind, key: string): number => {
      for (let row = 0; row < workloads.length; row++)
        if (workloads.used[row] !== 0 && workloads.kind[row] === kind && workloads.key[row] === key) return row;
      return -1;
    };
    for (const { what, kind: at, name } of steps) {
      const kind = KINDS[at];
      const key = name === 0 ? '' : `default/w${name}`;
      const row = key === '' ? -1 : walk(kind, key);
      if (what === 'create' && row < 0) expect(workloads.isObject(create(cluster, kind, key))).toBe(key !== '');
      else if (what === 'remove' && row >= 0) workloadWriter.remove(row);
      else if (key !== '') expect(workloads.find(kind, key)).toBe(row);
    }
  }));
});

const LABELS = ['app', 'tier', 'pod-template-hash'];
const template = fc.record({
  namespace: fc.constantFrom('a', 'b'),
  labels: fc.dictionary(fc.constantFrom(...LABELS), fc.constantFrom('1', '2', '3'), { maxKeys: 3 }),
  isVariant: fc.boolean(),
});
const question = fc.record({
  namespace: fc.constantFrom('a', 'b'), key: fc.constantFrom(...LABELS), value: fc.constantFrom('1', '2', '3'),
});

test('templates are found by label, whichever label is asked for and whenever', () => {
  fc.assert(fc.property(fc.array(fc.oneof(template, template, question), { minLength: 5, maxLength: 60 }), (steps) => {
    const { templates } = newCluster();
    const table = new TemplateLabels(templates);
    const held: { readonly asked: { readonly namespace: string; readonly key: string; readonly value: string };
      readonly ids: readonly number[]; }[] = [];
    const walk = ({ namespace, key, value }: (typeof held)[number]['asked']): number[] => {
      const ids = Array.from({ length: templates.count }, (_, id) => id);
      return ids.filter((id) => templates.get(id).namespace === namespace && templates.get(id).labels.get(key) === value);
    };
    for (const each of steps) {
      if ('key' in each) {
        const ids = table.having(each.namespace, each.key, each.value);
        expect(ids).toEqual(walk(each));
        held.push({ asked: each, ids });
      } else {
        const { template: made } = templates.intern({ metadata: each, spec: { containers: [] } });
        if (each.isVariant) templates.addVariant(made, { labels: { ...each.labels, tier: '3' } });
      }
    }
    // Lists that were handed out before grow with it.
    table.fill();
    for (const { asked, ids } of held) expect(ids).toEqual(walk(asked));
  }));
});

test('labels with one more are those of a literal, in its order', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', '1'), fc.string(), { noNullPrototype: true });
  fc.assert(fc.property(fc.option(labels, { nil: undefined }), fc.constantFrom('a', 'c', 'new', '2'), fc.string(), (given, name, value) => {
    const expected = { ...given, [name]: value };
    expect(JSON.stringify(withLabel(given, name, value))).toBe(JSON.stringify(expected));
    expect([...labelsOf(withLabel(given, name, value))]).toEqual(Object.entries(expected));
  }));
});

test('who ignores statuses is told of all else', () => {
  const cluster = newCluster();
  const heard: string[] = [];
  cluster.observe({ workloadChanged: (row, change) => void heard.push(`all ${row} ${change}`) });
  cluster.observe({ ignoresStatus: true, workloadChanged: (row, change) => void heard.push(`some ${row} ${change}`) });
  const row = create(cluster, WorkloadKind.Job, 'default/w');
  const { workloadWriter } = cluster;
  workloadWriter.writeStatus(row, { replicas: 1 });
  workloadWriter.scale(row, 3);
  workloadWriter.delete(row);
  workloadWriter.remove(row);
  expect(heard).toEqual([
    'all 0 created', 'some 0 created', 'all 0 status', 'all 0 spec', 'some 0 spec', 'all 0 deleting', 'some 0 deleting',
    'all 0 gone', 'some 0 gone',
  ]);
});
