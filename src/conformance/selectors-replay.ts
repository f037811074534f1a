/** The recorded suite selectors, answered by the selectors that the scheduler and the controllers use. */
import type { LabelSelector, NodeSelector, PreferredSchedulingTerm } from '../cluster/objects.ts';
import {
  SelectorError,
  compileLabelSelector,
  compileNodeSelector,
  compilePreferredTerms,
  compileRequiredNodeAffinity,
  labelsOf,
  parseSelectorText,
} from '../cluster/selectors.ts';
import type { CompiledSelector, SelectableNode } from '../cluster/selectors.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const SELECTORS_SUITE: SuiteReplay = {
  suite: 'selectors',
  kinds: {
    parse: { got: (input) => refusable(() => replayLabels(parseSelectorText(String(input.selector)), input, true)) },
    labelSelector: {
      got: (input) =>
        refusable(() => replayLabels(compileLabelSelector(input.selector as LabelSelector | null), input, false)),
    },
    nodeSelector: { got: replayNodeSelector },
    podNode: { got: replayPodNode },
    preferred: { got: replayPreferred },
  },
};

/** A refused selector is an answer, not a failure. */
function refusable(answer: () => Fields): Fields {
  try {
    return answer();
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false };
    throw error;
  }
}

function replayLabels(selector: CompiledSelector, input: Fields, withRequirements: boolean): Fields {
  const labels = input.labels as readonly Readonly<Record<string, string>>[];
  const requirements = selector.requirements.map(({ key, operator, values }) => ({ key, operator, values }));
  return {
    ok: true,
    canonical: selector.text,
    ...(withRequirements ? { requirements } : {}),
    matches: labels.map((map) => selector.matches(labelsOf(map))),
  };
}

function nodesOf(input: Fields): SelectableNode[] {
  const nodes = input.nodes as readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[];
  return nodes.map(({ name, labels }) => ({ name, labels: labelsOf(labels) }));
}

function replayNodeSelector(input: Fields): Fields {
  const selector = input.selector as NodeSelector;
  const nodes = nodesOf(input);
  const lenient = compileNodeSelector(selector);
  const strict = refusable(() => {
    const compiled = compileNodeSelector(selector, 'strict');
    return { strictOk: true, strict: nodes.map((node) => compiled.matches(node)) };
  });
  return { lazy: nodes.map((node) => lenient.match(node)), ...(strict.ok === false ? { strictOk: false } : strict) };
}

function replayPodNode(input: Fields): Fields {
  const nodeSelector = input.nodeSelector as Readonly<Record<string, string>> | null;
  const required = input.affinity as NodeSelector | null;
  const affinity = compileRequiredNodeAffinity({
    ...(nodeSelector === null ? {} : { nodeSelector }),
    ...(required === null
      ? {}
      : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }),
  });
  return { results: nodesOf(input).map((node) => affinity.match(node)) };
}

function replayPreferred(input: Fields): Fields {
  return refusable(() => {
    const terms = compilePreferredTerms(input.terms as readonly PreferredSchedulingTerm[]);
    return { ok: true, scores: nodesOf(input).map((node) => terms.score(node)) };
  });
}
