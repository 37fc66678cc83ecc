/** The folder that the CLI keeps a working directory's sessions in: every character but letters and digits becomes a dash. */

const LONGEST_KEY = 200

/** Keys over 200 characters get a hash at their end whose making is the CLI's own; for those `prefix` is all that is known. */
export function projectKey(cwd: string): string {
  return cwd.replace(/[^a-zA-Z0-9]/g, '-').slice(0, LONGEST_KEY)
}
