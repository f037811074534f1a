/**
 * Made-up clusters of 200 nodes, in the shape of `kubectl get nodes,pods,deploy,rs,sts,ds,job,pdb,pv,pvc,sc,svc -A -o yaml`:
 *   node workloads/rehearse/make-dump.mjs operators > operators.yaml
 * Plain JavaScript without packages, so that it runs wherever Node does. The same name gives the same bytes.
 */
const ZONES = ['eu-1a', 'eu-1b', 'eu-1c'];
const CREATED = '2026-01-05T08:00:00Z';
const UNTIL_READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], startTime: CREATED };

/** Lists objects and places pods: on the node of the zone and pool with the fewest pods of the workload, then the most room. */
class Dump {
  items = [];
  nodes = [];

  pool(name, count, cpu, memoryGi, more = {}) {
    for (let i = 0; i < count; i++) {
      const node = `${name}-${String(i).padStart(3, '0')}`;
      const zone = ZONES[i % ZONES.length];
      this.nodes.push({ name: node, pool: name, zone, cpu, memory: memoryGi, pods: new Map() });
      const amounts = { cpu: String(cpu), memory: `${memoryGi}Gi`, pods: '110' };
      this.items.push({
        apiVersion: 'v1', kind: 'Node',
        metadata: {
          name: node, creationTimestamp: CREATED,
          labels: {
            'kubernetes.io/hostname': node, 'topology.kubernetes.io/zone': zone, 'topology.kubernetes.io/region': 'eu-1',
            'eks.amazonaws.com/nodegroup': name,
          },
        },
        spec: { providerID: `aws:///${zone}/i-${node}`, ...more },
        status: { allocatable: amounts, capacity: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
  }

  place(app, cpu, memory, { pool, zone } = {}) {
    const fits = this.nodes.filter((node) =>
      (pool === undefined || node.pool === pool) && (zone === undefined || node.zone === zone) && node.cpu >= cpu && node.memory >= memory);
    if (fits.length === 0) throw new Error(`no room for ${app}`);
    const rank = (node) => (node.pods.get(app) ?? 0) * 1e6 - node.cpu;
    const best = fits.reduce((a, b) => (rank(b) < rank(a) ? b : a));
    best.cpu -= cpu;
    best.memory -= memory;
    best.pods.set(app, (best.pods.get(app) ?? 0) + 1);
    return best;
  }

  template(name, { cpu, memory, pool, spec = {} }) {
    return {
      metadata: { labels: { app: name } },
      spec: {
        containers: [{ name: 'main', image: `registry.example/${name}:v1`, resources: { requests: { cpu: `${cpu * 1000}m`, memory: `${memory}Gi` } } }],
        ...(pool === undefined ? {} : { nodeSelector: { 'eks.amazonaws.com/nodegroup': pool } }),
        ...spec,
      },
    };
  }

  pod(namespace, name, template, owner, node, labels = {}, claim) {
    const ownerReferences = owner === null ? undefined : [{ apiVersion: 'apps/v1', kind: owner.kind, name: owner.name, uid: `${namespace}-${owner.name}`, controller: true }];
    const volumes = claim === undefined ? {} : { volumes: [...(template.spec.volumes ?? []), { name: 'data', persistentVolumeClaim: { claimName: claim } }] };
    this.items.push({
      apiVersion: 'v1', kind: 'Pod',
      metadata: { name, namespace, creationTimestamp: CREATED, labels: { ...template.metadata.labels, ...labels }, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
      spec: { ...template.spec, ...volumes, nodeName: node.name },
      status: UNTIL_READY,
    });
  }

  deployment(namespace, name, replicas, shape, { budget, strategy } = {}) {
    const template = this.template(name, shape);
    const hash = `${name}-7c9f`;
    const labelled = { ...template, metadata: { labels: { ...template.metadata.labels, 'pod-template-hash': '7c9f' } } };
    const annotations = { 'deployment.kubernetes.io/revision': '1' };
    const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: 1 };
    this.items.push(
      {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, uid: `${namespace}-${name}`, annotations },
        spec: { replicas, selector: { matchLabels: { app: name } }, template, ...(strategy === undefined ? {} : { strategy }) },
        status: { ...counts, updatedReplicas: replicas },
      },
      {
        apiVersion: 'apps/v1', kind: 'ReplicaSet',
        metadata: { name: hash, namespace, uid: `${namespace}-${hash}`, annotations, labels: labelled.metadata.labels, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid: `${namespace}-${name}`, controller: true }] },
        spec: { replicas, selector: { matchLabels: labelled.metadata.labels }, template: labelled },
        status: counts,
      },
    );
    for (let i = 0; i < replicas; i++) {
      const node = this.place(name, shape.cpu, shape.memory, { pool: shape.pool, zone: shape.zones?.[i % shape.zones.length] ?? ZONES[i % ZONES.length] });
      this.pod(namespace, `${hash}-${i.toString(36).padStart(5, 'x')}`, template, { kind: 'ReplicaSet', name: hash }, node, { 'pod-template-hash': '7c9f' });
    }
    this.service(namespace, name);
    if (budget !== undefined) this.budget(namespace, name, budget);
  }

  /** With `disk` each pod has a volume of its zone. */
  statefulSet(namespace, name, replicas, shape, { budget, disk = false } = {}) {
    const template = this.template(name, shape);
    const claims = disk ? { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gp3', resources: { requests: { storage: '100Gi' } } } }] } : {};
    const revision = `${name}-6b5d`;
    this.items.push({
      apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, namespace, uid: `${namespace}-${name}` },
      spec: { replicas, serviceName: name, selector: { matchLabels: { app: name } }, template, ...claims },
      status: { replicas, readyReplicas: replicas, currentReplicas: replicas, updatedReplicas: replicas, currentRevision: revision, updateRevision: revision, observedGeneration: 1 },
    });
    for (let i = 0; i < replicas; i++) {
      const zone = ZONES[i % ZONES.length];
      const node = this.place(name, shape.cpu, shape.memory, { pool: shape.pool, zone });
      const claim = disk ? `data-${name}-${i}` : undefined;
      if (claim !== undefined) this.volume(namespace, claim, zone);
      this.pod(namespace, `${name}-${i}`, template, { kind: 'StatefulSet', name }, node, { 'controller-revision-hash': revision, 'apps.kubernetes.io/pod-index': String(i) }, claim);
    }
    this.service(namespace, name);
    if (budget !== undefined) this.budget(namespace, name, budget);
  }

  volume(namespace, claim, zone) {
    const volume = `pv-${namespace}-${claim}`;
    const terms = [{ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] }];
    const size = { storage: '100Gi' };
    this.items.push(
      {
        apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: volume },
        spec: { capacity: size, accessModes: ['ReadWriteOnce'], storageClassName: 'gp3', claimRef: { kind: 'PersistentVolumeClaim', namespace, name: claim }, nodeAffinity: { required: { nodeSelectorTerms: terms } }, csi: { driver: 'ebs.csi.aws.com', volumeHandle: volume } },
        status: { phase: 'Bound' },
      },
      {
        apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: claim, namespace },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gp3', volumeName: volume, resources: { requests: size } },
        status: { phase: 'Bound', capacity: size, accessModes: ['ReadWriteOnce'] },
      },
    );
  }

  storageClass() {
    this.items.push({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'gp3' }, provisioner: 'ebs.csi.aws.com', volumeBindingMode: 'WaitForFirstConsumer', reclaimPolicy: 'Delete' });
  }

  budget(namespace, name, rule) {
    this.items.push({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace, generation: 1 }, spec: { selector: { matchLabels: { app: name } }, ...rule } });
  }

  service(namespace, name) {
    this.items.push({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: name }, ports: [{ port: 80 }] } });
  }

  /** On every node. */
  daemons(namespace, name, cpu, memory) {
    const template = this.template(name, { cpu, memory, spec: { tolerations: [{ operator: 'Exists' }] } });
    this.items.push({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name, namespace, uid: `${namespace}-${name}` }, spec: { selector: { matchLabels: { app: name } }, template } });
    for (const node of this.nodes) {
      node.cpu -= cpu;
      node.memory -= memory;
      this.pod(namespace, `${name}-${node.name}`, template, { kind: 'DaemonSet', name }, node);
    }
  }
}

/** Nodes, and what runs on every one of them. */
function cluster() {
  const dump = new Dump();
  dump.pool('general', 140, 8, 32);
  dump.pool('memory', 40, 8, 64);
  dump.pool('system', 20, 4, 16);
  dump.storageClass();
  dump.daemons('kube-system', 'kube-proxy', 0.1, 0.125);
  dump.daemons('monitoring', 'node-exporter', 0.1, 0.125);
  dump.deployment('kube-system', 'coredns', 4, { cpu: 0.25, memory: 0.25, pool: 'system' }, { budget: { maxUnavailable: 1 } });
  dump.deployment('ingress', 'ingress-nginx', 9, { cpu: 0.5, memory: 0.5, pool: 'system' }, { budget: { minAvailable: '60%' } });
  return dump;
}

/** So many small services. */
function services(dump, count, replicas, cpu, budget) {
  for (let i = 0; i < count; i++) {
    const name = `service-${String(i).padStart(2, '0')}`;
    dump.deployment('shop', name, replicas, { cpu, memory: 1, pool: 'general' }, { budget });
  }
}

const DUMPS = {
  /** Stateless services with budgets as charts ship them. */
  shop() {
    const dump = cluster();
    services(dump, 60, 10, 0.8, { maxUnavailable: '25%' });
    dump.deployment('shop', 'checkout', 60, { cpu: 1, memory: 2, pool: 'general' }, { budget: { minAvailable: '80%' } });
    return dump;
  },
  /** Databases of operators, with budgets that allow nothing where there is one replica. */
  operators() {
    const dump = cluster();
    services(dump, 20, 6, 0.5, { maxUnavailable: 1 });
    for (const team of ['payments', 'orders', 'users']) dump.statefulSet(team, 'postgres', 1, { cpu: 2, memory: 8, pool: 'memory' }, { budget: { minAvailable: 1 }, disk: true });
    dump.statefulSet('streaming', 'kafka', 6, { cpu: 3, memory: 16, pool: 'memory' }, { budget: { maxUnavailable: 1 }, disk: true });
    dump.statefulSet('streaming', 'zookeeper', 3, { cpu: 1, memory: 4, pool: 'memory' }, { budget: { maxUnavailable: 1 }, disk: true });
    dump.statefulSet('search', 'elasticsearch', 9, { cpu: 4, memory: 24, pool: 'memory' }, { budget: { maxUnavailable: 1 }, disk: true });
    dump.statefulSet('vault', 'vault', 3, { cpu: 1, memory: 2, pool: 'memory' }, { budget: { minAvailable: 3 }, disk: true });
    return dump;
  },
  /** Volumes that cannot leave their zone. */
  zonal() {
    const dump = cluster();
    services(dump, 40, 9, 0.8, { minAvailable: '50%' });
    dump.statefulSet('streaming', 'kafka', 9, { cpu: 3, memory: 16, pool: 'memory' }, { budget: { maxUnavailable: 1 }, disk: true });
    dump.statefulSet('search', 'elasticsearch', 12, { cpu: 3, memory: 24, pool: 'memory' }, { budget: { maxUnavailable: 2 }, disk: true });
    dump.statefulSet('cache', 'redis', 6, { cpu: 1, memory: 8, pool: 'memory' }, { budget: { minAvailable: 4 } });
    return dump;
  },
  /** Hardly any room: whoever leaves a node finds no other. */
  full() {
    const dump = cluster();
    services(dump, 35, 20, 1.25, { maxUnavailable: '10%' });
    dump.deployment('batch', 'workers', 140, { cpu: 0.75, memory: 2, pool: 'general' });
    return dump;
  },
  /** What a drain of kubectl stumbles over: bare pods, local data, two budgets for one pod. */
  habits() {
    const dump = cluster();
    services(dump, 30, 8, 0.5, { maxUnavailable: 1 });
    dump.deployment('ci', 'runners', 70, { cpu: 0.5, memory: 1, pool: 'general', spec: { volumes: [{ name: 'work', emptyDir: {} }] } });
    dump.deployment('legacy', 'portal', 12, { cpu: 1, memory: 2, pool: 'general' }, { budget: { minAvailable: 6 } });
    dump.items.push({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'portal-too', namespace: 'legacy' }, spec: { selector: { matchLabels: { app: 'portal' } }, maxUnavailable: 2 } });
    for (let i = 0; i < 3; i++) dump.pod('default', `debug-${i}`, dump.template('debug', { cpu: 0.1, memory: 0.25 }), null, dump.nodes[i]);
    return dump;
  },
};

/** Block YAML as kubectl writes it; texts that would read as something else are quoted. */
function yaml(value, indent = '') {
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : `\n${value.map((item) => `${indent}-${inline(item, `${indent}  `)}`).join('')}`;
  if (typeof value !== 'object' || value === null) return ` ${scalar(value)}\n`;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  if (entries.length === 0) return ' {}\n';
  return `\n${entries.map(([key, member]) => `${indent}${key}:${yaml(member, Array.isArray(member) ? indent : `${indent}  `)}`).join('')}`;
}

/** A mapping begins on the line of its dash. */
function inline(item, indent) {
  const text = yaml(item, indent);
  return text.startsWith('\n') ? ` ${text.slice(1 + indent.length)}` : text;
}

function scalar(value) {
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[a-zA-Z][\w./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}

const [name = ''] = process.argv.slice(2);
if (DUMPS[name] === undefined) {
  process.stderr.write(`expected one of ${Object.keys(DUMPS).join(', ')}, found "${name}"\n`);
  process.exit(2);
}
process.stdout.write(yaml({ apiVersion: 'v1', items: DUMPS[name]().items, kind: 'List', metadata: { resourceVersion: '' } }).slice(1));
