/** Pages in a real browser: opened with all that goes wrong written down, and measured. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];

export const browserIsMissing = !existsSync(CHROMIUM);
export const whereBrowser = browserIsMissing ? `in a browser (SKIPPED: there is no ${CHROMIUM})` : 'in a browser';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** `troubles`: what the page said on the console, threw, or asked of the network. */
export async function openPage(
  browser: Browser,
  html: string,
  options: { readonly width?: number; readonly dark?: boolean; readonly javaScript?: boolean } = {},
): Promise<{ page: Page; troubles: string[] }> {
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1200, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    javaScriptEnabled: options.javaScript ?? true,
  });
  const troubles: string[] = [];
  page.on('console', (message) => troubles.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`error: ${String(error)}`));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) troubles.push(`request: ${request.url()}`);
  });
  await page.setContent(html, { waitUntil: 'load' });
  return { page, troubles };
}

export interface Measured {
  readonly id: string;
  readonly marks: number;
  readonly outside: readonly string[];
  readonly overlaps: readonly string[];
}

/** Runs in the page: what is drawn of each visible plot, what leaves its frame, which texts lie over each other. */
export const MEASURE = `
  Array.from(document.querySelectorAll('svg.plot')).filter(
    (svg) => svg.getBoundingClientRect().width > 0,
  ).map((svg) => {
    const frame = svg.getBoundingClientRect();
    const slack = 1.5;
    const marks = Array.from(svg.querySelectorAll('.mark'));
    const texts = Array.from(svg.querySelectorAll('text'));
    const outside = [...marks, ...texts].filter((item) => {
      const box = item.getBoundingClientRect();
      return box.left < frame.left - slack || box.right > frame.right + slack ||
        box.top < frame.top - slack || box.bottom > frame.bottom + slack;
    }).map((item) => item.textContent || item.getAttribute('class'));
    const overlaps = [];
    texts.forEach((a, i) => texts.slice(i + 1).forEach((b) => {
      const x = a.getBoundingClientRect(), y = b.getBoundingClientRect();
      const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
      const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
      // Boxes of text are taller than letters: neighbouring lines may share a few pixels of air.
      if (wide > 0.5 && high > 4) overlaps.push(a.textContent + ' / ' + b.textContent);
    }));
    const seen = marks.filter((mark) => mark.getBoundingClientRect().width > 0);
    return { id: svg.getAttribute('data-plot'), marks: seen.length, outside, overlaps };
  })
`;
