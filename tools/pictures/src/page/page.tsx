import { createTheme, dateTime, type TimeRange } from "@grafana/data";
import { GlobalStyles, PanelChrome, ThemeContext } from "@grafana/ui";
import type { ReactElement } from "react";
import { createRoot } from "react-dom/client";
import type { Panel, Picture } from "../dashboard.ts";
import { withFieldOptions } from "./field-options.ts";
import { toFrames } from "./frames.ts";
import { drawPanel } from "./panels/draw-panel.tsx";
import { transform } from "./transform.ts";

declare global {
  interface Window {
    /** Set before the page runs. */
    picture: Picture;
  }
}

const WIDTH = 1_600;
const MARGIN = 12;
const GAP = 8;
const CELL = 30;
const HEADER = 56;

const theme = createTheme({ colors: { mode: "dark" } });
const { dashboard, answers, fromMs, toMs, chosen } = window.picture;
const range: TimeRange = {
  from: dateTime(fromMs),
  to: dateTime(toMs),
  raw: { from: dateTime(fromMs), to: dateTime(toMs) },
};

const column = (WIDTH - 2 * MARGIN + GAP) / 24;
const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
const drawn = await Promise.all(dashboard.panels.map(place));

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
Object.assign(document.body.style, {
  margin: "0",
  background: theme.colors.background.canvas,
  color: theme.colors.text.primary,
  fontFamily: "'DejaVu Sans', sans-serif",
  fontSize: "14px",
});
createRoot(root).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <div style={{ position: "relative", width: WIDTH, height: HEADER + bottom * (CELL + GAP) + MARGIN }}>
      <Header />
      {drawn}
    </div>
  </ThemeContext.Provider>,
);

function Header(): ReactElement {
  const minutes = Math.round((toMs - fromMs) / 60_000);
  const values = Object.entries(chosen).map(([name, value]) => `${name} = ${value}`);
  return (
    <div style={{ position: "absolute", left: MARGIN + 4, right: MARGIN + 4, top: 14, display: "flex", gap: 24 }}>
      <span style={{ fontSize: 20, flex: 1 }}>{dashboard.title}</span>
      <span style={{ color: theme.colors.text.secondary }}>{values.join(" · ")}</span>
      <span style={{ color: theme.colors.text.secondary }}>last {minutes} minutes</span>
    </div>
  );
}

async function place(panel: Panel): Promise<ReactElement> {
  const { x, y, w, h } = panel.gridPos;
  const box = { left: MARGIN + x * column, top: HEADER + y * (CELL + GAP) };
  const size = { width: w * column - GAP, height: h * (CELL + GAP) - GAP };
  const style = { position: "absolute" as const, ...box, ...size };
  if (panel.type === "row") {
    return (
      <div key={panel.id} style={{ ...style, fontSize: 16, fontWeight: 500, paddingTop: 4 }}>
        {panel.collapsed === true ? `› ${panel.title} (${panel.panels?.length ?? 0} panels)` : `⌄ ${panel.title}`}
      </div>
    );
  }
  const raw = toFrames(answers[panel.id] ?? []);
  const frames = withFieldOptions(await transform(raw, panel), panel, theme);
  return (
    <div key={panel.id} style={style}>
      <PanelChrome
        title={panel.title}
        {...(panel.description === undefined ? {} : { description: panel.description })}
        padding="md"
        {...size}
      >
        {(width: number, height: number) => drawPanel({ panel, frames, range, theme, width, height })}
      </PanelChrome>
    </div>
  );
}
