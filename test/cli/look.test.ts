// get, describe and events from the command line: what kubectl would print of the simulated cluster, at any moment; and
// back again as a dump.
import { withoutHash } from '../support/without-hash.ts';
import { describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

const SCENARIO = `name: small
duration: 3h
nodePools:
  - {name: big, count: 2, allocatable: {cpu: 4, memory: 8Gi, pods: 110}}
workloads:
  - {name: task, kind: Pod, arrivals: {at: 1s}, lifetime: 30m, requests: {cpu: 1, memory: 1Gi}}
  - {name: gen, kind: Deployment, replicas: 2, arrivals: {at: 10m, count: 1}, lifetime: 1h, requests: {cpu: 100m}}
manifests: [shop.yaml]
steps:
  - {at: 90m, drain: {nodes: [big-0], deleteEmptyDirData: true}}
`;
const SHOP = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: app, image: "nginx:1", resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {memory: 512Mi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "pg:1", resources: {requests: {cpu: 1}}}]
      volumes: [{name: scratch, emptyDir: {}}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 10Gi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: kube-system}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "agent:1", resources: {requests: {cpu: 100m}}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, namespace: shop}
spec:
  schedule: "*/30 * * * *"
  jobTemplate:
    spec:
      template: {spec: {restartPolicy: Never, containers: [{name: c, image: x, resources: {requests: {cpu: 100m}}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Pod
metadata: {name: huge, namespace: shop}
spec: {containers: [{name: h, image: h, resources: {requests: {cpu: 3950m}}}]}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: disks.example.com
volumeBindingMode: WaitForFirstConsumer
`;

function begin(): void {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('shop.yaml', SHOP);
}

async function shown(command: 'get' | 'describe' | 'events', ...args: readonly string[]): Promise<string> {
  begin();
  const { out, err, code } = await folder.here(command, 'scenario.yaml', ...args);
  expect([code, err]).toEqual([0, expect.not.stringContaining('error')]);
  return out;
}

function get(...args: readonly string[]): Promise<string> {
  return shown('get', ...args);
}

describe('get', () => {
  test('nodes, and one that a drain has cordoned', async () => {
    expect(await get('nodes', '--at', '12m')).toBe(
      'NAME    STATUS   ROLES    AGE   VERSION\n' +
        'big-0   Ready    <none>   12m   v1.37\n' +
        'big-1   Ready    <none>   12m   v1.37\n',
    );
    expect(await get('no', 'big-0', '--at', '2h')).toContain(
      'big-0   Ready,SchedulingDisabled   <none>   120m   v1.37',
    );
  });

  test('pods from their first second to their last', async () => {
    const starting = await get('pods', '-n', 'shop', '--at', '2s');
    expect(starting).toMatch(/^db-0 +0\/1 +ContainerCreating +0 +2s$/m);
    const running = await get('po', '-A', '--at', '12m', '-o', 'wide');
    expect(running.split('\n')[0]).toBe(
      'NAMESPACE     NAME                 READY   STATUS    RESTARTS   AGE   IP       NODE     ' +
        'NOMINATED NODE   READINESS GATES',
    );
    expect(running).toMatch(/^shop +huge +0\/1 +Pending +0 +12m +<none> +<none> +<none> +<none>$/m);
    expect(running).toMatch(/^default +gen-0-\w+-1 +1\/1 +Running +0 +2m +<none> +big-[01] +<none> +<none>$/m);
    expect(await get('pods', '-n', 'shop', '--at', '95m')).toMatch(/^tick-\d+-0 +0\/1 +Completed +0 +5m$/m);
  });

  test('what the scenario generates has objects, each with its owner', async () => {
    const deployment = JSON.parse(await get('deployment/gen-0', '--at', '12m', '-o', 'json')) as Record<string, object>;
    expect(deployment).toMatchObject({
      metadata: { name: 'gen-0', annotations: { 'podyard.dev/generated': 'true' } },
      spec: { selector: { matchLabels: { 'podyard.dev/instance': 'gen-0' } } },
      status: { replicas: 2, availableReplicas: 2, observedGeneration: 1 },
    });
    const pods = (await get('pods', '--at', '12m', '-o', 'name')).split('\n').filter((name) => name.includes('gen-0-'));
    expect(pods).toHaveLength(2);
    const pod = JSON.parse(await get(pods[0], '--at', '12m', '-o', 'json')) as { metadata: { labels: object } };
    const set = /gen-0-\w+/.exec(pods[0])?.[0] ?? '';
    expect(pod).toMatchObject({ metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: set, controller: true }] } });
    expect(pod.metadata.labels).toMatchObject({ 'podyard.dev/instance': 'gen-0', 'pod-template-hash': set.slice(6) });
    const replicaSet = JSON.parse(await get(`rs/${set}`, '--at', '12m', '-o', 'json')) as object;
    expect(replicaSet).toMatchObject({ metadata: { ownerReferences: [{ kind: 'Deployment', name: 'gen-0' }] } });
  });

  test('workloads, budgets and storage in columns of their own', async () => {
    const all = await get('all,pdb,pvc,pv,sc,ns', '-n', 'shop', '--at', '12m');
    for (const line of [
      /^deployment.apps\/web +3\/3 +3 +3 +12m$/m,
      /^replicaset.apps\/web-\w+ +3 +3 +3 +12m$/m,
      /^statefulset.apps\/db +1\/1 +12m$/m,
      /^cronjob.batch\/tick +\*\/30 \* \* \* \* +<none> +False +0 +<none> +12m$/m,
      /^poddisruptionbudget.policy\/web +2 +N\/A +1 +12m$/m,
      /^persistentvolumeclaim\/data-db-0 +Bound +pvc-shop.data-db-0 +10Gi +RWO +fast +<unset> +12m$/m,
      /^persistentvolume\/pvc-shop.data-db-0 +10Gi +RWO +Delete +Bound +shop\/data-db-0 +fast +<unset> +12m$/m,
      /^storageclass.storage.k8s.io\/fast +disks.example.com +Delete +WaitForFirstConsumer +false +12m$/m,
      /^namespace\/kube-system +Active +12m$/m,
    ]) expect(all).toMatch(line);
    expect(await get('ds', '-A', '--at', '12m')).toMatch(/^kube-system +agent +2 +2 +2 +2 +2 +<none> +12m$/m);
    expect(await get('deploy', '--at', '12m')).toMatch(/^gen-0 +2\/2 +2 +2 +2m$/m);
  });

  test('selectors, orders, names', async () => {
    const waiting = await get('pods', '-n', 'shop', '--field-selector', 'status.phase=Pending', '-o', 'name');
    expect(waiting).toBe('pod/huge\n');
    const labelled = await get('pods', '-A', '-l', 'app in (web,db)', '--no-headers', '--at', '1h');
    expect(labelled.trim().split('\n')).toHaveLength(4);
    const sorted = await get('pods', '-A', '--sort-by', '{.metadata.creationTimestamp}', '-o', 'name', '--at', '12m');
    expect(sorted.trim().split('\n').at(-1)).toMatch(/^pod\/gen-0-/);
    expect(await get('deploy/web', '-n', 'shop', '-o', 'name')).toBe('deployment.apps/web\n');
  });

  test('without --at: the end of the run; the kind may come first', async () => {
    begin();
    const { out } = await folder.here('get', 'nodes', 'scenario.yaml');
    expect(out).toMatch(/^big-1 +Ready +<none> +3h +v1.37$/m);
  });

  test('the folder of a run answers for its scenario', async () => {
    begin();
    await folder.here('run', 'scenario.yaml', '--seed', 'other', '--out', 'kept', '--quiet');
    const { out } = await folder.here('get', 'kept', 'pods', '-A', '--at', '12m', '-o', 'wide');
    expect(out).toBe(await get('pods', '-A', '--at', '12m', '-o', 'wide', '--seed', 'other'));
  });
});

describe('a cluster that is printed and read again', () => {
  const KINDS = 'nodes,pods,deploy,rs,sts,ds,jobs,cj,pdb,pvc,pv,sc,ns';
  const MORE = `apiVersion: apps/v1
kind: Deployment
metadata: {name: more}
spec:
  replicas: 6
  selector: {matchLabels: {app: more}}
  template:
    metadata: {labels: {app: more}}
    spec: {containers: [{name: m, image: m, resources: {requests: {cpu: 300m, memory: 500Mi}}}]}
`;

  test.each(['2s', '12m', '31m', '2h'])('at %s it has the same nodes, pods and requests', async (at) => {
    begin();
    folder.write('more.yaml', MORE);
    folder.write('dump.yaml', await get(KINDS, '-A', '--at', at, '-o', 'yaml'));
    const own = await folder.here('whatif', 'scenario.yaml', 'more.yaml', '--at', at, '-o', 'json');
    const again = await folder.here('whatif', 'dump.yaml', 'more.yaml', '-o', 'json');
    expect(again).toEqual({ ...own, err: expect.not.stringContaining('error') as string });
    const names = async (source: string, ...more: readonly string[]): Promise<string[]> => {
      const { out } = await folder.here('get', source, 'pods', '-A', '-o', 'wide', '--no-headers', ...more);
      const lines = out.trim().split('\n').filter((line) => !/Completed|Terminating/.test(line));
      return lines.map((line) => line.replaceAll(/ +/g, ' ').replace(/ \S+( \S+ \S+ \S+ \S+)$/, '$1'));
    };
    expect(await names('dump.yaml')).toEqual(await names('scenario.yaml', '--at', at));
  });

  test('one object alone, in JSON', async () => {
    const node = JSON.parse(await get('node/big-1', '--at', '12m', '-o', 'json')) as { kind: string; metadata: object };
    expect(node).toMatchObject({ kind: 'Node', metadata: { name: 'big-1', creationTimestamp: '2024-01-01T00:00:00Z' } });
  });
});

describe('what is not there', () => {
  async function refused(...args: readonly string[]): Promise<string> {
    begin();
    const { code, err } = await folder.here('get', ...args);
    expect(code).toBe(2);
    return err;
  }

  test("kubectl's sentence, and where the object is", async () => {
    const err = await refused('scenario.yaml', 'pods', 'db-0', 'hug', '-n', 'shop');
    expect(err).toContain('Error from server (NotFound): pods "hug" not found — did you mean "huge"?\n');
    expect(await refused('scenario.yaml', 'deploy', 'web')).toContain(
      'Error from server (NotFound): deployments.apps "web" not found (it is in namespace shop: -n shop)\n',
    );
  });

  test('kinds, moments, fields and selectors that cannot be', async () => {
    expect(await refused('scenario.yaml', 'podz')).toContain(
      'error: the server doesn\'t have a resource type "podz" — did you mean "pods"?',
    );
    expect(await refused('scenario.yaml', 'pods', '--at', '5h')).toContain(
      'error: --at: expected a moment of the run, found "5h": the run ends at 3h',
    );
    expect(await refused('scenario.yaml', 'pods', '--at', 'soon')).toContain('--at: expected a duration such as');
    expect(await refused('scenario.yaml', 'pods', '--field-selector', 'status.fase=x')).toContain(
      '--field-selector: field label not supported: status.fase',
    );
    expect(await refused('scenario.yaml', 'pods', '-l', 'a=(')).toContain('error: --selector:');
    expect(await refused('scenario.yaml', 'pods', '--sort-by', '')).toContain('--sort-by');
    expect(await refused('nowhere.yaml', 'pods')).toContain('nowhere.yaml');
  });

  test('nothing found is no mistake', async () => {
    begin();
    const { code, out, err } = await folder.here('get', 'scenario.yaml', 'jobs', '--at', '1m');
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('No resources found in default namespace.');
  });
});

describe('describe', () => {
  const described = (...args: readonly string[]): Promise<string> => shown('describe', ...args);

  test('a pod that waits: why, in the scheduler\'s words', async () => {
    const text = await described('pod', 'huge', '-n', 'shop', '--at', '12m');
    expect(text).toContain('\nNode:         <none>\n');
    expect(text).toContain('\nStatus:       Pending\n');
    expect(text).toContain('\n  PodScheduled   False \n');
    expect(text).toMatch(
      /^ {2}Warning {2}FailedScheduling .* default-scheduler {2}0\/2 nodes are available: 2 Insufficient cpu\./m,
    );
  });

  test('a node: what it offers and who has it', async () => {
    const text = await described('node', 'big-1', '--at', '12m');
    expect(text).toMatch(/^ {2}Ready {3}True .* KubeletReady {3}kubelet is posting ready status$/m);
    expect(text).toMatch(/^ {2}kube-system +agent-1 +100m \(2%\) +0 \(0%\) +0 \(0%\) +0 \(0%\) +12m$/m);
    const requested = /^ {2}cpu +(\d+)m \((\d+)%\)/m.exec(text);
    expect(Number(requested?.[2])).toBe(Math.trunc(Number(requested?.[1]) / 40));
    const cordoned = await described('node/big-0', '--at', '2h');
    expect(cordoned).toContain(
      'Taints:             node.kubernetes.io/unschedulable:NoSchedule\nUnschedulable:      true\n',
    );
    expect(cordoned).toMatch(
      /^ {2}Normal {2}NodeNotSchedulable +\S+ +kubelet +Node big-0 status is now: NodeNotSchedulable$/m,
    );
  });

  test('a Deployment with its ReplicaSet, a Job that is done', async () => {
    const text = await described('deploy', 'web', '-n', 'shop', '--at', '12m');
    expect(text).toContain('3 desired | 3 updated | 3 total | 3 available | 0 unavailable\n');
    expect(text).toMatch(/^NewReplicaSet: +web-\w+ \(3\/3 replicas created\)$/m);
    expect(text).toMatch(/deployment-controller {2}Scaled up replica set web-\w+ from 0 to 3$/m);
    expect(await described('job', '-n', 'shop', '--at', '35m')).toMatch(
      /^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m,
    );
  });

  test('nothing of that name', async () => {
    begin();
    const { code, err } = await folder.here('describe', 'scenario.yaml', 'pod', 'nobody', '-n', 'shop');
    expect(code).toBe(2);
    expect(err).toContain('Error from server (NotFound): pods "nobody" not found');
  });
});

describe('pods that do not start', () => {
  const ill = {
    duration: '1h', kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }],
    workloads: [
      {
        name: 'bad', kind: 'Deployment', requests: { cpu: 1 }, arrivals: { at: '0s' },
        template: { spec: { containers: [{ name: 'app' }, { name: 'log' }] } },
        application: { containers: { app: { failure: { after: '5s' } } } },
      },
      {
        name: 'far', kind: 'Deployment', requests: { cpu: 1 }, arrivals: { at: '61s' },
        template: { spec: { containers: [{ name: 'app', image: 'far:1' }] } },
      },
    ],
    steps: [{ at: '1m', registryOutage: { for: '10m' } }],
  };
  const rows = async (at: string): Promise<string[]> => {
    folder.write('ill.yaml', JSON.stringify(ill));
    const { out } = await folder.here('get', 'ill.yaml', 'pods', '--at', at, '--no-headers');
    return out.trim().split('\n').map((line) => withoutHash(line.replaceAll(/ +/g, ' ')));
  };

  test('say so as kubectl does, with the restarts of each container', async () => {
    // Ends at 5 s, again at once, ends at 10 s, starts at 20 s, ends at 25 s, waits 20 s.
    expect(await rows('8s')).toEqual(['bad-0-0 2/2 Running 1 (3s ago) 8s']);
    expect(await rows('30s')).toEqual(['bad-0-0 1/2 CrashLoopBackOff 2 (5s ago) 30s']);
    expect((await rows('65s'))[1]).toBe('far-0-0 0/1 ErrImagePull 0 4s');
    expect((await rows('85s'))[1]).toBe('far-0-0 0/1 ImagePullBackOff 0 24s');
    expect((await rows('20m'))[1]).toBe('far-0-0 1/1 Running 0 18m');
    const { out: names } = await folder.here('get', 'ill.yaml', 'pods', '--at', '30s', '-o', 'name');
    const { out } = await folder.here('describe', 'ill.yaml', names.trim(), '--at', '30s');
    expect(out).toMatch(/State: +Waiting\n +Reason: +CrashLoopBackOff\n +Last State: +Terminated\n/);
    expect(out).toMatch(/ +Reason: +Error\n +Exit Code: +1\n/);
    expect(out).toMatch(/Warning +BackOff .*Back-off restarting failed container app in pod bad-0-\w+-0_default/);
  });
});

describe('events', () => {
  const events = (...args: readonly string[]): Promise<string> => shown('events', ...args);

  test('the life of a pod', async () => {
    const out = await events('--for', 'pod/task-0', '--at', '12m', '--no-headers');
    expect(out.replaceAll(/ +/g, ' ').split('\n')).toEqual([
      expect.stringMatching(
        /^11m Normal Scheduled Pod\/task-0 Successfully assigned default\/task-0 to big-[01]$/,
      ) as string,
      '11m Normal Created Pod/task-0 Container created',
      '11m Normal Started Pod/task-0 Container started',
      '',
    ]);
  });

  test('warnings of all namespaces, told once and counted', async () => {
    const out = await events('-A', '--types', 'Warning', '--at', '12m');
    expect(out).toMatch(
      /^shop +\S+ \(x\d+ over 1[12]m\) +Warning +FailedScheduling +Pod\/huge +0\/2 nodes are available: /m,
    );
  });

  test('evictions by a drain, as a table of get', async () => {
    const out = await get('events', '-n', 'shop', '--field-selector', 'reason=Killing');
    expect(out).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$/m);
    expect(out).toMatch(/ Normal +Killing +pod\/\S+ +Stopping container (app|db)$/m);
  });

  test('one Scheduled for each pod that the run has scheduled', async () => {
    const out = await events('-A', '-o', 'json', '--at', '3h');
    const { items } = JSON.parse(out) as { items: { reason: string; count: number }[] };
    const run = await folder.here('run', 'scenario.yaml', '-o', 'json', '--quiet');
    const { counts } = JSON.parse(run.out) as { counts: { podsScheduled: number } };
    const bound = items.filter(({ reason }) => reason === 'Scheduled').reduce((sum, { count }) => sum + count, 0);
    expect(bound).toBe(counts.podsScheduled);
  });

  test('wrong words', async () => {
    begin();
    const told = async (...args: readonly string[]): Promise<string> =>
      (await folder.here('events', 'scenario.yaml', ...args)).err;
    expect(await told('--types', 'Bad')).toContain('error: --types: expected Normal or Warning, found "Bad"');
    expect(await told('--for', 'web')).toContain('error: --for: expected KIND/NAME such as pod/web-0, found "web"');
    expect(await told('--for', 'pud/web')).toContain('did you mean');
  });
});

test('a claim that is used tells when it was asked to go', async () => {
  folder.write('claim.yaml', `duration: 1h
nodePools: [{name: n, count: 1, allocatable: {cpu: 4, memory: 8Gi, pods: 10}}]
manifests:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: default}
    spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
  - {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: disks.example.com}
  - apiVersion: v1
    kind: Pod
    metadata: {name: user, namespace: default}
    spec:
      containers: [{name: c, image: i}]
      volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
steps: [{at: 10m, delete: {object: pvc/data}}]
`);
  const look = async (at: string, ...more: readonly string[]): Promise<string> =>
    (await folder.here('get', 'claim.yaml', 'pvc', 'data', '--at', at, ...more)).out;
  const { metadata } = JSON.parse(await look('12m', '-o', 'json')) as { readonly metadata: Record<string, string> };
  const seconds = (text: string): number => Date.parse(text) / 1000;
  expect(metadata['deletionTimestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(seconds(metadata['deletionTimestamp']) - seconds(metadata['creationTimestamp'])).toBe(600);
  expect(await look('12m')).toMatch(/^data +Terminating/m);
  expect(await look('9m', '-o', 'json')).not.toContain('deletionTimestamp');
});

test('a status leaves out what is 0, but for what its kind always says', async () => {
  folder.write('zeros.yaml', JSON.stringify({
    duration: '1h', nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }],
    workloads: [{ name: 'web', kind: 'Deployment', replicas: 2, requests: { cpu: 1 }, arrivals: { at: '0s' } }],
    steps: [{ at: '10m', rollout: { workload: 'deploy/web-0', image: 'x:2' } }],
  }));
  const statuses = async (kind: string): Promise<unknown[]> => {
    const { out } = await folder.here('get', 'zeros.yaml', kind, '--at', '20m', '-o', 'json');
    return (JSON.parse(out) as { items: { status: object }[] }).items.map(({ status }) => status);
  };
  expect(await statuses('rs')).toEqual([
    { observedGeneration: expect.any(Number) as unknown, replicas: 2, readyReplicas: 2, availableReplicas: 2 },
    { observedGeneration: expect.any(Number) as unknown, replicas: 0 },
  ]);
  const [deployment] = await statuses('deploy');
  expect(deployment).not.toHaveProperty('unavailableReplicas');
  expect(deployment).toMatchObject({ replicas: 2, updatedReplicas: 2 });
});
