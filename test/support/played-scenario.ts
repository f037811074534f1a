/**
 * Plays a whole scenario from its members and manifest objects, as `podyard run` would, with every delay of the kubelet
 * at zero.
 */
import { timeZoneNames, timeZones } from '../../src/io/time-zones.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { livingPods } from '../../src/node/living-pods.ts';
import { nodePressure } from '../../src/node/node-pressure.ts';
import { statusReports } from '../../src/node/status-reports.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import { memoryFiles } from '../input/memory-files.ts';

export interface PlayedPod {
  readonly name: string;
  /** '': never placed. */
  readonly node: string;
  readonly created: number;
  /** Seconds; NaN: never. */
  readonly bound: number;
  readonly started: number;
  readonly ended: number;
  readonly attempts: number;
  readonly outcome: string;
  readonly waitReason: string;
}

export interface Played {
  readonly result: RunResult;
  readonly pods: readonly PlayedPod[];
  /** What reading said besides. */
  readonly warnings: readonly string[];
}

const INSTANT_KUBELET = { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' };

/** `members` are those of a scenario file; `objects` are its manifests. `plain`: without fast paths. */
export function playScenario(
  members: Readonly<Record<string, unknown>>, objects: readonly unknown[] = [], plain = false,
): Played {
  const tree = {
    seed: 'story', kubelet: INSTANT_KUBELET, metrics: { pods: 'all', checkEvery: 50 }, ...members,
    ...(objects.length === 0 ? {} : { manifests: 'objects.json' }),
  };
  const zones = { rulesOf: timeZones, names: timeZoneNames };
  const files = {
    timeZones: zones,
    ...memoryFiles({
      'story.json': JSON.stringify(tree),
      'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    }),
  };
  const { scenario, warnings } = readScenario({ file: 'story.json' }, files);
  const simulation = new Simulation(scenario, {
    version: 'story', userPlugins: [], openTrace: null, plain, makeLives: livingPods,
    makeIllnesses: nodeIllnesses, makePressure: nodePressure, makeVolumes: attachDetach, makeReports: statusReports,
  });
  while (simulation.advance(100_000));
  const result = simulation.result(true);
  return { result, pods: rowsOf(result), warnings: warnings.map(({ message }) => message) };
}

function rowsOf({ pods }: RunResult): PlayedPod[] {
  if (pods === null) return [];
  return pods.name.map((name, row) => ({
    name, node: pods.node[row], created: pods.createdSeconds[row], bound: pods.boundSeconds[row], started: pods.startedSeconds[row], ended: pods.endedSeconds[row],
    attempts: pods.attempts[row], outcome: pods.outcome[row], waitReason: pods.waitReason[row],
  }));
}

/** A Node object with a zone of its own when given. */
export function nodeObject(name: string, more: { readonly cpu?: string; readonly zone?: string } = {}): unknown {
  const labels = { 'kubernetes.io/hostname': name, ...(more.zone === undefined ? {} : { 'topology.kubernetes.io/zone': more.zone }) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status: { allocatable: { cpu: more.cpu ?? '4', memory: '16Gi', pods: '110' } } };
}

export function podObject(
  name: string, spec: Readonly<Record<string, unknown>> = {}, metadata: Readonly<Record<string, unknown>> = {},
): unknown {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', ...metadata }, spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }], ...spec } };
}
