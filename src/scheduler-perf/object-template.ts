/**
 * Objects made from template files. A file without `{{` is parsed once; one with actions is filled in and parsed for
 * each object, as upstream does. Of Go's text/template what scheduler_perf files use is known: fields and functions of
 * numbers; anything else is named as unsupported.
 */
import { InputError } from '../base/input-error.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { KINDS } from '../workload/manifests/object-checks.ts';
import { withoutNulls } from '../workload/manifests/read-manifests.ts';
import { placeFindings } from '../workload/manifests/source-document.ts';
import { describeValue } from '../base/source-path.ts';
import { Findings, isMapping, listOf, mappingOf } from '../base/structure.ts';
import type { Mapping } from '../base/structure.ts';

/** `Index`, `Count` and the op's own parameters. */
export type TemplateValues = Readonly<Record<string, unknown>>;

/** Braces inside an action are of none that we know: so no text is looked at twice. */
const ACTION = /\{\{([^{}\n]*)\}\}/g;

type Arithmetic = (a: number, b: number) => number;
const FUNCTIONS: ReadonlyMap<string, Arithmetic> = new Map<string, Arithmetic>([
  ['AddInt', (a, b) => Math.trunc(a) + Math.trunc(b)],
  ['SubtractInt', (a, b) => Math.trunc(a) - Math.trunc(b)],
  ['MultiplyInt', (a, b) => Math.trunc(a) * Math.trunc(b)],
  ['DivideInt', (a, b) => Math.trunc(Math.trunc(a) / Math.trunc(b))],
  ['Mod', (a, b) => Math.trunc(a) % Math.trunc(b)],
  ['AddFloat', (a, b) => a + b],
  ['SubtractFloat', (a, b) => a - b],
  ['MultiplyFloat', (a, b) => a * b],
  ['DivideFloat', (a, b) => a / b],
]);

/** What a template asks for that is not modelled. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export class ObjectTemplate {
  readonly file: string;
  /** Whether every object made from it is the same. */
  readonly isStatic: boolean;
  private readonly text: string;
  private parsed: Mapping | null = null;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.isStatic = !text.includes('{{');
  }

  /** Throws InputError for a broken object, TemplateError for an action that is not known. */
  make(values: TemplateValues): Mapping {
    if (!this.isStatic) return parseObject(fillIn(this.text, values), this.file);
    return (this.parsed ??= parseObject(this.text, this.file));
  }
}

/** Template files by path, each read once. */
export class ObjectTemplates {
  private readonly files: FileReader;
  private readonly known = new Map<string, ObjectTemplate>();

  constructor(files: FileReader) {
    this.files = files;
  }

  /** `path` as written in the file `from`. */
  get(from: string, path: string): ObjectTemplate {
    const file = besidePerfFile(this.files, from, path);
    let template = this.known.get(file);
    if (template === undefined) this.known.set(file, (template = new ObjectTemplate(file, this.files.read(file))));
    return template;
  }
}

/**
 * Paths are relative to the file's folder; up to the split of upstream's file by topic (v1.33) it stood in
 * scheduler_perf/config/ with paths relative to scheduler_perf/, and so it does in forks.
 */
export function besidePerfFile(files: FileReader, from: string, path: string): string {
  const beside = files.resolve(from, path);
  if (files.isFile(beside)) return beside;
  const above = files.resolve(from, `../${path}`);
  return files.isFile(above) ? above : beside;
}

export function fillIn(text: string, values: TemplateValues): string {
  return text.replace(ACTION, (_all, action: string) => String(valueOf(innerOf(action), values)));
}

/** Without the marks that trim the text around it, and the spaces. */
function innerOf(action: string): string {
  const start = action.startsWith('-') ? 1 : 0;
  const end = action.length > start && action.endsWith('-') ? -1 : undefined;
  return action.slice(start, end).trim();
}

function valueOf(action: string, values: TemplateValues): unknown {
  const words = action.split(/\s+/);
  if (words.length === 1) return operand(words[0], values);
  const apply = words.length === 3 ? FUNCTIONS.get(words[0]) : undefined;
  if (apply === undefined) throw new TemplateError(`the template action {{ ${action} }} is not modelled`);
  return apply(Number(operand(words[1], values)), Number(operand(words[2], values)));
}

function operand(word: string, values: TemplateValues): unknown {
  if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
  const value = word.startsWith('.') ? values[word.slice(1)] : undefined;
  if (value === undefined) throw new TemplateError(`the template action {{ ${word} }} is not modelled`);
  return value;
}

function parseObject(text: string, file: string): Mapping {
  const { documents, problems } = readDocuments(text, file);
  if (problems.length > 0) throw new InputError(problems);
  if (documents.length !== 1) throw new InputError({ file, message: `expected one object, found ${documents.length}` });
  const [document] = documents;
  if (!isMapping(document.value))
    throw new InputError({ file, message: `expected an object, found ${describeValue(document.value)}` });
  const object = withGoSpelling(document.value) as Mapping;
  if (object['kind'] === 'Pod' && listOf(mappingOf(object['spec'])['resourceClaims']).length > 0)
    throw new TemplateError('spec.resourceClaims: resource claims (DRA) are not simulated');
  const findings = new Findings();
  const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
  KINDS.get(kind)?.check(object, null, findings);
  if (findings.errors.length > 0) throw new InputError(placeFindings(document, findings.errors));
  return withoutNulls(object) as Mapping;
}

/** Members whose keys are the user's own. */
const FREE_KEYS = new Set([
  'labels',
  'annotations',
  'matchLabels',
  'nodeSelector',
  'requests',
  'limits',
  'capacity',
  'allocatable',
  'overhead',
]);

/** Upstream's decoder takes `NodeTaintsPolicy` for `nodeTaintsPolicy`; real files rely on it. */
function withGoSpelling(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withGoSpelling);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      /^[A-Z][a-z]/.test(key) ? key.charAt(0).toLowerCase() + key.slice(1) : key,
      FREE_KEYS.has(key) ? member : withGoSpelling(member),
    ]),
  );
}
