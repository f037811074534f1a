// The package as it would be published: packed by npm, unpacked into a project of its own, compiled against with
// `tsc --strict`, run by Node. What it depends on comes from this checkout's node_modules, so no network is needed.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf } from '../docs/markdown-blocks.ts';
import { cliFolder } from '../cli/podyard.ts';

interface PackageDescription {
  readonly version: string;
  readonly bin: { readonly podyard: string };
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

// Its first hook builds.
cliFolder();
const description = JSON.parse(readFileSync('package.json', 'utf8')) as PackageDescription;
const tsc = resolve('node_modules/typescript/lib/tsc.js');
let project = '';
let packed: readonly string[] = [];

function run(
  program: string,
  args: readonly string[],
  cwd = project,
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  });
  return { status, text: stdout + stderr };
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'podyard-packed-'));
  // What is packed was built by the hook above; that npm builds by itself, `prepack` says.
  const { status, text } = run(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', project],
    process.cwd(),
  );
  expect(status, text).toBe(0);
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'podyard'), { recursive: true });
  const unpacked = run('tar', [
    '-xzf',
    join(project, `podyard-${description.version}.tgz`),
    '-C',
    join(modules, 'podyard'),
    '--strip-components=1',
  ]);
  expect(unpacked.status, unpacked.text).toBe(0);
  packed = readdirSync(join(modules, 'podyard'), { recursive: true, encoding: 'utf8' });
  // All packages of this checkout but those that are for its own development.
  for (const name of readdirSync('node_modules')) {
    if (!name.startsWith('.') && name !== 'podyard') symlinkSync(resolve('node_modules', name), join(modules, name));
  }
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "type": "module", "private": true }\n');
});
afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe('the package', () => {
  test('builds itself before it is packed, and says what it is', () => {
    expect(description.scripts['prepack']).toBe('node scripts/setup.mjs');
    for (const field of ['author', 'license', 'homepage', 'bugs', 'description', 'repository', 'keywords']) {
      expect(description[field], field).toBeTruthy();
    }
    expect((description['keywords'] as readonly string[]).length).toBeGreaterThan(5);
  });

  test('holds what it needs: everything that is exported, docs, schemas, the changelog', () => {
    const targets = Object.values(description.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    const named = [
      ...targets.filter((target) => !target.includes('*')),
      description.bin.podyard,
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'docs/library.md',
      'schemas/scenario.schema.json',
      'schemas/sweep.schema.json',
      'workloads/default.yaml',
    ];
    expect(named.filter((target) => !packed.includes(target.replace(/^\.\//, '')))).toEqual([]);
  });

  test('holds nothing else: no sources, tests, stamps, nor maps to sources that are not there', () => {
    const tops = new Set(packed.map((path) => path.split('/')[0]));
    expect([...tops].sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
      'results',
      'schemas',
      'tsconfig.plugin.json',
      'workloads',
    ]);
    expect(
      packed.filter((path) => /\.map$|\.tsbuildinfo$|(^|\/)\.|[^d]\.ts$/.test(path) && !path.startsWith('docs/')),
    ).toEqual([]);
    expect(packed.filter((path) => path.startsWith('results/') && !/^results\/cards(?:\/|$)/.test(path))).toEqual([]);
    const scripts = packed.filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
    expect(
      scripts.filter((path) =>
        readFileSync(join(project, 'node_modules/podyard', path), 'utf8').includes('sourceMappingURL'),
      ),
    ).toEqual([]);
  });

  test('runs as a command', () => {
    const { status, text } = run(process.execPath, [
      join('node_modules', 'podyard', description.bin.podyard),
      'version',
    ]);
    expect({ status, text }).toEqual({ status: 0, text: `${description.version}\n` });
  });
});

/** Checks and compiles a folder of the project; the compiler's words when it has some. */
function compile(folder: string, settings: unknown): string {
  writeFileSync(join(project, folder, 'tsconfig.json'), JSON.stringify(settings));
  return run(process.execPath, [tsc, '-p', folder]).text;
}

describe('the programs of the documents', () => {
  const blocks = blocksOf('docs/library.md').filter(({ language }) => language === 'ts');
  const program = (line: number): string => join('library', `line-${String(line)}.js`);
  const tutorial = blocksOf('docs/tutorial.md');

  // As docs/tutorial.md says it: settings on the command line, no tsconfig.json. One run of the compiler for all, which
  // checks the package's declarations and those of what they name, too.
  beforeAll(() => {
    for (const folder of ['library', 'tutorial']) mkdirSync(join(project, folder));
    const sources = blocks.map(({ line }) => program(line).replace(/js$/, 'ts'));
    for (const [i, { text }] of blocks.entries()) writeFileSync(join(project, sources[i]), `${text}\nexport {};\n`);
    for (const { file, text } of tutorial) if (file !== null) writeFileSync(join(project, 'tutorial', file), `${text}\n`);
    const settings = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
    const compiled = run(process.execPath, [tsc, ...settings, ...sources, join('tutorial', 'compare.ts')]);
    expect(compiled.text).toBe('');
  });

  test.each(blocks.map(({ line, text }) => [line, text.split('\n')[0]] as const))(
    'docs/library.md, line %i, compiles strictly and runs: %s',
    (line) => {
      const { status, text } = run(process.execPath, [program(line)]);
      expect(status, text).toBe(0);
      expect(text).not.toContain('undefined');
      if (line === blocks[1].line) {
        expect(text).toMatch(/^small\.yaml:2:11: .*\nsmall\.yaml:3:\d+: .*did you mean "nodePools"\?/);
      } else expect(text).toMatch(/[0-9a-f]{32}|^true$|METRIC/m);
    },
  );

  test('docs/tutorial.md: prints what the page says, with the sample of the package', () => {
    for (const name of ['nodes.csv', 'pods.csv']) {
      const sample = join(project, 'node_modules/podyard/workloads/samples', `openb-busy-${name}`);
      writeFileSync(join(project, 'tutorial', name), readFileSync(sample));
    }
    const { status, text } = run(process.execPath, ['compare.js'], join(project, 'tutorial'));
    expect(status, text).toBe(0);
    const promised = tutorial.filter(({ language }) => language === 'text');
    expect(promised).toHaveLength(1);
    expect(text.split('\n\n').at(-1)?.trim()).toBe(promised[0].text);
  });
});

describe('tsconfig.plugin.json', () => {
  const check = (files: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(project, 'plugins-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return compile(folder.slice(project.length + 1), {
      extends: 'podyard/tsconfig.plugin.json',
      include: ['*.ts', '*.js'],
    });
  };
  const example = (name: string): string => readFileSync(join('docs/plugins/examples', name), 'utf8');

  // One run of the compiler for both: every message names its file.
  test('lets the examples pass, in TypeScript and in JavaScript, and tells what is wrong with a plugin', () => {
    const typescript = example('prefer-cheap-nodes.ts').replace(
      'score: (_state, _pod, node) => priceOf(node),',
      'score: (_state, _pod, node) => String(priceOf(node)),',
    );
    const javascript = example('no-neighbours.js').replace("summary: 'keeps nodes to a number of pods',", '');
    const told = check({
      'cheap.ts': example('prefer-cheap-nodes.ts'),
      'few.js': example('no-neighbours.js'),
      'wrong-cheap.ts': typescript,
      'wrong-few.js': javascript,
    });
    expect(told).toMatch(/wrong-cheap\.ts\(\d+,\d+\): error TS2322: .*string.*number/s);
    expect(told).toMatch(/wrong-few\.js\(\d+,\d+\): error TS2741: Property 'summary' is missing/);
    expect(told).not.toMatch(/(^|\/)(cheap\.ts|few\.js)\(/m);
    expect(told.split('\n').filter((line) => line.includes(': error TS'))).toHaveLength(2);
  });
});

test('the Dockerfile copies only what a clone holds', () => {
  const copied = [...readFileSync('Dockerfile', 'utf8').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
    ([, sources]) => sources.split(' '),
  );
  expect(copied.length).toBeGreaterThan(8);
  const ignored = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const source of copied) {
    expect(existsSync(source), source).toBe(true);
    expect(ignored.includes(source.replace(/\/$/, '')), source).toBe(false);
  }
});
