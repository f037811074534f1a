/**
 * A slow twin of the scheduler's cache: maps and lists by name, every sum made anew at each question, as the text of
 * upstream's cache reads (pkg/scheduler/backend/cache/cache.go, framework/types.go NodeInfo, v1.36). Amounts are those
 * that the story's own kinds of pods and nodes name, not what the simulator compiles of them.
 */
import type { Node, Pod, PodSpec } from '../../src/cluster/objects.ts';

const MIB = 1024 * 1024;
export const SCALAR = 'example.com/dongle';
export const GPU = 'alibabacloud.com/gpu-milli';

/** What a kind of pod asks for; a pod of it counts so much on its node. */
export interface PodKind {
  readonly cpuMilli?: number;
  readonly memoryMib?: number;
  readonly dongles?: number;
  readonly gpuMilli?: number;
  readonly port?: number;
  readonly claim?: string;
  readonly affinity?: 'near' | 'away' | 'preferred';
  readonly priority?: number;
  readonly app?: string;
}

export interface NodeKind {
  readonly cpu: number;
  readonly pods: number;
  readonly dongles?: number;
  readonly gpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Image names, sizes in MiB. */
  readonly images?: Readonly<Record<string, number>>;
}

export interface TwinPod {
  /** As the scheduler chose for it, or as last seen. */
  kind: PodKind;
  readonly pinned: boolean;
  belief: 'waiting' | 'assumed' | 'assigned';
  node: TwinNode | null;
  terminating: boolean;
}

export interface TwinNode {
  readonly name: string;
  kind: NodeKind;
  alive: boolean;
  /** Pod rows. */
  readonly pods: number[];
  /** Image name to what the scheduler's snapshot says of it. */
  frozen: Map<string, { readonly nodes: number; readonly sizeBytes: number }>;
  touched: boolean;
}

export function podObject(kind: PodKind): Pod {
  const requests: Record<string, string> = {};
  if (kind.cpuMilli !== undefined) requests['cpu'] = `${kind.cpuMilli}m`;
  if (kind.memoryMib !== undefined) requests['memory'] = `${kind.memoryMib}Mi`;
  if (kind.dongles !== undefined) requests[SCALAR] = `${kind.dongles}`;
  if (kind.gpuMilli !== undefined) requests[GPU] = `${kind.gpuMilli}`;
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } };
  const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] };
  const required = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
  const affinities = { near: { podAffinity: required }, away: { podAntiAffinity: required }, preferred: { podAntiAffinity: preferred } };
  const spec: PodSpec = {
    containers: [{ name: 'main', resources: { requests }, ports: kind.port === undefined ? [] : [{ containerPort: kind.port, hostPort: kind.port }] }],
    volumes: kind.claim === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName: kind.claim } }],
    priority: kind.priority ?? 0,
    ...(kind.affinity === undefined ? {} : { affinity: affinities[kind.affinity] }),
  };
  return { metadata: { namespace: 'default', labels: kind.app === undefined ? {} : { app: kind.app } }, spec };
}

export function nodeObject(name: string, kind: NodeKind): Node {
  const allocatable: Record<string, string> = { cpu: `${kind.cpu}`, memory: '8Gi', pods: `${kind.pods}` };
  if (kind.dongles !== undefined) allocatable[SCALAR] = `${kind.dongles}`;
  if (kind.gpus !== undefined) allocatable[GPU] = `${kind.gpus * 1000}`;
  const images = Object.entries(kind.images ?? {}).map(([image, size]) => ({ names: [image], sizeBytes: size * MIB }));
  return { metadata: { name, labels: { ...kind.labels } }, status: { allocatable, images } };
}

/** What the cache says of a node, in the twin's words. */
export interface NodeSums {
  readonly pods: readonly number[];
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly dongles: number;
  readonly gpuMilli: number;
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
  readonly room: number;
  readonly workPods: number;
  readonly withAffinity: number;
  readonly withRequiredAntiAffinity: number;
  readonly withClaims: number;
  readonly ports: readonly number[];
}

export class CacheTwin {
  readonly pods = new Map<number, TwinPod>();
  readonly nodes = new Map<string, TwinNode>();
  /** Image name to the nodes that hold it and the size that the first of them told. */
  private readonly images = new Map<string, { nodes: number; sizeBytes: number }>();

  // ---- changes ---------------------------------------------------------------------------------------------------

  addNode(name: string, kind: NodeKind): void {
    const ghost = this.nodes.get(name);
    const node = ghost ?? { name, kind, alive: true, pods: [], frozen: new Map(), touched: true };
    Object.assign(node, { kind, alive: true, frozen: new Map(), touched: true });
    this.nodes.set(name, node);
    this.holdImages(kind);
  }

  updateNode(name: string, kind: NodeKind): void {
    const node = this.node(name);
    this.dropImages(node.kind);
    Object.assign(node, { kind, frozen: new Map(), touched: true });
    this.holdImages(kind);
  }

  removeNode(name: string): void {
    const node = this.node(name);
    this.dropImages(node.kind);
    node.alive = false;
    this.forgetEmpty(node);
  }

  attach(row: number, name: string, belief: 'assumed' | 'assigned'): void {
    const pod = this.pod(row);
    pod.node = this.node(name);
    pod.belief = belief;
    pod.node.pods.push(row);
    pod.node.touched = true;
  }

  /** Upstream's list: the last one fills the hole. */
  detach(row: number): void {
    const pod = this.pod(row);
    const { node } = pod;
    if (node === null) return;
    const last = node.pods[node.pods.length - 1];
    node.pods[node.pods.indexOf(row)] = last;
    node.pods.pop();
    node.touched = true;
    pod.node = null;
    pod.belief = 'waiting';
    this.forgetEmpty(node);
  }

  /** A new version of a pod on a node: the old one goes, the new one comes. */
  renew(row: number, kind: PodKind): void {
    const pod = this.pod(row);
    pod.kind = kind;
    if (pod.node === null) return;
    const { pods } = pod.node;
    const last = pods[pods.length - 1];
    pods[pods.indexOf(row)] = last;
    pods.pop();
    pods.push(row);
    pod.node.touched = true;
  }

  /** A cycle begins: what changed is shown to it. */
  refresh(): void {
    for (const node of this.nodes.values()) {
      if (!node.alive || !node.touched) continue;
      node.touched = false;
      node.frozen = new Map(Object.keys(node.kind.images ?? {}).map((image) => [image, { ...this.image(image) }]));
    }
  }

  // ---- questions -------------------------------------------------------------------------------------------------

  pod(row: number): TwinPod {
    const pod = this.pods.get(row);
    if (pod === undefined) throw new Error(`no pod ${row}`);
    return pod;
  }

  node(name: string): TwinNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** `rows`: the pods that are there. */
  sums({ kind: node }: TwinNode, rows: readonly number[]): NodeSums {
    const pods = rows.map((row) => this.pod(row));
    const sum = (of: (kind: PodKind) => number): number => pods.reduce((total, { kind }) => total + of(kind), 0);
    const count = (is: (kind: PodKind) => boolean): number => sum((kind) => (is(kind) ? 1 : 0));
    return {
      pods: rows,
      cpuMilli: sum((kind) => kind.cpuMilli ?? 0),
      memoryBytes: sum((kind) => (kind.memoryMib ?? 0) * MIB),
      dongles: sum((kind) => kind.dongles ?? 0),
      gpuMilli: sum((kind) => kind.gpuMilli ?? 0),
      nonZeroCpu: sum((kind) => kind.cpuMilli ?? 100),
      nonZeroMemory: sum((kind) => (kind.memoryMib ?? 200) * MIB),
      room: node.pods - rows.length,
      workPods: pods.filter(({ pinned }) => !pinned).length,
      withAffinity: count(({ affinity }) => affinity !== undefined),
      withRequiredAntiAffinity: count(({ affinity }) => affinity === 'away'),
      withClaims: count(({ claim }) => claim !== undefined),
      ports: [...new Set(pods.flatMap(({ kind }) => kind.port ?? []))].sort((a, b) => a - b),
    };
  }

  totals(): Readonly<Record<'pending' | 'assumed' | 'withAffinity' | 'lowestPriority', number>> {
    const all = [...this.pods.values()];
    const placed = all.filter(({ node }) => node !== null);
    return {
      pending: all.filter(({ belief }) => belief === 'waiting').length,
      assumed: all.filter(({ belief }) => belief === 'assumed').length,
      withAffinity: placed.filter(({ kind }) => kind.affinity !== undefined).length,
      lowestPriority: Math.min(...placed.map(({ kind }) => kind.priority ?? 0)),
    };
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  /** A node that is gone is remembered while pods are there. */
  private forgetEmpty(node: TwinNode): void {
    if (!node.alive && node.pods.length === 0) this.nodes.delete(node.name);
  }

  private image(name: string): { nodes: number; sizeBytes: number } {
    return this.images.get(name) ?? { nodes: 0, sizeBytes: 0 };
  }

  private holdImages({ images = {} }: NodeKind): void {
    for (const [name, size] of Object.entries(images)) {
      const { nodes, sizeBytes } = this.image(name);
      this.images.set(name, { nodes: nodes + 1, sizeBytes: nodes === 0 ? size * MIB : sizeBytes });
    }
  }

  private dropImages({ images = {} }: NodeKind): void {
    for (const name of Object.keys(images)) this.images.set(name, { ...this.image(name), nodes: this.image(name).nodes - 1 });
  }
}
