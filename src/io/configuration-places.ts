/** Where a value of the scheduler's configuration stands: in a file of its own, or inside the scenario. */
import type { SourcePlace } from '../base/input-error.ts';
import { createInputFiles } from './input-files.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { ScenarioEntry } from '../simulation/scenario-reader.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { SourceDocument } from '../workload/manifests/source-document.ts';

export type LocateConfiguration = (path: readonly (string | number)[]) => SourcePlace;

/** Reads the text again when it is first asked: that is, when there is a mistake to tell. */
export function locateConfiguration(scenario: Scenario, entry: ScenarioEntry): LocateConfiguration {
  const file = scenario.scheduler.configurationFile;
  if (file !== null) return locateInFile(file);
  const name = 'file' in entry ? entry.file : entry.name;
  const locate = locator(name, () => ('file' in entry ? createInputFiles().read(entry.file) : entry.text));
  return (path) => locate(['scheduler', 'config', ...path]);
}

export function locateInFile(file: string): LocateConfiguration {
  return locator(file, () => createInputFiles().read(file));
}

function locator(file: string, read: () => string): LocateConfiguration {
  let document: SourceDocument | null | undefined;
  return (path) => {
    document ??= readDocuments(read(), file).documents[0] ?? null;
    return { file, ...document?.locate([...path], 'value') };
  };
}
