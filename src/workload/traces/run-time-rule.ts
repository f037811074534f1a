/** What becomes of jobs whose run time the trace does not tell, or tells in part: a stated rule, counted. */
import type { Micros } from '../../base/time.ts';
import { microsOf, wordOf, type TraceSettings } from './settings.ts';
import type { Tally } from './tally.ts';
import type { TraceJob } from './trace-format.ts';

export type RunTime = Pick<TraceJob, 'durationMicros' | 'runTime' | 'observedMicros'>;

/** A run time that the trace tells. */
export function wholeRunTime(micros: Micros): RunTime {
  return { durationMicros: micros, runTime: 'whole', observedMicros: micros };
}

export class RunTimeRule {
  private readonly tally: Tally;
  private readonly unknownRule: string;
  private readonly unknownSentence: string;
  private readonly unknownMicros: Micros | null;
  private readonly censoredRule: string;
  private readonly censoredSentence: string;

  /** `noun`: what the trace calls its jobs, as in `Jobs`. */
  constructor(settings: TraceSettings, tally: Tally, noun: string) {
    this.tally = tally;
    const unknown = settings['unknownDuration'] === undefined ? 'leave-out' : wordOf(settings, 'unknownDuration');
    this.unknownRule = unknown;
    const runs =
      unknown === 'leave-out' ? 'left out' : `and here run ${unknown === 'forever' ? 'for ever' : `for ${unknown}`}`;
    this.unknownSentence = `${noun} whose run time is not known, ${runs}`;
    this.unknownMicros =
      unknown === 'leave-out' || unknown === 'forever' ? null : microsOf(settings, 'unknownDuration');
    const censored = settings['censored'] === undefined ? 'end' : wordOf(settings, 'censored');
    this.censoredRule = censored;
    const ends =
      censored === 'leave-out' ? 'left out' : censored === 'end' ? 'and here end then' : 'and here run for ever';
    this.censoredSentence = `${noun} that still ran when the recording ended, ${ends}`;
  }

  known(micros: Micros): RunTime {
    return wholeRunTime(micros);
  }

  /** null: leave the row out. */
  unknown(): RunTime | null {
    if (this.unknownRule === 'leave-out') {
      this.tally.leaveOut(this.unknownSentence);
      return null;
    }
    this.tally.count(this.unknownSentence);
    return { durationMicros: this.unknownMicros, runTime: 'unknown', observedMicros: 0 };
  }

  /** It still ran when the recording ended, and had run for `observed`. null: leave the row out. */
  censored(observedMicros: Micros): RunTime | null {
    if (this.censoredRule === 'leave-out') {
      this.tally.leaveOut(this.censoredSentence);
      return null;
    }
    this.tally.count(this.censoredSentence);
    return { durationMicros: this.censoredRule === 'end' ? observedMicros : null, runTime: 'censored', observedMicros };
  }
}
