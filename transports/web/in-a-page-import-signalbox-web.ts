/**
 * Replaces `signalbox/node`, `deno`, `bun` and the executables in a build for a browser. It has none of their exports, so a build that imports
 * one by name fails with the name of this file. Any other import fails at run time.
 */
import { SignalboxError } from '../../src/errors.js'

// One export marks the file as a module: esbuild reports a missing export only there.
export const importFrom = 'signalbox/web'

throw new SignalboxError({
  code: 'unsupported',
  message: 'signalbox/node, signalbox/deno, signalbox/bun and the executables of signalbox/testing do not run in a page.',
  hint: "Import from 'signalbox/web' instead.",
})
