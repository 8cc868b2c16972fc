import type { Plugin } from "vite";

/**
 * Grafana's modules import the default of CommonJS packages as bundlers did before they followed Node.js, which gives a
 * module its whole `module.exports`. This takes `default` out of it where there is one.
 */
export function commonJsDefaults(): Plugin {
  return {
    name: "common-js-defaults",
    transform(code, id) {
      if (!/\/node_modules\/@grafana\/.*\.mjs$/.test(id)) return null;
      return code.replaceAll(
        /^import (\w+)(,? .*|) from '([^.'][^']*)';$/gm,
        (all, name: string, others: string, from: string) =>
          from.startsWith("@grafana/")
            ? all
            : `import ${name}$${others} from '${from}';\nconst ${name} = ${name}$?.__esModule ? ${name}$.default : ${name}$;`,
      );
    },
  };
}
