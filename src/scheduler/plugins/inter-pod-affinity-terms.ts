/**
 * Affinity terms and what two pod templates mean to each other. A relation is worked out once per pair of templates
 * (the waiting pod's, an existing pod's) and then costs one array read per pod; all are dropped when a Namespace
 * changes. matchLabelKeys and mismatchLabelKeys are not looked at: the API server has merged them into the selectors.
 * Source: staging/src/k8s.io/kube-scheduler/framework/types.go (AffinityTerm),
 * plugins/interpodaffinity/{plugin,filtering,scoring}.go.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { Namespace, PodAffinityTerm, WeightedPodAffinityTerm } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { SelectorError, compileLabelSelector, labelsOf } from '../../cluster/selectors.ts';
import type { CompiledSelector } from '../../cluster/selectors.ts';

export interface AffinityTerm {
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: CompiledSelector;
  readonly selector: CompiledSelector;
}

export interface WeightedTerm {
  readonly weight: number;
  readonly term: AffinityTerm;
}

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
  readonly preferredAnti: readonly WeightedTerm[];
  /** Not empty: a selector cannot be read; there are no terms then. */
  readonly error: string;
}

/** What an existing pod is to the waiting one; topology keys are those whose domain counts. */
export interface Relation {
  /** It matches all required affinity terms of the waiting pod (which has some). */
  readonly matchesAffinity: boolean;
  /** Of the waiting pod's required anti-affinity terms that match it. */
  readonly antiKeys: readonly string[];
  /** Of its required anti-affinity terms that match the waiting pod. */
  readonly existingAntiKeys: readonly string[];
  /** Preferences of either side, and its required affinity to the waiting pod. */
  readonly weights: readonly { readonly topologyKey: string; readonly weight: number }[];
}

export const NO_RELATION: Relation = { matchesAffinity: false, antiKeys: [], existingAntiKeys: [], weights: [] };
const NO_LABELS: ReadonlyMap<string, string> = new Map();
/** Matches no namespace. */
const NO_SELECTOR = compileLabelSelector(undefined);
const NO_TERMS: AffinityTerms = { required: [], requiredAnti: [], preferred: [], preferredAnti: [], error: '' };

export class AffinityRelations {
  private readonly cluster: SchedulerCache;
  private readonly hardPodAffinityWeight: number;
  /** Whether names of selected namespaces take the place of the selector. */
  private readonly merges: boolean;
  /** By template id. */
  private readonly written: AffinityTerms[] = [];
  /** By template id: with the names of selected namespaces added. Depends on Namespace objects. */
  private expanded: AffinityTerms[] = [];
  /** By the waiting pod's template id, then the other's. Depends on Namespace objects. */
  private relations: Relation[][] = [];
  private readonly namespaces = new Map<string, ReadonlyMap<string, string>>();

  constructor(cluster: SchedulerCache, hardPodAffinityWeight: number) {
    this.cluster = cluster;
    this.hardPodAffinityWeight = hardPodAffinityWeight;
    this.merges = cluster.features.namespaceSelectorMerged;
    cluster.observe({
      objectChanged: (kind) => {
        if (kind !== 'Namespace') return;
        this.expanded = [];
        this.relations = [];
        this.namespaces.clear();
      },
    });
  }

  /** The terms as written. */
  terms(template: PodTemplate): AffinityTerms {
    return template.hasPodAffinity ? (this.written[template.id] ??= compileTerms(template)) : NO_TERMS;
  }

  /**
   * The terms of a waiting pod: names of selected namespaces stand in place of the selector. In v1.36, which means to
   * clear it but clears a copy, the selector stays and is then asked of a namespace without labels.
   */
  waitingTerms(template: PodTemplate): AffinityTerms {
    if (!template.hasPodAffinity) return NO_TERMS;
    return (this.expanded[template.id] ??= this.expand(this.terms(template)));
  }

  /** `existing` is a template id. Pairs without any affinity are not kept. */
  relation(waiting: PodTemplate, existing: number): Relation {
    if (!waiting.hasPodAffinity && !this.cluster.templates.get(existing).hasPodAffinity) return NO_RELATION;
    const known = (this.relations[waiting.id] ??= []);
    return (known[existing] ??= this.relate(waiting, this.cluster.templates.get(existing)));
  }

  private expand(terms: AffinityTerms): AffinityTerms {
    const term = (written: AffinityTerm): AffinityTerm => this.withNamespaceNames(written);
    const weighted = (written: WeightedTerm): WeightedTerm => ({ weight: written.weight, term: term(written.term) });
    return {
      required: terms.required.map(term),
      requiredAnti: terms.requiredAnti.map(term),
      preferred: terms.preferred.map(weighted),
      preferredAnti: terms.preferredAnti.map(weighted),
      error: terms.error,
    };
  }

  private withNamespaceNames(term: AffinityTerm): AffinityTerm {
    const { namespaceSelector } = term;
    if (namespaceSelector.empty || namespaceSelector.nothing) return term;
    const namespaces = new Set(term.namespaces);
    for (const { metadata } of this.cluster.objects.list<Namespace>('Namespace')) {
      if (namespaceSelector.matches(labelsOf(metadata?.labels))) namespaces.add(metadata?.name ?? '');
    }
    return { ...term, namespaces, namespaceSelector: this.merges ? NO_SELECTOR : namespaceSelector };
  }

  private relate(waiting: PodTemplate, existing: PodTemplate): Relation {
    const mine = this.waitingTerms(waiting);
    const theirs = this.terms(existing);
    const myNamespace = theirs === NO_TERMS ? NO_LABELS : this.namespaceLabels(waiting.namespace);
    // Most pairs of many templates have nothing to do with each other.
    if (!someMatch(mine, existing, NO_LABELS) && !someMatch(theirs, waiting, myNamespace)) return NO_RELATION;
    const selects = (term: AffinityTerm): boolean => termMatches(term, existing, NO_LABELS);
    const selected = (term: AffinityTerm): boolean => termMatches(term, waiting, myNamespace);
    const weights: { topologyKey: string; weight: number }[] = [];
    const weigh = (terms: readonly WeightedTerm[], matches: (term: AffinityTerm) => boolean, sign: 1 | -1): void => {
      for (const { term, weight } of terms)
        if (matches(term)) weights.push({ topologyKey: term.topologyKey, weight: sign * weight });
    };
    weigh(mine.preferred, selects, 1);
    weigh(mine.preferredAnti, selects, -1);
    if (this.hardPodAffinityWeight > 0)
      weigh(
        theirs.required.map((term) => ({ term, weight: this.hardPodAffinityWeight })),
        selected,
        1,
      );
    weigh(theirs.preferred, selected, 1);
    weigh(theirs.preferredAnti, selected, -1);
    const relation: Relation = {
      matchesAffinity: matchesAllTerms(mine.required, existing),
      antiKeys: mine.requiredAnti.filter(selects).map((term) => term.topologyKey),
      existingAntiKeys: theirs.requiredAnti.filter(selected).map((term) => term.topologyKey),
      weights,
    };
    const isNone =
      !relation.matchesAffinity && relation.antiKeys.length + relation.existingAntiKeys.length + weights.length === 0;
    return isNone ? NO_RELATION : relation;
  }

  /** A namespace without an object has no labels. */
  private namespaceLabels(namespace: string): ReadonlyMap<string, string> {
    let labels = this.namespaces.get(namespace);
    if (labels === undefined)
      this.namespaces.set(
        namespace,
        (labels = labelsOf(this.cluster.objects.get<Namespace>('Namespace', namespace)?.metadata?.labels)),
      );
    return labels;
  }
}

/** Whether any term at all matches a pod of the template, whose namespace has these labels. */
function someMatch(
  { required, requiredAnti, preferred, preferredAnti }: AffinityTerms,
  pod: PodTemplate,
  namespaceLabels: ReadonlyMap<string, string>,
): boolean {
  for (const term of required) if (termMatches(term, pod, namespaceLabels)) return true;
  for (const term of requiredAnti) if (termMatches(term, pod, namespaceLabels)) return true;
  for (const { term } of preferred) if (termMatches(term, pod, namespaceLabels)) return true;
  for (const { term } of preferredAnti) if (termMatches(term, pod, namespaceLabels)) return true;
  return false;
}

/**
 * All terms match, and there is one. Namespaces are taken to have no labels: names of selected ones are in the terms.
 */
export function matchesAllTerms(terms: readonly AffinityTerm[], pod: PodTemplate): boolean {
  return terms.length > 0 && terms.every((term) => termMatches(term, pod, NO_LABELS));
}

/** Some term matches, namespaces taken as above. */
export function matchesAnyTerm(terms: readonly AffinityTerm[], pod: PodTemplate): boolean {
  return terms.some((term) => termMatches(term, pod, NO_LABELS));
}

function termMatches(term: AffinityTerm, pod: PodTemplate, namespaceLabels: ReadonlyMap<string, string>): boolean {
  if (!term.namespaces.has(pod.namespace) && !term.namespaceSelector.matches(namespaceLabels)) return false;
  return term.selector.matches(pod.labels);
}

function compileTerms(template: PodTemplate): AffinityTerms {
  const affinity = template.spec.affinity;
  const term = (written: PodAffinityTerm): AffinityTerm => compileTerm(written, template.namespace);
  const weighted = ({ weight, podAffinityTerm }: WeightedPodAffinityTerm): WeightedTerm => ({
    weight,
    term: term(podAffinityTerm),
  });
  try {
    return {
      required: template.requiredAffinityTerms.map(term),
      requiredAnti: template.requiredAntiAffinityTerms.map(term),
      preferred: (affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted),
      preferredAnti: (affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted),
      error: '',
    };
  } catch (problem) {
    if (!(problem instanceof SelectorError)) throw problem;
    return { ...NO_TERMS, error: problem.message };
  }
}

/** Neither names nor a selector of namespaces: the pod's own. */
function compileTerm(
  { topologyKey, namespaces = [], namespaceSelector, labelSelector }: PodAffinityTerm,
  ownNamespace: string,
): AffinityTerm {
  const isOwn = namespaces.length === 0 && (namespaceSelector === undefined || namespaceSelector === null);
  return {
    topologyKey,
    namespaces: new Set(isOwn ? [ownNamespace] : namespaces),
    namespaceSelector: compileLabelSelector(namespaceSelector),
    selector: compileLabelSelector(labelSelector),
  };
}
