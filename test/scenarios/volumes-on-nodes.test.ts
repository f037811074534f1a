// Volumes are attached to nodes, and to another node only when the one before has let them go.
import { describe, expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { LookedEvents } from '../../src/experiment/looked-events.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import { memoryFiles } from '../input/memory-files.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What happens to pods and volumes of a set of one pod, a line each with its second. Two nodes `n-0`, `n-1`. */
function tell(steps: readonly Fields[], { mode = 'ReadWriteOnce', replicas = 1, ...members }: Fields = {}): string[] {
  const set = {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas, podManagementPolicy: 'Parallel', selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: { containers: [{ name: 'db', resources: { requests: { cpu: '1' } } }] },
      },
      volumeClaimTemplates: [{
        metadata: { name: 'data' },
        spec: { accessModes: [mode], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
      }],
    },
  };
  const tree = {
    seed: 'volumes', kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    scheduler: { cycleTime: '0s', bindTime: '0s' }, metrics: { checkEvery: 1 }, duration: '1h',
    storage: { attach: '10s', detach: '5s', mount: '1s' },
    nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }],
    manifests: 'objects.json', steps, ...members,
  };
  const files = memoryFiles({
    'story.json': JSON.stringify(tree),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [set] }),
  });
  const { scenario } = readScenario({ file: 'story.json' }, files);
  const lines: string[] = [];
  const simulation = new Simulation(scenario, {
    version: 'story', userPlugins: [], openTrace: null, plain: false,
    makeIllnesses: nodeIllnesses, makeVolumes: attachDetach,
    watch: ({ kernel, cluster }) => {
      const say = (row: number, text: string): void =>
        void lines.push(`${String(kernel.now / MICROS_PER_SECOND)} ${cluster.podName(row)} ${text}`);
      cluster.observe({
        podBound: (row) => { say(row, `on ${cluster.nodes.facts[cluster.pods.node[row]].name}`); },
        podStarted: (row) => { say(row, 'runs'); },
        podDeleted: (row) => { say(row, 'gone'); },
        eventRecorded: (row, { reason, message }) => { say(row, `${reason}: ${message}`); },
      });
    },
  });
  const { cluster, scheduler } = simulation.parts;
  new LookedEvents(cluster, [scheduler]);
  while (simulation.advance(100_000));
  simulation.result(true);
  return lines;
}

const VOLUME = 'pvc-default.data-db-0';
const ATTACHED = `SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "${VOLUME}"`;
const BEGIN = ['0 db-0 on n-0', `10 db-0 ${ATTACHED}`, '11 db-0 runs'];
const MULTI = `FailedAttachVolume: Multi-Attach error for volume "${VOLUME}" ` +
  'Volume is already exclusively attached to one node and can\'t be attached to another';

describe('a volume that one node may use', () => {
  test('is attached and mounted before the pod starts, and on another node only when it is detached', () => {
    expect(tell([{ at: '100s', drain: { nodes: ['n-0'] } }])).toEqual([
      ...BEGIN, '101 db-0 gone', '101 db-0 on n-1', `101 db-0 ${MULTI}`,
      // Unmounted at once and reported at 110 s, detached in 5 s, attached in 10, mounted in 1.
      `125 db-0 ${ATTACHED}`, '126 db-0 runs',
    ]);
  });

  test('is mounted again for a pod that comes back before the node has said that it let it go', () => {
    const one = { nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }] };
    expect(tell([{ at: '102s', delete: { object: 'pod/db-0' } }], one)).toEqual([
      ...BEGIN, '103 db-0 gone', '103 db-0 on n-0', '104 db-0 runs',
    ]);
  });

  test('is detached by force 6 minutes after its pod has gone, when its node is silent', () => {
    // The Node object goes 5 s after the machine; its pods 40 s after the next 20 s.
    expect(tell([{ at: '100s', reclaim: { nodes: ['n-0'], notice: '0s' } }])).toEqual([
      ...BEGIN, '160 db-0 gone', '160 db-0 on n-1', `160 db-0 ${MULTI}`,
      `${String(160 + 360 + 5 + 10)} db-0 ${ATTACHED}`, `${String(160 + 360 + 5 + 10 + 1)} db-0 runs`,
    ]);
  });

  test('is detached when a node that was cut off has come back and let its pod go', () => {
    const steps = [
      { at: '100s', partition: { nodes: ['n-0'], for: '10m' } }, { at: '650s', cordon: { nodes: ['n-0'] } },
    ];
    expect(tell(steps)).toEqual([
      ...BEGIN, '701 db-0 gone', '701 db-0 on n-1', `701 db-0 ${MULTI}`, `725 db-0 ${ATTACHED}`, '726 db-0 runs',
    ]);
  });
});

test('a volume that many nodes may use is attached to the next one at once', () => {
  expect(tell([{ at: '100s', drain: { nodes: ['n-0'] } }], { mode: 'ReadWriteMany' })).toEqual([
    ...BEGIN, '101 db-0 gone', '101 db-0 on n-1', `111 db-0 ${ATTACHED}`, '112 db-0 runs',
  ]);
});

test('without the block volumes are where they are needed', () => {
  expect(tell([{ at: '100s', drain: { nodes: ['n-0'] } }], { storage: undefined })).toEqual([
    '0 db-0 on n-0', '0 db-0 runs', '101 db-0 gone', '101 db-0 on n-1', '101 db-0 runs',
  ]);
});
