/**
 * Has zod interpret its schemas instead of making code of each when it is first used: nearly all are used once, at the start, and the code
 * costs a sixth of it. Has to be called before zod is loaded, whose `config` could be called only when the first schemas have been made.
 */
export function interpretSchemas(): void {
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
}
