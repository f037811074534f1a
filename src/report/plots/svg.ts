/**
 * SVG and HTML as text: escaping, elements, short numbers. Everything that a user wrote passes through `escapeText`.
 */
import { visibleText } from '../../base/visible-text.ts';

const WIDE_LETTERS = '%mwMW@≤…×';
/** Width of most letters as a part of the font size. */
const LETTER = 0.62;

export type Attributes = Readonly<Record<string, string | number>>;

export function escapeText(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu, ' ')
    .replace(/[^\t\n\r]+/gu, visibleText)
    .replace(/&/gu, '&amp;')
    .replace(/</gu, '&lt;')
    .replace(/>/gu, '&gt;')
    .replace(/"/gu, '&quot;')
    .replace(/'/gu, '&#39;');
}

/** `content` is markup, already escaped. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : escapeText(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(content));
}

/** A tenth of a pixel is enough. */
export function short(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return String(rounded === 0 ? 0 : rounded);
}

/** Width of text in the page's font, on the wide side: no font is at hand to measure with. */
export function estimateWidth(content: string, fontSize: number): number {
  let width = 0;
  for (const letter of content) width += WIDE_LETTERS.includes(letter) ? 0.97 : letter > '\u2fff' ? 1.1 : LETTER;
  return width * fontSize;
}

/** Letters of usual width that have room. */
export function lettersIn(width: number, fontSize: number): number {
  return Math.floor(width / (LETTER * fontSize));
}

/** Cut to a number of characters, with an ellipsis in the middle: names often differ in their last letters only. */
export function shorten(content: string, characters: number): string {
  const letters = Array.from(content);
  return letters.length <= characters
    ? content
    : `${letters.slice(0, Math.ceil((characters - 1) / 2)).join('')}…` +
        letters.slice(letters.length - Math.floor((characters - 1) / 2)).join('');
}
