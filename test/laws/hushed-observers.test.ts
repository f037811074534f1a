// Law: whoever is hushed would have done nothing. The same random changes with observers that hear everything give the
// same digest, the same objects and the same counts, while budgets, quotas, volumes, taints and crashes come and go.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import type { KubernetesObject, PodSpec } from '../../src/cluster/objects.ts';
import { Listeners } from '../../src/cluster/observer.ts';
import { QuotaLedger } from '../../src/control-plane/quota-ledger.ts';
import { Disruption } from '../../src/controllers/disruption.ts';
import { TaintEviction } from '../../src/controllers/taint-eviction.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Campaigns } from '../../src/metrics/event-marks.ts';
import { VolumeController } from '../../src/storage/volume-controller.ts';
import { sized } from '../support/thorough.ts';

const NODES = 2;
const PROCESSES = [{ name: 'crash', kind: 'failure', scope: 'node' }, { name: 'disk', kind: 'failure', scope: 'node' }];
const TAINT = { key: 'sick', effect: 'NoExecute' };
const SELECTOR = { matchLabels: { app: 'web' } };
const EPHEMERAL = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } };
const CLAIM = { name: 'kept', persistentVolumeClaim: { claimName: 'kept' } };

const object = (kind: string, more: object, metadata: object = {}): KubernetesObject => (
  { apiVersion: 'v1', kind, metadata: { name: 'kept', namespace: 'default', ...metadata }, ...more }
);
const OBJECTS: readonly KubernetesObject[] = [
  object('PodDisruptionBudget', { spec: { minAvailable: 1, selector: SELECTOR } }),
  object('ResourceQuota', { spec: { hard: { pods: '50', 'requests.cpu': '100' } } }),
  object('PersistentVolumeClaim', { spec: {} }, { ownerReferences: [{ kind: 'Pod', name: 'pod-3' }] }),
  object('PersistentVolumeClaim', { spec: {} }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
];
const VOLUMES: readonly Pick<PodSpec, 'volumes'>[] = [{}, {}, { volumes: [CLAIM] }, { volumes: [EPHEMERAL] }];
const TOLERATIONS = [[], [{ key: 'sick', operator: 'Exists', tolerationSeconds: 20 }], [{ key: 'sick', operator: 'Exists' }]];

const POD_CHANGES = ['create', 'bind', 'start', 'interrupt', 'terminate', 'remove'] as const;
const WHATS = [
  ...POD_CHANGES, 'create', 'bind', 'ready', 'end', 'update', 'put', 'drop', 'taint', 'untaint', 'strike', 'release',
] as const;
/** Machines that crash under few pods, so that rows are used again. */
const CRASHES = [...POD_CHANGES, 'bind', 'terminate', 'remove', 'strike', 'release'] as const;

const changeOf = (whats: readonly (typeof WHATS)[number][]) => fc.record({
  what: fc.constantFrom(...whats),
  which: fc.nat(1000),
  variant: fc.nat(1000),
  seconds: fc.constantFrom(0, 0, 1, 15, 40),
});
type Change = ReturnType<typeof changeOf> extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly kernel = new Kernel({ seed: 'hushed' });
  readonly cluster = new Cluster(this.kernel);
  private readonly quotas = new QuotaLedger(this.kernel, this.cluster, 4);
  private readonly taints: TaintEviction;
  private readonly campaigns: Campaigns;
  private readonly struck = new Set<number>();

  constructor() {
    const { kernel, cluster } = this;
    this.campaigns = new Campaigns(cluster, PROCESSES);
    new VolumeController(kernel, cluster, 4);
    cluster.observe(this.quotas);
    this.quotas.hushPods();
    new Disruption(kernel, cluster, new DisruptionBudgets(cluster), 4);
    this.taints = new TaintEviction(kernel, cluster);
    for (let node = 0; node < NODES; node++)
      cluster.addNode({ metadata: { name: `node-${node}` }, status: { allocatable: { cpu: '100', pods: '100' } } });
  }

  template(variant: number): number {
    return this.cluster.internTemplate({
      metadata: { namespace: 'default', labels: variant % 2 === 0 ? { app: 'web' } : {} },
      spec: {
        containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }],
        tolerations: TOLERATIONS[variant % TOLERATIONS.length],
        ...VOLUMES[variant % VOLUMES.length],
      },
    }).id;
  }

  private podIn(which: number, isMeant: (pod: number) => boolean): number {
    const found = Array.from({ length: this.cluster.pods.length }, (_, row) => row)
      .filter((row) => this.cluster.pods.phase[row] !== PodPhase.Free && isMeant(row));
    return found.length === 0 ? -1 : found[which % found.length];
  }

  apply({ what, which, variant, seconds }: Change): void {
    const { cluster } = this;
    const { pods } = cluster;
    const inPhase = (...phases: number[]): number => this.podIn(which, (row) => phases.includes(pods.phase[row]));
    const node = which % NODES;
    const target = OBJECTS[variant % OBJECTS.length];
    const pod = {
      create: () => 0, put: () => 0, drop: () => 0, taint: () => 0, untaint: () => 0, strike: () => 0, release: () => 0,
      bind: () => inPhase(PodPhase.Pending), start: () => inPhase(PodPhase.Bound),
      interrupt: () => inPhase(PodPhase.Running), ready: () => inPhase(PodPhase.Running),
      end: () => inPhase(PodPhase.Bound, PodPhase.Running), terminate: () => this.podIn(which, () => true),
      remove: () => this.podIn(which, () => true), update: () => this.podIn(which, (row) => !pods.hasEnded(row)),
    }[what]();
    if (pod >= 0) this.carryOut(what, pod, node, variant, target);
    this.kernel.run({ until: this.kernel.now + seconds * 1e6 });
  }

  private carryOut(what: Change['what'], pod: number, node: number, variant: number, target: KubernetesObject): void {
    const { cluster, campaigns, struck } = this;
    const { pods } = cluster;
    if (what === 'create') cluster.createPod({
      template: this.template(variant), nameBase: cluster.names.intern('pod'), nameOrdinal: pods.createdCount,
      workloadClass: -1, owner: -1, durationMicros: Infinity, pinnedNode: -1,
    });
    else if (what === 'bind') cluster.bindPod(pod, node);
    else if (what === 'start') cluster.startPod(pod, variant % 3 > 0);
    else if (what === 'interrupt') cluster.interruptPod(pod);
    else if (what === 'ready') cluster.setPodReady(pod, !pods.isReady(pod));
    else if (what === 'terminate')
      cluster.terminatePod(pod, [EvictionCause.None, EvictionCause.Taint, EvictionCause.NodeFailure][variant % 3]);
    else if (what === 'end') cluster.endPod(pod, variant % 2 === 0
      ? { phase: PodPhase.Failed, outcome: PodOutcome.Failed }
      : { phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded });
    else if (what === 'remove') cluster.removePod(pod, [PodOutcome.Deleted, PodOutcome.Evicted][variant % 2]);
    else if (what === 'update') cluster.updatePod(pod, this.template(variant));
    else if (what === 'put') cluster.putObject(target.kind ?? '', target);
    else if (what === 'drop') cluster.removeObject(target.kind ?? '', 'default/kept');
    else if (what === 'taint') cluster.setTaints(node, [TAINT]);
    else if (what === 'untaint') cluster.setTaints(node, []);
    else if (what === 'strike' && !struck.has(node)) {
      struck.add(node);
      campaigns.processStrikes(variant % 2);
      campaigns.nodeStruck(0, node);
    } else if (what === 'release' && struck.delete(node)) campaigns.nodeReleased(0, node);
  }

  facts(): unknown {
    const { cluster, kernel } = this;
    const kinds = ['PodDisruptionBudget', 'ResourceQuota', 'PersistentVolumeClaim', 'PersistentVolume'];
    return {
      digest: kernel.digest.hex(), events: kernel.eventCount, campaigns: this.campaigns.facts(),
      objects: kinds.map((kind) => [...cluster.objects.list(kind)]), hasTimers: this.taints.hasTimers(),
    };
  }
}

function play(changes: readonly Change[], hearsAll: boolean): unknown[] {
  const spy = hearsAll ? vi.spyOn(Listeners.prototype, 'setHushed').mockImplementation(() => undefined) : null;
  try {
    const world = new World();
    return changes.map((one) => { world.apply(one); return world.facts(); });
  } finally {
    spy?.mockRestore();
  }
}

/** What chance seldom makes: pods that go after their machine was released, before they run again, or are lost twice. */
const STORIES = ([
  ['strike', 'create', 'bind', 'start', 'interrupt', 'release', 'terminate'],
  ['strike', 'create', 'bind', 'start', 'interrupt', 'remove', 'create', 'bind', 'start'],
  ['strike', 'create', 'bind', 'terminate', 'remove', 'create', 'bind', 'terminate'],
] as const).map((story) => story.map((what): Change => (
  { what, which: 0, variant: what === 'terminate' ? 1 : 0, seconds: 0 }
)));

test('hushed observers would have changed nothing', () => {
  const size = { minLength: 20, maxLength: 120, size: 'max' } as const;
  const all = fc.oneof(fc.array(changeOf(WHATS), size), fc.array(changeOf(CRASHES), size));
  fc.assert(fc.property(all, (changes) => {
    expect(play(changes, false)).toEqual(play(changes, true));
  }), { numRuns: sized(60, 3000), examples: STORIES.map((story) => [story]) });
});
