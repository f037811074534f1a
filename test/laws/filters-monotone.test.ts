/**
 * Laws of filters: what takes room or freedom away lets no node pass that failed, and what gives some makes no node fail
 * that passed. Each plugin is asked alone. Upstream is not monotone everywhere: the stories at the end show where not.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { caseArbitrary, OWN_CLAIM, podArbitrary, runningOn, taintArbitrary, tolerationArbitrary, withSpec, ZONE } from '../support/decision-cases.ts';
import type { DecisionCase } from '../support/decision-cases.ts';
import { FILTER_PLUGINS, verdicts } from '../support/decided-case.ts';
import type { FilterPlugin } from '../support/decided-case.ts';
import { node, pod } from '../support/scheduler-fixture.ts';
import { sized } from '../support/thorough.ts';

/** PODYARD_RUNS=5000 for a long hunt. */
const RUNS = { numRuns: Number(process.env['PODYARD_RUNS'] ?? sized(100, 250)) };
/** Which domain is emptiest, and which nodes make a domain, hangs on all nodes and pods. */
const SPREAD: readonly FilterPlugin[] = ['PodTopologySpread'];
/** A pod that brings a volume of the new pod's spares it from being attached anew. */
const SPREAD_AND_LIMITS: readonly FilterPlugin[] = [...SPREAD, 'NodeVolumeLimits'];
const NONE: readonly FilterPlugin[] = [];

interface Change {
  readonly what: string;
  /** The case changed; `dice` are drawn with it. */
  readonly of: (drawn: DecisionCase, dice: Dice) => DecisionCase;
  readonly except: readonly FilterPlugin[];
}

interface Dice {
  readonly at: number;
  readonly pod: Pod;
  readonly taint: NonNullable<NonNullable<Node['spec']>['taints']>[number];
  readonly toleration: NonNullable<PodSpec['tolerations']>[number];
}

const diceArbitrary: fc.Arbitrary<Dice> = fc.record({ at: fc.nat(7), pod: podArbitrary('more'), taint: taintArbitrary, toleration: tolerationArbitrary });

const nameAt = ({ nodes }: DecisionCase, at: number): string => nodes[at % nodes.length].metadata?.name ?? '';

function withNode(drawn: DecisionCase, at: number, change: (old: Node) => Node): DecisionCase {
  const changed = at % drawn.nodes.length;
  return { ...drawn, nodes: drawn.nodes.map((old, index) => (index === changed ? change(old) : old)) };
}

function withRunning(drawn: DecisionCase, at: number, more: Pod): DecisionCase {
  return { ...drawn, running: [...drawn.running, runningOn(nameAt(drawn, at), more, 'one-more')] };
}

function withPodSpec(drawn: DecisionCase, more: PodSpec): DecisionCase {
  return { ...drawn, pod: withSpec(drawn.pod, more) };
}

const noRequests = ({ pod: { spec } }: DecisionCase): PodSpec => ({ containers: (spec?.containers ?? []).map((container) => ({ ...container, resources: {} })) });
const noPorts = ({ pod: { spec } }: DecisionCase): PodSpec => ({ containers: (spec?.containers ?? []).map((container) => ({ ...container, ports: [] })) });

/** After these, whatever failed fails still. */
const HARDER: readonly Change[] = [
  {
    what: 'one more running pod, of whatever kind (pods that require pod affinity apart)',
    of: (drawn, { at, pod: more }) => withRunning(drawn, at, more),
    except: SPREAD_AND_LIMITS,
  },
  {
    what: 'one more running pod with a volume of its own',
    of: (drawn, { at, pod: more }) => withRunning(drawn, at, withSpec(more, { volumes: [{ name: 'own', persistentVolumeClaim: { claimName: OWN_CLAIM } }] })),
    except: SPREAD,
  },
  { what: 'one more taint on a node', of: (drawn, { at, taint }) => withNode(drawn, at, (old) => ({ ...old, spec: { ...old.spec, taints: [...(old.spec?.taints ?? []), taint] } })), except: SPREAD },
  { what: 'a node cordoned', of: (drawn, { at }) => withNode(drawn, at, (old) => ({ ...old, spec: { ...old.spec, unschedulable: true } })), except: NONE },
  { what: 'a host port more', of: (drawn) => withPodSpec(drawn, { initContainers: [{ name: 'more', restartPolicy: 'Always', ports: [{ containerPort: 1, hostPort: 8080 }] }] }), except: NONE },
];

/** After these, whatever passed passes still. */
const EASIER: readonly Change[] = [
  { what: 'the running pods of one node gone', of: (drawn, { at }) => ({ ...drawn, running: drawn.running.filter(({ spec }) => spec?.nodeName !== nameAt(drawn, at)) }), except: SPREAD_AND_LIMITS },
  { what: 'a node without its first taint', of: (drawn, { at }) => withNode(drawn, at, (old) => ({ ...old, spec: { ...old.spec, taints: (old.spec?.taints ?? []).slice(1) } })), except: SPREAD },
  { what: 'one more toleration', of: (drawn, { toleration }) => withPodSpec(drawn, { tolerations: [...(drawn.pod.spec?.tolerations ?? []), toleration] }), except: SPREAD },
  { what: 'all tolerated', of: (drawn) => withPodSpec(drawn, { tolerations: [{ operator: 'Exists' }] }), except: SPREAD },
  {
    what: 'more allocatable on a node',
    of: (drawn, { at }) => withNode(drawn, at, (old) => ({ ...old, status: { ...old.status, allocatable: { cpu: '99', memory: '99Gi', pods: '999', 'example.com/gpu': '9' } } })),
    except: NONE,
  },
  { what: 'no requests', of: (drawn) => withPodSpec(drawn, noRequests(drawn)), except: NONE },
  { what: 'no host ports', of: (drawn) => withPodSpec(drawn, noPorts(drawn)), except: NONE },
  { what: 'no volumes', of: (drawn) => withPodSpec(drawn, { volumes: [] }), except: NONE },
  {
    what: 'no node selector and no node affinity',
    of: (drawn) => ({ ...drawn, pod: without(withSpec(drawn.pod, { affinity: { ...drawn.pod.spec?.affinity, nodeAffinity: {} } }), 'nodeSelector') }),
    except: SPREAD,
  },
  { what: 'no pod affinity and anti-affinity of its own', of: (drawn) => withPodSpec(drawn, { affinity: { ...drawn.pod.spec?.affinity, podAffinity: {}, podAntiAffinity: {} } }), except: NONE },
  {
    what: 'a larger maxSkew',
    of: (drawn) => withPodSpec(drawn, { topologySpreadConstraints: (drawn.pod.spec?.topologySpreadConstraints ?? []).map((constraint) => ({ ...constraint, maxSkew: (constraint.maxSkew ?? 0) + 1 })) }),
    except: NONE,
  },
  { what: 'no topology spread constraints', of: (drawn) => withPodSpec(drawn, { topologySpreadConstraints: [] }), except: NONE },
];

function without(object: Pod, member: keyof PodSpec): Pod {
  return { ...object, spec: Object.fromEntries(Object.entries(object.spec ?? {}).filter(([key]) => key !== member)) };
}

function requiresPodAffinity({ pod: { spec } }: DecisionCase): boolean {
  return spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
}

/** `plugin node` wherever a node fails first and passes then. */
function newlyPassing(plugins: readonly FilterPlugin[], first: DecisionCase, then: DecisionCase): readonly string[] {
  const before = verdicts(first);
  const after = verdicts(then);
  return plugins.flatMap((plugin) => Object.keys(before[plugin]).filter((name) => before[plugin][name] !== 'ok' && after[plugin][name] === 'ok').map((name) => `${plugin} ${name}`));
}

/** Required pod affinity wants pods: what of it holds for fewer and more pods is told in the stories below. */
function pluginsFor({ except }: Change, drawn: DecisionCase): FilterPlugin[] {
  const wantsPods = requiresPodAffinity(drawn) && except.includes('PodTopologySpread') ? ['InterPodAffinity'] : [];
  return FILTER_PLUGINS.filter((plugin) => !except.includes(plugin) && !wantsPods.includes(plugin));
}

describe('filters are monotone', () => {
  test.each(HARDER)('$what: no node passes that failed', (change) => {
    fc.assert(fc.property(caseArbitrary, diceArbitrary, (drawn, dice) => {
      const then = change.of(drawn, dice);
      expect(newlyPassing(pluginsFor(change, drawn), drawn, then)).toEqual([]);
    }), RUNS);
  });

  test.each(EASIER)('$what: no node fails that passed', (change) => {
    fc.assert(fc.property(caseArbitrary, diceArbitrary, (drawn, dice) => {
      const then = change.of(drawn, dice);
      expect(newlyPassing(pluginsFor(change, drawn), then, drawn)).toEqual([]);
    }), RUNS);
  });

  test('priority changes no verdict while nobody is nominated', () => {
    fc.assert(fc.property(caseArbitrary, (drawn) => {
      expect(verdicts(withPodSpec(drawn, { priority: 1_000_000 }))).toEqual(verdicts(drawn));
    }), RUNS);
  });

  test('every plugin is seen to fail and to pass', () => {
    const seen = new Map<FilterPlugin, Set<boolean>>(FILTER_PLUGINS.map((plugin) => [plugin, new Set()]));
    fc.assert(fc.property(caseArbitrary, (drawn) => {
      for (const [plugin, byNode] of Object.entries(verdicts(drawn))) for (const verdict of Object.values(byNode)) seen.get(plugin as FilterPlugin)?.add(verdict === 'ok');
    }), { numRuns: 1000 });
    const alwaysPass = [...seen].filter(([, outcomes]) => !outcomes.has(false)).map(([plugin]) => plugin);
    // No pod names its node or a feature, and no volume has zone labels: these three have stories of their own.
    expect(alwaysPass).toEqual(['NodeName', 'VolumeZone', 'NodeDeclaredFeatures']);
  });
});

describe('where upstream is not monotone', () => {
  const labelSelector = { matchLabels: { app: 'web' } };
  const nodes = [node('a', { [ZONE]: 'a' }), node('b', { [ZONE]: 'b' })];
  const web = (name: string, nodeName: string): Pod => pod(name, { app: 'web' }, { nodeName });
  const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: ZONE, labelSelector }] } };
  const evenly = (more: object = {}): PodSpec => ({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector, ...more }] });
  const passing = (plugin: FilterPlugin, drawn: DecisionCase): string[] => Object.entries(verdicts(drawn)[plugin]).filter(([, verdict]) => verdict === 'ok').map(([name]) => name);

  test('required pod affinity: a pod more opens its own domain', () => {
    const wanting = pod('new', {}, { affinity: near });
    expect(passing('InterPodAffinity', { nodes, running: [], pod: wanting })).toEqual([]);
    expect(passing('InterPodAffinity', { nodes, running: [web('w', 'a')], pod: wanting })).toEqual(['a']);
  });

  test('required pod affinity to itself: the first pod of the group closes all other domains', () => {
    const member = pod('new', { app: 'web' }, { affinity: near });
    expect(passing('InterPodAffinity', { nodes, running: [], pod: member })).toEqual(['a', 'b']);
    expect(passing('InterPodAffinity', { nodes, running: [web('w', 'a')], pod: member })).toEqual(['a']);
  });

  test('volume limits: a pod that uses the same volume brings it along; a full node then takes the pod', () => {
    const using = (name: string, ...claims: string[]): Pod => pod(name, {}, { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) });
    const one = [node('n-c')];
    const wanting = { nodes: one, pod: using('new', 'v0') };
    const full = withSpec(using('full', 'v1'), { nodeName: 'n-c' });
    const sharer = withSpec(using('sharer', 'v0'), { nodeName: 'n-c' });
    expect(passing('NodeVolumeLimits', { ...wanting, running: [full] })).toEqual([]);
    expect(passing('NodeVolumeLimits', { ...wanting, running: [full, sharer] })).toEqual(['n-c']);
  });

  test('topology spread: a pod more in the emptiest domain opens the others', () => {
    const member = pod('new', { app: 'web' }, evenly());
    expect(passing('PodTopologySpread', { nodes, running: [web('w', 'a')], pod: member })).toEqual(['b']);
    expect(passing('PodTopologySpread', { nodes, running: [web('w', 'a'), web('v', 'b')], pod: member })).toEqual(['a', 'b']);
  });

  test('topology spread with nodeTaintsPolicy Honor: a taint less, or a toleration more, is one more domain to fill', () => {
    const tainted = { ...nodes[1], spec: { taints: [{ key: 'spot', value: '', effect: 'NoSchedule' }] } };
    const member = pod('new', { app: 'web' }, evenly({ nodeTaintsPolicy: 'Honor' }));
    const running = [web('w', 'a')];
    expect(passing('PodTopologySpread', { nodes: [nodes[0], tainted], running, pod: member })).toContain('a');
    expect(passing('PodTopologySpread', { nodes, running, pod: member })).toEqual(['b']);
    const tolerating = withSpec(member, { tolerations: [{ key: 'spot', operator: 'Exists' }] });
    expect(passing('PodTopologySpread', { nodes: [nodes[0], tainted], running, pod: tolerating })).toEqual(['b']);
  });

  test('topology spread honours node affinity: a selector less is one more domain to fill', () => {
    const member = pod('new', { app: 'web' }, { ...evenly(), nodeSelector: { [ZONE]: 'a' } });
    const running = [web('w', 'a')];
    expect(passing('PodTopologySpread', { nodes, running, pod: member })).toContain('a');
    expect(passing('PodTopologySpread', { nodes, running, pod: without(member, 'nodeSelector') })).toEqual(['b']);
  });
});
