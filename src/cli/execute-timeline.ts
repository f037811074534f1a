/** Plays a scenario, looks on, and writes what it sees while the run goes on. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { MOST_WAITING, Timeline } from '../experiment/timeline.ts';
import type { TimelineCounts, TimelineOptions } from '../experiment/timeline.ts';
import { NewFileStream } from '../io/new-file-stream.ts';
import { createProgress } from '../io/progress.ts';
import { listenForStop, runSimulation } from '../io/run-simulation.ts';
import type { DrivenRun } from '../io/run-simulation.ts';
import { formatCount } from '../report/format.ts';
import { plainText } from '../report/table.ts';
import { TraceEventText } from '../report/trace-events.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { parseDuration } from '../base/duration.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { progressOptions } from './execute-run.ts';
import { locatedRun } from './located-run.ts';
import { checkPlayedAgain, readPlayable } from './run-folder.ts';
import type { LocatedScenario } from './scenario-input.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { wrongDuration } from './options.ts';

/** What the text goes to. */
interface Target {
  write(text: string): void;
  flush(): Promise<void>;
  /** All of it is written. */
  commit(): Promise<void>;
  abandon(): void;
}

export async function executeTimeline(given: GivenOptions, context: CommandContext): Promise<number> {
  const window = windowOf(given);
  const source = await readPlayable(given.positional('scenario'), given, context);
  // Before there is anything that a signal could leave behind.
  const stop = listenForStop();
  let target: Target | null = null;
  try {
    target = targetOf(given, context);
    const { run, text, counts } = await play(source, window, { target, stop, given, context });
    if (run.stoppedBy !== null) {
      tellWarnings([`stopped by ${run.stoppedBy} before the end: no file was written`], context);
      return exitCodeOf(run.stoppedBy);
    }
    if (isWhole(source.scenario, window)) checkPlayedAgain(source, run.result.digest);
    text.end(aboutOf(run, source.scenario, window, counts));
    await target.commit();
    if (!given.flag('quiet')) context.terminal.err(closingText(given.text('out'), text, counts));
    return EXIT_OK;
  } finally {
    stop.release();
    target?.abandon();
  }
}

interface Playing {
  readonly target: Target;
  readonly stop: ReturnType<typeof listenForStop>;
  readonly given: GivenOptions;
  readonly context: CommandContext;
}

interface PlayedTimeline {
  readonly run: DrivenRun;
  readonly text: TraceEventText;
  readonly counts: TimelineCounts;
}

async function play(
  source: LocatedScenario,
  window: TimelineOptions,
  { target, stop, given, context }: Playing,
): Promise<PlayedTimeline> {
  const { make } = await locatedRun(source, context);
  const { scenario } = source;
  const simulation = make({ ...scenario, durationMicros: endOf(scenario, window) });
  tellWarnings(simulation.warnings, context);
  const text = new TraceEventText((piece) => { target.write(piece); });
  const { cluster, schedulers } = simulation.parts;
  const timeline = new Timeline(cluster, text, window);
  for (const { listeners } of schedulers) listeners.push(timeline);
  const progress = createProgress(progressOptions(given, context));
  try {
    const onProgress: typeof progress.update = (facts) => { progress.update(facts); };
    const run = await runSimulation(() => simulation, stop, onProgress, async () => {
      await target.flush();
      await nextTurn();
    });
    timeline.finish(run.result.timeseries, run.result.events);
    return { run, text, counts: timeline.counts };
  } finally {
    progress.done();
  }
}

/** Nothing behind the cut is played. */
function endOf({ durationMicros }: Scenario, { to }: TimelineOptions): number | null {
  if (to === Infinity) return durationMicros;
  return durationMicros === null ? to : Math.min(durationMicros, to);
}

function windowOf(given: GivenOptions): TimelineOptions {
  const problems: Problem[] = [];
  const [from, to] = ['from', 'to'].map((name) => {
    const text = given.text(name);
    const micros = text === null ? null : text === '0' ? 0 : parseDuration(text);
    if (micros !== undefined) return micros;
    problems.push(wrongDuration(`--${name}`, text));
    return null;
  });
  if (given.flag('force') && given.text('out') === null) {
    problems.push({ message: '--force needs --out: there is no file to replace' });
  }
  if (from !== null && to !== null && from >= to) {
    const found = `${given.text('from') ?? ''} and ${given.text('to') ?? ''}`;
    problems.push({ message: `--from and --to: expected --from before --to, found ${found}` });
  }
  if (problems.length > 0) throw new InputError(problems);
  return { from: from ?? 0, to: to ?? Infinity, nodes: given.number('nodes') ?? Infinity };
}

function targetOf(given: GivenOptions, { terminal }: CommandContext): Target {
  const out = given.text('out');
  if (out !== null && out !== '-') return new NewFileStream(out, { force: given.flag('force') });
  const flush = (): Promise<void> => terminal.flush();
  return { write: (text) => { terminal.out(text); }, flush, commit: flush, abandon: () => undefined };
}

function aboutOf(
  { result }: DrivenRun,
  asked: Scenario,
  window: TimelineOptions,
  counts: TimelineCounts,
): Readonly<Record<string, unknown>> {
  const { scenario, seed, version, kubernetes, digest, simulatedSeconds } = result;
  // A run that is cut short has a digest of its own.
  const whole = isWhole(asked, window) ? { digest } : {};
  return { scenario, seed, podyard: version, kubernetes, ...whole, simulatedSeconds, ...counts };
}

function isWhole(asked: Scenario, window: TimelineOptions): boolean {
  return endOf(asked, window) === asked.durationMicros;
}

function closingText(out: string | null, { events }: TraceEventText, counts: TimelineCounts): string {
  const { pods, podsNotShown, waits, waitsNotShown, marks, nodes, nodesNotShown } = counts;
  const shown = `${formatCount(events)} events: ${formatCount(nodes)} nodes, ${formatCount(pods)} pods,`;
  const lines = [`${shown} ${formatCount(waits)} waits, ${formatCount(marks)} marks`];
  if (nodesNotShown > 0) lines.push(`Nodes that are not shown (--nodes): ${formatCount(nodesNotShown)}`);
  if (podsNotShown > 0) lines.push(`Pods outside of what is shown: ${formatCount(podsNotShown)}`);
  if (waitsNotShown > 0) {
    const why = `since ${String(MOST_WAITING)} pods waited already`;
    lines.push(`Waits that are not shown, ${why}: ${formatCount(waitsNotShown)}`);
  }
  const where = out === null || out === '-' ? [] : [`Wrote ${plainText(out)}. Open it in https://ui.perfetto.dev`];
  return `${[...lines, ...where].join('\n')}\n`;
}
