/**
 * Spread constraints of a pod, compiled once a template: its own, or the default ones with the selector that its
 * Services and its controller give (plugins/podtopologyspread/common.go, plugins/helper/spread.go). Default selectors
 * are made anew when one of those objects changes; they cost a walk over all Services.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { keyOf, objectKey } from '../../cluster/object-store.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { Service, Taint, TopologySpreadConstraint, WorkloadObject } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import {
  EVERYTHING_SELECTOR,
  NOTHING_SELECTOR,
  SelectorError,
  compileLabelSelector,
  compileRequiredNodeAffinity,
  selectorFromLabels,
} from '../../cluster/selectors.ts';
import type { CompiledNodeAffinity } from '../../cluster/selectors.ts';
import { findUntolerated } from '../../cluster/tolerations.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { TemplateMatcher, TemplateMatchers, bothTests } from '../../cluster/template-matcher.ts';
import type { LabelTest } from '../../cluster/template-matcher.ts';

export const HARD = 'DoNotSchedule';
export const SOFT = 'ScheduleAnyway';

/** Which inclusion policies are Honor; bits. */
export const Policy = { Affinity: 1, Taints: 2 } as const;

export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly minDomains: number;
  /** Policy bits that are Honor. */
  readonly honors: number;
  readonly test: LabelTest;
  /** The pods that it counts: the pod's namespace, the selector. */
  readonly matcher: TemplateMatcher;
}

export interface SpreadConstraints {
  readonly hard: readonly SpreadConstraint[];
  readonly soft: readonly SpreadConstraint[];
  /** Policy bits that any of them honours. */
  readonly honors: number;
  readonly affinity: CompiledNodeAffinity;
  /** They are the default ones, all with one selector. */
  readonly byDefault: boolean;
  /** Not empty: a selector cannot be read. */
  readonly error: string;
}

/** Controllers whose selectors go into the default constraints'. */
const CONTROLLER_KINDS: ReadonlySet<string> = new Set(['ReplicationController', 'ReplicaSet', 'StatefulSet']);
const REPELLING_EFFECTS: readonly string[] = ['NoSchedule', 'NoExecute'];

/** What is made with a controller's selector: templates with default constraints, and their matchers. */
interface Controlled {
  readonly templates: number[];
  readonly matchers: TemplateMatcher[];
}

export class ConstraintTable {
  private readonly cluster: SchedulerCache;
  private readonly defaults: readonly TopologySpreadConstraint[];
  private readonly matchers: TemplateMatchers;
  /** By template that others are variants of. */
  private readonly affinities: CompiledNodeAffinity[] = [];
  /** By template id: of templates with constraints of their own. */
  private readonly own: SpreadConstraints[] = [];
  /** By template id; emptied when a Service changes. */
  private defaulted: (SpreadConstraints | undefined)[] = [];
  /** By kind and key of a controller, what is forgotten when that changes. */
  private readonly byController = new Map<string, Controlled>();

  constructor(cluster: SchedulerCache, defaults: readonly TopologySpreadConstraint[]) {
    this.cluster = cluster;
    this.defaults = defaults;
    this.matchers = new TemplateMatchers(cluster.templates);
    cluster.observe({
      objectChanged: (kind, _action, object) => {
        if (CONTROLLER_KINDS.has(kind)) this.forget(`${kind} ${objectKey(object)}`);
        else if (kind === 'Service' && this.defaulted.length > 0) {
          this.defaulted = [];
          this.byController.clear();
        }
      },
    });
  }

  private forget(controller: string): void {
    for (const template of this.byController.get(controller)?.templates ?? []) this.defaulted[template] = undefined;
    this.byController.delete(controller);
  }

  of(template: PodTemplate): SpreadConstraints {
    const { topologySpreadConstraints = [] } = template.spec;
    if (topologySpreadConstraints.length > 0)
      return (this.own[template.id] ??= this.compile(template, topologySpreadConstraints, null));
    return (this.defaulted[template.id] ??= this.compileDefaults(template));
  }

  private compileDefaults(template: PodTemplate): SpreadConstraints {
    if (this.defaults.length === 0) return this.compile(template, [], null);
    const { id, namespace, controller } = template;
    const selector = defaultSelector(this.cluster, template);
    if (controller === null)
      return this.compile(template, selector.empty ? [] : this.defaults, this.matchers.get(namespace, selector));
    const key = `${controller.kind} ${keyOf(namespace, controller.name)}`;
    let controlled = this.byController.get(key);
    if (controlled === undefined) this.byController.set(key, (controlled = { templates: [], matchers: [] }));
    controlled.templates.push(id);
    const matcher = this.matcherOf(controlled, namespace, selector);
    return this.compile(template, selector.empty ? [] : this.defaults, matcher);
  }

  /** The pods of a StatefulSet have a template each, and as a rule one selector. */
  private matcherOf({ matchers }: Controlled, namespace: string, selector: LabelTest): TemplateMatcher {
    for (const matcher of matchers) if (matcher.test.key === selector.key) return matcher;
    const matcher = new TemplateMatcher(this.cluster.templates, namespace, selector);
    matchers.push(matcher);
    return matcher;
  }

  /** `matcher`: of the selector that takes the place of the constraints' own ones. */
  private compile(
    template: PodTemplate,
    constraints: readonly TopologySpreadConstraint[],
    matcher: TemplateMatcher | null,
  ): SpreadConstraints {
    const hard: SpreadConstraint[] = [];
    const soft: SpreadConstraint[] = [];
    let honors = 0;
    let error = '';
    for (const constraint of constraints) {
      try {
        const compiled = compileOne(
          constraint,
          matcher ?? this.matchers.get(template.namespace, constraintSelector(constraint, template.labels)),
        );
        if (constraint.whenUnsatisfiable === HARD) hard.push(compiled);
        else if (constraint.whenUnsatisfiable === SOFT) soft.push(compiled);
        honors |= compiled.honors;
      } catch (problem) {
        if (!(problem instanceof SelectorError)) throw problem;
        error = problem.message;
      }
    }
    const affinity = (this.affinities[template.specOf] ??= compileRequiredNodeAffinity(template.spec));
    return { hard, soft, honors, affinity, byDefault: matcher !== null, error };
  }
}

function compileOne(constraint: TopologySpreadConstraint, matcher: TemplateMatcher): SpreadConstraint {
  return {
    maxSkew: constraint.maxSkew,
    topologyKey: constraint.topologyKey,
    minDomains: constraint.minDomains ?? 1,
    honors:
      (constraint.nodeAffinityPolicy === 'Ignore' ? 0 : Policy.Affinity) |
      (constraint.nodeTaintsPolicy === 'Honor' ? Policy.Taints : 0),
    test: matcher.test,
    matcher,
  };
}

/**
 * labelSelector, and equality with the pod's own value of each key in matchLabelKeys; without labelSelector these
 * alone.
 */
function constraintSelector(constraint: TopologySpreadConstraint, labels: ReadonlyMap<string, string>): LabelTest {
  const written = compileLabelSelector(constraint.labelSelector);
  const values: Record<string, string> = {};
  for (const key of constraint.matchLabelKeys ?? []) {
    const value = labels.get(key);
    if (value !== undefined) values[key] = value;
  }
  if (Object.keys(values).length === 0) return written;
  const merged = selectorFromLabels(values);
  return written.nothing ? merged : bothTests(merged, written);
}

/** The labels that all Services selecting the pod ask for, and what its controller selects by. */
function defaultSelector(cluster: SchedulerCache, { namespace, labels, controller }: PodTemplate): LabelTest {
  const merged = labelsOfServices(cluster, namespace, labels);
  const owner =
    controller === null
      ? undefined
      : cluster.objects.get<WorkloadObject>(controller.kind, keyOf(namespace, controller.name));
  const ownerSelector = owner?.spec?.selector;
  if (controller?.kind === 'ReplicationController')
    return selectorFromLabels({ ...merged, ...(ownerSelector as Record<string, string> | undefined) });
  const services = merged === NO_LABELS ? EVERYTHING_SELECTOR : selectorFromLabels(merged);
  if (owner === undefined) return services;
  const selected = readableSelector(ownerSelector ?? null);
  return selected.nothing ? services : bothTests(services, selected);
}

function labelsOfServices(
  cluster: SchedulerCache, namespace: string, labels: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  if (cluster.objects.count('Service') === 0) return NO_LABELS;
  const merged: Record<string, string> = {};
  for (const service of cluster.objects.list<Service>('Service')) {
    const selector = service.spec?.selector;
    if (selector === undefined || (service.metadata?.namespace ?? 'default') !== namespace) continue;
    if (selectorFromLabels(selector).matches(labels)) Object.assign(merged, selector);
  }
  return merged;
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** A selector that cannot be read is left out, like one that is absent. */
function readableSelector(
  selector: Parameters<typeof compileLabelSelector>[0],
): ReturnType<typeof compileLabelSelector> {
  try {
    return compileLabelSelector(selector);
  } catch (problem) {
    if (!(problem instanceof SelectorError)) throw problem;
    return NOTHING_SELECTOR;
  }
}

export function hasAllKeys(labels: ReadonlyMap<string, string>, constraints: readonly SpreadConstraint[]): boolean {
  for (let i = 0; i < constraints.length; i++) if (!labels.has(constraints[i].topologyKey)) return false;
  return true;
}

/** Policy bits that hold for a node; bits that no constraint honours are not looked at. */
export function heldPolicies(compiled: SpreadConstraints, pod: PodInfo, node: NodeInfo): number {
  const held = heldByTemplate(compiled, pod.template, node);
  const pin = pod.pinnedNodeName;
  return pin === '' || pin === node.name ? held : held & ~Policy.Affinity;
}

/** The same for pods that are not pinned to a node. */
export function heldByTemplate({ honors, affinity }: SpreadConstraints, template: PodTemplate, node: NodeInfo): number {
  let held = 0;
  if ((honors & Policy.Affinity) !== 0 && affinity.matches(node)) held |= Policy.Affinity;
  if ((honors & Policy.Taints) !== 0 && isTolerated(node.facts.taints, template)) held |= Policy.Taints;
  return held;
}

function isTolerated(taints: readonly Taint[], template: PodTemplate): boolean {
  return taints.length === 0 || findUntolerated(taints, template.tolerations, REPELLING_EFFECTS) === undefined;
}

export function includes(constraint: SpreadConstraint, held: number): boolean {
  return (constraint.honors & held) === constraint.honors;
}
