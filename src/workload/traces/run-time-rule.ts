/** What becomes of jobs whose run time the trace does not tell, or tells in part: a stated rule, counted. */
import type { Micros } from '../../base/time.ts';
import { microsOf, wordOf, type TraceSettings } from './settings.ts';
import type { Tally } from './tally.ts';
import type { TraceJob } from './trace-format.ts';

export type RunTime = Pick<TraceJob, 'durationMicros' | 'runTime' | 'observedMicros'>;

export class RunTimeRule {
  private readonly settings: TraceSettings;
  private readonly tally: Tally;
  private readonly noun: string;

  /** `noun`: what the trace calls its jobs, as in `Jobs`. */
  constructor(settings: TraceSettings, tally: Tally, noun: string) {
    this.settings = settings;
    this.tally = tally;
    this.noun = noun;
  }

  known(micros: Micros): RunTime {
    return { durationMicros: micros, runTime: 'whole', observedMicros: micros };
  }

  /** null: leave the row out. */
  unknown(): RunTime | null {
    const { noun, tally } = this;
    const rule = wordOf(this.settings, 'unknownDuration');
    if (rule === 'leave-out') {
      tally.leaveOut(`${noun} whose run time is not known, left out`);
      return null;
    }
    tally.count(`${noun} whose run time is not known, and here run ${rule === 'forever' ? 'for ever' : `for ${rule}`}`);
    return { durationMicros: rule === 'forever' ? null : microsOf(this.settings, 'unknownDuration'), runTime: 'unknown', observedMicros: 0 };
  }

  /** It still ran when the recording ended, and had run for `observed`. null: leave the row out. */
  censored(observedMicros: Micros): RunTime | null {
    const { noun, tally } = this;
    const rule = wordOf(this.settings, 'censored');
    if (rule === 'leave-out') {
      tally.leaveOut(`${noun} that still ran when the recording ended, left out`);
      return null;
    }
    const kept = rule === 'end' ? 'and here end then' : 'and here run for ever';
    tally.count(`${noun} that still ran when the recording ended, ${kept}`);
    return { durationMicros: rule === 'end' ? observedMicros : null, runTime: 'censored', observedMicros };
  }
}
