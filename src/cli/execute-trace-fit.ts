/** A generator fitted to a trace: its scenario, a picture of the fit and the numbers. */
import { stringify } from 'yaml';
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../base/time.ts';
import { createInputFiles } from '../io/input-files.ts';
import { claimOutputFolder, type OutputFile, type OutputFolder, type WrittenFolder } from '../io/output-folder.ts';
import { accountOfTrace, type TraceFacts } from '../io/trace-input.ts';
import { RandomStreams } from '../kernel/random.ts';
import { fitPicture, type PicturePanel } from '../report/fit-picture.ts';
import { formatCount, sortedKeys } from '../report/format.ts';
import { numberColumn, paintFor, renderTable, textColumn } from '../report/table.ts';
import { readScenario } from '../simulation/scenario-reader.ts';
import type { TraceInput } from '../workload/trace-settings.ts';
import { WorkloadSource } from '../workload/generators/workload-source.ts';
import { fittedScenario, hoursOf, ratesOf, type CycleHours } from '../workload/traces/fit/fitted-scenario.ts';
import {
  curveOfCounts,
  largestDifference,
  LifetimeCurve,
  type CurvePoint,
} from '../workload/traces/fit/lifetime-curve.ts';
import { countAmounts, MOST_HOURS, TraceFitting, type AmountCounts } from '../workload/traces/fit/trace-fit.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { tellWritten } from './execute-run.ts';
import type { GivenOptions } from './options.ts';
import { traceRequest } from './trace-request.ts';

const GIBIBYTE = 1_073_741_824;
const OVER_TIME = 'arrivals over time';
/** A larger difference than this says that the cycle is not the trace's. */
const NOT_CYCLIC = 0.1;
const SCENARIO_FILE = 'scenario.yaml';
const CYCLES: Readonly<Record<string, CycleHours>> = { day: 24, week: 168, none: null };

/** One side of the picture: of the trace, or of what the generator draws. */
interface Side {
  readonly arrivals: number;
  readonly hours: readonly number[];
  readonly lifetimes: readonly CurvePoint[];
  readonly amounts: AmountCounts;
}

interface Fit {
  readonly trace: TraceInput;
  readonly facts: TraceFacts;
  readonly cycleHours: CycleHours;
  readonly hours: number;
  readonly recorded: Side;
  readonly simulated: Side;
  readonly notes: readonly string[];
}

export function traceFit(given: GivenOptions, context: CommandContext): Promise<number> {
  const { trace, seed } = traceRequest(given, context);
  const out = given.text('out') ?? '';
  const folder = claimOutputFolder(out, { force: given.flag('force') });
  const fitting = new TraceFitting();
  const facts = accountOfTrace(trace, seed, (job) => { fitting.add(job); });
  const cycleHours = CYCLES[given.text('cycle') ?? 'day'];
  const hours = hoursOf(Math.max(0, facts.lastArrivalSeconds) * MICROS_PER_SECOND);
  checkFit(trace.file, facts, hours);
  const name = trace.file.slice(trace.file.lastIndexOf('/') + 1);
  const fitted = fittedScenario({
    name: 'fitted',
    description: `Like ${name}, of which its workloads were fitted`,
    classes: fitting.classes(),
    cycleHours,
    hours,
    resources: facts.resources,
    peakPods: facts.peakPods,
  });
  const text = `# Fitted to ${name} by podyard trace fit. The size of the cluster is ours: set it to yours.\n${stringify(fitted.document)}`;
  const simulated = simulatedSide(text, seed);
  const fit = { trace, facts, cycleHours, hours, recorded: recordedSide(fitting), simulated, notes: fitted.notes };
  const written = writeLocked(folder, filesOf(name, text, fit));
  const { terminal } = context;
  const isJson = given.text('output') === 'json';
  terminal.out(isJson ? fitJson(fit) : fitTable(fit, terminal.hasColor('out')));
  const code = tellWritten(written, given, context);
  if (code === EXIT_OK) terminal.err(`Next: podyard run ${out}/${SCENARIO_FILE}\n`);
  return Promise.resolve(code);
}

/** Whatever happens, nothing unfinished stays beside the folder. */
function writeLocked(folder: OutputFolder, files: Iterable<OutputFile>): WrittenFolder {
  folder.lock();
  try {
    return folder.write(files);
  } finally {
    folder.release();
  }
}

function checkFit(file: string, { jobs }: TraceFacts, hours: number): void {
  if (jobs === 0) throw new InputError({ file, message: 'the trace has no jobs: there is nothing to fit' });
  if (hours <= MOST_HOURS) return;
  const message = `the trace spans ${String(hours)} hours: expected at most ${String(MOST_HOURS)}; --to cuts it`;
  throw new InputError({ file, message });
}

/** Run times of classes of which some end was seen, with those that were cut off. */
function recordedSide(fitting: TraceFitting): Side {
  const lifetimes = new LifetimeCurve();
  const hours: number[] = [];
  let arrivals = 0;
  for (const fit of fitting.classes()) {
    arrivals += fit.arrivals;
    if (fit.lifetimes.ended > 0) lifetimes.merge(fit.lifetimes);
    if (!fit.stoodBefore) addHours(hours, fit.hours);
  }
  return { arrivals, hours, lifetimes: lifetimes.points(), amounts: fitting.amounts };
}

function addHours(hours: number[], more: readonly number[]): void {
  while (hours.length < more.length) hours.push(0);
  more.forEach((count, hour) => { hours[hour] += count; });
}

/** What the written scenario draws, read back as any other. */
function simulatedSide(text: string, seed: string): Side {
  const { scenario } = readScenario({ text, name: SCENARIO_FILE }, createInputFiles(), []);
  const { workloads, durationMicros } = scenario;
  const source = new WorkloadSource(workloads, new RandomStreams(seed), durationMicros);
  const lifetimes = new LifetimeCurve();
  const amounts: AmountCounts = new Map();
  const hours: number[] = [];
  let arrivals = 0;
  while (source.advance()) {
    arrivals++;
    const workload = workloads[source.workloadIndex];
    if (workload.arrivals.kind === 'hourly') {
      const hour = Math.floor(source.timeMicros / MICROS_PER_HOUR);
      while (hours.length <= hour) hours.push(0);
      hours[hour]++;
    }
    if (workload.kind !== 'Deployment') lifetimes.addEnded(source.podLifetimesMicros[0]);
    if (source.shapeIndex >= 0) countAmounts(amounts, workload.shapes[source.shapeIndex].requests);
  }
  return { arrivals, hours, lifetimes: lifetimes.points(), amounts };
}

/** Kolmogorov and Smirnov's distances by what was compared; null: nothing to compare. */
function distancesOf({ recorded, simulated }: Fit): Readonly<Record<string, number | null>> {
  const known = (distance: number): number | null => (Number.isNaN(distance) ? null : distance);
  const none = new Map<number, number>();
  const resources = sortedKeys(Object.fromEntries(recorded.amounts)).map((name): [string, number | null] => {
    const [a, b] = [recorded, simulated].map(({ amounts }) => curveOfCounts(amounts.get(name) ?? none));
    return [name, known(largestDifference(a, b))];
  });
  const overTime = (hours: readonly number[]): readonly CurvePoint[] =>
    curveOfCounts(new Map(hours.flatMap((count, hour) => (count > 0 ? [[hour, count] as const] : []))));
  return {
    lifetime: known(largestDifference(recorded.lifetimes, simulated.lifetimes)),
    ...Object.fromEntries(resources),
    [OVER_TIME]: known(largestDifference(overTime(recorded.hours), overTime(simulated.hours))),
  };
}

function fitTable(fit: Fit, hasColor: boolean): string {
  const { recorded, simulated } = fit;
  const rows = Object.entries(distancesOf(fit)).map(([name, distance]) => [name, distance?.toFixed(4) ?? '-']);
  const head = `Arrivals   ${formatCount(recorded.arrivals)} recorded, ${formatCount(simulated.arrivals)} drawn\n`;
  const table = renderTable([textColumn('COMPARED'), numberColumn('LARGEST DIFFERENCE')], rows, paintFor(hasColor));
  const lines = notesOf(fit).map((note) => `Note: ${note}\n`).join('');
  return `${head}\n${table}\n${lines === '' ? '' : `\n${lines}`}`;
}

/** A cycle that the trace does not have is told. */
function notesOf(fit: Fit): readonly string[] {
  const { facts, notes, cycleHours } = fit;
  const distance = distancesOf(fit)[OVER_TIME] ?? 0;
  if (cycleHours === null || distance <= NOT_CYCLIC) return [...facts.notes, ...notes];
  const cycle = cycleHours === 24 ? 'day' : 'week';
  const told = `Arrivals do not repeat by the ${cycle}: --cycle none gives every hour of the trace its own rate`;
  return [...facts.notes, ...notes, told];
}

function fitJson(fit: Fit): string {
  const { trace, facts, cycleHours, hours, recorded, simulated } = fit;
  const { jobsCensored, jobsUnknown, jobsStartedBefore } = facts;
  const numbers = {
    file: trace.file,
    format: trace.format,
    cycleHours,
    hours,
    arrivals: { recorded: recorded.arrivals, simulated: simulated.arrivals },
    jobsCensored,
    jobsUnknown,
    jobsStartedBefore,
    largestDifference: distancesOf(fit),
    notes: notesOf(fit),
  };
  return `${JSON.stringify(numbers, null, 2)}\n`;
}

function filesOf(name: string, text: string, fit: Fit): OutputFile[] {
  const picture = fitPicture(`${name}: the trace and the generator fitted to it`, panelsOf(fit));
  return [
    { name: SCENARIO_FILE, chunks: [text] },
    { name: 'fit.svg', chunks: [picture] },
    { name: 'fit.json', chunks: [fitJson(fit)] },
  ];
}

function panelsOf(fit: Fit): readonly PicturePanel[] {
  const { recorded, simulated, hours, cycleHours, facts } = fit;
  const distances = distancesOf(fit);
  const told = (name: string): string => `largest difference ${distances[name]?.toFixed(4) ?? '-'}`;
  const rates = (side: Side): readonly CurvePoint[] =>
    ratesOf(side.hours, hours, cycleHours).map((share, value) => ({ value, share }));
  const seconds = (curve: readonly CurvePoint[]): readonly CurvePoint[] =>
    curve.map(({ value, share }) => ({ value: value / MICROS_PER_SECOND, share }));
  const cut = facts.jobsCensored === 0 ? '' : `, ${formatCount(facts.jobsCensored)} cut off by the end`;
  return [
    {
      title:
        cycleHours === null
          ? 'Arrivals in each hour'
          : `Arrivals in each hour of ${cycleHours === 24 ? 'the day' : 'the week'}`,
      remark: `${told(OVER_TIME)} over the whole time`,
      kind: 'rates',
      recorded: rates(recorded),
      simulated: rates(simulated),
    },
    {
      title: 'Run time: share of arrivals that run at most so long',
      remark: `${told('lifetime')}${cut}`,
      kind: 'durations',
      recorded: seconds(recorded.lifetimes),
      simulated: seconds(simulated.lifetimes),
    },
    ...sortedKeys(Object.fromEntries(recorded.amounts)).map((name): PicturePanel => {
      const [unit, label] =
        name === 'cpu' ? [1000, 'CPU cores'] : name === 'memory' ? [GIBIBYTE, 'memory, GiB'] : [1, name];
      const [a, b] = [recorded, simulated].map(({ amounts }) =>
        curveOfCounts(amounts.get(name) ?? new Map<number, number>()).map(({ value, share }) => ({
          value: value / unit,
          share,
        })),
      );
      const title = `Size: share of those that ask for at most so much, ${label}`;
      return { title, remark: told(name), kind: 'amounts', recorded: a, simulated: b };
    }),
  ];
}
