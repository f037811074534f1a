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

const STORAGE = { provision: '0s', attach: '10s', detach: '5s', mount: '1s' };

/** What happens to pods and volumes of a set of one pod, a line each with its second. Two nodes `n-0`, `n-1`. */
function tell(
  steps: readonly Fields[],
  { mode = 'ReadWriteOnce', replicas = 1, more = {}, objects = [], ...members }: Fields = {},
): string[] {
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
      ...more as Fields,
    },
  };
  const tree = {
    seed: 'volumes', kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    scheduler: { cycleTime: '0s', bindTime: '0s' }, metrics: { checkEvery: 1 }, duration: '1h',
    storage: STORAGE,
    nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }],
    manifests: 'objects.json', steps, ...members,
  };
  const files = memoryFiles({
    'story.json': JSON.stringify(tree),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [set, ...objects as readonly Fields[]] }),
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
        objectChanged: (kind, action, { metadata, ...object }) => {
          const { phase } = (object as { readonly status?: { readonly phase?: string } }).status ?? {};
          const text = `${String(kernel.now / MICROS_PER_SECOND)} ${kind} ${metadata?.name ?? ''}`;
          if (kind.startsWith('PersistentVolume') && action === 'delete') lines.push(`${text} gone`);
          else if (phase === 'Released') lines.push(`${text} Released`);
        },
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

describe('a driver', () => {
  test('takes its time to make a volume, and the pod is bound when there is one', () => {
    // The binding looks once a second.
    expect(tell([], { storage: { ...STORAGE, provision: '3500ms' } })).toEqual([
      '4 db-0 on n-0', `14 db-0 ${ATTACHED}`, '15 db-0 runs',
    ]);
  });

  test('that never makes one is asked for ever; the pod is tried again every ten minutes', () => {
    const storage = { ...STORAGE, failures: { provision: 1 } };
    expect(tell([], { storage, duration: '20m' })).toEqual([]);
  });

  test('that fails to attach is asked again after 500 ms, 1 s, 2 s ...', () => {
    const failed = 'FailedAttachVolume: AttachVolume.Attach failed for volume "pvc-default.data-db-0" : ' +
      'rpc error: code = Internal desc = the driver failed';
    const storage = { ...STORAGE, attach: '1s', failures: { attach: 1 } };
    expect(tell([], { storage, duration: '70s' })).toEqual([
      '0 db-0 on n-0', ...[1, 2.5, 4.5, 7.5, 12.5, 21.5, 38.5].map((second) => `${second} db-0 ${failed}`),
    ]);
  });

  test('that fails to mount is asked again', () => {
    const lines = tell([], { storage: { ...STORAGE, failures: { mount: 0.6 } } });
    const failures = lines.filter((line) => line.includes('FailedMount: MountVolume.MountDevice failed for volume'));
    expect(failures.length).toBeGreaterThan(0);
    const pauses = failures.map((_line, index) => 0.5 * 2 ** index + 1).reduce((sum, seconds) => sum + seconds, 0);
    expect(lines.at(-1)).toBe(`${String(11 + pauses)} db-0 runs`);
  });

  test('that fails to detach keeps the volume from the next node', () => {
    const lines = tell([{ at: '100s', drain: { nodes: ['n-0'] } }], { storage: { ...STORAGE, failures: { detach: 1 } } });
    expect(lines.slice(-1)).toEqual([`101 db-0 ${MULTI}`]);
  });
});

test('a kubelet that has waited in vain for 2m3s looks again 10 to 15 seconds later, and says nothing', () => {
  const lines = tell([], { storage: { ...STORAGE, attach: '124s' } });
  expect(lines.slice(0, 2)).toEqual(['0 db-0 on n-0', `124 db-0 ${ATTACHED}`]);
  const [at] = lines[2].split(' ').map(Number);
  expect(lines[2]).toMatch(/ runs$/);
  expect(at).toBeGreaterThanOrEqual(133);
  expect(at).toBeLessThan(138);
});

describe('a node with room for one volume', () => {
  const limit = (name: string, count: number): Fields => ({
    apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name },
    spec: { drivers: [{ name: 'disk.example', nodeID: name, topologyKeys: [], allocatable: { count } }] },
  });
  const fast = {
    apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' },
    provisioner: 'disk.example', volumeBindingMode: 'WaitForFirstConsumer',
  };
  const one = { nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }] };
  const objects = [limit('n-0', 1), fast];
  /** Without the plugin that counts volumes. */
  const careless = {
    apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration',
    profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { disabled: [{ name: 'NodeVolumeLimits' }] } } }],
  };

  test('refuses the second, and fails the pod when its kubelet has waited for it in vain', () => {
    const scheduler = { cycleTime: '0s', bindTime: '0s', config: careless };
    const lines = tell([], { ...one, scheduler, objects, replicas: 2, duration: '124s' });
    const second = lines.filter((line) => line.includes('db-1'));
    const failed = second.filter((line) => line.includes('FailedAttachVolume'));
    expect(failed.map((line) => Number(line.split(' ')[0]))).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5]);
    expect(failed[0]).toContain('rpc error: code = ResourceExhausted');
    // The StatefulSet makes it anew, and it comes to the same node.
    expect(second.filter((line) => /db-1 (gone|on)/.test(line))).toEqual(['0 db-1 on n-0', '123 db-1 gone', '123 db-1 on n-0']);
  });

  test('is not chosen while a volume is still attached that no pod uses', () => {
    const claim = {
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'own', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
    };
    const pod = {
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'next', namespace: 'default' },
      spec: {
        containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'own' } }],
      },
    };
    // The pod without an owner is first; it goes at 102 s and leaves its volume on the node until 115.
    const lines = tell([{ at: '101s', delete: { object: 'pod/next' } }], { ...one, objects: [...objects, claim, pod] });
    expect(lines.filter((line) => / on n-0$|gone$|Failed/.test(line))).toEqual([
      '0 next on n-0', '102 next gone', '115 db-0 on n-0',
    ]);
  });
});

describe('claims and volumes that nobody needs any more', () => {
  const CLAIM = 'PersistentVolumeClaim data-db-0';
  const gone = (lines: readonly string[]): readonly string[] => lines.filter((line) => / (gone|Released)$/.test(line));
  const retention = (whenScaled: string, whenDeleted: string): Fields => (
    { more: { persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } } }
  );
  const scale = [{ at: '102s', scale: { workload: 'statefulset/db', replicas: 0 } }];

  test('stay when a set is scaled down or deleted, unless it says otherwise', () => {
    expect(gone(tell(scale))).toEqual(['103 db-0 gone']);
    expect(gone(tell([{ at: '102s', delete: { object: 'statefulset/db' } }]))).toEqual(['103 db-0 gone']);
  });

  test('go with the pod, and the volume when its node has let it go', () => {
    expect(gone(tell(scale, retention('Delete', 'Retain')))).toEqual([
      '103 db-0 gone', `103 ${CLAIM} gone`, `103 PersistentVolume ${VOLUME} Released`,
      `115 PersistentVolume ${VOLUME} gone`,
    ]);
  });

  test('go with the set', () => {
    expect(gone(tell([{ at: '102s', delete: { object: 'statefulset/db' } }], retention('Retain', 'Delete')))).toEqual([
      '103 db-0 gone', `103 ${CLAIM} gone`, `103 PersistentVolume ${VOLUME} Released`,
      `115 PersistentVolume ${VOLUME} gone`,
    ]);
  });

  test('are kept where the class says Retain', () => {
    const objects = [{
      apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' }, reclaimPolicy: 'Retain',
      provisioner: 'disk.example', volumeBindingMode: 'WaitForFirstConsumer',
    }];
    expect(gone(tell(scale, { ...retention('Delete', 'Retain'), objects }))).toEqual([
      '103 db-0 gone', `103 ${CLAIM} gone`, `103 PersistentVolume ${VOLUME} Released`,
    ]);
  });

  test('go at once where volumes take no time', () => {
    expect(gone(tell(scale, { ...retention('Delete', 'Retain'), storage: undefined }))).toEqual([
      '103 db-0 gone', `103 ${CLAIM} gone`, `103 PersistentVolume ${VOLUME} gone`,
    ]);
  });

  test('that somebody deletes go after the pod that uses them', () => {
    const steps = [{ at: '50s', delete: { object: 'pvc/data-db-0' } }, ...scale];
    const objects = [{
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data-db-0', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
    }];
    expect(gone(tell(steps, { objects }))).toEqual([
      '103 db-0 gone', `103 ${CLAIM} gone`, `103 PersistentVolume ${VOLUME} Released`,
      `115 PersistentVolume ${VOLUME} gone`,
    ]);
  });
});

test('without the block volumes are where they are needed', () => {
  expect(tell([{ at: '100s', drain: { nodes: ['n-0'] } }], { storage: undefined })).toEqual([
    '0 db-0 on n-0', '0 db-0 runs', '101 db-0 gone', '101 db-0 on n-1', '101 db-0 runs',
  ]);
});
