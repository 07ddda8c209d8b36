extension StatusPage {
    /// Light or dark as the reader's system is, one column on a phone. What a colour says, a word or a shape says as well.
    static let style = #"""

        :root {
          --ground: #f6f7f9; --card: #ffffff; --text: #1a1d21; --quiet: #545b64; --line: #d5d9df;
          --good: #17663a; --warn: #7d4e00; --bad: #a51d24; --accent: #1f5fb4; --second: #7a3fa8; --track: #e3e7ec;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --card: #1d2126; --text: #e8eaed; --quiet: #aab2bc; --line: #3a4149;
            --good: #6fd49a; --warn: #f0b95a; --bad: #ff8d8d; --accent: #7db4ff; --second: #cfa2f5; --track: #323941;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--ground); color: var(--text);
          font: 16px/1.45 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere;
        }
        header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; }
        header p { margin: 0; }
        header button { margin-left: auto; }
        @media (max-width: 32rem) { #summary { flex: 1 1 8rem; min-width: 8rem; } }
        h1 { font-size: 1.4rem; margin: 0; }
        h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
        h2 .quiet { font-weight: 400; font-size: 1rem; }
        h3 { font-size: 1rem; margin: 0; }
        a { color: var(--accent); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        button {
          min-height: 2.5rem; padding: .25rem 1rem; font: inherit; color: var(--text); background: var(--card);
          border: 1px solid var(--quiet); border-radius: .4rem; cursor: pointer;
        }
        button[aria-pressed="true"] { background: var(--text); color: var(--card); }
        .skip { position: absolute; left: -100rem; background: var(--card); padding: .5rem 1rem; }
        .skip:focus { left: 1rem; top: 1rem; }
        .quiet { color: var(--quiet); }
        .state { font-weight: 600; }
        .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
        .cards { display: grid; gap: .75rem; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; min-width: 0; }
        .card header { justify-content: space-between; }
        .card p { margin: .25rem 0; }
        .card.troubled { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
        svg { display: block; width: 100%; }
        .bar { height: .9rem; margin: .4rem 0; border-radius: .25rem; }
        .bar .track { fill: var(--track); }
        .bar .left { fill: var(--good); }
        .bar.doubted .left { fill: var(--warn); }
        .bar.low .left { fill: var(--bad); }
        .bar .renewal { stroke: var(--card); stroke-width: 2; vector-effect: non-scaling-stroke; }
        .plot { height: 3.5rem; background: var(--ground); border-radius: .25rem; }
        .plot path { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
        .plot path.second { stroke: var(--second); stroke-dasharray: 4 2; }
        dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: .25rem .75rem; margin: .5rem 0 0; }
        dl div { min-width: 0; display: flex; flex-direction: column; justify-content: flex-end; }
        dt { font-size: .8rem; color: var(--quiet); }
        dd { margin: 0; font-variant-numeric: tabular-nums; }
        figure { margin: .5rem 0 0; }
        figcaption { font-size: .8rem; color: var(--quiet); }
        .errors { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
        .errors li { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: .4rem; padding: .5rem .75rem; }
        .errors p { margin: .15rem 0; }
        code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }

        """#
}
