/**
 * What goes on beside the ops in simulated time: churn, and deletions at a rate. Each step is an event of the kernel's
 * input phase; whatever is left when the last op is done is dropped, as upstream cancels it.
 */
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { EventKind } from '../kernel/kernel.ts';
import { Phase } from '../simulation/simulation.ts';
import type { PerfCluster } from './perf-cluster.ts';

interface Job {
  readonly intervalMicros: Micros;
  /** False when it was the last one. */
  step(): boolean;
}

/** One object that churn makes again and again: both return nothing to be kept but its name. */
export interface ChurnedObject {
  create(): string;
  remove(name: string): void;
}

export class BackgroundWork {
  /** Jobs that go on. */
  active = 0;
  private readonly target: PerfCluster;
  private readonly jobs: Job[] = [];
  private readonly event: EventKind;

  constructor(target: PerfCluster) {
    this.target = target;
    this.event = target.kernel.defineEvent('perf.background', Phase.Input, (job) => this.run(job));
  }

  /** Makes one of each at every tick; `number` 0: without end. */
  churnByCreating(objects: readonly ChurnedObject[], number: number, intervalMicros: Micros): void {
    let rounds = 0;
    this.add({
      intervalMicros,
      step: () => {
        for (const object of objects) object.create();
        rounds++;
        return number === 0 || rounds < number;
      },
    });
  }

  /** Makes up to `number` of each, one a tick, then removes them one a tick, and so on. */
  churnByRecreating(objects: readonly ChurnedObject[], number: number, intervalMicros: Micros): void {
    const names = objects.map((): string[] => new Array<string>(number).fill(''));
    let tick = 0;
    this.add({
      intervalMicros,
      step: () => {
        const slot = tick++ % number;
        for (const [i, object] of objects.entries()) {
          const name = names[i][slot];
          if (name === '') names[i][slot] = object.create();
          else {
            object.remove(name);
            names[i][slot] = '';
          }
        }
        return true;
      },
    });
  }

  deletePods(rows: readonly number[], intervalMicros: Micros): void {
    if (rows.length === 0) return;
    const { pods } = this.target.cluster;
    const incarnations = rows.map((row) => pods.incarnation[row]);
    let next = 0;
    this.add({
      intervalMicros,
      step: () => {
        const row = rows[next];
        if (pods.incarnation[row] === incarnations[next] && pods.phase[row] !== PodPhase.Free)
          this.target.deletePod(row);
        return ++next < rows.length;
      },
    });
  }

  private add(job: Job): void {
    this.jobs.push(job);
    this.active++;
    this.target.kernel.after(job.intervalMicros, this.event, this.jobs.length - 1);
  }

  private run(index: number): void {
    const job = this.jobs[index];
    if (job.step()) this.target.kernel.after(job.intervalMicros, this.event, index);
    else this.active--;
  }
}
