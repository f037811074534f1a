/** Type-checks snippets as if they stood in the root of the checkout, with `podyard` and `podyard/plugin` as users import them. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

const ENTRIES: Readonly<Record<string, string>> = {
  podyard: 'dist/index.d.ts',
  'podyard/plugin': 'dist/scheduler/framework/plugin-api.d.ts',
};

export interface Snippet {
  readonly name: string;
  readonly text: string;
}

/** What snippets import, parsed once for all: most of the time of a check. */
const parsed = new Map<string, ts.SourceFile>();

/** Messages `name:line: message` of all snippets; the snippets may import each other by `./name`. */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  return [...typeErrorsByName(snippets).values()].flat();
}

/** The same by the name of the snippet, with an empty list where there is nothing to tell. */
export function typeErrorsByName(snippets: readonly Snippet[]): Map<string, string[]> {
  const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined });
  if (config === undefined) throw new Error('tsconfig.json cannot be read');
  const virtual = new Map(snippets.map(({ name, text }) => [resolve(name), `${text}\nexport {};\n`]));
  const paths = Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file)).map(([name, file]) => [name, [resolve(file)]]));
  const options: ts.CompilerOptions = { ...config.options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false, paths };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => virtual.has(resolve(file)) || fileExists.call(host, file);
  host.readFile = (file) => virtual.get(resolve(file)) ?? readFile.call(host, file);
  host.getSourceFile = (file, ...rest) => {
    const text = virtual.get(resolve(file));
    if (text !== undefined) return ts.createSourceFile(file, text, rest[0], true);
    const source = parsed.get(file) ?? getSourceFile.call(host, file, ...rest);
    if (source !== undefined) parsed.set(file, source);
    return source;
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  return new Map(snippets.map(({ name }) => {
    const source = program.getSourceFile(resolve(name));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return [name, found.map(({ start = 0, messageText }) => {
      const line = source === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line + 1;
      return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    })];
  }));
}
