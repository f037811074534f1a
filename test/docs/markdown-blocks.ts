/**
 * Fenced blocks of Markdown files. The info string after the language carries the convention of CONTRIBUTING.md:
 * `norun: <why>` (not executed, with the reason), `exit=<n>` (expected exit code), `file=<path>` (written for the blocks
 * that follow).
 */
import { readFileSync } from 'node:fs';

export interface Block {
  readonly document: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Why the block is not executed; null: it is. */
  readonly norun: string | null;
  readonly exitCode: number;
  readonly file: string | null;
}

export function blocksOf(document: string): Block[] {
  return parseBlocks(document, readFileSync(document, 'utf8'));
}

export function parseBlocks(document: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const open = /^( *)(`{3,})(\S*)\s*(.*)$/.exec(lines[i]);
    if (open === null) continue;
    const [, indent = '', fence = '', language = '', info = ''] = open;
    let end = i + 1;
    while (end < lines.length && lines[end].trim() !== fence) end++;
    if (end === lines.length) throw new Error(`${document}:${i + 1}: the block is never closed`);
    const text = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ document, line: i + 1, language, text: text.join('\n'), ...readInfo(document, i + 1, info) });
    i = end;
  }
  return blocks;
}

function readInfo(document: string, line: number, info: string): Pick<Block, 'norun' | 'exitCode' | 'file'> {
  const norun = /(?:^|\s)norun(?::\s*(.*))?$/.exec(info);
  const rest = norun === null ? info : info.slice(0, norun.index);
  if (norun !== null && (norun[1] ?? '').trim() === '') throw new Error(`${document}:${line}: "norun" needs a reason: norun: why`);
  const settings = new Map<string, string>();
  for (const word of rest.split(/\s+/).filter((part) => part !== '')) {
    const [key = '', value] = word.split('=');
    if (!['exit', 'file'].includes(key) || value === undefined) throw new Error(`${document}:${line}: "${word}" is not known here: exit=<n>, file=<path>, norun: <why>`);
    settings.set(key, value);
  }
  return { norun: norun?.[1]?.trim() ?? null, exitCode: Number(settings.get('exit') ?? 0), file: settings.get('file') ?? null };
}
