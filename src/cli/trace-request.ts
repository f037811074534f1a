/** The trace that a command line names: its format found, its settings and load checked. */
import { InputError, type Problem } from '../base/input-error.ts';
import { streamNamed } from '../io/spooled-streams.ts';
import { recognisedTrace } from '../io/trace-input.ts';
import type { TraceInput } from '../workload/trace-settings.ts';
import { TRACE_FORMAT_NAMES, type TraceFormatName } from '../workload/traces/catalog.ts';
import type { CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { scenarioFrom } from './scenario-input.ts';
import { loadDocument, optionOfPath, pairsOf } from './trace-options.ts';

export interface TraceRequest {
  readonly trace: TraceInput;
  readonly seed: string;
}

const NAME = 'trace';

/** Throws InputError with every mistake of the options. */
export function traceRequest(given: GivenOptions, context: CommandContext): TraceRequest {
  const file = streamNamed(given.positional('file'));
  const format = TRACE_FORMAT_NAMES.find((name) => name === given.text('format')) ?? formatOf(file);
  const document = {
    name: NAME,
    nodePools: [{ name: 'none', count: 1, allocatable: { cpu: 1, memory: 1 } }],
    trace: {
      format,
      file,
      files: Object.fromEntries(pairsOf(given, 'with', 'durations=v1.dev.c2100000.txt')) as Record<string, string>,
      settings: Object.fromEntries(pairsOf(given, 'setting', 'reorder=1000')) as Record<string, string>,
      ...loadDocument(given),
    },
  };
  const retold = (problem: Problem): Problem => (problem.file === NAME ? ofOption(problem) : problem);
  const { scenario } = scenarioFrom({ text: JSON.stringify(document), name: NAME }, given, context, retold);
  if (scenario.trace === null) throw new InputError({ message: 'there is no trace' });
  return { trace: scenario.trace, seed: scenario.seed };
}

function ofOption({ path = '', message, suggestion }: Problem): Problem {
  const value = /^trace\.(settings|files)\.([^.[]+)/.exec(path);
  if (value !== null) {
    const option = value[1] === 'settings' ? 'setting' : 'with';
    return { message: `--${option} ${value[2]}: ${message}`, suggestion };
  }
  const option = optionOfPath(path, '');
  return { message: option === undefined || option === '' ? message : `${option}: ${message}`, suggestion };
}

function formatOf(file: string): TraceFormatName {
  const formats = recognisedTrace(file);
  if (formats.length === 1) return formats[0];
  const message =
    formats.length === 0
      ? `looks like no known format: expected --format, one of ${TRACE_FORMAT_NAMES.join(', ')}`
      : `looks like ${formats.join(' and ')}: expected --format to say which`;
  throw new InputError({ file, message });
}
