/** Recorded sequences of the DaemonSet controller, played by the controller of a run, and its verdicts about nodes. */
import { PodPhase } from '../cluster/cluster.ts';
import type { NodeSelector, PodSpec, Taint, Toleration, WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { labelsOf } from '../cluster/selectors.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { daemonPlacement, daemonVerdict } from '../controllers/daemon-nodes.ts';
import { DaemonSetController, daemonSetDetails } from '../controllers/daemon-set.ts';
import type { Fields } from './recorded-fields.ts';
import { WorkloadWorld, versionedTemplate } from './workload-world.ts';

const MOST_SYNCS = 40;

export function replayShouldRun(input: Fields): Fields {
  const node = input.node as {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly taints: readonly Taint[] | null;
  };
  const template = input.template as {
    readonly nodeName: string;
    readonly nodeSelector: Readonly<Record<string, string>> | null;
    readonly affinity: NodeSelector | null;
    readonly tolerations: readonly Toleration[] | null;
    readonly hostNetwork: boolean;
  };
  const spec: PodSpec = {
    nodeName: template.nodeName,
    hostNetwork: template.hostNetwork,
    tolerations: template.tolerations ?? [],
    ...(template.nodeSelector === null ? {} : { nodeSelector: template.nodeSelector }),
    ...(template.affinity === null
      ? {}
      : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: template.affinity } } }),
  };
  const placement = daemonPlacement(spec);
  const verdict = daemonVerdict(placement, {
    name: node.name,
    labels: labelsOf(node.labels),
    taints: node.taints ?? [],
  });
  return { ...verdict, tolerations: placement.tolerations };
}

interface DaemonSpec {
  readonly nodes: number;
  readonly updateStrategy: string;
  readonly maxUnavailable: number | string;
  readonly maxSurge: number | string;
  readonly minReadySeconds: number;
}

interface DaemonAction {
  readonly dt: number;
  readonly do: string;
  readonly n?: number;
  readonly v?: string;
  readonly taint?: readonly [string, string] | null;
}

export function replayDaemonSet(input: Fields): Fields {
  const replay = new DaemonSetReplay(input.spec as DaemonSpec, input.graceful === true);
  return { actions: (input.actions as readonly DaemonAction[]).map((action) => replay.play(action)) };
}

class DaemonSetReplay {
  private readonly world: WorkloadWorld;
  private readonly controller: DaemonSetController;
  private nodeCount = 0;
  private spec: WorkloadSpec;
  private row = -1;

  constructor(spec: DaemonSpec, graceful: boolean) {
    this.world = new WorkloadWorld(graceful);
    this.controller = new DaemonSetController(this.world.context, this.world.makeQueue);
    this.addNodes(spec.nodes);
    const rollingUpdate = { maxUnavailable: spec.maxUnavailable, maxSurge: spec.maxSurge };
    this.spec = {
      minReadySeconds: spec.minReadySeconds,
      updateStrategy: {
        type: spec.updateStrategy,
        ...(spec.updateStrategy === 'RollingUpdate' ? { rollingUpdate } : {}),
      },
      template: versionedTemplate('d', 'v1'),
    };
  }

  play(action: DaemonAction): Fields {
    const { world } = this;
    world.wait(action.dt);
    this.act(action);
    world.settle();
    const trace: Fields[] = [];
    let quiet = false;
    for (let sync = 0; sync < MOST_SYNCS && !quiet; sync++) {
      const { wrote, created, deleted } = world.turn(() => { this.controller.sync(this.row); });
      quiet = !wrote;
      if (wrote) trace.push({ nodes: this.nodeStates(), created: created.length, deleted, status: this.status() });
    }
    return { trace, requeue: world.requeues.length === 0 ? null : Math.min(...world.requeues), quiet };
  }

  private addNodes(count: number): void {
    for (let i = 0; i < count; i++) this.world.node(`n${String(this.nodeCount++).padStart(2, '0')}`);
  }

  private nodeNameOf(pod: number): string {
    const { names, pods } = this.world.cluster;
    return names.text(pods.pinnedNode[pod]);
  }

  /** In order of creation, then of node names; terminating ones are left out. */
  private first(n: number, matches: (pod: number) => boolean): readonly number[] {
    const { pods } = this.world.cluster;
    return this.inOrder((pod) => pods.isActive(pod) && matches(pod)).slice(0, n);
  }

  private inOrder(matches: (pod: number) => boolean): number[] {
    const { createdAt } = this.world.cluster.pods;
    return this.world.pods(matches)
      .sort((a, b) => createdAt[a] - createdAt[b] || (this.nodeNameOf(a) < this.nodeNameOf(b) ? -1 : 1));
  }

  private act({ do: verb, n = 0, v = '', taint }: DaemonAction): void {
    const { world } = this;
    const { cluster } = world;
    const { pods } = cluster;
    switch (verb) {
      case 'create':
        return this.create();
      case 'bind':
        for (const pod of this.first(n, (row) => pods.phase[row] === PodPhase.Pending))
          cluster.placePod(pod, world.node(this.nodeNameOf(pod)));
        return;
      case 'ready':
        for (const pod of this.first(n, (row) => pods.phase[row] !== PodPhase.Pending && !pods.isReady(row)))
          world.makeReady(pod, this.nodeNameOf(pod));
        return;
      case 'unready':
        for (const pod of this.first(n, (row) => pods.isReady(row))) world.makeUnready(pod);
        return;
      case 'fail':
        for (const pod of this.first(n, () => true)) world.fail(pod);
        return;
      case 'reap':
        for (const pod of this.inOrder((row) => pods.isTerminating(row)).slice(0, n)) world.vanish(pod);
        return;
      case 'addNode':
        return this.addNodes(n);
      case 'taint':
        return cluster.setTaints(
          world.node('n00'),
          taint === null || taint === undefined ? [] : [{ key: taint[0], effect: taint[1] }],
        );
      case 'template':
        this.spec = { ...this.spec, template: versionedTemplate('d', v) };
        return cluster.workloadWriter.update(this.row, this.object(), -1);
      default:
    }
  }

  private create(): void {
    const { cluster } = this.world;
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.DaemonSet, object: this.object(), key: 'default/d', parent: -1, wanted: -1, template: -1,
      workloadClass: 0, nameBase: cluster.names.intern('d'), podMicros: Infinity, details: daemonSetDetails(),
    });
  }

  private object(): WorkloadObject {
    return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd', namespace: 'default' }, spec: this.spec };
  }

  private nodeStates(): Fields {
    const { cluster } = this.world;
    const { nodes } = cluster;
    const counts: Record<string, number> = {};
    for (let node = 0; node < nodes.length; node++) {
      const name = nodes.facts[node].name;
      const here = this.world.pods((pod) => this.nodeNameOf(pod) === name);
      const words = here.map(
        (pod) => `${cluster.templateOf(pod).spec.containers?.[0].image ?? ''}${this.world.stateOf(pod)}`,
      );
      const key = words.length === 0 ? '-' : words.sort((a, b) => (a < b ? -1 : 1)).join('+');
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  private status(): readonly number[] {
    const { replicas, ready, available, updated, details } = this.world.cluster.workloads;
    const { row } = this;
    const { desired, misscheduled, unavailable } = detailsAs('DaemonSet', details[row]);
    return [desired, replicas[row], misscheduled, ready[row], updated[row], available[row], unavailable];
  }
}
