/**
 * A simulated core as a program: what `cmdop-core --stdio` is, without machines behind it. Point any CMDOP client at it, ours or the
 * published ones, by CMDOP_CORE_BINARY and a wrapper: `#!/bin/sh` and `exec node /path/to/core.mjs "$@"`.
 */
import { processStdio } from 'signalbox/node'
import { createCmdopCore } from 'signalbox/testing'

await createCmdopCore().serve(processStdio())
