/** Third step of reading a scenario: relations between fields. Values on their own have been checked before. */
import { nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { KubernetesObject, Node } from '../cluster/objects.ts';
import { APPLICATION_ANNOTATION } from '../cluster/scheduling-spec.ts';
import { SelectorError, parseSelectorText } from '../cluster/selectors.ts';
import { LATE_PARTS } from '../control-plane/settings.ts';
import { applicationOf, placedApplications } from '../control-plane/pod-admission.ts';
import { isSubdomain, labelValue } from '../workload/manifests/names.ts';
import type { Path } from '../base/source-path.ts';
import { below, describeValue, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { Manifests } from '../workload/manifests/read-manifests.ts';
import { listOf, mappingOf } from '../base/structure.ts';
import { podMetadataOf, podSpecSteps } from './pod-places.ts';
import { generatorOf } from '../workload/settings.ts';
import { isMember } from './pool-nodes.ts';
import type { Application } from '../scenario/application.ts';
import type { NodePool } from './pool-settings.ts';
import { DEFAULT_RACK_LABEL } from '../failures/settings.ts';
import type { OwnSettings } from './scenario-resolve.ts';
import type { ApplicationInput } from '../scenario/application.ts';
import type { NodePoolInput } from './pool-settings.ts';
import type { ScenarioInput } from './scenario-schema.ts';
import type { WorkloadInput } from '../workload/settings.ts';
import { parseDuration } from '../base/duration.ts';

const SYSTEM_CLASSES = ['system-cluster-critical', 'system-node-critical'];

export function checkScenario(input: ScenarioInput, settings: OwnSettings, findings: Findings): void {
  uniqueNames(input.nodePools, 'nodePools', findings);
  uniqueNames(input.workloads, 'workloads', findings);
  uniqueNames(input.failures, 'failures', findings);
  uniqueNames(input.applications, 'applications', findings);
  for (const [index, application] of input.applications.entries())
    checkApplication(application, at('applications', index), findings);
  for (const [index, pool] of input.nodePools.entries()) checkPool(pool, at('nodePools', index), findings);
  for (const [index, workload] of input.workloads.entries())
    checkWorkload(workload, at('workloads', index), settings, findings);
  checkFailures(input, findings);
  checkLateAutoscaler(input, settings, findings);
  checkPriorityClasses(input, findings);
  if (settings.durationMicros === null) checkEnds(input, findings);
  const hasNodes = settings.nodePools.length > 0 || input.nodes !== undefined || input.manifests !== undefined;
  if (!hasNodes && input.machines === undefined && input.trace?.format !== 'openb') {
    findings.error(null, 'the cluster has no nodes: expected "nodePools" or "nodes"');
  }
  if (
    input.workloads.length === 0 &&
    input.manifests === undefined &&
    input.nodes === undefined &&
    input.trace === undefined
  ) {
    findings.warn(null, 'no pods will arrive: expected "workloads", "manifests" or "trace"');
  }
}

function at(key: string, index: number): Path {
  return below(below(null, key), index);
}

function uniqueNames(items: readonly { readonly name: string }[], key: string, findings: Findings): void {
  const seen = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    const before = seen.get(name);
    if (before === undefined) seen.set(name, index);
    else findings.error(below(at(key, index), 'name'), `the name ${quoteShort(name)} is taken by ${key}[${before}]`);
  }
}

function checkPool(pool: NodePoolInput, path: Path, findings: Findings): void {
  const { autoscaling, count, members } = pool;
  if (count === undefined && autoscaling === undefined && members === undefined)
    findings.error(path, '"count" is missing: expected a whole number of nodes');
  if (autoscaling !== undefined) {
    const { min, max } = autoscaling;
    if (min > max)
      findings.error(
        below(below(path, 'autoscaling'), 'max'),
        `expected max to be at least min (${min}), found ${max}`,
      );
    else if (count !== undefined && ((count < min && members === undefined) || count > max)) {
      findings.error(
        below(path, 'count'),
        `expected a count within autoscaling min ${min} and max ${max}, found ${count}`,
      );
    }
  }
  if (members !== undefined) {
    const { labels, namePrefix, providerIDPrefix } = members;
    if (Object.keys(labels).length === 0 && namePrefix === '' && providerIDPrefix === '')
      findings.error(below(path, 'members'), 'expected labels, namePrefix or providerIDPrefix', undefined, 'key');
  }
  const zones = new Set<string>();
  for (const [index, zone] of pool.zones.entries()) {
    const place = below(below(path, 'zones'), index);
    if (zone === '') findings.error(place, 'expected a zone name, found an empty text');
    else labelValue(zone, place, findings);
    if (zones.has(zone)) findings.error(place, `the zone ${quoteShort(zone)} is listed twice`);
    zones.add(zone);
  }
  labelValue(pool.region, below(path, 'region'), findings);
  for (const key of ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region', 'kubernetes.io/hostname']) {
    if (pool.labels[key] === undefined) continue;
    const instead = key.endsWith('hostname')
      ? 'it is the node name'
      : `use "${key.slice(key.indexOf('/') + 1)}${key.endsWith('zone') ? 's' : ''}"`;
    findings.error(
      below(below(path, 'labels'), key),
      `the label ${key} is set by Podyard: ${instead}`,
      undefined,
      'key',
    );
  }
  const images = new Set<string>();
  for (const [index, image] of pool.images.entries()) {
    if (images.has(image.name))
      findings.error(below(below(path, 'images'), index), `the image ${quoteShort(image.name)} is listed twice`);
    images.add(image.name);
  }
}

function checkWorkload(workload: WorkloadInput, path: Path, settings: OwnSettings, findings: Findings): void {
  const { kind, lifetime, arrivals } = workload;
  const refuse = (key: string, message: string): void => findings.error(below(path, key), message, undefined, 'key');
  if (kind === 'DaemonSet') {
    if (lifetime !== undefined) refuse('lifetime', 'a DaemonSet has no lifetime: its pods live as long as their nodes');
    if (typeof workload.replicas === 'object' || workload.replicas !== 1)
      refuse('replicas', 'a DaemonSet has no replicas: it runs one pod on every node');
    if (arrivals !== undefined && (arrivals.at === undefined || (arrivals.count ?? 1) !== 1))
      refuse('arrivals', 'a DaemonSet arrives once: expected {at: <time>}');
    if ((workload.shapes ?? []).length > 1) refuse('shapes', 'a DaemonSet has one pod size: expected requests');
  } else if (kind !== 'Deployment' && (lifetime === undefined || lifetime === 'forever')) {
    const message = `a ${kind} needs a lifetime that ends: the run time of its pods`;
    if (lifetime === undefined) findings.error(path, `"lifetime" is missing: ${message}`);
    else findings.error(below(path, 'lifetime'), message);
  }
  checkRestartPolicy(workload, path, findings);
  if (workload.application !== undefined) {
    const place = below(path, 'application');
    checkPrograms(workload.application, place, findings);
    checkContainerNames(workload, place, findings);
  }
  checkTimes(workload, path, settings, findings);
}

function checkRestartPolicy(workload: WorkloadInput, path: Path, findings: Findings): void {
  const policy = mappingOf(workload.template?.['spec'])['restartPolicy'];
  const place = below(below(below(path, 'template'), 'spec'), 'restartPolicy');
  if (policy === undefined || workload.kind === 'Pod') return;
  if (workload.kind === 'Job' && policy === 'Always')
    findings.error(place, 'expected Never or OnFailure for a Job, found Always');
  if (workload.kind !== 'Job' && (policy === 'Never' || policy === 'OnFailure'))
    findings.error(place, `expected Always for a ${workload.kind}, found ${policy}`);
}

function checkApplication({ selector, ...application }: ApplicationInput, path: Path, findings: Findings): void {
  checkPrograms(application, path, findings);
  try {
    parseSelectorText(selector);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    const found = `expected a label selector such as app=web, found ${quoteShort(selector)}`;
    findings.error(below(path, 'selector'), found);
  }
}

type ProgramsInput = NonNullable<WorkloadInput['application']>;

/** What ends as soon as it has begun would do so for ever at one instant. */
function checkPrograms({ containers, ...shared }: ProgramsInput, path: Path, findings: Findings): void {
  const all = Object.entries(containers).map(([name, own]) => [own, below(below(path, 'containers'), name)] as const);
  for (const [program, place] of [[shared, path] as const, ...all]) {
    if (typeof program.failure?.after !== 'string' || parseDuration(program.failure.after) !== 0) continue;
    findings.error(below(below(place, 'failure'), 'after'), 'expected a duration above 0: it would fail without end');
  }
}

function checkContainerNames({ application, template }: WorkloadInput, path: Path, findings: Findings): void {
  const spec = mappingOf(template?.['spec']);
  const listed = [...listOf(spec['initContainers']), ...listOf(spec['containers'])];
  const names = template === undefined ? ['main'] : listed.map((container) => String(mappingOf(container)['name']));
  for (const name of Object.keys(application?.containers ?? {})) {
    if (names.includes(name)) continue;
    const place = below(below(path, 'containers'), name);
    findings.error(place, `the pods have no container ${quoteShort(name)}`, nearestName(name, names), 'key');
  }
}

/** Annotations of the files that name an application which is not there. */
export function applicationProblems(applications: readonly Application[], manifests: Manifests): Problem[] {
  const names = applications.map(({ name }) => name);
  return manifests.objects.flatMap((object) => {
    const steps = podSpecSteps(object.kind ?? '');
    const name: unknown = podMetadataOf(object)?.annotations?.[APPLICATION_ANNOTATION];
    if (steps === null || name === undefined || names.some((known) => known === name)) return [];
    const path = [...steps.slice(0, -1), 'metadata', 'annotations', APPLICATION_ANNOTATION].reduce<Path | null>(
      (up, step) => below(up, step), null,
    );
    const message = `expected the name of one of "applications", found ${describeValue(name)}`;
    const suggestion = typeof name === 'string' ? nearestName(name, names) : undefined;
    return [manifests.placed(object, { path, part: 'value', message, suggestion })];
  });
}

/** Objects of the files with a name that a workload of their kind gives to one of its arrivals. */
export function takenNameProblems({ workloads }: OwnSettings, manifests: Manifests): Problem[] {
  return manifests.objects.flatMap((object) => {
    const { name = '', namespace = 'default' } = object.metadata ?? {};
    const taker = generatorOf(workloads, object.kind ?? '', namespace, name);
    if (taker === undefined) return [];
    const path = below(below(null, 'metadata'), 'name');
    const of = `workloads[${workloads.indexOf(taker)}]`;
    const message =
      `the ${taker.kind}s that ${of} makes are called ${taker.name}-0, ${taker.name}-1 and so on: ` +
      `expected another name than ${quoteShort(name)}`;
    return [manifests.placed(object, { path, part: 'value', message })];
  });
}

/** Applications that run in no pod of the files or of the workloads; whatever a trace brings is not looked at. */
export function warnOfIdleApplications(
  { applications, workloads }: OwnSettings, objects: readonly KubernetesObject[], findings: Findings,
): void {
  if (findings.errors.length > 0 || applications.length === 0) return;
  const placed = placedApplications(applications);
  const generated = workloads.map(({ template, namespace }) => ({ ...template.metadata, namespace }));
  const used = new Set(
    [...objects.flatMap((object) => podMetadataOf(object) ?? []), ...generated].map((metadata) =>
      applicationOf({ metadata }, placed),
    ),
  );
  for (const [index, { name }] of applications.entries())
    if (!used.has(name))
      findings.warn(at('applications', index), `${quoteShort(name)} runs in no pod`, undefined, 'key');
}

/** Arrivals after the end of the run are no error (a shorter run by --set), but worth a word. */
function checkTimes(workload: WorkloadInput, path: Path, settings: OwnSettings, findings: Findings): void {
  const end = settings.durationMicros;
  const { arrivals } = workload;
  if (end === null || arrivals === undefined) return;
  const start =
    arrivals.at ?? arrivals.poisson?.from ?? arrivals.diurnal?.from ?? arrivals.hourly?.from ?? arrivals.bursty?.from;
  const micros = start === undefined ? 0 : (parseDuration(start) ?? 0);
  if (micros >= end)
    findings.warn(
      below(path, 'arrivals'),
      `nothing of ${quoteShort(workload.name)} arrives before the run ends`,
      undefined,
      'key',
    );
}

/** Delays of one that is not there; who names all parts, as results spell one delay for all, does not mean it alone. */
function checkLateAutoscaler(
  { controlPlane }: ScenarioInput, { autoscaler, nodePools }: OwnSettings, findings: Findings,
): void {
  if (autoscaler !== null) return;
  const isOff = nodePools.some(({ autoscaling }) => autoscaling !== null);
  const why = isOff ? 'the autoscaler is not enabled' : 'no pool has "autoscaling"';
  for (const key of ['watchDelay', 'requestLatency'] as const) {
    const given = controlPlane[key];
    if (typeof given !== 'object' || given.autoscaler === undefined) continue;
    if (LATE_PARTS.every((part) => given[part] !== undefined)) continue;
    const path = below(below(below(null, 'controlPlane'), key), 'autoscaler');
    findings.warn(path, `${why}: there is nobody who could be late`, undefined, 'key');
  }
}

function checkFailures(input: ScenarioInput, findings: Findings): void {
  const pools = new Map(input.nodePools.map((pool) => [pool.name, pool]));
  for (const [index, failure] of input.failures.entries()) {
    const path = at('failures', index);
    for (const [ordinal, name] of failure.pools.entries()) {
      if (!pools.has(name))
        findings.error(
          below(below(path, 'pools'), ordinal),
          `unknown pool ${quoteShort(name)}`,
          nearestName(name, pools.keys()),
        );
    }
    checkFailureFields(failure, path, findings);
    const struck =
      failure.pools.length === 0 ? input.nodePools : failure.pools.flatMap((name) => pools.get(name) ?? []);
    if (struck.length === 0 || input.nodes !== undefined) continue;
    if (failure.scope === 'zone' && failure.label === undefined && struck.every((pool) => pool.zones.length === 0))
      findings.error(below(path, 'scope'), 'zones cannot fail: none of the pools has zones');
    const label = failure.label ?? (failure.scope === 'rack' ? DEFAULT_RACK_LABEL : undefined);
    const isGroup = failure.scope === 'zone' || failure.scope === 'rack';
    const hasOthers = input.manifests !== undefined || input.machines !== undefined;
    if (isGroup && label !== undefined && !hasOthers && struck.every((pool) => pool.labels[label] === undefined))
      findings.error(below(path, 'scope'), `${failure.scope}s cannot fail: none of the pools has the label ${label}`);
  }
}

/** Fields that say nothing of this kind or scope. */
function checkFailureFields(failure: ScenarioInput['failures'][number], path: Path, findings: Findings): void {
  const { kind, scope, label, share, factor, notice, fill } = failure;
  if (label !== undefined && scope !== 'zone' && scope !== 'rack')
    findings.error(
      below(path, 'label'), `a label tells zones or racks apart, and the scope is ${scope}`, undefined, 'key',
    );
  if (share < 1 && scope === 'node')
    findings.error(below(path, 'share'), 'a share is one of a group, and the scope is node', undefined, 'key');
  if (factor !== undefined && kind !== 'slow')
    findings.error(below(path, 'factor'), `a factor is for kind slow, and the kind is ${kind}`, undefined, 'key');
  if (notice !== undefined && kind !== 'reclaim')
    findings.error(below(path, 'notice'), `a notice is for kind reclaim, and the kind is ${kind}`, undefined, 'key');
  if (fill !== undefined && kind !== 'diskFull')
    findings.error(below(path, 'fill'), `a fill is for kind diskFull, and the kind is ${kind}`, undefined, 'key');
}

function checkPriorityClasses(input: ScenarioInput, findings: Findings): void {
  const defaults: string[] = [];
  for (const [name, entry] of Object.entries(input.priorityClasses)) {
    const path = below(below(null, 'priorityClasses'), name);
    if (!isSubdomain(name))
      findings.error(
        path,
        `expected a name of lower-case letters, digits, "-" and ".", found ${quoteShort(name)}`,
        undefined,
        'key',
      );
    else if (name.startsWith('system-'))
      findings.error(
        path,
        SYSTEM_CLASSES.includes(name) ? `${name} is built in` : 'names that start with "system-" are reserved',
        undefined,
        'key',
      );
    if (typeof entry === 'object' && entry.globalDefault) defaults.push(name);
  }
  if (defaults.length > 1)
    findings.error(
      below(below(null, 'priorityClasses'), defaults[1]),
      `expected one globalDefault, found ${defaults.join(' and ')}`,
      undefined,
      'key',
    );
}

/** Without a duration the run ends with its last pod: arrivals must end, too. */
function checkEnds(input: ScenarioInput, findings: Findings): void {
  for (const [index, { arrivals, name }] of input.workloads.entries()) {
    const endless = arrivals?.poisson ?? arrivals?.diurnal ?? arrivals?.hourly ?? arrivals?.bursty;
    if (endless === undefined || endless.until !== undefined) continue;
    findings.error(
      below(at('workloads', index), 'arrivals'),
      `${quoteShort(name)} arrives without end: expected "until" here, or a "duration" of the scenario`,
      undefined,
      'key',
    );
  }
}

/** Priority classes named by workloads, once those of the manifests are known. */
export function checkClassesOfWorkloads(input: ScenarioInput, known: ReadonlySet<string>, findings: Findings): void {
  for (const [index, workload] of input.workloads.entries()) {
    const path = at('workloads', index);
    const inTemplate = mappingOf(workload.template?.['spec'])['priorityClassName'];
    const uses: [unknown, Path][] = [
      [workload.priorityClass, below(path, 'priorityClass')],
      [inTemplate, below(below(below(path, 'template'), 'spec'), 'priorityClassName')],
    ];
    for (const [name, place] of uses) {
      if (typeof name === 'string' && !known.has(name))
        findings.error(place, `unknown priority class ${quoteShort(name)}`, nearestName(name, known));
    }
  }
}

/** Which nodes of the files belong to which pools, once the files are read. */
export function checkMembers(pools: readonly NodePool[], nodes: readonly Node[], findings: Findings): void {
  const poolByNode = new Map<Node, string>();
  for (const [index, { name, members, autoscaling, count }] of pools.entries()) {
    if (members === null) continue;
    const path = below(at('nodePools', index), 'members');
    const own = nodes.filter((node) => isMember(node, members));
    if (own.length === 0) findings.warn(path, 'no node of the files belongs to the pool', undefined, 'key');
    const claimed = own.find((node) => poolByNode.has(node));
    if (claimed !== undefined)
      findings.error(
        path,
        `the node ${claimed.metadata?.name} belongs to the pool ${poolByNode.get(claimed)}, too`,
        undefined,
        'key',
      );
    for (const node of own) poolByNode.set(node, name);
    const size = own.length + count;
    if (autoscaling !== null && (size < autoscaling.min || size > autoscaling.max)) {
      findings.warn(
        path,
        `the pool begins with ${size} nodes, outside of autoscaling min ${autoscaling.min} and max ${autoscaling.max}`,
        undefined,
        'key',
      );
    }
  }
}
