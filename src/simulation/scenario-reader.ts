/**
 * A scenario from YAML or JSON and the files it names: decode, default, check. Every problem of the scenario and of its
 * files is collected, then thrown as one InputError; what is only doubtful comes back as warnings.
 */
import type { Problem } from '../base/input-error.ts';
import { InputError } from '../base/input-error.ts';
import type { KubernetesObject, PriorityClass } from '../cluster/objects.ts';
import { readDocuments, readOnlyDocument } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { collectManifests, inFileOrder } from '../workload/manifests/read-manifests.ts';
import type { InlineObject, Manifests } from '../workload/manifests/read-manifests.ts';
import type { Finding } from '../base/structure.ts';
import type { SourceDocument } from '../workload/manifests/source-document.ts';
import { placeFindings } from '../workload/manifests/source-document.ts';
import type { Path } from '../base/source-path.ts';
import { below, describeValue, stepsOf } from '../base/source-path.ts';
import { Findings, isMapping, mappingOf } from '../base/structure.ts';
import { admissionContext, checkAdmission, checkWorkloadAdmission, namedZones } from './admission-checks.ts';
import { warnOfEndlessWork, warnOfFailingWork } from './endless-work.ts';
import { hopelessPods, warnOfOversizedWorkloads } from './hopeless-pods.ts';
import { refusedPods, warnOfRefusedWorkloads } from './refused-pods.ts';
import type { Scenario } from './scenario.ts';
import type { SchedulerSettings } from '../scheduler/settings.ts';
import { applicationOf, placedApplications } from '../control-plane/pod-admission.ts';
import { SYSTEM_PRIORITY_CLASSES } from '../control-plane/priority-classes.ts';
import { podMetadataOf } from './pod-places.ts';
import {
  applicationProblems, checkClassesOfWorkloads, checkMembers, checkScenario, takenNameProblems,
  warnOfIdleApplications,
} from './scenario-checks.ts';
import { decodeBy } from '../scenario/decode.ts';
import { ScenarioNumbers } from '../scenario/numbers.ts';
import type { AppliedOverrides, Override } from './scenario-overrides.ts';
import { applyOverrides } from './scenario-overrides.ts';
import { namesOfProfiles, sharesOfProfiles } from './foreign-schedulers.ts';
import { ordinalIn } from './pool-nodes.ts';
import type { OwnSettings } from './scenario-resolve.ts';
import { resolveSettings, resolveThresholds } from './scenario-resolve.ts';
import { scenarioSchema } from './scenario-schema.ts';
import type { ScenarioInput } from './scenario-schema.ts';
import { checkSteps } from './step-checks.ts';
import { resolveMachines, resolveTrace } from '../workload/trace-settings.ts';

export type { Override } from './scenario-overrides.ts';

/** A file, or a text with the name it is called in messages; relative paths in a text start at the folder of `name`. */
export type ScenarioEntry = { readonly file: string } | { readonly text: string; readonly name: string };

export interface ScenarioRead {
  readonly scenario: Scenario;
  readonly warnings: readonly Problem[];
  /**
   * A warning for each field of the manifests that changes nothing here, at the place of its first use. Costs another
   * look at the files.
   */
  notSimulated(): Problem[];
}

/** Scenarios are written by hand; a larger file is some other file. */
const MAX_SCENARIO_CHARACTERS = 16 * 1024 * 1024;

export function readScenario(
  entry: ScenarioEntry, files: FileReader, overrides: readonly Override[] = [],
): ScenarioRead {
  const file = 'file' in entry ? entry.file : entry.name;
  const text = 'file' in entry ? files.read(entry.file) : entry.text;
  const { document, warnings } = openScenario(text, file);
  const changed = applyOverrides(document.value, overrides);
  const reading = new ScenarioReading(file, document, changed, files, [...warnings, ...changed.warnings]);
  const scenario = reading.read();
  if (reading.problems.length > 0 || scenario === undefined) throw new InputError(reading.problems);
  return { scenario, warnings: reading.warnings, notSimulated: () => reading.notSimulated() };
}

function openScenario(
  text: string, file: string,
): { readonly document: SourceDocument; readonly warnings: readonly Problem[] } {
  if (text.length > MAX_SCENARIO_CHARACTERS)
    throw new InputError({
      file,
      message: `expected a scenario, found a file of more than ${MAX_SCENARIO_CHARACTERS} characters`,
    });
  const { document, warnings } = readOnlyDocument(text, file, 'scenario');
  const { kind, apiVersion } = mappingOf(document.value);
  if (typeof kind === 'string' && apiVersion !== undefined) {
    const message = `expected a scenario, found a Kubernetes object of kind ${kind}: list the file under "nodes" or "manifests" of a scenario`;
    throw new InputError({ file, ...document.locate(['kind'], 'key'), message });
  }
  return { document, warnings };
}

class ScenarioReading {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[];
  readonly #file: string;
  readonly #document: SourceDocument;
  readonly #overrides: AppliedOverrides;
  readonly #files: FileReader;
  readonly #findings = new Findings();
  #unsimulated: Manifests['notSimulated'] = [];

  constructor(
    file: string, document: SourceDocument, overrides: AppliedOverrides, files: FileReader, warnings: Problem[],
  ) {
    this.#file = file;
    this.#document = document;
    this.#overrides = overrides;
    this.#files = files;
    this.warnings = warnings;
  }

  read(): Scenario | undefined {
    const input = decodeBy(scenarioSchema, 'a scenario', this.#overrides.value, this.#findings);
    const scenario = input === undefined ? undefined : this.#resolve(input);
    if (input === undefined) this.#readFilesOf(this.#overrides.value);
    this.problems.unshift(...this.#overrides.problems, ...inOrder(this.#place(this.#findings.errors)));
    this.warnings.push(...inOrder(this.#place(this.#findings.warnings)));
    return scenario;
  }

  notSimulated(): Problem[] {
    return this.#unsimulated.map(({ kind, field, effect, count, place }) => {
      const { path: _path, ...at } = place();
      return {
        ...at,
        message: `${kind} ${field} is not simulated${count === 1 ? '' : ` (${count} objects)`}: ${effect}`,
      };
    });
  }

  #resolve(input: ScenarioInput): Scenario {
    const settings = resolveSettings(input, new ScenarioNumbers(this.#findings));
    checkScenario(input, settings, this.#findings);
    const applications = this.#findings.errors.length === 0 ? placedApplications(settings.applications) : [];
    const manifests = this.#readManifests(input, (object) => {
      const metadata = podMetadataOf(object);
      return metadata !== undefined && applicationOf({ metadata }, applications) !== undefined;
    });
    const priorityClasses = this.#allPriorityClasses(settings, manifests.objects);
    checkClassesOfWorkloads(input, new Set(Object.keys(priorityClasses)), this.#findings);
    this.#checkNodes(settings, input, manifests);
    if (this.problems.length === 0) this.problems.push(...applicationProblems(settings.applications, manifests));
    this.problems.push(...takenNameProblems(settings, manifests));
    if (input.trace === undefined) warnOfIdleApplications(settings, manifests.objects, this.#findings);
    this.#checkSteps(settings, input, manifests);
    this.#checkPods(settings, manifests, priorityClasses, input.trace !== undefined);
    this.#unsimulated = manifests.notSimulated;
    const existing = (file: string, place: Path): string => this.#existingFile(file, place);
    const streamOr = (file: string, place: Path): string => {
      const path = this.#files.resolve(this.#file, file);
      return this.#files.isStream?.(path) === true ? path : existing(file, place);
    };
    const trace = resolveTrace(input.trace, streamOr, new ScenarioNumbers(this.#findings));
    const machines = resolveMachines(input.machines, existing, this.#findings);
    const scheduler = this.#resolveScheduler(input, settings);
    const { cycleMicros: _cycle, bindMicros: _bind, ...own } = settings;
    return {
      ...own,
      name: input.name ?? nameOfFile(this.#file, 'scenario'),
      description: input.description,
      nodes: manifests.nodes,
      objects: manifests.objects,
      timeZones: namedZones(manifests.objects, this.#files.timeZones),
      ignoredKinds: manifests.ignoredKinds,
      notSimulated: manifests.notSimulated.map(({ kind, field, count, effect }) => ({ kind, field, count, effect })),
      priorityClasses,
      trace,
      machines,
      scheduler,
      thresholds: resolveThresholds(input, this.#findings),
      fileNames: this.#fileNames([
        trace?.file,
        ...Object.values(trace?.files ?? {}),
        machines?.file,
        ...scheduler.pluginFiles,
      ]),
      manifestFiles: this.#manifestFiles(input),
    };
  }

  /** The files of a scenario that could not be decoded are checked all the same: one reading shows every mistake. */
  #readFilesOf(value: unknown): void {
    const { nodes, manifests, priorityClasses } = mappingOf(value);
    this.#readManifests({
      nodes: pathsIn(nodes),
      manifests: pathsIn(manifests),
      priorityClasses: mappingOf(priorityClasses),
    });
  }

  #readManifests(input: FilesInput, hasApplication = (_object: KubernetesObject): boolean => false): Manifests {
    const paths = [...this.#existing(input.nodes, 'nodes'), ...this.#existing(input.manifests, 'manifests')];
    const inline = (['nodes', 'manifests'] as const).flatMap((key) => this.#inline(input[key], key));
    const classes = Object.keys(input.priorityClasses);
    const { problems, ...manifests } = collectManifests(paths, this.#files, {
      priorityClasses: classes, inline, hasApplication,
    });
    this.problems.push(...problems);
    this.warnings.push(...manifests.warnings);
    return manifests;
  }

  /**
   * Files and folders of a field, those that exist. A folder that holds the scenario itself would be read as
   * manifests.
   */
  #existing(given: FileEntries, key: string): string[] {
    const found: string[] = [];
    const entries = given === undefined ? [] : typeof given === 'string' ? [given] : given;
    const own = this.#files.realPath(this.#file);
    for (const [index, relative] of entries.entries()) {
      if (typeof relative !== 'string') continue;
      const place = typeof given === 'string' ? below(null, key) : below(below(null, key), index);
      const path = this.#files.resolve(this.#file, relative);
      if (relative === '') this.#findings.error(place, 'expected a file or folder, found an empty text');
      else if (this.#files.isFolder(path)) {
        const real = this.#files.realPath(path);
        if (own.startsWith(real.endsWith('/') ? real : `${real}/`))
          this.#findings.error(
            place,
            `the folder ${path} holds the scenario itself: put manifests into a folder of their own`,
          );
        else found.push(path);
      } else if (!this.#files.isFile(path)) this.#findings.error(place, `no such file or folder: ${path}`);
      else if (this.#files.realPath(path) === own) this.#findings.error(place, 'the scenario refers to itself');
      else found.push(path);
    }
    return found;
  }

  /** Objects that stand in the scenario itself. */
  #inline(given: FileEntries, key: string): InlineObject[] {
    if (!Array.isArray(given)) return [];
    return (given as readonly unknown[]).flatMap((value, index) =>
      typeof value === 'string' ? [] : [{ document: this.#document, prefix: [key, index], value }],
    );
  }

  /** Every file of `paths`, by the path that it is opened with. */
  #fileNames(paths: readonly (string | null | undefined)[]): Scenario['fileNames'] {
    const given = paths.filter((path): path is string => typeof path === 'string');
    return Object.fromEntries(given.map((path) => [path, this.#nameOf(path)]));
  }

  #nameOf(path: string): string {
    return this.#files.nameFrom?.(this.#file, path) ?? path;
  }

  /** The files of `nodes` and `manifests`; null when an object stands in the scenario itself. */
  #manifestFiles({ nodes, manifests }: FilesInput): Scenario['manifestFiles'] {
    const namesOf = (given: FileEntries): string[] | null => {
      const entries = given === undefined ? [] : typeof given === 'string' ? [given] : given;
      const paths = entries.filter((entry) => typeof entry === 'string');
      return paths.length < entries.length
        ? null
        : paths.map((path) => this.#nameOf(this.#files.resolve(this.#file, path)));
    };
    const [ofNodes, ofManifests] = [namesOf(nodes), namesOf(manifests)];
    return ofNodes === null || ofManifests === null ? null : { nodes: ofNodes, manifests: ofManifests };
  }

  /** Path of a file of the scenario; noted when there is none. */
  #existingFile(relative: string, place: Path): string {
    const path = this.#files.resolve(this.#file, relative);
    if (this.#files.isFolder(path)) this.#findings.error(place, `expected a file, found a folder: ${path}`);
    else if (!this.#files.isFile(path)) this.#findings.error(place, `no such file: ${path}`);
    return path;
  }

  #allPriorityClasses(settings: OwnSettings, objects: readonly KubernetesObject[]): Scenario['priorityClasses'] {
    const classes: Record<string, Scenario['priorityClasses'][string]> = {
      ...BUILT_IN_CLASSES,
      ...settings.priorityClasses,
    };
    for (const object of objects) {
      if (object.kind !== 'PriorityClass') continue;
      const {
        metadata,
        value = 0,
        preemptionPolicy = 'PreemptLowerPriority',
        globalDefault = false,
      } = object as PriorityClass;
      const name = metadata?.name ?? '';
      if (Object.hasOwn(settings.priorityClasses, name)) {
        this.#findings.error(
          below(below(null, 'priorityClasses'), name),
          `the priority class ${name} is defined in the manifests, too`,
          undefined,
          'key',
        );
      }
      classes[name] = { value, preemptionPolicy, globalDefault };
    }
    return classes;
  }

  #checkNodes(settings: OwnSettings, input: ScenarioInput, manifests: Manifests): void {
    if (input.nodes !== undefined && manifests.nodes.length === 0 && this.problems.length === 0) {
      this.#findings.warn(below(null, 'nodes'), 'the files hold no Node', undefined, 'key');
    }
    const isWithoutNodes = settings.nodePools.length === 0 && manifests.nodes.length === 0;
    const hasFiles = input.manifests !== undefined || input.nodes !== undefined;
    const hasOwnNodes = input.trace !== undefined || input.machines !== undefined;
    const isRight = this.problems.length === 0 && this.#findings.errors.length === 0;
    if (isWithoutNodes && hasFiles && !hasOwnNodes && isRight) {
      this.#findings.error(null, 'the cluster has no nodes: neither "nodePools" nor a Node in the files');
    }
    for (const [index, pool] of settings.nodePools.entries()) {
      const place = below(below(null, 'nodePools'), index);
      const clash = manifests.nodes.find(({ metadata }) => {
        const ordinal = ordinalIn(pool.name, metadata?.name ?? '');
        return ordinal >= 0 && ordinal < pool.count;
      });
      if (clash !== undefined)
        this.#findings.error(
          below(place, 'name'),
          `the pool makes a node ${clash.metadata?.name}, which the files hold, too`,
        );
    }
    checkMembers(settings.nodePools, manifests.nodes, this.#findings);
  }

  /** Whatever is missing from a broken file is no mistake of a step. */
  #checkSteps(settings: OwnSettings, input: ScenarioInput, manifests: Manifests): void {
    if (this.problems.length > 0) return;
    const { nodes, objects } = manifests;
    const hasOtherNodes = input.machines !== undefined || input.trace !== undefined;
    const { nodePools, workloads } = settings;
    checkSteps(input.steps, { nodePools, nodes, objects, workloads, hasOtherNodes }, this.#findings);
  }

  /** What the pods would meet when they arrive, once all else is right. */
  #checkPods(settings: OwnSettings, manifests: Manifests, priorityClasses: Scenario['priorityClasses'], hasTrace: boolean): void {
    const { nodePools, workloads } = settings;
    const context = admissionContext(manifests.objects, priorityClasses);
    if (this.#findings.errors.length === 0) checkWorkloadAdmission(workloads, context, this.#findings);
    const { problems, admitted } = checkAdmission(manifests, context, this.#files.timeZones);
    if (problems.length > 0)
      this.problems.splice(0, this.problems.length, ...inFileOrder([...this.problems, ...problems]));
    if (this.problems.length > 0 || this.#findings.errors.length > 0) return;
    warnOfEndlessWork(settings, manifests.nodes.length > 0, this.#findings);
    warnOfFailingWork(settings, this.#findings);
    warnOfOversizedWorkloads(workloads, manifests.nodes, nodePools, this.#findings);
    this.warnings.push(...hopelessPods(manifests, admitted, nodePools, workloads, hasTrace));
    this.warnings.push(...refusedPods(manifests, admitted, context));
    warnOfRefusedWorkloads(workloads, manifests.objects, context, this.#findings);
  }

  #resolveScheduler(input: ScenarioInput, settings: OwnSettings): SchedulerSettings {
    const { config, tieBreak, sampling, plugins } = input.scheduler;
    const at = below(null, 'scheduler');
    const plugin = (path: string, place: Path): string => this.#existingFile(path, place);
    const list = below(at, 'plugins');
    const pluginFiles =
      plugins === undefined
        ? []
        : typeof plugins === 'string'
          ? [plugin(plugins, list)]
          : plugins.map((path, index) => plugin(path, below(list, index)));
    const configurationFile = typeof config === 'string' ? this.#existingFile(config, below(at, 'config')) : null;
    const configuration = configurationFile === null ? (config ?? null) : this.#readConfiguration(configurationFile);
    for (const mistake of sharesOfProfiles(settings.schedulers, namesOfProfiles(configuration))) {
      const place = mistake.steps.reduce<Path | null>((up, step) => below(up, step), null);
      this.#findings.error(place, mistake.message, mistake.suggestion);
    }
    return {
      configuration,
      configurationFile,
      cycleMicros: settings.cycleMicros,
      bindMicros: settings.bindMicros,
      tieBreak,
      sampling,
      pluginFiles,
    };
  }

  #readConfiguration(file: string): unknown {
    if (!this.#files.isFile(file)) return null;
    try {
      const { value, warnings } = readConfigurationFile(file, this.#files);
      this.warnings.push(...warnings);
      return value;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.problems.push(...error.problems);
      return null;
    }
  }

  /** A problem below a value that was set on the command line is shown there. */
  #place(findings: readonly Finding[]): Problem[] {
    return placeFindings(this.#document, findings).map((problem, index) => {
      if (index >= findings.length) return problem;
      const steps = stepsOf(findings[index].path);
      const override = this.#overrides.applied.findLast(({ steps: set }) =>
        set.every((step, depth) => steps[depth] === step),
      );
      if (override === undefined) return problem;
      const { message, path, suggestion } = problem;
      return { file: override.origin, path, message, suggestion };
    });
  }
}

/** A path, or a list of paths and of objects themselves. */
type FileEntries = string | readonly (string | object)[] | undefined;

interface FilesInput {
  readonly nodes?: FileEntries;
  readonly manifests?: FileEntries;
  readonly priorityClasses: Readonly<Record<string, unknown>>;
}

function pathsIn(value: unknown): FileEntries {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || isMapping(item)) ? value : undefined;
}

/** One mapping from a YAML or JSON file (a KubeSchedulerConfiguration); throws InputError. */
export function readConfigurationFile(
  file: string, files: FileReader,
): { readonly value: unknown; readonly warnings: readonly Problem[] } {
  const { documents, problems, warnings } = readDocuments(files.read(file), file);
  if (problems.length > 0) throw new InputError(problems);
  if (documents.length !== 1)
    throw new InputError({
      file,
      message: `expected one document, found ${documents.length === 0 ? 'an empty file' : documents.length}`,
    });
  const [{ value }] = documents;
  if (!isMapping(value))
    throw new InputError({
      file,
      message: `expected a KubeSchedulerConfiguration (a mapping), found ${describeValue(value)}`,
    });
  return { value, warnings };
}

/** Priority classes of every cluster. */
const BUILT_IN_CLASSES: Scenario['priorityClasses'] = Object.fromEntries(
  SYSTEM_PRIORITY_CLASSES.map(({ metadata, value = 0, preemptionPolicy = '', globalDefault = false }) => (
    [metadata?.name ?? '', { value, preemptionPolicy, globalDefault }]
  )),
);

function inOrder(problems: Problem[]): Problem[] {
  return problems.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0);
}

/** What is described in a file and not named there is called as the file is, without its ending. */
export function nameOfFile(file: string, otherwise: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.(?:ya?ml|json)$/i, '');
  return base === '' ? otherwise : base;
}
