/** Plays a scenario with steps on a small cluster, with somebody who watches; every delay of the kubelet is zero. */
import { Rehearsal } from '../../src/experiment/rehearsal.ts';
import type { RehearsalResult } from '../../src/experiment/rehearsal-result.ts';
import { statusReports } from '../../src/node/status-reports.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import type { SimulatedWorld } from '../../src/simulation/simulation.ts';
import { memoryFiles } from '../input/memory-files.ts';

type Fields = Readonly<Record<string, unknown>>;

const INSTANT = { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' };
/** Nothing is random, and a decision takes no time. */
const SETTINGS = {
  kubelet: INSTANT,
  scheduler: { cycleTime: '0s', bindTime: '0s' },
  duration: '24h',
  metrics: { checkEvery: 50 },
};

/** `watch` is told of the world before the rehearsal is. */
export function rehearse(
  steps: readonly Fields[], objects: readonly unknown[], members: Fields = {}, watch?: (world: SimulatedWorld) => void,
): RehearsalResult {
  const tree = {
    seed: 'story',
    ...SETTINGS,
    ...members,
    steps,
    ...(objects.length === 0 ? {} : { manifests: 'objects.json' }),
  };
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const files = memoryFiles({ 'story.json': JSON.stringify(tree), 'objects.json': JSON.stringify(list) });
  const { scenario } = readScenario({ file: 'story.json' }, files);
  const rehearsal = new Rehearsal(scenario);
  const simulation = new Simulation(scenario, {
    version: 'story', userPlugins: [], openTrace: null, plain: false, makeIllnesses: nodeIllnesses,
    makeVolumes: attachDetach, makeReports: statusReports,
    watch: (world) => {
      watch?.(world);
      rehearsal.watch(world);
    },
  });
  while (simulation.advance(100_000));
  return rehearsal.result(simulation.result(true), false);
}

/** Like `n` nodes `node-0`, ..., in zones a, b, c in turn. */
export function nodes(count: number, more: { readonly cpu?: string; readonly pool?: string } = {}): unknown[] {
  const { cpu = '4', pool = 'general' } = more;
  return Array.from({ length: count }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${i}`,
      labels: {
        'kubernetes.io/hostname': `node-${i}`,
        'topology.kubernetes.io/zone': 'abc'[i % 3],
        'eks.amazonaws.com/nodegroup': pool,
      },
    },
    status: { allocatable: { cpu, memory: '16Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] },
  }));
}

/** A Deployment or StatefulSet of pods that ask for one core each, in namespace `default`. */
export function workload(
  kind: 'Deployment' | 'StatefulSet',
  name: string,
  replicas: number,
  spec: Fields = {},
  more: Fields = {},
): unknown {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: `${name}:v1`, resources: { requests: { cpu: '1' } } }], ...spec },
      },
      ...more,
    },
  };
}

export function budget(name: string, spec: Fields): unknown {
  const metadata = { name, namespace: 'default' };
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { selector: { matchLabels: { app: name } }, ...spec },
  };
}

/** A pod that runs on its node. */
export function pod(name: string, node: string, spec: Fields = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      nodeName: node,
      containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }],
      ...spec,
    },
    status: { phase: 'Running' },
  };
}

/** `text: took or -, outcome message`. */
export function told({ steps }: RehearsalResult): string[] {
  return steps.map(
    ({ text, beginSeconds, endSeconds, outcome, message }) =>
      `${text}: ${endSeconds === null ? '-' : `${endSeconds - beginSeconds}s`} ${outcome}${message === '' ? '' : ` ${message}`}`,
  );
}

/** `node state from-to`, times from the first step. */
export function lanes({ nodes: all, startSeconds }: RehearsalResult): string[] {
  return all.flatMap(({ name, spans }) =>
    spans
      .filter(({ state }) => state !== 'ready')
      .map(({ state, from, to }) => `${name} ${state} ${from - startSeconds}-${to - startSeconds}`),
  );
}
