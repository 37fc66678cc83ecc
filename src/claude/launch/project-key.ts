/** The name of the folder with the sessions of a working directory: the path, with a dash for all but letters and digits. */

const LONGEST_KEY = 200

/** The CLI adds a hash to keys over 200 characters. How it computes the hash is unknown, so only the `prefix` is certain. */
export function projectKey(cwd: string): string {
  return cwd.replace(/[^a-zA-Z0-9]/g, '-').slice(0, LONGEST_KEY)
}
