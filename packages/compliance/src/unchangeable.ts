/** Whether nobody can change an object, nor the lists in it: what was made of it once can be used again. */
export function isUnchangeable(object: object): boolean {
  return Object.isFrozen(object) && Object.values(object).every(Object.isFrozen);
}
