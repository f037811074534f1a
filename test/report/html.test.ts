import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { renderHtml } from '../../src/report/html.ts';
import { MEASURE, browserIsMissing, launchBrowser, openPage, whereBrowser } from '../support/browser-page.ts';
import type { Measured } from '../support/browser-page.ts';
import { CAMPAIGNS, makeRunResult } from '../support/run-result.ts';

const PLOTS = ['utilization', 'events', 'queue', 'reasons', 'wait-priority', 'wait-class', 'running', 'nodes', 'heat'];

/** User text that would break a page that does not escape it. */
const EVIL = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)>&"\'';

function evilResult(): RunResult {
  const base = makeRunResult();
  return makeRunResult({
    seed: EVIL,
    overrides: {
      scenario: EVIL,
      description: EVIL,
      notes: [EVIL],
      resolvedScenario: { name: EVIL },
      latencyByClass: { [EVIL]: base.latency },
      failures: { ...base.failures, campaigns: [{ ...CAMPAIGNS[0], name: EVIL, kind: EVIL, scope: EVIL }] },
      utilizationByPool: { [EVIL]: base.utilization, other: base.utilization },
      waiting: evilWaiting(base.waiting),
      nodes: base.nodes.map((node) => ({ ...node, name: EVIL, pool: EVIL, meanUtilization: { [EVIL]: 0.5 } })),
      events: [{ seconds: 100, kind: EVIL, label: EVIL, count: 1 }],
      timeseries: {
        seconds: base.timeseries.seconds,
        columns: {
          [`utilization.${EVIL}`]: base.timeseries.columns['utilization.cpu'],
          [`waiting.${EVIL}`]: base.timeseries.columns['pods.pending'],
        },
      },
    },
  });
}

function evilWaiting({ byReason, byPool, templates, templatesNotListed }: RunResult['waiting']): RunResult['waiting'] {
  const nearest = { node: EVIL, pool: EVIL, seconds: 1, resource: EVIL, free: 1, wanted: 2, allocatable: 3 };
  const reasons = { [EVIL]: { ...byReason['Insufficient cpu'], nearest } };
  return {
    byReason: reasons,
    byClass: { [EVIL]: reasons, other: reasons },
    byPool: { [EVIL]: { ...byPool['general'], barredBy: EVIL } },
    templates: [
      { ...templates[0], namespace: EVIL, oldestPod: EVIL, class: EVIL, reason: EVIL, message: EVIL, nearest },
    ],
    templatesNotListed,
  };
}

/** Ten thousand samples, a hundred days, many priorities, resources and events: labels must still find room. */
function crowdedResult(): RunResult {
  const base = makeRunResult({ samples: 10_000 });
  const stretch = 100;
  const columns = { ...base.timeseries.columns };
  for (let i = 0; i < 6; i++) columns[`utilization.example.com/device-${i}`] = columns['utilization.cpu'];
  const reasons = Array.from(
    { length: 14 },
    (_, i) => `node(s) had a reason number ${i} that nobody but its author could have thought of, and this long`,
  );
  for (const reason of reasons) columns[`waiting.${reason}`] = columns['pods.pending'];
  const { byReason, byPool, templates } = base.waiting;
  const byClass = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [
      `class-${i}`,
      Object.fromEntries(reasons.map((reason) => [reason, byReason['Insufficient cpu']])),
    ]),
  );
  const kinds = ['nodeCrash', 'nodeRepair', 'scaleUp', 'scaleDown', 'zoneOutage', 'zoneOutageEnded', 'spotReclaim', 'eviction'];
  return {
    ...base,
    simulatedSeconds: base.simulatedSeconds * stretch,
    waiting: {
      byReason: byClass['class-0'],
      byClass,
      byPool,
      templates: Array.from({ length: 50 }, (_, i) => ({ ...templates[i % 2], oldestPod: `p-${i}` })),
      templatesNotListed: 77,
    },
    nodes: Array.from({ length: 30_000 }, (_, i) => ({
      ...base.nodes[i % base.nodes.length],
      name: `n-${i}`,
      pool: `pool-${i % 15}`,
    })),
    latencyByPriority: Object.fromEntries(Array.from({ length: 14 }, (_, i) => [String(i * 1_000_000), base.latency])),
    timeseries: { seconds: base.timeseries.seconds.map((second) => second * stretch), columns },
    events: Array.from({ length: 4000 }, (_, i) => ({
      seconds: i * 2160,
      kind: kinds[(i * 7) % kinds.length],
      label: `general-${i % 40}`,
      count: 1 + (i % 5),
    })),
  };
}

function withoutScript(html: string): string {
  return html.slice(0, html.lastIndexOf('<script>'));
}

describe('the HTML page', () => {
  it('is byte-equal for equal results and asks nothing of the network', () => {
    const html = renderHtml(makeRunResult());
    expect(renderHtml(makeRunResult())).toBe(html);
    expect(html).not.toMatch(/(src|href)="(?!data:)/u);
    expect(html).not.toMatch(/@import|url\(/u);
    expect(withoutScript(html)).not.toMatch(/NaN|undefined|Infinity/u);
  });

  it('carries its birth certificate, and marks an incomplete run plainly', () => {
    const result = makeRunResult();
    const html = renderHtml(result);
    for (const fact of [result.scenario, result.version, result.digest, '1d00h', '>complete<']) expect(html).toContain(fact);
    expect(html).not.toContain('Incomplete');
    const stopped = renderHtml(makeRunResult({ overrides: { complete: false, simulatedSeconds: 86_400 } }));
    expect(stopped).toContain('<strong>Incomplete run.</strong>');
    expect(stopped).toContain('<title>INCOMPLETE: ');
  });

  it('escapes what users wrote', () => {
    const html = renderHtml(evilResult());
    expect(html).not.toContain('<img src=x');
    expect(html.match(/<script/gu)).toHaveLength(2);
  });

  it('stands a run without samples, groups or events', () => {
    const nothing = { count: 0, mean: null, p50: null, p90: null, p95: null, p99: null, p999: null, max: null, censored: 0 };
    const latency = { queueWaitSeconds: nothing, startSeconds: nothing, queueWaitCdf: [] };
    const html = renderHtml(makeRunResult({ overrides: { simulatedSeconds: 0, timeseries: { seconds: [], columns: {} }, events: [], utilization: {}, utilizationByPool: {}, latency, latencyByPriority: {}, latencyByClass: {}, notes: [], nodes: [] } }));
    expect(html).toContain('no samples to plot');
    expect(withoutScript(html)).not.toMatch(/NaN|undefined|Infinity/u);
  });

  it('has a row for each failure process where one has struck', () => {
    const base = makeRunResult();
    expect(renderHtml(base)).not.toContain('Failures by campaign');
    const page = renderHtml(makeRunResult({ overrides: { failures: { ...base.failures, campaigns: CAMPAIGNS } } }));
    const [, body = ''] = /<caption>Failures by campaign<\/caption>(.*?)<\/table>/u.exec(page) ?? [];
    const rows = Array.from(body.matchAll(/<tr>(.*?)<\/tr>/gu), ([, row]) =>
      Array.from(row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gu), ([, cell]) => cell));
    expect(rows).toEqual([
      ['Campaign', 'Kind', 'Strikes', 'Nodes struck', 'Struck at the end', 'Node-hours', 'Median', 'Longest', 'Pods disrupted', 'Restarted'],
      ['node-crash', 'node crash', '9', '8', '1', '2.53', '12m00s', '50m00s', '21', '14'],
      ['cut', 'zone partition', '2', '12', '0', '2', '5m00s', '5m00s', '5', '0'],
      ['never', 'rack reclaim', '0', '0', '0', '0', '-', '-', '0', '0'],
    ]);
  });

  it('names nodes of no pool only beside pools', () => {
    const { utilization, cost } = makeRunResult();
    const pages = [{ '': utilization }, { '': utilization, general: utilization }].map((utilizationByPool) => {
      const nodeHoursByPool = Object.fromEntries(Object.keys(utilizationByPool).map((pool) => [pool, 24]));
      return renderHtml(makeRunResult({ overrides: { utilizationByPool, cost: { ...cost, nodeHoursByPool } } }));
    });
    expect(pages[0]).not.toMatch(/Nodes of no pool|Node-hours by pool/u);
    expect(pages[1].match(/Nodes of no pool/gu)).toHaveLength(3);
    expect(pages[1]).toContain('Pool general');
  });

  it('stays small, however many samples there are', () => {
    expect(renderHtml(makeRunResult({ samples: 50_000 })).length).toBeLessThan(2_500_000);
  });

  it('stays small with 100,000 nodes: a cell of the heat map stands for many', () => {
    const base = makeRunResult();
    const nodes = Array.from({ length: 100_000 }, (_, i) => ({
      ...base.nodes[0],
      name: `n-${i}`,
      meanUtilization: { cpu: (i % 997) / 997, memory: (i % 89) / 89 },
    }));
    const [few, many] = [base, { ...base, nodes }].map((result) => renderHtml(result).length);
    expect(many - few).toBeLessThan(60_000);
  });
});

describe.skipIf(browserIsMissing)(`the HTML page ${whereBrowser}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
  });

  const open = (html: string, options: Parameters<typeof openPage>[2] = {}): ReturnType<typeof openPage> =>
    openPage(browser, html, options);

  it.each([
    ['a usual run', () => makeRunResult()],
    ['a crowded run', crowdedResult],
    ['a run with hostile names', evilResult],
  ] as const)('shows %s without an error or a request', async (_name, make) => {
    const { page, troubles } = await open(renderHtml(make()));
    await page.mouse.move(500, 700);
    expect(troubles).toEqual([]);
    expect(await page.title()).not.toBe('broken');
    await page.close();
  });

  it.each([
    ['a page', 1200, () => makeRunResult()],
    ['a phone', 390, () => makeRunResult()],
    ['a page, crowded', 1200, crowdedResult],
    ['a phone, crowded', 390, crowdedResult],
  ] as const)('draws every plot within its frame, and no label over another: %s', async (_name, width, make) => {
    const { page } = await open(renderHtml(make()), { width });
    const plots = await page.evaluate<Measured[]>(MEASURE);
    expect(plots.map((plot) => plot.id)).toEqual(PLOTS);
    for (const plot of plots) {
      expect(plot.marks, `${plot.id} has marks`).toBeGreaterThan(0);
      expect(plot.outside, `${plot.id} stays inside`).toEqual([]);
      expect(plot.overlaps, `${plot.id} has no overlaps`).toEqual([]);
    }
    await page.close();
  });

  it('is complete without its script', async () => {
    const { page } = await open(renderHtml(makeRunResult()), { javaScript: false });
    expect(await page.locator('svg.wide:visible').count()).toBe(PLOTS.length);
    await page.close();
  });

  it('turns dark with the system', async () => {
    const background = 'getComputedStyle(document.body).backgroundColor';
    const light = await open(renderHtml(makeRunResult()));
    const dark = await open(renderHtml(makeRunResult()), { dark: true });
    expect(await light.page.evaluate(background)).toBe('rgb(246, 247, 249)');
    expect(await dark.page.evaluate(background)).toBe('rgb(17, 21, 27)');
    await Promise.all([light.page.close(), dark.page.close()]);
  });

  it('keeps its plots on paper, on white even for a dark system', async () => {
    const { page } = await open(renderHtml(makeRunResult()), { width: 700, dark: true });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('svg.wide:visible').count()).toBe(PLOTS.length);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.evaluate('getComputedStyle(document.querySelector("h1")).color')).toBe('rgb(27, 36, 48)');
    expect(await page.evaluate('Array.from(document.querySelectorAll(".scroll")).every((box) => box.scrollWidth <= box.clientWidth + 1)')).toBe(true);
    await page.close();
  });

  it('never scrolls sideways, from a small phone to a desk', async () => {
    for (const make of [makeRunResult, evilResult, crowdedResult]) {
      const { page } = await open(renderHtml(make()));
      for (const width of [320, 390, 700, 800, 1200]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${make.name} at ${width} pixels`).toBeLessThanOrEqual(width);
      }
      await page.close();
    }
  });

  it('reads out the values under the pointer, on all plots over time at once', async () => {
    const { page, troubles } = await open(renderHtml(makeRunResult()));
    await point(page, 'nodes', 0.5);
    const text = await page.locator('#readout').innerText();
    expect(text).toMatch(/^13 h \d+ min/u);
    for (const name of ['total', 'ready', 'empty']) expect(text).toContain(name);
    expect(
      await page.evaluate(
        'Array.from(document.querySelectorAll("svg.wide .cross")).filter((line) => line.style.display !== "none").length',
      ),
    ).toBe(6);
    await point(page, 'wait-priority', 0.6);
    expect(await page.locator('#readout').innerText()).toMatch(/^within [\d.]+ (ms|s|min)[^]*priority 0\s+\d+\.\d%/u);
    await page.mouse.move(5, 5);
    expect(await page.locator('#readout').isVisible()).toBe(false);
    expect(troubles).toEqual([]);
    await page.close();
  });

  async function point(page: Page, plot: string, share: number): Promise<void> {
    const target = page.locator(`svg.wide[data-plot=${plot}]`);
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (box === null) throw new Error(`${plot} is not visible`);
    await page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
  }
});
