/**
 * Kubernetes objects from files and folders: several documents a file, `List` kinds and kubectl dumps, JSON, JSON
 * Lines. Objects come in file order, checked by upstream's rules; kinds that are not simulated are counted. All
 * problems of all files are collected before anything is thrown.
 */
import type { Problem, SourcePlace } from '../../base/input-error.ts';
import { InputError, nearestName } from '../../base/input-error.ts';
import type { KubernetesObject, Node } from '../../cluster/objects.ts';
import { readLenientDocuments } from './documents.ts';
import type { FileReader } from './file-reader.ts';
import { findManifestFiles } from './manifest-files.ts';
import type { ManifestFile } from './manifest-files.ts';
import { KINDS, nameRule } from './object-checks.ts';
import { isGoTemplate, isKustomization, isNoObject, isOtherText, passedOver } from './passed-over.ts';
import type { Finding } from '../../base/structure.ts';
import type { LineColumn, SourceDocument } from './source-document.ts';
import { placeFindings } from './source-document.ts';
import type { PathStep } from '../../base/source-path.ts';
import { below, describeValue, quoteShort } from '../../base/source-path.ts';
import type { Mapping } from '../../base/structure.ts';
import { Findings, isMapping, mappingOf } from '../../base/structure.ts';
import { unsimulatedUses } from './unsimulated-fields.ts';
import type { UnsimulatedField, UnsimulatedUse } from './unsimulated-fields.ts';

export interface Manifests {
  readonly nodes: readonly Node[];
  /** Everything else that is simulated, in file order. */
  readonly objects: readonly KubernetesObject[];
  /**
   * Kind (with its group where it has one: `Certificate.cert-manager.io`) to how many. Keys in order of first sight.
   */
  readonly ignoredKinds: Readonly<Record<string, number>>;
  /** Fields that change nothing here, each once with the number of objects that use it, in file order. */
  readonly notSimulated: readonly NotSimulatedField[];
  readonly warnings: readonly Problem[];
  /** A finding about an object of `nodes` or `objects`, with its place. */
  placed(object: KubernetesObject, finding: Finding): Problem;
}

export interface NotSimulatedField extends UnsimulatedField {
  readonly count: number;
  /** Of the first use. Costs a second parse of its document. */
  place(): SourcePlace;
}

export interface ManifestOptions {
  /** Names of priority classes defined elsewhere, besides the two built-in ones. */
  readonly priorityClasses?: readonly string[];
  /** Objects that stand in some other document, read behind those of the files. */
  readonly inline?: readonly InlineObject[];
  /** Whether somebody says what runs in the object's pods. Default: nobody does. */
  readonly hasApplication?: (object: KubernetesObject) => boolean;
}

export interface InlineObject {
  readonly document: SourceDocument;
  /** Where in the document. */
  readonly prefix: readonly PathStep[];
  readonly value: unknown;
}

/** Reads files and folders; throws one InputError with every problem. */
export function readManifests(paths: readonly string[], files: FileReader, options: ManifestOptions = {}): Manifests {
  const { problems, ...manifests } = collectManifests(paths, files, options);
  if (problems.length > 0) throw new InputError(problems);
  return manifests;
}

/** Like `readManifests`, but problems are returned: for readers that have problems of their own to add. */
export function collectManifests(
  paths: readonly string[], files: FileReader, options: ManifestOptions = {},
): Manifests & { readonly problems: Problem[] } {
  const found = findManifestFiles(paths, files);
  const hasApplication = options.hasApplication ?? ((): boolean => false);
  const collector = new ManifestCollector(found.problems, found.warnings, hasApplication);
  for (const file of found.files) collector.readFile(file, files);
  for (const object of options.inline ?? []) collector.readInline(object);
  collector.checkPriorityClasses(options.priorityClasses ?? []);
  return collector.result();
}

/** One object with its way back to the file. */
interface FoundObject {
  readonly document: SourceDocument;
  readonly prefix: readonly PathStep[];
  readonly value: Mapping;
}

/** Kinds that exist upstream and are near a kind that we read: no misspellings. */
const OTHER_KINDS = new Set([
  'Role',
  'Secret',
  'ConfigMap',
  'Ingress',
  'Endpoints',
  'Event',
  'Lease',
  'ServiceAccount',
  'PodTemplate',
  'ClusterRole',
]);
const MAX_LIST_DEPTH = 8;
const MAX_CLASS_PROBLEMS = 200;

class ManifestCollector {
  readonly #problems: Problem[];
  readonly #warnings: Problem[];
  readonly #hasApplication: NonNullable<ManifestOptions['hasApplication']>;
  readonly #nodes: Node[] = [];
  readonly #objects: KubernetesObject[] = [];
  readonly #ignored = new Map<string, number>();
  readonly #seen = new Map<string, FoundObject>();
  readonly #generated = new Map<string, number>();
  readonly #priorityClasses = new Set(['system-cluster-critical', 'system-node-critical']);
  readonly #unsimulated = new Map<string, UnsimulatedField & { count: number; place(): SourcePlace }>();
  readonly #found = new Map<KubernetesObject, FoundObject>();
  /** Objects whose pods name a priority class. */
  readonly #classUsers: FoundObject[] = [];

  constructor(
    problems: Problem[], warnings: Problem[], hasApplication: NonNullable<ManifestOptions['hasApplication']>,
  ) {
    this.#problems = problems;
    this.#warnings = warnings;
    this.#hasApplication = hasApplication;
  }

  readFile({ path: file, isNamed }: ManifestFile, files: FileReader): void {
    if (!isNamed && isKustomization(file)) return this.#passOver(file, '');
    let content: string;
    try {
      content = files.read(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#problems.push(...error.problems);
      return;
    }
    const read = readLenientDocuments(content, file);
    if (!isNamed && read.problems.length > 0) {
      if (isGoTemplate(content)) return this.#passOver(file, 'it is a template: render it first (helm template)');
      if (isOtherText(content)) return this.#passOver(file, 'it holds no Kubernetes objects');
    }
    this.#problems.push(...read.problems);
    if (read.documents.length === 0 && read.problems.length === 0) {
      if (isNamed) this.#problems.push({ file, message: 'expected Kubernetes objects, found an empty file' });
      else this.#passOver(file, 'it holds nothing but comments');
    }
    const documents = isNamed
      ? read.documents
      : read.documents.filter(({ value }) => !isNoObject(value, (kind) => KINDS.has(kind)));
    if (documents.length < read.documents.length)
      this.#passOver(
        file,
        documents.length === 0 ? 'it holds no Kubernetes objects' : 'a part of it is no Kubernetes object',
      );
    if (documents.length > 0) this.#warnings.push(...read.warnings);
    for (const document of documents) this.#add(document, [], document.value, undefined, 0);
  }

  #passOver(file: string, reason: string): void {
    this.#warnings.push({ file, message: passedOver(file, reason) });
  }

  readInline({ document, prefix, value }: InlineObject): void {
    this.#add(document, prefix, value, undefined, 0);
  }

  #add(document: SourceDocument, prefix: readonly PathStep[], value: unknown, listKind: string | undefined, depth: number): void {
    const refuse = (message: string, steps: readonly PathStep[] = prefix): void => {
      this.#problems.push(...placeFindings(document, [{ path: null, part: 'value', message }], steps));
    };
    if (Array.isArray(value) && prefix.length === 0)
      return this.#addItems(document, [], value as unknown[], undefined, depth);
    if (!isMapping(value)) return refuse(`expected a Kubernetes object, found ${describeValue(value)}`);
    const { kind = listKind, apiVersion, items } = value;
    if (kind === undefined || kind === null) return refuse('expected a Kubernetes object: "kind" is missing');
    if (typeof kind !== 'string') return refuse(`expected a text, found ${describeValue(kind)}`, [...prefix, 'kind']);
    if (kind.endsWith('List') && Array.isArray(items)) {
      if (depth >= MAX_LIST_DEPTH) return refuse(`lists are nested more than ${MAX_LIST_DEPTH} deep`);
      return this.#addItems(
        document,
        [...prefix, 'items'],
        items as unknown[],
        kind === 'List' ? undefined : kind.slice(0, -4),
        depth,
      );
    }
    if (apiVersion === undefined && listKind === undefined) return refuse('"apiVersion" is missing');
    const rule = KINDS.get(kind);
    const group =
      typeof apiVersion === 'string'
        ? apiVersion.includes('/')
          ? apiVersion.slice(0, apiVersion.indexOf('/'))
          : ''
        : rule?.group;
    if (rule === undefined || rule.group !== group) return this.#ignore(document, prefix, kind, group ?? '');
    this.#problems.push(...duplicatesIn(document, prefix));
    this.#check({ document, prefix, value: listKind === undefined ? value : { kind, ...value } }, kind);
  }

  #addItems(document: SourceDocument, prefix: readonly PathStep[], items: readonly unknown[], listKind: string | undefined, depth: number): void {
    for (const [index, item] of items.entries()) this.#add(document, [...prefix, index], item, listKind, depth + 1);
  }

  #ignore(document: SourceDocument, prefix: readonly PathStep[], kind: string, group: string): void {
    const name = group === '' ? kind : `${kind}.${group}`;
    const known = this.#ignored.get(name);
    this.#ignored.set(name, (known ?? 0) + 1);
    if (known !== undefined || OTHER_KINDS.has(kind) || KINDS.has(kind)) return;
    // A kind of another group is no misspelling, however near it is (APIService, Service).
    const ofGroup = [...KINDS].filter(([, rule]) => rule.group === group).map(([known]) => known);
    const near = kind.length < 5 ? undefined : nearestName(kind, ofGroup);
    if (near === undefined) return;
    const finding = {
      path: below(null, 'kind'),
      part: 'value' as const,
      message: `objects of the unknown kind ${quoteShort(kind)} are ignored`,
      suggestion: near,
    };
    this.#warnings.push(...placeFindings(document, [finding], prefix));
  }

  #check(found: FoundObject, kind: string): void {
    const rule = KINDS.get(kind);
    if (rule === undefined) return;
    const findings = new Findings();
    rule.check(found.value, null, findings);
    nameRule(found.value, null, findings);
    if (findings.warnings.length > 0)
      this.#warnings.push(...placeFindings(found.document, findings.warnings, found.prefix));
    if (findings.errors.length > 0)
      this.#problems.push(...placeFindings(found.document, findings.errors, found.prefix));
    if (findings.errors.length > 0) return;
    const named = this.#withName(found.value);
    this.#refuseDuplicate({ ...found, value: named }, kind, rule.isNamespaced);
    if (kind === 'PriorityClass') this.#priorityClasses.add(nameOf(named));
    if (priorityClassOf(named) !== undefined) this.#classUsers.push(found);
    const object = withoutNulls(named) as KubernetesObject;
    this.#found.set(object, found);
    const isKnown = this.#hasApplication(object);
    for (const use of unsimulatedUses(kind, object as Mapping, isKnown)) this.#noteUnsimulated(use, found);
    if (kind === 'Node') this.#nodes.push(object);
    else this.#objects.push(object);
  }

  #noteUnsimulated({ kind, field, effect, steps }: UnsimulatedUse, { document, prefix }: FoundObject): void {
    const key = `${kind} ${field}`;
    const known = this.#unsimulated.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const place = (): SourcePlace =>
      placeFindings(document, [{ path: null, part: 'key', message: '' }], [...prefix, ...steps])[0];
    this.#unsimulated.set(key, { kind, field, effect, count: 1, place });
  }

  /** `generateName` gets an ordinal instead of upstream's random letters. */
  #withName(value: Mapping): Mapping {
    const metadata = mappingOf(value['metadata']);
    const { name, generateName } = metadata;
    if (typeof name === 'string' || typeof generateName !== 'string') return value;
    const ordinal = this.#generated.get(generateName) ?? 0;
    this.#generated.set(generateName, ordinal + 1);
    return { ...value, metadata: { ...metadata, name: `${generateName}${ordinal}` } };
  }

  #refuseDuplicate(found: FoundObject, kind: string, isNamespaced: boolean): void {
    const namespace = mappingOf(found.value['metadata'])['namespace'];
    const place = isNamespaced ? `${typeof namespace === 'string' ? namespace : 'default'}/` : '';
    const key = `${kind} ${place}${nameOf(found.value)}`;
    const before = this.#seen.get(key);
    if (before === undefined) {
      this.#seen.set(key, found);
      return;
    }
    const first = before.document.locate([...before.prefix, 'metadata', 'name'], 'value');
    const message = `a second ${key}; the first stands in ${before.document.file}:${first?.line ?? 1}`;
    this.#problems.push(
      ...placeFindings(
        found.document,
        [{ path: below(below(null, 'metadata'), 'name'), part: 'value', message }],
        found.prefix,
      ),
    );
  }

  checkPriorityClasses(others: readonly string[]): void {
    for (const name of others) this.#priorityClasses.add(name);
    let problemCount = 0;
    for (const found of this.#classUsers) {
      const user = priorityClassOf(found.value);
      if (user === undefined || this.#priorityClasses.has(user.name)) continue;
      if (++problemCount > MAX_CLASS_PROBLEMS) continue;
      const finding = {
        path: user.steps.reduce<ReturnType<typeof below> | null>((up, step) => below(up, step), null),
        part: 'value' as const,
        message: `unknown priority class ${quoteShort(user.name)}${user.isResolved ? ': the pod keeps the priority it has' : ''}`,
        suggestion: nearestName(user.name, this.#priorityClasses),
      };
      (user.isResolved ? this.#warnings : this.#problems).push(
        ...placeFindings(found.document, [finding], found.prefix),
      );
    }
  }

  result(): Manifests & { readonly problems: Problem[] } {
    return {
      nodes: this.#nodes,
      objects: this.#objects,
      ignoredKinds: Object.fromEntries(this.#ignored),
      notSimulated: [...this.#unsimulated.values()],
      placed: (object, finding) => {
        const found = this.#found.get(object);
        return found === undefined
          ? { message: finding.message }
          : placeFindings(found.document, [finding], found.prefix)[0];
      },
      warnings: inFileOrder(this.#warnings),
      problems: inFileOrder(this.#problems),
    };
  }
}

/** Duplicate keys within one object of a document: of a list, those between its place and the next item's. */
function duplicatesIn(document: SourceDocument, prefix: readonly PathStep[]): Problem[] {
  const { duplicates = [] } = document;
  if (duplicates.length === 0 || prefix.length === 0) return [...duplicates];
  const index = prefix[prefix.length - 1];
  const from = document.locate(prefix, 'value');
  const next = typeof index === 'number' ? document.locate([...prefix.slice(0, -1), index + 1], 'value') : undefined;
  const to = next !== undefined && from !== undefined && isBefore(from, next) ? next : undefined;
  return duplicates.filter(
    ({ line = 0, column = 0 }) =>
      from === undefined || (!isBefore({ line, column }, from) && (to === undefined || isBefore({ line, column }, to))),
  );
}

function isBefore(a: LineColumn, b: LineColumn): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** By file in order of first sight, then by line. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const rank = new Map<string | undefined, number>();
  for (const { file } of problems) if (!rank.has(file)) rank.set(file, rank.size);
  const rankOf = (problem: Problem): number => rank.get(problem.file) ?? 0;
  return [...problems].sort(
    (a, b) => rankOf(a) - rankOf(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

function nameOf(value: Mapping): string {
  const { name, generateName } = mappingOf(value['metadata']);
  return typeof name === 'string' ? name : typeof generateName === 'string' ? generateName : '';
}

interface ClassUse {
  readonly name: string;
  readonly steps: readonly PathStep[];
  /** The pod comes from a cluster where the class existed: its number is known. */
  readonly isResolved: boolean;
}

function priorityClassOf(value: Mapping): ClassUse | undefined {
  const spec = mappingOf(value['spec']);
  const steps = value['kind'] === 'Pod' ? ['spec'] : ['spec', 'template', 'spec'];
  const pod = value['kind'] === 'Pod' ? spec : mappingOf(mappingOf(spec['template'])['spec']);
  const name = pod['priorityClassName'];
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, steps: [...steps, 'priorityClassName'], isResolved: typeof pod['priority'] === 'number' };
}

/** The value without null members, as the API server would keep it; the same value when there are none. */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item: unknown = withoutNulls(value[index]);
      if (item !== value[index]) (copy ??= (value as unknown[]).slice())[index] = item;
    }
    return copy ?? value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const [key, member] of Object.entries(value)) {
    const kept: unknown = member === null ? undefined : withoutNulls(member);
    if (kept === member) continue;
    copy ??= { ...(value as Record<string, unknown>) };
    if (kept === undefined) delete copy[key];
    else copy[key] = kept;
  }
  return copy ?? value;
}
