/**
 * Standard output and standard error. Data goes to the first, everything said about it to the second. A reader that
 * goes away (`| head`) is no error: what is left to print is dropped. Any other refusal, such as a full disk, is kept
 * for the end.
 */
import { systemCode, systemReason } from '../io/system-errors.ts';

export type ColorChoice = 'auto' | 'always' | 'never';

export interface Terminal {
  /** Data. */
  out(text: string): void;
  /** Anything else. */
  err(text: string): void;
  /** Whether the stream takes colour; set `colorChoice` first. */
  hasColor(stream: 'out' | 'err'): boolean;
  colorChoice: ColorChoice;
  readonly errorStream: NodeJS.WriteStream;
  /** Columns of the terminal that standard output goes to; null: it goes elsewhere, and nothing is fitted. */
  readonly width: number | null;
  /** Waits until all is written. */
  flush(): Promise<void>;
}

export interface ProcessTerminal extends Terminal {
  /** Why standard output could not be written; null: it could, as far as is known. */
  readonly refusal: string | null;
}

export function processTerminal(): ProcessTerminal {
  const open = { out: true, err: true };
  const streams = { out: process.stdout, err: process.stderr };
  let refusal: string | null = null;
  for (const name of ['out', 'err'] as const) {
    streams[name].on('error', (error) => {
      const code = systemCode(error) ?? 'EIO';
      if (open[name] && name === 'out' && code !== 'EPIPE') refusal = systemReason(code);
      open[name] = false;
    });
  }
  const write = (name: 'out' | 'err', text: string): void => {
    if (open[name] && text !== '') streams[name].write(text);
  };
  return {
    colorChoice: 'auto',
    errorStream: process.stderr,
    width: widthOf(process.stdout, process.env),
    out(text): void {
      write('out', text);
    },
    err(text): void {
      write('err', text);
    },
    hasColor(name): boolean {
      return takesColor(this.colorChoice, streams[name].isTTY === true, process.env);
    },
    get refusal(): string | null {
      return refusal;
    },
    async flush(): Promise<void> {
      for (const name of ['out', 'err'] as const) {
        if (open[name]) await new Promise<void>((done) => streams[name].write('', () => { done(); }));
      }
    },
  };
}

/** `--color` counts before NO_COLOR (any text), that before FORCE_COLOR (not 0), that before what the stream is. */
export function takesColor(
  choice: ColorChoice,
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (choice !== 'auto') return choice === 'always';
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}

/** `COLUMNS` counts before what the terminal says of itself. */
export function widthOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): number | null {
  if (stream.isTTY !== true) return null;
  const told = environment['COLUMNS'] ?? '';
  if (/^[1-9]\d{0,4}$/.test(told)) return Number(told);
  return stream.columns === undefined || stream.columns < 1 ? null : stream.columns;
}
