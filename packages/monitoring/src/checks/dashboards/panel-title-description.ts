import { allPanels, contentPanels, type DashboardCheck, panelName } from "./rendered.ts";

/** What can be read in five seconds. */
const LONGEST_TITLE = 40;
const LONGEST_DESCRIPTION = 200;

/** Every panel has a title, and a description that somebody takes in who has just been woken. */
export const panelTitleDescription: DashboardCheck = {
  name: "panel-title-description-rule",
  run(dashboard) {
    return [
      ...allPanels(dashboard).flatMap((panel) =>
        panel.title ? [] : [{ where: panelName(panel), problem: "it has no title", mend: "name what it shows" }],
      ),
      ...contentPanels(dashboard).flatMap((panel) => {
        const { title = "", description = "" } = panel;
        const where = panelName(panel);
        const problems = [
          ...(description === "" ? ["it has no description"] : []),
          ...(title.length > LONGEST_TITLE ? [`its title has ${title.length} characters`] : []),
          ...(description.length > LONGEST_DESCRIPTION ? [`its description has ${description.length} characters`] : []),
          ...(description !== "" && !description.endsWith(".") ? ["its description is no sentence"] : []),
        ];
        const mend = `say in at most ${LONGEST_TITLE} and ${LONGEST_DESCRIPTION} characters what is shown and what it means`;
        return problems.map((problem) => ({ where, problem, mend }));
      }),
    ];
  },
};
