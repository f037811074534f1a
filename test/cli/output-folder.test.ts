// The folder of results: whole or not at all, and nothing of anybody else's is ever lost.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { writeNewFile } from '../../src/io/new-file.ts';
import { claimOutputFolder } from '../../src/io/output-folder.ts';
import type { OutputFile, WrittenFolder } from '../../src/io/output-folder.ts';
import { OutputError } from '../../src/io/system-errors.ts';
import { ENDLESS, SMALL, cliFolder } from './podyard.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podyard-out-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: readonly string[]): string => join(folder, ...names);
const files = (text: string): OutputFile[] => [{ name: 'report.json', chunks: [text] }];
const read = (...names: readonly string[]): string => readFileSync(at(...names), 'utf8');
const LATER = 'what is there now came while the run was on, and was left alone';

/** A process that has ended; its number is not given again for a long time. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '0']).pid;
}

function earlier(name: string, text = 'old'): void {
  mkdirSync(at(name), { recursive: true });
  writeFileSync(at(name, 'report.json'), text);
}

/** What is written to `out` when `meanwhile` happens during the run. */
function written(meanwhile: () => void, force = false, out = 'out'): WrittenFolder {
  const claim = claimOutputFolder(at(out), { force });
  claim.lock();
  meanwhile();
  return claim.write(files('new'));
}

describe('what comes to the place while the run is on', () => {
  test.each([
    [
      'a folder with files',
      () => {
        earlier('out');
        writeFileSync(at('out', 'thesis.txt'), 'years');
      },
      ['report.json', 'thesis.txt'],
    ],
    [
      'an empty folder',
      () => {
        mkdirSync(at('out'));
      },
      [],
    ],
    [
      'results of another run',
      () => {
        earlier('out');
      },
      ['report.json'],
    ],
  ])('%s is left alone, and the results stand beside it', (_name, meanwhile, names) => {
    const { paths, complaint } = written(meanwhile);
    expect(complaint).toBe(`${at('out')}: ${LATER}; the results are in ${at('out-2')}`);
    expect(paths).toEqual([at('out-2', 'report.json')]);
    expect(read('out-2', 'report.json')).toBe('new');
    expect(readdirSync(at('out'))).toEqual(names);
    expect(readdirSync(folder)).toEqual(['out', 'out-2']);
  });

  test('a file is left alone', () => {
    expect(written(() => { writeFileSync(at('out'), 'mine'); }).complaint).toContain(LATER);
    expect(read('out')).toBe('mine');
  });

  test.each([
    ['another folder', () => { rmSync(at('out'), { recursive: true }); earlier('out', 'other'); }],
    ['a file beside the old results', () => { writeFileSync(at('out', 'thesis.txt'), 'years'); }],
    ['newer results', () => { writeFileSync(at('out', 'report.json'), 'longer than before'); }],
  ])('with --force, too: %s', (_name, meanwhile) => {
    earlier('out');
    expect(written(meanwhile, true).complaint).toContain(LATER);
    expect(read('out', 'report.json')).not.toBe('new');
    expect(read('out-2', 'report.json')).toBe('new');
  });

  test('the next free name is taken', () => {
    earlier('out-2');
    expect(written(() => { mkdirSync(at('out')); }).paths).toEqual([at('out-3', 'report.json')]);
  });
});

test('old results are replaced with --force, an empty folder without', () => {
  earlier('out');
  mkdirSync(at('empty'));
  expect(written(() => undefined, true).complaint).toBeNull();
  expect(written(() => undefined, false, 'empty').complaint).toBeNull();
  expect(read('out', 'report.json') + read('empty', 'report.json')).toBe('newnew');
  expect(readdirSync(folder)).toEqual(['empty', 'out']);
});

describe('symbolic links are followed, not replaced', () => {
  test.each([
    ['to a folder', () => { mkdirSync(at('target')); }],
    ['to nothing yet', () => undefined],
    ['to old results', () => { earlier('target'); }],
  ])('%s', (_name, prepare) => {
    prepare();
    symlinkSync('target', at('out'));
    expect(written(() => undefined, true).complaint).toBeNull();
    expect(lstatSync(at('out')).isSymbolicLink()).toBe(true);
    expect(read('target', 'report.json')).toBe('new');
    expect(readdirSync(folder)).toEqual(['out', 'target']);
  });

  test('a loop is told', () => {
    symlinkSync('out', at('out'));
    expect(() => claimOutputFolder(at('out'), { force: false })).toThrow('symbolic links form a loop (ELOOP)');
  });
});

describe('other runs', () => {
  const partial = (pid: number, name = 'out'): string => at(`.${name}.partial-${String(pid)}`);

  test('what a killed run left is cleared by the next one; what is no result is not', () => {
    mkdirSync(partial(deadPid()));
    const odd = deadPid();
    mkdirSync(partial(odd));
    writeFileSync(join(partial(odd), 'thesis.txt'), 'years');
    mkdirSync(partial(deadPid(), 'other'));
    written(() => undefined);
    expect(readdirSync(folder).filter((name) => name.startsWith('.out'))).toEqual([`.out.partial-${String(odd)}`]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.other'))).toHaveLength(1);
  });

  test('a living run keeps the place, and its unfinished folder', () => {
    mkdirSync(partial(process.ppid));
    const claim = claimOutputFolder(at('out'), { force: false });
    expect(() => {
      claim.lock();
    }).toThrow(
      new OutputError(
        `${at('out')}: another run (process ${String(process.ppid)}) is writing there: choose another folder`,
      ),
    );
    claim.release();
    expect(readdirSync(folder)).toEqual([`.out.partial-${String(process.ppid)}`]);
  });

  test('a run that was killed while it replaced old results gives them back', () => {
    mkdirSync(at(`.out.replaced-${String(deadPid())}`));
    writeFileSync(join(folder, readdirSync(folder)[0], 'report.json'), 'old');
    expect(() => claimOutputFolder(at('out'), { force: false })).toThrow(InputError);
    expect(read('out', 'report.json')).toBe('old');
  });

  test('release leaves nothing behind, not even folders that were made on the way', () => {
    const claim = claimOutputFolder(at('deep', 'er', 'out'), { force: false });
    claim.lock();
    claim.release();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('what the machine refuses is told before the run', () => {
  test.each([
    ['a name that is too long', 'n'.repeat(300), 'ENAMETOOLONG'],
    ['a path that is too long', Array.from({ length: 30 }, () => 'n'.repeat(200)).join('/'), 'ENAMETOOLONG'],
  ])('%s', (_name, out, code) => {
    expect(() => { claimOutputFolder(at(out), { force: false }).lock(); }).toThrow(`(${code})`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('names that are nearly too long work', () => {
    expect(written(() => undefined, false, 'n'.repeat(255)).complaint).toBeNull();
    expect(readdirSync(folder)).toEqual(['n'.repeat(255)]);
  });

  test('a file in the way is a mistake', () => {
    writeFileSync(at('file'), '');
    expect(() => claimOutputFolder(at('file', 'out'), { force: false })).toThrow(
      'a folder cannot be made there: a file is in the way',
    );
  });
});

describe('one new file', () => {
  test('is whole or not there, follows links, and replaces only with force', () => {
    writeNewFile(at('a.yaml'), 'one', { force: false });
    expect(() => { writeNewFile(at('a.yaml'), 'two', { force: false }); }).toThrow('the file exists');
    symlinkSync('a.yaml', at('link.yaml'));
    writeNewFile(at('link.yaml'), 'two', { force: true });
    expect([read('a.yaml'), lstatSync(at('link.yaml')).isSymbolicLink()]).toEqual(['two', true]);
    expect(readdirSync(folder)).toEqual(['a.yaml', 'link.yaml']);
  });

  test('a full disk is told in words', (context) => {
    if (!existsSync('/dev/full')) context.skip('this system has no /dev/full');
    expect(() => {
      writeNewFile('/dev/full', 'x', { force: true });
    }).toThrow('/dev/full cannot be written: the disk is full (ENOSPC)');
  });
});

describe('the command line', () => {
  const cli = cliFolder();
  const inCli = (...names: readonly string[]): string => join(cli.path(), ...names);
  beforeAll(() => {
    cli.write('small.yaml', SMALL);
    cli.write('endless.yaml', ENDLESS);
  });
  const endless = (out: string): ReturnType<typeof cli.start> =>
    cli.start('run', 'endless.yaml', '--progress', 'json', '--out', out);
  const left = (out: string): string[] =>
    readdirSync(cli.path()).filter((name) => name.includes(`${out}.`) || name === out || name === `${out}-2`);

  test('a folder that appears during the run survives it, exit code 1', async () => {
    const { child, saw, ended } = endless('res');
    await saw('simulatedMicros');
    mkdirSync(inCli('res'));
    cli.write('res/important.txt', 'thesis');
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toContain(`error: res: ${LATER}; the results are in res-2\n`);
    expect(readFileSync(inCli('res', 'important.txt'), 'utf8')).toBe('thesis');
    expect(left('res')).toEqual(['res', 'res-2']);
  });

  test('a second run into one folder gives way, exit code 1', async () => {
    const first = endless('shared');
    await first.saw('simulatedMicros');
    const second = cli.run('run', 'small.yaml', '--out', 'shared');
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(
      /^error: shared: another run \(process \d+\) is writing there: choose another folder\n$/,
    );
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    expect(left('shared')).toEqual(['shared']);
  });

  test('what is left of a killed run is cleared by the next one', async () => {
    const { child, saw, ended } = endless('killed');
    await saw('simulatedMicros');
    child.kill('SIGKILL');
    await ended;
    expect(left('killed')).toEqual([`.killed.partial-${String(child.pid)}`]);
    expect(cli.run('run', 'small.yaml', '--out', 'killed').code).toBe(0);
    expect(left('killed')).toEqual(['killed']);
  });

  test('two signals leave nothing', async () => {
    const { child, saw, ended } = endless('twice');
    await saw('simulatedMicros');
    child.kill('SIGINT');
    child.kill('SIGINT');
    await ended;
    expect(left('twice').filter((name) => name !== 'twice')).toEqual([]);
  });

  test.for(['run small.yaml', 'run small.yaml -o csv', 'init', '--help', 'schema'])(
    'standard output on a full disk: podyard %s',
    (line, context) => {
      if (!existsSync('/dev/full')) context.skip('this system has no /dev/full');
      const words = line.replace('small.yaml', inCli('small.yaml'));
      const { status, stderr } = spawnSync(
        'sh',
        ['-c', `"${process.execPath}" dist/cli/main.js ${words} > /dev/full`],
        {
          encoding: 'utf8',
        },
      );
      expect(status).toBe(1);
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        'error: standard output cannot be written: the disk is full (ENOSPC)',
      );
    },
  );

  test('out of file handles: one line', () => {
    const line = `ulimit -n 40; "${process.execPath}" dist/cli/main.js run ${inCli('small.yaml')} > /dev/null`;
    const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: .*too many open files.*\n$/);
  });
});
