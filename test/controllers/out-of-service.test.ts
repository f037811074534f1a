// A node that is known to be dead: the taint out-of-service frees its pods, and its volumes, at once.
import { expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import { toldRun } from '../support/told-run.ts';
import type { Meddling } from '../support/told-run.ts';

const set = (tolerations: readonly object[]): object => ({
  apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' },
  spec: {
    replicas: 1, selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: { labels: { app: 'db' } }, spec: { tolerations, containers: [{ name: 'db', resources: { requests: { cpu: '1' } } }] },
    },
    volumeClaimTemplates: [{
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
    }],
  },
});

const taint = (seconds: number) => ({ cluster, at }: Meddling): void => {
  at(seconds, () => {
    const node = cluster.nodeRow('n-0');
    const { taints } = cluster.nodes.facts[node];
    cluster.setTaints(node, [...taints, { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }]);
  });
};

const run = (meddle: (parts: Meddling) => void, more: object = {}, tolerations: readonly object[] = []): string[] =>
  toldRun({
    storage: { provision: '0s', attach: '10s', detach: '5s', mount: '1s' }, duration: '15m', meddle,
    nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }],
    steps: [{ at: '100s', kill: { nodes: ['n-0'] } }], ...more,
  }, [set(tolerations)]).lines.filter((line) => line.includes('db-0'));

test('pods go with the next tick of pod garbage collection, their volumes are detached by force at once', () => {
  // Found silent at 155 s. Tainted at 205 s: deleted at once, collected at 220 s; detached 5 s later, attached in 10 s, mounted in 1 s.
  expect(run(taint(205)).slice(3)).toMatchInlineSnapshot(`
    [
      "205 db-0 terminating",
      "220 db-0 gone",
      "220 db-0 created",
      "220 db-0 on n-1",
      "236 db-0 runs",
    ]
  `);
});

test('without the taint the pod stays on the dead node for ever', () => {
  expect(run(() => undefined).at(-1)).toMatch(/db-0 terminating$/);
});

test('a node that has the taint and is Ready stops its pods itself', () => {
  const lines = run((parts) => {
    taint(10)(parts);
    parts.at(15, () => { parts.cluster.terminatePod(0, EvictionCause.Api); });
  }, { steps: [], applications: [{ name: 'slow', selector: 'app=db', stop: '25s' }] },
  [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' }]);
  // The ticks of 20 s and 40 s leave it alone.
  expect(lines.slice(2, 5)).toEqual(['11 db-0 runs', '15 db-0 terminating', '40 db-0 gone']);
});

test('a pod that tolerates the taint is not deleted, and so not collected either, before its time is up', () => {
  const lines = run(taint(205), {}, [{ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' }]);
  // unreachable is tolerated for 300 s from 155 s on.
  expect(lines.slice(3)).toMatchInlineSnapshot(`
    [
      "455 db-0 terminating",
      "460 db-0 gone",
      "460 db-0 created",
      "460 db-0 on n-1",
      "476 db-0 runs",
    ]
  `);
});
