// Random steps on random clusters: no budget is broken by an eviction that the API would have refused, accounts balance
// (totals are recomputed every 50 events), and a second run gives the same digest.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
import { EvictionCause, PodPhase } from '../../src/cluster/cluster.ts';
import type { SimulatedWorld } from '../../src/simulation/simulation.ts';
import { budget, nodes, rehearse, workload } from '../support/rehearsed.ts';

const NODES = 6;
const chosen = fc
  .uniqueArray(fc.integer({ min: 0, max: NODES - 1 }), { minLength: 1, maxLength: 3 })
  .map((rows) => rows.map((row) => `node-${row}`));
const lasting = fc.constantFrom({}, { for: '90s' }, { for: '20m' });
const step = fc.oneof(
  chosen.map((names) => ({ drain: { nodes: names, force: true, deleteEmptyDirData: true } })),
  fc.tuple(chosen, fc.constantFrom('30s', '10m')).map(([names, timeout]) => ({ drain: { nodes: names, timeout } })),
  chosen.map((names) => ({ cordon: { nodes: names } })),
  chosen.map((names) => ({ uncordon: { nodes: names } })),
  fc.tuple(chosen, lasting).map(([names, more]) => ({ kill: { nodes: names, ...more } })),
  fc.tuple(fc.constantFrom('a', 'b', 'c'), lasting).map(([zone, more]) => ({ outage: { zone, ...more } })),
  fc.integer({ min: 0, max: 5 }).map((replicas) => ({ scale: { workload: 'deploy/web', replicas } })),
  fc.constantFrom('deploy/web', 'sts/db').map((name) => ({ rollout: { workload: name, image: ':v2' } })),
  fc.constantFrom('pod/db-0', 'node/node-1', 'pdb/db').map((object) => ({ delete: { object } })),
  fc.tuple(fc.constantFrom(1, '33%', 0), fc.constantFrom(1, 2)).map(([surge, maxUnavailable]) =>
    ({ upgrade: { pool: 'general', surge, maxUnavailable, provisioning: '90s', drainTimeout: '5m' } })),
);
const timed = fc
  .tuple(fc.integer({ min: 1, max: 40 }), step)
  .map(([minutes, what]) => ({ at: `${minutes}m`, ...what }));
const rule = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map((minAvailable) => ({ minAvailable })),
  fc.constantFrom(0, 1, '30%').map((maxUnavailable) => ({ maxUnavailable })),
);

/** Every eviction through the API is held to the budget's status as it stood just before. */
function watchEvictions({ cluster, budgets }: SimulatedWorld): {
  readonly wrong: string[];
  readonly count: () => number;
} {
  const wrong: string[] = [];
  let count = 0;
  const before = new Map<string, PodDisruptionBudget>();
  cluster.observe({
    objectChanged(kind, _action, object, old) {
      const name = `${object.metadata?.namespace}/${object.metadata?.name}`;
      if (kind === 'PodDisruptionBudget' && old !== undefined) before.set(name, old);
    },
    podTerminating(pod) {
      if (cluster.pods.cause[pod] !== EvictionCause.Api) return;
      count++;
      if (cluster.pods.phase[pod] !== PodPhase.Running) return;
      const keys = budgets.coveringKeys(cluster.templateOf(pod));
      if (keys.length === 0) return;
      const name = cluster.podName(pod);
      const status = budgets.get(keys[0])?.status;
      const isRecorded = status?.disruptedPods !== undefined && name in status.disruptedPods;
      const allowed = before.get(keys[0])?.status?.disruptionsAllowed ?? 0;
      const mayGoUnready =
        !cluster.pods.isReady(pod) &&
        (status?.desiredHealthy ?? 0) > 0 &&
        (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0);
      if (keys.length > 1 || !(mayGoUnready || (isRecorded && allowed > 0))) wrong.push(`${name} at ${cluster.now}`);
    },
  });
  return { wrong, count: () => count };
}

test('random steps break no budget by an eviction, keep the accounts, and repeat themselves', () => {
  let evictions = 0;
  fc.assert(
    fc.property(fc.array(timed, { minLength: 1, maxLength: 5 }), rule, rule, fc.integer({ min: 1, max: 4 }), (steps, web, db, replicas) => {
      const objects = [
        ...nodes(NODES), workload('Deployment', 'web', replicas + 2), budget('web', web),
        workload('StatefulSet', 'db', replicas), budget('db', db), workload('Deployment', 'rest', 4),
      ];
      let watched: ReturnType<typeof watchEvictions> | null = null;
      const members = { duration: '3h' };
      const first = rehearse(steps, objects, members, (world) => { watched = watchEvictions(world); });
      const { wrong, count } = watched as unknown as ReturnType<typeof watchEvictions>;
      evictions += count();
      expect(wrong).toEqual([]);
      expect(rehearse(steps, objects, members)).toEqual(first);
      expect(first.availability.every(({ availability }) => availability >= 0 && availability <= 1)).toBe(true);
    }),
    { seed: 20261129, numRuns: 40 },
  );
  expect(evictions).toBeGreaterThan(50);
});
