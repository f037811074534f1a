/**
 * The cluster of one recorded scenario: applies recorded objects through the cluster's verbs and knows rows by the
 * names that recordings use. Objects are taken as the API server stored them: no admission defaults are added. As on a
 * real server, an update without a status leaves the status alone, and a write that changes nothing of a node or a pod
 * tells nobody.
 */
import { assert } from '../base/assert.ts';
import { parseTimestamp } from '../base/timestamp.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node, Pod } from '../cluster/objects.ts';
import { EvictionCause, PodOutcome } from '../cluster/pod-table.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { canonicalJson } from './canonical-json.ts';
import { isNode, isPod, podKey } from './vector-lines.ts';
import type { RecordedObject } from './vector-lines.ts';

export class ReplayedCluster {
  readonly cluster: Cluster;
  /** Names of all nodes ever created, in order. */
  readonly createdNodes: string[] = [];
  /** What was last written of each node and pod, by kind and name. */
  private readonly written = new Map<string, RecordedObject>();
  private readonly podRows = new Map<string, number>();
  private readonly podNames = new Map<number, string>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  create(object: RecordedObject): void {
    if (isNode(object) || isPod(object)) this.written.set(objectKey(object), object);
    if (isNode(object)) this.addNode(object);
    else if (isPod(object)) this.createPod(object);
    else this.cluster.putObject(object.kind, object);
  }

  update(object: RecordedObject): void {
    const { cluster, written } = this;
    // The scheduler writes to claims and volumes, too: the lines do not tell what an update changes of them.
    if (!isNode(object) && !isPod(object)) return cluster.putObject(object.kind, object);
    const key = objectKey(object);
    const before = written.get(key);
    const keepsStatus = object.status === undefined && before?.status !== undefined;
    const after = keepsStatus ? { ...object, status: before.status } : object;
    if (before !== undefined && writtenText(before) === writtenText(after)) return;
    written.set(key, after);
    if (isNode(after)) cluster.updateNode(this.nodeRow(after.metadata?.name ?? ''), after);
    else if (isPod(after)) this.updatePod(after);
  }

  delete(kind: string, name: string): void {
    this.written.delete(`${kind} ${name}`);
    if (kind === 'Node') this.cluster.removeNode(this.nodeRow(name));
    else if (kind === 'Pod') this.removePod(this.podRow(name));
    else assert(this.cluster.removeObject(kind, name), `there is no ${kind} ${name} to delete`);
  }

  private updatePod(pod: Pod): void {
    const { cluster } = this;
    const row = this.podRow(podKey(pod));
    this.noteStart(row, pod.status?.startTime);
    cluster.updatePod(row, cluster.internTemplate(withoutNodeName(pod)).id);
    if (pod.metadata?.deletionTimestamp !== undefined) cluster.terminatePod(row, EvictionCause.Api);
  }

  /** Creates the pod; one with spec.nodeName runs there at once. */
  createPod(pod: Pod): number {
    const row = this.createPending(pod, withoutNodeName(pod));
    const nodeName = pod.spec?.nodeName ?? '';
    if (nodeName !== '') this.cluster.placePod(row, this.nodeRow(nodeName));
    return row;
  }

  /** A pod that is to be scheduled: its spec.nodeName, if any, is a wish. */
  createWaiting(pod: Pod): number {
    return this.createPending(pod, pod);
  }

  private createPending(pod: Pod, spelled: Pod): number {
    const { nominatedNodeName = '', startTime } = pod.status ?? {};
    return this.pendingPod(podKey(pod), this.cluster.internTemplate(spelled).id, startTime, nominatedNodeName);
  }

  pendingPod(key: string, template: number, startTime?: string, nominatedNodeName = ''): number {
    const { cluster } = this;
    const nominatedNode = nominatedNodeName === '' ? -1 : cluster.names.intern(nominatedNodeName);
    const nameBase = cluster.names.intern(key.slice(key.indexOf('/') + 1));
    const row = cluster.createPod({
      template,
      nameBase,
      nameOrdinal: -1,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: -1,
      nominatedNode,
    });
    this.noteStart(row, startTime);
    this.podRows.set(key, row);
    this.podNames.set(row, key);
    return row;
  }

  /** The kubelet's acknowledgement is part of the recorded object. */
  private noteStart(row: number, startTime: string | undefined): void {
    if (startTime !== undefined) this.cluster.acknowledgePod(row, microsOfTimestamp(startTime));
  }

  removePod(row: number): void {
    this.podRows.delete(this.keyOf(row));
    this.podNames.delete(row);
    this.cluster.removePod(row, PodOutcome.Deleted);
  }

  /** Pods that wait for a node, by the node that their status names. */
  nominations(): Record<string, string> {
    const { cluster } = this;
    const waiting = [...this.podRows].filter(
      ([, row]) => cluster.pods.node[row] < 0 && cluster.nominatedNodeName(row) !== '',
    );
    return Object.fromEntries(waiting.map(([key, row]) => [key, cluster.nominatedNodeName(row)]));
  }

  findPod(key: string): number | undefined {
    return this.podRows.get(key);
  }

  /** `namespace/name`. */
  keyOf(row: number): string {
    return this.podNames.get(row) ?? '';
  }

  nodeRow(name: string): number {
    const row = this.cluster.nodeRow(name);
    assert(row >= 0, `the recording names node ${name}, which is not there`);
    return row;
  }

  private addNode(node: Node): void {
    this.cluster.addNode(node);
    this.createdNodes.push(node.metadata?.name ?? '');
  }

  private podRow(key: string): number {
    const row = this.podRows.get(key);
    assert(row !== undefined, `the recording names pod ${key}, which is not there`);
    return row;
  }
}

function objectKey(object: RecordedObject): string {
  return `${object.kind} ${isPod(object) ? podKey(object) : (object.metadata?.name ?? '')}`;
}

/** What of an object an update can change: the server counts versions, and the binding writes the node. */
function writtenText(object: RecordedObject): string {
  const { resourceVersion: _version, ...metadata } = object.metadata ?? {};
  return canonicalJson({ ...(isPod(object) ? withoutNodeName(object) : object), metadata });
}

/** An RFC 3339 timestamp in UTC, as Kubernetes writes them, in micros since 1970. */
export function microsOfTimestamp(text: string): number {
  const micros = parseTimestamp(text);
  assert(micros !== undefined, `${text} is not a timestamp in UTC`);
  return micros;
}
