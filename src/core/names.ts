/** The one mapping between names in camelCase and names with underscores. */

/** A wire name with underscores, in camelCase: `group_id` becomes `groupId`. */
export function camelName(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** A name in camelCase, with underscores: `groupId` becomes `group_id`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
