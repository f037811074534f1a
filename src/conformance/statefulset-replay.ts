/** Recorded sequences of the StatefulSet control loop, played by the controller of a run. */
import type { ObjectMeta, PersistentVolumeClaim, WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { StatefulSetController, statefulSetDetails } from '../controllers/stateful-set.ts';
import type { StatefulUpdates } from '../controllers/stateful-set.ts';
import { REVISION_LABEL } from '../controllers/stateful-set-pods.ts';
import type { Fields } from './recorded-fields.ts';
import { WorkloadWorld, versionedTemplate } from './workload-world.ts';

const MOST_RUNS = 40;

interface SetSpec {
  readonly replicas: number;
  readonly start: number;
  readonly podManagementPolicy: string;
  readonly updateStrategy: string;
  readonly rollingUpdate: { readonly partition?: number; readonly maxUnavailable?: number | string } | null;
  readonly minReadySeconds: number;
  readonly claimTemplates: readonly string[];
  readonly retention: { readonly whenDeleted: string; readonly whenScaled: string } | null;
}

interface SetAction {
  readonly dt: number;
  readonly do: string;
  readonly n?: number;
  readonly ordinal?: number;
  readonly v?: string;
}

export function replayStatefulSet(input: Fields): Fields {
  const replay = new StatefulSetReplay(
    input.spec as SetSpec,
    input.graceful === true,
    input.gateMaxUnavailable === true ? 'several' : 'one',
  );
  return { actions: (input.actions as readonly SetAction[]).map((action) => replay.play(action)) };
}

class StatefulSetReplay {
  private readonly world: WorkloadWorld;
  private readonly controller: StatefulSetController;
  private readonly claimNames: readonly string[];
  private spec: WorkloadSpec;
  private row = -1;

  constructor(spec: SetSpec, graceful: boolean, updates: StatefulUpdates) {
    this.world = new WorkloadWorld(graceful);
    this.controller = new StatefulSetController(this.world.context, this.world.makeQueue, updates);
    this.claimNames = spec.claimTemplates;
    this.spec = {
      replicas: spec.replicas,
      ordinals: { start: spec.start },
      podManagementPolicy: spec.podManagementPolicy,
      updateStrategy: {
        type: spec.updateStrategy,
        ...(spec.rollingUpdate === null ? {} : { rollingUpdate: spec.rollingUpdate }),
      },
      minReadySeconds: spec.minReadySeconds,
      volumeClaimTemplates: spec.claimTemplates.map((name) => ({ metadata: { name } })),
      ...(spec.retention === null ? {} : { persistentVolumeClaimRetentionPolicy: spec.retention }),
      template: versionedTemplate('s', 'v1'),
    };
  }

  play(action: SetAction): Fields {
    const { world } = this;
    world.wait(action.dt);
    this.act(action);
    world.settle();
    const trace: Fields[] = [];
    let quiet = false;
    for (let run = 0; run < MOST_RUNS && !quiet; run++) {
      const { wrote, created } = world.turn(() => { this.controller.sync(this.row); });
      quiet = !wrote;
      if (wrote) trace.push(this.entry(this.ordinals(created)));
    }
    return { trace, quiet };
  }

  private ordinals(rows: readonly number[]): readonly number[] {
    return rows.map((pod) => this.world.cluster.pods.item[pod]).sort((a, b) => a - b);
  }

  private byOrdinal(matches: (pod: number) => boolean): readonly number[] {
    const { item } = this.world.cluster.pods;
    return this.world.pods(matches).sort((a, b) => item[a] - item[b]);
  }

  private act({ do: verb, n = 0, ordinal, v = '' }: SetAction): void {
    const { world } = this;
    const { pods } = world.cluster;
    const those = (matches: (pod: number) => boolean): readonly number[] =>
      this.byOrdinal((pod) => pods.item[pod] === ordinal && matches(pod));
    switch (verb) {
      case 'create':
        return this.create();
      case 'ready':
        for (const pod of this.byOrdinal((row) => pods.isActive(row) && !pods.isReady(row)).slice(0, n))
          world.makeReady(pod, 'n');
        return;
      case 'unready':
        for (const pod of those((row) => pods.isActive(row) && pods.isReady(row))) world.makeUnready(pod);
        return;
      case 'fail':
        for (const pod of those((row) => pods.isActive(row))) world.fail(pod);
        return;
      case 'delete':
        for (const pod of those(() => true)) world.cluster.terminatePod(pod, 0);
        return;
      case 'reap':
        for (const pod of this.byOrdinal((row) => pods.isTerminating(row)).slice(0, n)) world.vanish(pod);
        return;
      case 'template':
        return this.update({ template: versionedTemplate('s', v) });
      case 'scale':
        return this.update({ replicas: n });
      case 'partition':
        return this.update({
          updateStrategy: {
            ...this.spec.updateStrategy,
            rollingUpdate: { ...this.spec.updateStrategy?.rollingUpdate, partition: n },
          },
        });
      default:
    }
  }

  private create(): void {
    const { cluster } = this.world;
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.StatefulSet,
      object: this.object(),
      key: 'default/s',
      parent: -1,
      wanted: this.spec.replicas ?? 1,
      template: -1,
      workloadClass: 0,
      nameBase: cluster.names.intern('s'),
      podMicros: Infinity,
      details: statefulSetDetails(),
    });
  }

  private update(changes: Partial<WorkloadSpec>): void {
    this.spec = { ...this.spec, ...changes };
    this.world.cluster.workloadWriter.update(this.row, this.object(), this.spec.replicas ?? 1);
  }

  private object(): WorkloadObject {
    const metadata: ObjectMeta = { name: 's', namespace: 'default' };
    return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: this.spec };
  }

  private entry(created: readonly number[]): Fields {
    const { cluster } = this.world;
    const { workloads, pods } = cluster;
    const { row } = this;
    const details = detailsAs('StatefulSet', workloads.details[row]);
    const version = (name: string): string =>
      details.revisions.find((revision) => revision.name === name)?.template.spec?.containers?.[0].image ?? '';
    const image = (pod: number): string =>
      cluster.templateOf(pod).spec.containers?.[0].image ??
      version(cluster.templateOf(pod).labels.get(REVISION_LABEL) ?? '');
    return {
      pods: this.byOrdinal(() => true).map((pod) => [pods.item[pod], image(pod), this.world.stateOf(pod)]),
      '+': created,
      status: [
        workloads.replicas[row],
        workloads.ready[row],
        workloads.available[row],
        details.currentReplicas,
        workloads.updated[row],
      ],
      rev: [version(details.currentRevision), version(details.updateRevision)],
      ...(this.claimNames.length === 0 ? {} : { claims: this.claims() }),
    };
  }

  private claims(): readonly (readonly string[])[] {
    const claims = [...this.world.cluster.objects.list<PersistentVolumeClaim>('PersistentVolumeClaim')];
    const rows = claims.map(({ metadata }) => [
      metadata?.name ?? '',
      ...(metadata?.ownerReferences ?? []).map(({ kind }) => kind),
    ]);
    return rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }
}
