/**
 * Pods that can never run, told as warnings when the scenario is read: requests beyond every node and group, claims
 * that nothing will ever bind, nodes that are not there. Taints, affinity and what other pods take are not looked at.
 * Costs a comparison of each pod or template with each kind of node.
 */
import { parseQuantity } from '../base/quantity.ts';
import type { Quantity } from '../base/quantity.ts';
import type { Problem } from '../base/input-error.ts';
import { objectKey } from '../cluster/object-store.ts';
import type {
  KubernetesObject,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceList,
  StorageClass,
  WorkloadObject,
} from '../cluster/objects.ts';
import { podRequests, quantitiesOf } from '../cluster/pod-requests.ts';
import type { ReadonlyQuantities } from '../cluster/pod-requests.ts';
import {
  NO_PROVISIONER,
  claimClassOf,
  hasNoClass,
  isFullyBound,
  volumeNameOf,
} from '../cluster/volume-claims.ts';
import { findMatchingVolume } from '../cluster/volume-matching.ts';
import { defaultClass } from '../storage/default-class.ts';
import { inFileOrder } from '../workload/manifests/read-manifests.ts';
import type { Manifests } from '../workload/manifests/read-manifests.ts';
import type { PathStep } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import { pathOf } from './admission-checks.ts';
import type { AdmittedPod } from './admission-checks.ts';
import { IMPLIED_DEFAULT_CLASS, impliedStorageClasses, withObjectDefaults } from './object-defaults.ts';
import { KIND_OF_OWNER } from './pod-places.ts';
import type { NodePool } from './pool-settings.ts';
import type { Scenario } from './scenario.ts';
import { podOfWorkload } from './workload-input.ts';

/** More warnings of one kind than this are counted, not shown. */
const MAX_SHOWN = 20;

type Warn = (object: KubernetesObject, steps: readonly PathStep[], message: string, part?: 'key' | 'value') => void;

export function hopelessPods(
  manifests: Manifests,
  admitted: readonly AdmittedPod[],
  pools: readonly NodePool[],
  workloads: Scenario['workloads'],
  hasTrace: boolean,
): Problem[] {
  const offers = offersOf(manifests.nodes, pools);
  const sizes = new WarningList(manifests);
  if (offers.length > 0) {
    for (const { object, steps, pod } of admitted) {
      const lacking = lackingFor(pod, offers);
      if (lacking !== '') sizes.warn(object, [...steps, 'containers'], lacking, 'key');
    }
  }
  const nodes = new WarningList(manifests);
  if (!hasTrace) warnOfLostPods(manifests, pools, nodes);
  const claims = new WarningList(manifests);
  warnOfClaims(manifests, admitted, workloads, claims);
  return inFileOrder([...sizes.problems(), ...nodes.problems(), ...claims.problems()]);
}

/** The same for the sizes of generated workloads. */
export function warnOfOversizedWorkloads(
  workloads: Scenario['workloads'],
  nodes: readonly Node[],
  pools: readonly NodePool[],
  findings: Findings,
): void {
  const offers = offersOf(nodes, pools);
  if (offers.length === 0) return;
  for (const [index, workload] of workloads.entries()) {
    const shapes = workload.shapes.length === 0 ? [null] : workload.shapes.map(({ requests }) => requests);
    for (const [shape, requests] of shapes.entries()) {
      const lacking = lackingFor(podOfWorkload(workload, requests), offers);
      if (lacking !== '')
        findings.warn(pathOf(['workloads', index, ...(shapes.length > 1 ? ['shapes', shape] : [])]), lacking);
    }
  }
}

class WarningList {
  private readonly manifests: Manifests;
  private readonly shown: Problem[] = [];
  private count = 0;

  constructor(manifests: Manifests) {
    this.manifests = manifests;
  }

  readonly warn: Warn = (object, steps, message, part = 'value') => {
    if (this.count++ < MAX_SHOWN)
      this.shown.push(this.manifests.placed(object, { path: pathOf(steps), part, message }));
  };

  problems(): Problem[] {
    return this.count <= MAX_SHOWN
      ? this.shown
      : [
          ...this.shown,
          { message: `and ${this.count - MAX_SHOWN} more of this kind: ${this.shown[MAX_SHOWN - 1].message}` },
        ];
  }
}

// ---- sizes -------------------------------------------------------------------------------------------------------

/** What one node of each kind offers; a pool that never has a node is none. */
function offersOf(nodes: readonly Node[], pools: readonly NodePool[]): ReadonlyQuantities[] {
  const lists = new Map<string, ResourceList>();
  const add = (list: ResourceList): void => void lists.set(JSON.stringify(list), list);
  for (const { status } of nodes) add(status?.allocatable ?? status?.capacity ?? {});
  for (const { allocatable, count, autoscaling } of pools) if (count > 0 || autoscaling !== null) add(allocatable);
  return [...lists.values()].map(quantitiesOf);
}

/** '' when some node could take the pod if it were empty. */
function lackingFor(pod: Pod, offers: readonly ReadonlyQuantities[]): string {
  const requests = podRequests(pod, { useStatusResources: false, podLevel: true, containerDefaults: null });
  const exceeds = (name: string, amount: Quantity, offer: ReadonlyQuantities): boolean =>
    !amount.isZero() && amount.cmp(offer.get(name) ?? ZERO) > 0;
  if (offers.some((offer) => [...requests].every(([name, amount]) => !exceeds(name, amount, offer)))) return '';
  for (const [name, amount] of requests) {
    if (!offers.every((offer) => exceeds(name, amount, offer))) continue;
    const most = offers.reduce(
      (best, offer) => ((offer.get(name) ?? ZERO).cmp(best) > 0 ? (offer.get(name) ?? ZERO) : best),
      ZERO,
    );
    const found = most.isZero() ? 'no node offers any' : `no node offers more than ${most.toString()}`;
    return `the pod asks for ${name} ${amount.toString()}, and ${found}: it can never run`;
  }
  const asked = [...requests].map(([name, amount]) => `${name} ${amount.toString()}`).join(', ');
  return `the pod asks for ${asked}, and no single node offers all of that: it can never run`;
}

const ZERO = parseQuantity('0');

// ---- nodes -------------------------------------------------------------------------------------------------------

function warnOfLostPods({ objects, nodes }: Manifests, pools: readonly NodePool[], { warn }: WarningList): void {
  const names = new Set(nodes.map(({ metadata }) => metadata?.name));
  for (const pool of pools) for (let ordinal = 0; ordinal < pool.count; ordinal++) names.add(`${pool.name}-${ordinal}`);
  for (const object of objects) {
    const { spec, status, metadata } = object as Pod;
    const nodeName = object.kind === 'Pod' ? (spec?.nodeName ?? '') : '';
    const isOver =
      status?.phase === 'Succeeded' || status?.phase === 'Failed' || metadata?.deletionTimestamp !== undefined;
    if (nodeName !== '' && !isOver && !names.has(nodeName))
      warn(object, ['spec', 'nodeName'], `there is no node ${nodeName}: the pod is lost at once`);
  }
}

// ---- claims ------------------------------------------------------------------------------------------------------

function warnOfClaims(
  manifests: Manifests,
  admitted: readonly AdmittedPod[],
  workloads: Scenario['workloads'],
  { warn }: WarningList,
): void {
  const objects = manifests.objects.map(withObjectDefaults);
  const implied = impliedStorageClasses(
    manifests.objects,
    workloads.map(({ template }) => template.spec ?? {}),
  );
  const classes = new Map(
    [...implied.values(), ...objects.filter(({ kind }) => kind === 'StorageClass')].map((object) => [
      object.metadata?.name ?? '',
      object as StorageClass,
    ]),
  );
  const volumes = objects.filter(({ kind }) => kind === 'PersistentVolume') as PersistentVolume[];
  const claims = new Set(objects.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(objectKey));
  const told = new Set<string>();
  const tellImplied = (claim: PersistentVolumeClaim, object: KubernetesObject, steps: readonly PathStep[]): void => {
    const name = hasNoClass(claim) && implied.has(IMPLIED_DEFAULT_CLASS) ? IMPLIED_DEFAULT_CLASS : claimClassOf(claim);
    if (!implied.has(name) || told.has(name)) return;
    told.add(name);
    warn(
      object,
      steps,
      `no StorageClass ${name} in the files: taken for one whose volumes are provisioned where the pod runs`,
    );
  };
  for (const [index, object] of manifests.objects.entries()) {
    if (object.kind === 'PersistentVolumeClaim') {
      if (volumeNameOf(object) === '') tellImplied(object, object, ['spec']);
      const reason = unboundReason(objects[index], classes, volumes);
      if (reason !== '') warn(object, ['spec'], `nothing will ever bind the claim: ${reason}`, 'key');
    }
    if (object.kind !== 'StatefulSet') continue;
    for (const [at, template] of ((object as WorkloadObject).spec?.volumeClaimTemplates ?? []).entries()) {
      tellImplied(template, object, ['spec', 'volumeClaimTemplates', at]);
    }
  }
  for (const { object, steps, pod } of admitted) {
    for (const [index, { persistentVolumeClaim }] of (pod.spec?.volumes ?? []).entries()) {
      if (persistentVolumeClaim === undefined || isMadeByItsSet(object, pod.spec?.volumes?.[index]?.name ?? ''))
        continue;
      const { claimName } = persistentVolumeClaim;
      if (claims.has(`${pod.metadata?.namespace ?? 'default'}/${claimName}`)) continue;
      const subject = KIND_OF_OWNER.has(object.kind ?? '') ? 'the pods wait' : 'the pod waits';
      warn(
        object,
        [...steps, 'volumes', index, 'persistentVolumeClaim', 'claimName'],
        `there is no claim ${claimName}: ${subject} for ever`,
      );
    }
  }
}

function isMadeByItsSet(object: KubernetesObject, volume: string): boolean {
  return (
    object.kind === 'StatefulSet' &&
    ((object as WorkloadObject).spec?.volumeClaimTemplates ?? []).some(({ metadata }) => metadata?.name === volume)
  );
}

/** '' when the claim is bound, can be, or will get a volume of its own. */
function unboundReason(
  claim: PersistentVolumeClaim,
  classes: ReadonlyMap<string, StorageClass>,
  volumes: readonly PersistentVolume[],
): string {
  const wanted = volumeNameOf(claim);
  if (wanted !== '')
    return volumes.some(({ metadata }) => metadata?.name === wanted) ? '' : `there is no volume ${wanted}`;
  if (isFullyBound(claim)) return '';
  const fallback = hasNoClass(claim) ? defaultClass(classes.values()) : undefined;
  const classed =
    fallback === undefined
      ? claim
      : { ...claim, spec: { ...claim.spec, storageClassName: fallback.metadata?.name ?? '' } };
  const name = claimClassOf(classed);
  const match = findMatchingVolume(classed, volumes, {
    taken: new Set(),
    promisedTo: () => undefined,
    isReachable: () => true,
  });
  if (match !== null) return '';
  const storageClass = classes.get(name);
  if (name === '') return 'it has no class, no class is the default, and no volume suits it';
  if (storageClass === undefined) return `no volume of the class ${name} suits it`;
  const { provisioner = '' } = storageClass;
  if (provisioner !== '' && provisioner !== NO_PROVISIONER) return '';
  return `the class ${name} has no provisioner, and no volume suits it`;
}
