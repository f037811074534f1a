/** What the page over several results needs besides the style of every page. */
export const OVERVIEW_STYLE = `
.contents {
  display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 16px 0 0; padding: 0; list-style: none; font-size: 14px;
}
a { color: var(--s0); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 2px solid var(--s0); outline-offset: 2px; border-radius: 3px;
}
.remarks { margin-top: 18px; }
.verdict {
  margin: 0 0 12px; padding: 14px 18px; border: 1px solid var(--rule); border-left: 4px solid var(--s0);
  border-radius: 8px; background: var(--card); overflow-wrap: anywhere;
}
.verdict h3 { margin-bottom: 4px; }
.verdict p { margin: 4px 0; }
.verdict .who { color: var(--soft); font-size: 13px; }
.verdict .strong { font-weight: 600; }
.verdict ul { margin: 6px 0; padding-left: 20px; }
.verdict li { margin: 2px 0; }
.verdict details { margin: 8px 0 0; border: 0; background: none; }
.verdict summary { padding: 2px 0; font-weight: 550; font-size: 14px; }
.good { color: var(--s2); }
.bad { color: var(--alarm); }
td.good, td.bad { font-weight: 550; }
td.whole { white-space: nowrap; }
.group td:first-child, .group th:first-child { min-width: 60px; }
svg text.label.s1 { fill: var(--s1); }
.interval { stroke: var(--c); stroke-width: 9; opacity: 0.24; }
.mean { stroke: var(--c); stroke-width: 2.4; }
.dot { fill: var(--c); stroke: var(--card); stroke-width: 0.8; }
.line.thin { stroke-width: 1; opacity: 0.6; }
.line.faint { stroke-width: 0.8; opacity: 0.3; }
.line.middle { stroke-width: 2.2; }
.h0.heat { fill: var(--h0); }
.group { margin-top: 16px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
.group > .caption { margin-bottom: -8px; color: var(--soft); font-size: 13px; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 16px; margin-bottom: 8px; }
.saved { color: var(--soft); font-size: 13px; white-space: nowrap; }
.saved a { margin-left: 6px; }
td.word, th.word { max-width: 420px; text-align: left; white-space: normal; overflow-wrap: break-word; }
td.mono { min-width: 132px; font-size: 12px; word-break: break-all; }
figure .birth-line { margin-top: 8px; color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
.variants { margin: 10px 0 0; padding: 0; list-style: none; }
.variants li { overflow-wrap: anywhere; }
.variants b { display: inline-block; min-width: 22px; color: var(--c); }
.again { margin-top: 16px; }
.group .again { margin-top: 0; }
details.folded { margin-top: 16px; }
.folded .remarks { margin: 0; border-radius: 0 0 8px 8px; }
.repeat {
  margin: 0; padding: 12px 18px; border: 1px solid var(--rule); border-radius: 8px; background: var(--code);
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.about + .repeat { margin-top: 8px; }
h2 { scroll-margin-top: 12px; overflow-wrap: anywhere; }
.part { padding-top: 8px; border-top: 1px solid var(--rule); }
@media print {
  .saved, .contents { display: none; }
  details > *:not(summary) { display: block; }
  td.word, th.word { max-width: 160px; }
}
`;
