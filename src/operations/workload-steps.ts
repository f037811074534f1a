/** Steps that write one object: scale, rollout, delete. Each returns what is wrong, '' when it is done. */
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf } from '../cluster/object-store.ts';
import type { Container, PersistentVolumeClaim, PodTemplateSpec } from '../cluster/objects.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { WorkloadKind } from '../cluster/workload-table.ts';
import type { StepTarget } from './settings.ts';

/**
 * As `kubectl rollout restart` marks a template (staging/src/k8s.io/kubectl/pkg/polymorphichelpers/objectrestarter.go).
 */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

export function scaleWorkload(cluster: Cluster, target: StepTarget, replicas: number): string {
  const row = workloadRow(cluster, target);
  if (row < 0) return notFound(target);
  cluster.workloadWriter.scale(row, replicas);
  return '';
}

/** A new image in the template; without one the template is marked as restarted. */
export function rollOut(cluster: Cluster, target: StepTarget, image: string, container: string): string {
  const row = workloadRow(cluster, target);
  const object = row < 0 ? null : cluster.workloads.object[row];
  if (object === null) return notFound(target);
  const template = object.spec?.template ?? {};
  const next = image === '' ? restarted(template, cluster.now) : withImage(template, image, container);
  if (next === null) return `${target.kind} ${target.name} has no container ${container}`;
  const changed = { ...object, spec: { ...object.spec, template: next } };
  cluster.workloadWriter.update(row, changed, cluster.workloads.wanted[row]);
  return '';
}

export function deleteTarget(cluster: Cluster, target: StepTarget): string {
  const { kind, namespace, name } = target;
  if (kind === 'Pod') return deletePod(cluster, target);
  if (kind === 'Node') {
    const node = cluster.nodeRow(name);
    if (node < 0) return notFound(target);
    cluster.removeNode(node);
    return '';
  }
  if (kind === 'PersistentVolumeClaim') return deleteClaim(cluster, target);
  const row = workloadRow(cluster, target);
  if (row >= 0) cluster.workloadWriter.delete(row);
  const isRemoved = cluster.removeObject(kind, keyOf(namespace, name));
  return row >= 0 || isRemoved ? '' : notFound(target);
}

/** It goes when no pod uses it any more: whoever looks after claims sees to that. */
function deleteClaim(cluster: Cluster, target: StepTarget): string {
  const key = keyOf(target.namespace, target.name);
  const claim = cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
  if (claim === undefined) return notFound(target);
  if (claim.metadata?.deletionTimestamp !== undefined) return '';
  const metadata = { ...claim.metadata, deletionTimestamp: `${cluster.now}us` };
  cluster.putObject('PersistentVolumeClaim', { ...claim, metadata });
  return '';
}

function deletePod(cluster: Cluster, target: StepTarget): string {
  const { pods } = cluster;
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.phase[pod] === PodPhase.Free || cluster.podName(pod) !== target.name) continue;
    if (cluster.templateOf(pod).namespace !== target.namespace) continue;
    cluster.terminatePod(pod, EvictionCause.None);
    return '';
  }
  return notFound(target);
}

function workloadRow(cluster: Cluster, { kind, namespace, name }: StepTarget): number {
  const index = WORKLOAD_KIND_NAMES.indexOf(kind);
  return index < 0 ? -1 : cluster.workloads.find(index as WorkloadKind, keyOf(namespace, name));
}

function notFound({ kind, namespace, name }: StepTarget): string {
  return `${kind} ${keyOf(namespace, name)} not found`;
}

function restarted(template: PodTemplateSpec, now: number): PodTemplateSpec {
  const annotations = { ...template.metadata?.annotations, [RESTARTED_AT]: `${now}us` };
  return { ...template, metadata: { ...template.metadata, annotations } };
}

/** null: no container of the name. A leading `:` puts another tag behind the name that stands there. */
function withImage(template: PodTemplateSpec, image: string, name: string): PodTemplateSpec | null {
  const containers = template.spec?.containers ?? [];
  if (name !== '' && !containers.some((container) => container.name === name)) return null;
  const changed = containers.map((container): Container => {
    if (name !== '' && container.name !== name) return container;
    return { ...container, image: image.startsWith(':') ? retagged(container.image ?? '', image) : image };
  });
  return { ...template, spec: { ...template.spec, containers: changed } };
}

/** A colon before the last slash is a registry's port. */
function retagged(image: string, tag: string): string {
  const untagged = image.replace(/@.*$/, '');
  const colon = untagged.indexOf(':', untagged.lastIndexOf('/') + 1);
  return `${colon < 0 ? untagged : untagged.slice(0, colon)}${tag}`;
}
