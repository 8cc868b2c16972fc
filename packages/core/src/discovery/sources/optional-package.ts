/**
 * Loads a package that only some installations have.
 * @throws Error that says what to install, when it is missing
 */
export async function loadOptional<Module>(
  name: string,
  purpose: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new Error(
      `${purpose} needs the package ${name}, which is not installed. Install it with: npm install ${name}`,
      {
        cause,
      },
    );
  }
}
