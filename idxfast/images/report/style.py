"""The style sheet of a report, for light and dark, narrow and wide pages."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c1c1c; --quiet: #5c5c5c; --line: #d9d9d9; --bar: #3b6ea5; --bad: #a11;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17181a; --ink: #e6e6e6; --quiet: #a3a3a3; --line: #3a3b3e; --bar: #7fabd9;
    --bad: #ff8f80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px 16px 48px; max-width: 1120px;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 20px; line-height: 1.3; margin: 44px 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 16px; margin: 28px 0 4px; }
p { margin: 0 0 8px; max-width: 75ch; overflow-wrap: anywhere; }
.quiet, figcaption, footer { color: var(--quiet); font-size: 13px; }
.bad { color: var(--bad); }
.hash { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 8px 0 12px; }
th, td { padding: 6px 20px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--quiet); }
td { overflow-wrap: anywhere; }
td.hash { white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td img, figure img { image-rendering: pixelated; display: block; }
.row, .figures { display: flex; flex-wrap: wrap; gap: 6px; }
.figures { gap: 16px; margin: 8px 0 12px; }
figure { margin: 0; max-width: 150px; overflow-wrap: anywhere; }
.chart { flex: 1 1 320px; max-width: 540px; }
.chart svg { display: block; width: 100%; height: auto; }
.chart path { fill: var(--bar); }
.chart line { stroke: var(--line); }
.chart text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
footer { margin-top: 48px; border-top: 1px solid var(--line); padding-top: 8px; }
/* Where ten images leave the other columns too little room, they come in two rows of five. */
@media (max-width: 1120px) { .row { max-width: 304px; } }
@media (max-width: 640px) {
  table { width: 100%; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 16px; padding: 8px 0;
       border-bottom: 1px solid var(--line); }
  td, td.hash, .number { display: block; padding: 0; border: 0; }
  td.hash, .number { text-align: left; white-space: normal; }
  td[data-title]::before { content: attr(data-title) " "; color: var(--quiet); font-size: 13px; }
  td.picture::before, td.wide::before { display: block; }
  td.title::before { content: none; }
  td.wide, td.title { flex-basis: 100%; }
}
"""
