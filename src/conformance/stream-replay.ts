/** Replays long runs: thousands of pods from a few templates, of which only the choices were recorded. */
import { assert } from '../base/assert.ts';
import { CycleState } from '../scheduler/framework/cycle-state.ts';
import { PodInfo } from '../scheduler/framework/pod-info.ts';
import { statusMessage } from '../scheduler/framework/status.ts';
import { ChoiceHash } from './choice-hash.ts';
import { ReplayScheduler, timelessCluster } from './replay-scheduler.ts';
import type { ReplaySettings } from './replay-scheduler.ts';
import { ReplayedCluster } from './replayed-cluster.ts';
import type { Finding, SuiteTally } from './suite-tally.ts';
import type { EndLine, VectorHeader, VectorLine } from './vector-lines.ts';

interface StreamTemplate {
  readonly id: number;
  readonly namespace: string;
  readonly startTime: string | undefined;
}

export class StreamReplay {
  private readonly world: ReplayedCluster;
  private readonly scheduler: ReplayScheduler;
  private readonly tally: SuiteTally;
  private readonly seed: number | null;
  private readonly templates = new Map<number, StreamTemplate>();
  /** Rows, oldest first. */
  private readonly runningPods: number[] = [];
  private readonly state = new CycleState();
  private readonly hash = new ChoiceHash();
  private readonly check: boolean;
  private decisions = 0;
  private scheduled = 0;

  constructor(header: VectorHeader, settings: ReplaySettings, tally: SuiteTally) {
    this.tally = tally;
    this.seed = header.seed ?? null;
    this.check = settings.check;
    this.world = new ReplayedCluster(timelessCluster(settings.kubernetes));
    this.scheduler = new ReplayScheduler(this.world.cluster, header.config, settings);
  }

  line(line: VectorLine, number: number): void {
    const { world } = this;
    switch (line.op) {
      case 'create':
        return world.create(line.object);
      case 'update':
        return world.update(line.object);
      case 'delete':
        return world.delete(line.kind, line.name);
      case 'template': {
        const { object, index } = line;
        const id = world.cluster.internTemplate(object).id;
        this.templates.set(index, {
          id,
          namespace: object.metadata?.namespace ?? 'default',
          startTime: object.status?.startTime,
        });
        return;
      }
      case 'steps':
        for (const step of line.steps) this.step(step, number);
        if (this.check) this.scheduler.checkTables();
        return;
      case 'end':
        return this.end(line, number);
      default:
        throw new RangeError(`a recording of a long run has no operation ${JSON.stringify(line.op)}`);
    }
  }

  /**
   * `3>182` a pod of template 3 went to node 182; `3!` it fitted nowhere; `x5` the running pod at position 5 leaves.
   */
  private step(step: string, number: number): void {
    const { world } = this;
    if (step.startsWith('x')) {
      const [row] = this.runningPods.splice(Number(step.slice(1)), 1);
      assert(row !== undefined, `step ${step} names a pod that does not run`);
      return world.removePod(row);
    }
    const match = /^(\d+)(?:>(\d+)|!)$/.exec(step);
    assert(match !== null, `step ${JSON.stringify(step)} is of no known form`);
    const template = this.templates.get(Number(match[1]));
    assert(template !== undefined, `step ${step} names a template that was not given`);
    const chosen = match[2] === undefined ? '' : world.createdNodes[Number(match[2])];
    const name = `p-${String(this.decisions).padStart(7, '0')}`;
    const row = world.pendingPod(`${template.namespace}/${name}`, template.id, template.startTime);
    const { node, why } = this.decide(row);
    this.decisions++;
    this.hash.add(node);
    if (node !== '') this.scheduled++;
    this.tally.decide(number, this.seed, `${name} ${step}`, choiceFindings(chosen, node, why));
    if (chosen === '') return world.removePod(row);
    world.cluster.placePod(row, world.nodeRow(chosen));
    this.runningPods.push(row);
  }

  private decide(row: number): { readonly node: string; readonly why: string } {
    const pod = new PodInfo(this.scheduler.cache, row);
    this.state.reset();
    const result = this.scheduler.algorithm.schedule(this.scheduler.profileOf(pod), this.state, pod);
    if (result.kind === 'scheduled') return { node: result.node.name, why: '' };
    if (result.kind === 'fitError') return { node: '', why: result.diagnosis.message('') };
    return {
      node: '',
      why: result.kind === 'error' ? statusMessage(result.status) : 'no nodes available to schedule pods',
    };
  }

  private end(line: EndLine, number: number): void {
    const findings: Finding[] = [];
    const compare = (part: string, expected: unknown, got: unknown): void =>
      void (expected === got || findings.push({ part, expected, got }));
    compare('decisions', line.decisions, this.decisions);
    compare('scheduled', line.scheduled, this.scheduled);
    compare('fnv1a64', line.fnv1a64, this.hash.hex());
    if (findings.length > 0) this.tally.note(number, this.seed, 'the whole run', findings);
  }
}

function choiceFindings(expected: string, got: string, why: string): Finding[] {
  if (expected === got) return [];
  const shown = (node: string): string => (node === '' ? 'fits nowhere' : node);
  return [{ part: 'node', expected: shown(expected), got: why === '' ? shown(got) : `${shown(got)}: ${why}` }];
}
