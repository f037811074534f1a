// Types and lint in one process, over one program of the compiler: the typed rules ask the checker for what it has
// found out already, so that both together take two thirds of the time of `npm run types` and `npm run lint` after each
// other, and judge the same. Each check is told to the parent (`process.send`) or, alone, printed; exit code 1 when one
// failed.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import ts from 'typescript';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const { program, diagnostics } = compile();
tell('types', diagnostics.length === 0, formatted(diagnostics));
const { passed, output } = await lint();
tell('lint', passed, output);

/** The program of tsconfig.json with all that `tsc --noEmit` would tell. */
function compile() {
  const broken = [];
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => broken.push(diagnostic) };
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), { noEmit: true }, host);
  if (config === undefined) throw new Error(formatted(broken));
  const { fileNames: rootNames, options, errors: configFileParsingDiagnostics } = config;
  const found = ts.createProgram({ rootNames, options, configFileParsingDiagnostics });
  return { program: found, diagnostics: ts.sortAndDeduplicateDiagnostics(ts.getPreEmitDiagnostics(found)) };
}

/** What `eslint . --max-warnings 0` would say, with the compiler's program for files that have typed rules. */
async function lint() {
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      files: ['{src,test,bench}/**/*.ts'],
      ignores: ['**/examples/**'],
      languageOptions: { parserOptions: { programs: [program] } },
    },
  });
  const results = await eslint.lintFiles(['.']);
  const formatter = await eslint.loadFormatter('stylish');
  const objections = results.reduce((sum, { errorCount, warningCount }) => sum + errorCount + warningCount, 0);
  return { passed: results.length > 0 && objections === 0, output: await formatter.format(results) };
}

function formatted(list) {
  const names = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' };
  return ts.formatDiagnostics(list, names);
}

function tell(name, hasPassed, text) {
  if (!hasPassed) process.exitCode = 1;
  if (process.send !== undefined) process.send({ name, passed: hasPassed, output: text });
  else process.stdout.write(`${text}${name} ${hasPassed ? 'passed' : 'FAILED'}\n`);
}
