/**
 * The page's style sheet. Light by default, dark where the reader's system is, always light on paper. Colours of lines
 * are told apart by people with the common kinds of colour blindness (after Okabe and Ito), darkened for white ground
 * and lightened for black so that lines and their labels keep a contrast of about 4.5 to 1.
 */
/** Of pages without a script. */
export const SCRIPTLESS_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const LIGHT = `
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566171; --rule: #dfe3e8; --grid: #e8ebef; --base: #9aa4b1; --code: #f1f3f6;
  --alarm: #a3260b; --alarm-ground: #fdeee9; --note-ground: #fff8e1; --note-rule: #e0b93c;
  --h0: #eef2f6; --h1: #dce8f1; --h2: #c8dcea; --h3: #b1cee2; --h4: #98bfd9; --h5: #7cadce; --h6: #5e99c2; --h7: #4084b3; --h8: #246ea1; --h9: #0b578a; --h10: #c24a00;
  --s0: #0068a8; --s1: #c24a00; --s2: #007f5c; --s3: #a03c85; --s4: #8a6500; --s5: #1f8bbf; --s6: #5b6778; --s7: #7a4a1e;`;

const DARK = `
  --page: #11151b; --card: #191f27; --ink: #e6eaf0; --soft: #9faab8; --rule: #2c3542; --grid: #26303c; --base: #5b6878; --code: #11161d;
  --alarm: #ff9b80; --alarm-ground: #3a1b14; --note-ground: #2b2616; --note-rule: #a98a2a;
  --h0: #242c36; --h1: #243747; --h2: #234258; --h3: #234e6b; --h4: #255c80; --h5: #2b6c96; --h6: #387fad; --h7: #4c94c3; --h8: #67abd8; --h9: #8cc6ee; --h10: #f5924e;
  --s0: #5fb4ee; --s1: #f5924e; --s2: #3fca9d; --s3: #e493cb; --s4: #e3b94a; --s5: #9bdcff; --s6: #a9b5c4; --s7: #cfa47c;`;

const SERIES = Array.from({ length: 8 }, (_, i) => `.s${i} { --c: var(--s${i}); }`).join('\n');

const SHADES = Array.from({ length: 11 }, (_, i) => `.h${i} { fill: var(--h${i}); }`).join('\n');

export const PAGE_STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { margin: 0; font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 40px 0 12px; font-size: 19px; font-weight: 650; letter-spacing: -0.01em; }
h3 { margin: 0; font-size: 15px; font-weight: 650; }
p { margin: 0; }
.about { margin-top: 6px; color: var(--soft); max-width: 75ch; overflow-wrap: anywhere; }
.birth { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 18px 0 0; padding: 14px 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.birth div { min-width: 0; }
.birth dt { color: var(--soft); font-size: 12px; }
.birth dd { margin: 0; font-weight: 550; overflow-wrap: anywhere; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; }
.alarm { margin: 0 0 20px; padding: 12px 16px; border-left: 4px solid var(--alarm); border-radius: 4px; background: var(--alarm-ground); color: var(--alarm); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 0; }
.tile { flex: 1 1 calc(25% - 12px); min-width: 0; padding: 14px 16px; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .value { display: block; font-size: 25px; line-height: 1.3; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tile .more { color: var(--soft); font-size: 13px; }
.tile .value.warn { color: var(--alarm); }
.tile .value.words { display: flex; align-items: center; min-height: 32.5px; font-size: 15px; line-height: 1.15; letter-spacing: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
.card { min-width: 0; margin: 0; padding: 16px 18px 12px; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
.card.full { grid-column: 1 / -1; }
.about + .tables { margin-top: 14px; }
.scroll + .caption { margin-top: 8px; }
.card .caption { margin-bottom: 10px; color: var(--soft); font-size: 13px; }
svg.plot { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
svg.narrow { display: none; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg text.label { fill: var(--c, var(--ink)); }
svg text.lane { fill: var(--soft); }
${SERIES}
${SHADES}
.area { fill: transparent; }
.grid { stroke: var(--grid); stroke-width: 1; }
.base { stroke: var(--base); stroke-width: 1; }
.line { fill: none; stroke: var(--c); stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.line.dashed { stroke-dasharray: 5 4; }
.fill { fill: var(--c); opacity: 0.14; }
.leader { fill: none; stroke: var(--c); stroke-width: 1; opacity: 0.6; }
.key { stroke: var(--c); stroke-width: 3; stroke-linecap: round; }
svg .label.row { fill: var(--ink); }
.key + .label { fill: var(--ink); }
.drop { stroke: var(--s1); stroke-width: 1; opacity: 0.28; stroke-dasharray: 2 3; }
.event { stroke-width: 1.6; fill: var(--c); stroke: var(--card); paint-order: stroke; }
.event.fault { --c: var(--s1); fill: none; stroke: var(--c); stroke-width: 2; }
.event.repair { --c: var(--s2); }
.event.up { --c: var(--s0); }
.event.down { --c: var(--s3); }
.event.evict { --c: var(--s4); }
.event.other { --c: var(--s6); }
.cross { stroke: var(--soft); stroke-width: 1; pointer-events: none; }
#readout { position: fixed; z-index: 1; display: none; min-width: 120px; max-width: 260px; padding: 8px 10px; border: 1px solid var(--rule); border-radius: 6px; background: var(--card); box-shadow: 0 4px 16px rgb(0 0 0 / 18%); font-size: 13px; pointer-events: none; font-variant-numeric: tabular-nums; }
#readout b { display: block; }
#readout span { display: flex; justify-content: space-between; gap: 16px; }
#readout i { font-style: normal; color: var(--c); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 8px; text-align: left; font-size: 15px; font-weight: 650; }
th, td { padding: 6px 0 6px 20px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-size: 12.5px; font-weight: 550; }
td:first-child, th:first-child { min-width: 120px; max-width: 420px; padding-left: 0; text-align: left; white-space: normal; overflow-wrap: break-word; }
tbody tr:last-child td { border-bottom: 0; }
td.text, th.text { min-width: 240px; text-align: left; white-space: normal; overflow-wrap: anywhere; }
.stuck { margin: 8px 0 0; padding: 0; list-style: none; }
.stuck li { padding: 10px 0; border-top: 1px solid var(--rule); }
.stuck li:first-child { border-top: 0; }
.stuck p { overflow-wrap: anywhere; }
.stuck .more { color: var(--soft); font-size: 13px; }
.stuck .main { font-weight: 550; }
.stuck .said { margin: 4px 0; padding: 8px 10px; border-radius: 4px; background: var(--code); font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
tr.group td { padding-top: 12px; color: var(--soft); font-size: 12.5px; font-weight: 550; }
.tables { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
.tables .card { padding-bottom: 8px; }
.notes { margin: 0; padding: 12px 16px 12px 34px; border-left: 4px solid var(--note-rule); border-radius: 4px; background: var(--note-ground); overflow-wrap: anywhere; }
details { margin-top: 40px; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
summary { padding: 12px 18px; cursor: pointer; font-weight: 650; }
pre { margin: 0; padding: 14px 18px; border-top: 1px solid var(--rule); background: var(--code); overflow-x: auto; font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
footer { margin-top: 32px; color: var(--soft); font-size: 13px; }
@media screen and (max-width: 760px) {
  main { padding: 20px 14px 40px; }
  h1 { font-size: 23px; }
  .plots, .tables { grid-template-columns: minmax(0, 1fr); }
  .tiles { gap: 8px; }
  .tile { flex-basis: calc(50% - 8px); }
  .tile { padding: 10px 12px; }
  .tile .value { font-size: 21px; }
  .card { padding: 14px 12px 10px; }
  svg.wide { display: none; }
  svg.narrow { display: block; }
  th, td { padding-left: 14px; }
}
@page { margin: 13mm; }
@media print {
  body { background: #fff; font-size: 12px; }
  .tiles { gap: 8px; }
  .tile { padding: 8px 10px; }
  .tile .name, .tile .more { font-size: 11px; }
  .tile .value { font-size: 18px; }
  h2 { margin-top: 24px; }
  table { font-size: 11px; }
  th, td { padding: 4px 0 4px 8px; }
  th { font-size: 10.5px; white-space: normal; vertical-align: bottom; }
  td:first-child, th:first-child { min-width: 90px; }
  td.text, th.text { min-width: 120px; }
  .scroll { overflow: visible; }
  main { max-width: none; padding: 0; }
  .card, .tile, .notes, .alarm, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  #readout, footer { display: none !important; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
