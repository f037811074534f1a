// The page over several results: what it says, how it looks in a browser, how large it gets.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageDataOf } from '../../src/cli/report-data.ts';
import { readResultFolder } from '../../src/io/result-folders.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { renderPage } from '../../src/report/page/page.ts';
import { pageMarkdown } from '../../src/report/page/page-text.ts';
import { renderRunFiles } from '../../src/report/run-files.ts';
import { MEASURE, browserIsMissing, launchBrowser, openPage, whereBrowser } from '../support/browser-page.ts';
import type { Measured } from '../support/browser-page.ts';
import { makeRunResult } from '../support/run-result.ts';

const EVIL = '</style><script>document.title="broken"</script><img src=x onerror=alert(1)>&"\'|`[a](b)';

let root = '';
/** Ten seeds of two variants, a day each. */
let twenty: readonly string[] = [];
let twentyPage = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'podyard-page-'));
  twenty = twentyRuns();
  twentyPage = pageOf(twenty);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function written(name: string, result: RunResult): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const file of renderRunFiles(result)) {
    if (file.name === 'report.html') break;
    writeFileSync(join(folder, file.name), [...file.chunks].join(''));
  }
  return folder;
}

/** `nodes`: what tells one variant from another; it shifts the cost, too. */
function runOf(seed: number, nodes: number, overrides: Partial<RunResult> = {}): RunResult {
  const base = makeRunResult({ seed: String(seed) });
  return {
    ...base,
    digest: `${String(nodes)}-${String(seed)}`,
    resolvedScenario: { name: base.scenario, seed: String(seed), nodePools: [{ name: 'general', count: nodes }] },
    cost: { ...base.cost, total: base.cost.total * (1 + nodes / 100) + seed },
    ...overrides,
  };
}

function pageOf(folders: readonly string[], version = '0.1.0'): string {
  return renderPage(pageDataOf(folders.map(readResultFolder), version));
}

function twentyRuns(): string[] {
  return [10, 12].flatMap((nodes) =>
    Array.from({ length: 10 }, (_, i) => written(`${String(nodes)}-${String(i)}`, runOf(i + 1, nodes))),
  );
}

function evilRun(): string {
  const { utilization, nodes, timeseries } = makeRunResult();
  return written(
    'evil',
    makeRunResult({
      seed: EVIL,
      overrides: {
        scenario: EVIL,
        description: EVIL,
        notes: [EVIL],
        digest: EVIL,
        resolvedScenario: { name: EVIL, [EVIL]: EVIL },
        utilization: { [EVIL]: utilization['cpu'] },
        nodes: nodes.map((node) => ({ ...node, pool: EVIL })),
        timeseries: {
          seconds: timeseries.seconds,
          columns: { [`utilization.${EVIL}`]: timeseries.columns['utilization.cpu'] },
        },
      },
    }),
  );
}

describe('the page over several results', () => {
  test('groups runs by scenario, variant and seed, and compares the seeds that variants share', () => {
    const html = twentyPage;
    expect(html).toContain('A: nodePools[general].count=10; B: nodePools[general].count=12; 10 seeds');
    expect(html).toMatch(/cost: B is worse: \d\.\d+% higher than A/);
    expect(html).toContain('12-7');
    expect(html).toContain('| podyard run -');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('equal results give equal bytes, and 20 runs of a day less than 5 MB', () => {
    expect(pageOf(twenty)).toBe(twentyPage);
    expect(twentyPage.length).toBeLessThan(5_000_000);
  });

  test('asks nothing of the network and has no script', () => {
    const html = pageOf([written('one', runOf(1, 10))]);
    expect(html).not.toMatch(/<script|@import|url\(/);
    expect(html.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
  });

  test('escapes what users wrote, in HTML and in Markdown', () => {
    const folders = [evilRun()];
    expect(pageOf(folders)).not.toMatch(/<script|<img/);
    const markdown = pageMarkdown(pageDataOf(folders.map(readResultFolder), '0.1.0'));
    expect(markdown).not.toMatch(/[^\\]<|[^\\]\[a\]/);
  });

  test('leaves a run that was stopped out of means and verdicts, and says so at the top', () => {
    const whole = [1, 2, 3].flatMap((seed) =>
      [10, 12].map((nodes) => written(`w-${String(nodes)}-${String(seed)}`, runOf(seed, nodes))),
    );
    const stopped = written('stopped', runOf(4, 12, { complete: false, simulatedSeconds: 3600 }));
    const html = pageOf([...whole, stopped]);
    expect(html).toContain('<strong>Incomplete runs.</strong>');
    expect(html).toContain('<title>INCOMPLETE: ');
    expect(html).toContain('; 3 seeds</p>');
    expect(html).toContain('INCOMPLETE, 1h00m');
  });

  test('counts the same run once, and makes a variant of one that differs though its scenario does not', () => {
    const folders = ['a', 'b'].map((name) => written(name, runOf(1, 10)));
    expect(pageOf(folders)).toContain(`counted once: ${folders[1]}.`);
    const other = written('c', runOf(1, 10, { digest: 'another' }));
    expect(pageOf([folders[0], other])).toContain('2 variants, but fewer than two seeds');
  });

  test('tells of results of another version', () => {
    expect(pageOf([written('old', runOf(1, 10, { version: '0.0.9' }))])).toContain(
      'made by Podyard 0.0.9, and this page by 0.1.0',
    );
  });
});

describe.skipIf(browserIsMissing)(`the page over several results ${whereBrowser}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });

  test.each([
    ['a desk, light', 1280, false],
    ['a phone, dark', 390, true],
  ] as const)(
    'draws every plot within its frame, no label over another, nothing sideways: %s',
    async (_name, width, dark) => {
      const { page, troubles } = await openPage(browser, twentyPage, { width, dark });
      const plots = await page.evaluate<Measured[]>(MEASURE);
      expect(plots.length).toBeGreaterThan(6);
      for (const plot of plots) {
        expect(plot.marks, `${plot.id} has marks`).toBeGreaterThan(0);
        expect(plot.outside, `${plot.id} stays inside`).toEqual([]);
        expect(plot.overlaps, `${plot.id} has no overlaps`).toEqual([]);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(troubles).toEqual([]);
      await page.close();
    },
  );

  test('stands hostile names, paper, and the keyboard', async () => {
    const { page, troubles } = await openPage(browser, pageOf([evilRun(), ...[0, 1, 10, 11].map((i) => twenty[i])]), {
      width: 700,
      dark: true,
    });
    expect(await page.title()).not.toBe('broken');
    for (const width of [320, 700]) {
      await page.setViewportSize({ width, height: 900 });
      expect(
        await page.evaluate('document.documentElement.scrollWidth'),
        `${String(width)} pixels`,
      ).toBeLessThanOrEqual(width);
    }
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.getAttribute("href")')).toBe('#verdict');
    await page.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('details[open]').count()).toBe(1);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('.saved:visible').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.close();
  });

  test('saves a table as CSV', async () => {
    const { page } = await openPage(browser, pageOf([written('one', runOf(1, 10))]));
    const saved = page.waitForEvent('download');
    await page.locator('#e1-runs a', { hasText: 'CSV' }).click();
    expect((await saved).suggestedFilename()).toBe('e1-runs.csv');
    await page.close();
  });
});
