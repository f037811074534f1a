/**
 * A scheduling queue on its own, for stories: pods by name, a clock that the story moves, and three test plugins.
 * `Gate` (PreEnqueue) gates pods labelled `gate`, and listens to updates of a pod's gates and to new storage classes.
 * `Size` (Filter) listens to nodes: its hint helps when the new node's name starts with `big`.
 * `Other` (Filter) listens to deleted pods, without a hint.
 */
import { MICROS_PER_SECOND } from '../../../src/base/time.ts';
import type { KubernetesVersion } from '../../../src/cluster/kubernetes-versions.ts';
import { Action, event, nodeEventView } from '../../../src/scheduler/framework/cluster-event.ts';
import type { ClusterEvent, EventSubject } from '../../../src/scheduler/framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../../../src/scheduler/framework/plugin-api.ts';
import { Profile } from '../../../src/scheduler/framework/profile.ts';
import type { ProfilePoints } from '../../../src/scheduler/framework/profile.ts';
import { unresolvable } from '../../../src/scheduler/framework/status.ts';
import { PrioritySort } from '../../../src/scheduler/plugins/priority-sort.ts';
import { QueuePlace, SchedulingQueue } from '../../../src/scheduler/queue/scheduling-queue.ts';
import type { QueueSettings } from '../../../src/scheduler/queue/scheduling-queue.ts';
import { fixture, node, pod } from '../../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../../support/scheduler-fixture.ts';

export const NODE_ADD: ClusterEvent = event('Node', Action.Add, 'NodeAdd');
export const POD_DELETE: ClusterEvent = event('AssignedPod', Action.Delete, 'AssignedPodDelete');
export const CLASS_ADD: ClusterEvent = event('StorageClass', Action.Add, 'StorageClassAdd');
export const GATES_GONE: ClusterEvent = event('UnschedulablePod', Action.UpdatePodSchedulingGatesEliminated, 'GatesEliminated');

export const NO_POINTS: ProfilePoints = {
  preEnqueue: [], queueSort: ['PrioritySort'], preFilter: [], filter: [], postFilter: [], preScore: [], score: [], reserve: [], permit: [], preBind: [], bind: [], postBind: [],
};

export const SETTINGS: QueueSettings = {
  podInitialBackoffMicros: MICROS_PER_SECOND,
  podMaxBackoffMicros: 10 * MICROS_PER_SECOND,
  maxUnschedulableMicros: 300 * MICROS_PER_SECOND,
};

const PLACES = { active: QueuePlace.Active, backoff: QueuePlace.Backoff, error: QueuePlace.ErrorBackoff, unschedulable: QueuePlace.Unschedulable } as const;

export interface QueueStoryOptions {
  readonly settings?: Partial<QueueSettings>;
  readonly plugins?: readonly Plugin[];
  readonly points?: Partial<ProfilePoints>;
  readonly kubernetes?: KubernetesVersion | undefined;
}

export class QueueStory {
  readonly world: SchedulerFixture;
  readonly queue: SchedulingQueue;
  /** When the queue asked for a backoff flush, in seconds. */
  readonly flushesAsked: number[] = [];
  /** Pods that `Size`'s hint was asked about. */
  readonly hintsAsked: string[] = [];
  wakeUps = 0;

  constructor({ settings = {}, plugins = [], points = {}, kubernetes }: QueueStoryOptions = {}) {
    this.world = fixture({ kubernetes });
    const all = [...this.testPlugins(), ...plugins];
    const factories = all.map((plugin): PluginFactory => ({ name: plugin.name, summary: '', create: () => plugin }));
    const registry = new Map([PrioritySort, ...factories].map((factory) => [factory.name, factory]));
    const spec = { schedulerName: 'default-scheduler', percentageOfNodesToScore: null, points: { ...NO_POINTS, preEnqueue: ['Gate'], filter: ['Size', 'Other'], ...points }, args: {} };
    const profile = new Profile(spec, registry, this.world.handle);
    this.queue = new SchedulingQueue(this.world.cache, new Map([['default-scheduler', profile]]), { ...SETTINGS, ...settings });
    this.queue.onBackoff = (at) => void this.flushesAsked.push(at / MICROS_PER_SECOND);
    this.queue.onWork = () => void this.wakeUps++;
  }

  at(seconds: number): this {
    this.world.clock.now = Math.round(seconds * MICROS_PER_SECOND);
    return this;
  }

  add(name: string, priority = 0, labels: Readonly<Record<string, string>> = {}): number {
    const row = this.world.addPod(pod(name, labels, { priority }));
    this.queue.add(row);
    return row;
  }

  row(name: string): number {
    return this.world.row(name);
  }

  /** The name of the pod popped; '' for none. */
  pop(): string {
    const row = this.queue.pop();
    return row < 0 ? '' : this.world.cluster.podName(row);
  }

  /** The popped pod was rejected by these plugins; without any: an error. */
  fail(name: string, rejectors: readonly string[] = [], pending: readonly string[] = []): void {
    this.queue.addUnschedulable(this.row(name), rejectors, pending);
  }

  /** Comes, is popped and fails, all now. */
  failed(name: string, rejectors: readonly string[] = [], priority = 0): number {
    const row = this.add(name, priority);
    const popped = this.pop();
    if (popped !== name) throw new Error(`expected ${name} to be popped, found ${popped}`);
    this.fail(name, rejectors);
    return row;
  }

  nodeAdded(name: string): void {
    this.queue.moveOnEvent(NODE_ADD, this.nodeSubject(name));
  }

  nodeSubject(name: string): EventSubject {
    if (this.world.cluster.nodeRow(name) < 0) this.world.cluster.addNode(node(name));
    return { node: nodeEventView(this.world.nodeInfo(name)) };
  }

  /** Puts the pod's new version in place and tells the queue, as an update through the API does. */
  update(name: string, change: { readonly priority?: number; readonly labels?: Readonly<Record<string, string>> }, events: readonly ClusterEvent[] = []): void {
    const row = this.row(name);
    const before = this.queue.podView(row);
    const { cluster } = this.world;
    cluster.updatePod(row, cluster.internTemplate(pod(name, change.labels ?? {}, { priority: change.priority ?? 0 })).id);
    this.queue.update(row, events, { pod: this.queue.podView(row), podBefore: before });
  }

  /** Names in each sub-queue that is not empty, sorted. */
  get state(): Record<string, string[]> {
    const result: Record<string, string[]> = {};
    for (const [place, code] of Object.entries(PLACES)) {
      const names = this.queue.rows(code).map((row) => `${this.world.cluster.podName(row)}${this.queue.isGated(row) ? ' (gated)' : ''}`);
      if (names.length > 0) result[place] = names.sort((a, b) => (a < b ? -1 : 1));
    }
    return result;
  }

  backoffUntil(name: string): number {
    return this.queue.backoffUntil(this.row(name)) / MICROS_PER_SECOND;
  }

  private testPlugins(): Plugin[] {
    const isGated = (row: number): boolean => this.world.cluster.templateOf(row).labels.has('gate');
    return [
      {
        name: 'Gate',
        preEnqueue: (waiting) => (isGated(waiting.row) ? unresolvable('Gate', 'gated') : null),
        eventsToRegister: () => [
          { event: event('Pod', Action.UpdatePodSchedulingGatesEliminated), hint: (waiting, subject) => (subject.pod?.row === waiting.row ? 'Queue' : 'QueueSkip') },
          { event: event('StorageClass', Action.Add), hint: null },
        ],
      },
      {
        name: 'Size',
        filter: () => null,
        eventsToRegister: () => [
          {
            event: event('Node', Action.Add | Action.UpdateNodeLabel),
            hint: (waiting, subject) => {
              this.hintsAsked.push(waiting.name);
              return subject.node?.facts.name.startsWith('big') === true ? 'Queue' : 'QueueSkip';
            },
          },
        ],
      },
      { name: 'Other', filter: () => null, eventsToRegister: () => [{ event: event('Pod', Action.Delete), hint: null }] },
    ];
  }
}
