/** Plays a scenario and tells what happened, second by second, with everything that `podyard get` would show behind it. */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { NodeChange } from '../../src/cluster/observer.ts';
import { LookedCluster } from '../../src/experiment/looked-cluster.ts';
import { LookedEvents } from '../../src/experiment/looked-events.ts';
import { LookedHistory } from '../../src/experiment/looked-history.ts';
import type { LookedPod } from '../../src/experiment/looked-object.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { livingPods } from '../../src/node/living-pods.ts';
import { nodePressure } from '../../src/node/node-pressure.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { withoutHash } from './without-hash.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ToldRun {
  /** `seconds what`, in order. */
  readonly lines: readonly string[];
  /** `seconds type reason object message xcount`. */
  readonly events: readonly string[];
  readonly result: RunResult;
  readonly cluster: Cluster;
  readonly simulation: Simulation;
  readonly looked: { readonly pods: () => LookedPod[] };
}

export interface Meddling {
  readonly cluster: Cluster;
  readonly kernel: Kernel;
  /** Calls back at so many seconds, before whatever else happens then. */
  readonly at: (seconds: number, what: () => void) => void;
  /** A bare pod that asks for nothing. */
  readonly makePod: (name: string) => number;
}

/** Kubelets and schedulers take no time unless told otherwise. `meddle`: what happens beside the scenario. */
export function toldRun(
  { meddle, ...members }: Fields & { readonly meddle?: (parts: Meddling) => void }, objects: readonly unknown[] = [],
): ToldRun {
  const lines: string[] = [];
  const tree = {
    seed: 'told', kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    scheduler: { cycleTime: '0s', bindTime: '0s' }, metrics: { checkEvery: 1, pods: 'none' }, duration: '1h',
    ...members,
    ...(objects.length === 0 ? {} : { manifests: 'objects.json' }),
  };
  const files = memoryFiles({
    'story.json': JSON.stringify(tree),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  });
  const { scenario } = readScenario({ file: 'story.json' }, files);
  const looking: { readonly history: LookedHistory; readonly events: LookedEvents }[] = [];
  const simulation = new Simulation(scenario, {
    version: 'story', userPlugins: [], openTrace: null, plain: false,
    makeLives: livingPods, makeIllnesses: nodeIllnesses, makePressure: nodePressure, makeVolumes: attachDetach,
    watch: ({ kernel, cluster, scheduler }) => {
      looking.push({ history: new LookedHistory(cluster, [scheduler]), events: new LookedEvents(cluster, [scheduler]) });
      tellTo(lines, kernel, cluster);
      meddle?.(meddling(kernel, cluster));
    },
  });
  while (simulation.advance(100_000));
  const result = simulation.result(true);
  const [{ history, events }] = looking;
  const { cluster } = simulation.parts;
  const looked = new LookedCluster(simulation, history, scenario, 0);
  return {
    lines: lines.map(withoutHash), result, cluster, simulation,
    events: events.list().map(({ type, reason, message, regarding, count, firstAt }) =>
      `${seconds(firstAt)} ${type} ${reason} ${regarding.name} ${message} x${String(count)}`),
    looked: { pods: () => looked.list('Pod') as LookedPod[] },
  };
}

function seconds(micros: number): string {
  return String(Math.round(micros / 1000) / 1000 || micros / MICROS_PER_SECOND);
}

function meddling(kernel: Kernel, cluster: Cluster): Meddling {
  const calls: (() => void)[] = [];
  const event = kernel.defineEvent('meddling', 0, (id) => { calls[id](); });
  return {
    kernel, cluster,
    at: (second, what) => { kernel.at(second * MICROS_PER_SECOND, event, calls.push(what) - 1); },
    makePod: (name) => {
      const { id } = cluster.internTemplate({ metadata: { name: 'x', namespace: 'default' }, spec: { containers: [] } });
      return cluster.createPod({
        template: id, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: -1, workloadClass: 0,
        durationMicros: Infinity, pinnedNode: -1,
      });
    },
  };
}

function tellTo(lines: string[], kernel: Kernel, cluster: Cluster): void {
  const say = (text: string): void => void lines.push(`${seconds(kernel.now)} ${text}`);
  const pod = (row: number): string => cluster.podName(row);
  cluster.observe({
    podCreated: (row) => { say(`${pod(row)} created`); },
    podBound: (row) => { say(`${pod(row)} on ${cluster.nodes.facts[cluster.pods.node[row]].name}`); },
    podStarted: (row) => { say(`${pod(row)} runs`); },
    podTerminating: (row) => { say(`${pod(row)} terminating`); },
    podRemoved: (row) => {
      const { reason } = cluster.pods.history(row);
      if (cluster.pods.hasEnded(row)) say(`${pod(row)} ${reason === '' ? 'ended' : `failed: ${reason}`}`);
    },
    podDeleted: (row) => { say(`${pod(row)} gone`); },
    podReadyChanged: (row, ready) => { say(`${pod(row)} ${ready ? 'ready' : 'not ready'}`); },
    nodeAdded: (row) => { if (kernel.now > 0) say(`${cluster.nodes.facts[row].name} joins`); },
    nodeRemoving: (row) => { say(`${cluster.nodes.facts[row].name} removed`); },
    nodeHealthChanged: (row, up) => { say(`${cluster.nodes.facts[row].name} ${up ? 'works' : 'stops'}`); },
    nodeUpdated: (row, changes, { facts: before }) => {
      const { name, object, unschedulable } = cluster.nodes.facts[row];
      if ((changes & (NodeChange.Cordoned | NodeChange.Uncordoned)) !== 0)
        say(`${name} ${unschedulable ? 'cordoned' : 'uncordoned'}`);
      const was = new Map((before.object.status?.conditions ?? []).map(({ type, status }) => [type, status]));
      for (const { type = '', status = '' } of object.status?.conditions ?? []) {
        const usual = type === 'Ready' ? 'True' : 'False';
        if ((was.get(type) ?? usual) !== status) say(`${name} ${type}=${status}`);
      }
    },
  });
}
