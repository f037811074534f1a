// What quotas have in use, kept by differences, is what a count of all pods gives: after any course of a pod's life,
// and with pods that should be gone for long left out.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ZERO_QUANTITY } from '../../src/base/quantity.ts';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { quantitiesOf } from '../../src/cluster/pod-requests.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import { QuotaLedger } from '../../src/control-plane/quota-ledger.ts';
import { podUsage } from '../../src/control-plane/quota-usage.ts';
import type { ResourceQuota } from '../../src/control-plane/resource-quota.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import '../support/fixed-seed.ts';

const HARD = { pods: '5', 'count/pods': '9', 'requests.cpu': '3', 'limits.memory': '4Gi' };
const SPECS = ['500m', '1', '2'].map((cpu) => ({
  containers: [{ name: 'main', resources: { requests: { cpu }, limits: { memory: '1Gi' } } }],
}));

class World {
  readonly kernel = new Kernel({ seed: 'ledger' });
  readonly cluster = new Cluster(this.kernel);
  readonly ledger = new QuotaLedger(this.kernel, this.cluster, 4);
  readonly rows: number[] = [];

  constructor() {
    this.cluster.observe(this.ledger);
  }

  put(hard: Readonly<Record<string, string>>): void {
    const quota: ResourceQuota = { kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'team' }, spec: { hard } };
    this.cluster.putObject('ResourceQuota', quota);
  }

  template(shape: number, namespace: string): number {
    return this.cluster.internTemplate(applyPodDefaults({ metadata: { namespace }, spec: SPECS[shape] })).id;
  }

  act(action: number, shape: number): void {
    const { cluster, rows } = this;
    const pod = rows[shape * 7 % Math.max(1, rows.length)] ?? -1;
    const isThere = pod >= 0 && cluster.pods.phase[pod] !== PodPhase.Free;
    if (action < 3) {
      const seed = {
        nameBase: cluster.names.intern('p'),
        nameOrdinal: cluster.pods.length,
        owner: -1,
        workloadClass: 0,
      };
      const template = this.template(shape % SPECS.length, action === 2 ? 'other' : 'team');
      rows.push(cluster.createPod({ ...seed, template, durationMicros: Infinity, pinnedNode: -1 }));
    } else if (!isThere) return;
    else if (action === 3) cluster.terminatePod(pod, EvictionCause.None);
    else if (action === 4 && !cluster.pods.hasEnded(pod))
      cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed });
    else if (action === 5) cluster.removePod(pod, PodOutcome.Deleted);
  }

  /** Counted from all pods; those past their grace as if they had ended. */
  counted(): Record<string, string> {
    const { pods } = this.cluster;
    const sums = new Map(Object.keys(HARD).map((name) => [name, ZERO_QUANTITY]));
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.phase[pod] === PodPhase.Free) continue;
      const { namespace, spec } = this.cluster.templateOf(pod);
      if (namespace !== 'team') continue;
      const isLate = pods.isTerminating(pod) && this.cluster.now - pods.deletionAt[pod] > 60 * MICROS_PER_SECOND;
      for (const [name, amount] of podUsage({ spec }, pods.hasEnded(pod) || isLate))
        if (sums.has(name)) sums.set(name, (sums.get(name) ?? ZERO_QUANTITY).add(amount));
    }
    return nanosOf(sums);
  }

  told(): Record<string, string> {
    return nanosOf(quantitiesOf(this.cluster.objects.get<ResourceQuota>('ResourceQuota', 'team/q')?.status?.used));
  }
}

function nanosOf(amounts: ReadonlyMap<string, { readonly nanos: bigint }>): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, { nanos }]) => [name, String(nanos)]));
}

test('the status equals a count of all pods', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 20 })), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 40 }), (actions, quotaAt) => {
      const world = new World();
      let second = 0;
      for (const [index, [action, shape]] of [...actions, [2, 0] as const].entries()) {
        // Some pods are there before the quota is.
        if (index === Math.min(quotaAt, actions.length)) world.put(HARD);
        world.act(action, shape);
        world.kernel.run({ until: ++second * MICROS_PER_SECOND });
        if (index >= quotaAt) expect(world.told()).toEqual(world.counted());
      }
      // A pod past its grace is let go of at the full count.
      world.kernel.run({ until: 700 * MICROS_PER_SECOND });
      expect(world.told()).toEqual(world.counted());
    }),
    { numRuns: 60 },
  );
});

test('a quota that grows, or goes, makes room', () => {
  const world = new World();
  world.put({ pods: '0' });
  const template = world.template(0, 'team');
  expect(world.ledger.refusal(template)?.message).toBe(
    'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
  );
  world.put({ pods: '1' });
  expect(world.ledger.refusal(template)).toBeNull();
  world.put({ pods: '0' });
  world.cluster.removeObject('ResourceQuota', 'team/q');
  expect(world.ledger.refusal(template)).toBeNull();
});
