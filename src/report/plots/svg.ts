/** SVG and HTML as text: escaping, elements, short numbers. Everything that a user wrote passes through `escapeText`. */

export type Attributes = Readonly<Record<string, string | number>>;

export function escapeText(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu, ' ')
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
  return Array.from(content).length * fontSize * 0.62;
}

/** Cut to a number of characters, with an ellipsis. */
export function shorten(content: string, characters: number): string {
  const letters = Array.from(content);
  return letters.length <= characters ? content : `${letters.slice(0, Math.max(1, characters - 1)).join('')}…`;
}
