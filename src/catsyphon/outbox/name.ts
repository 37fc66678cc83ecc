/** The name of an outbox in its store, alike in every runtime: under another name a later process would not find what waits. */
import { sha256Hex } from '../../core/sha256.js'

/** Two servers, or two workspaces of one server, must not send each other's events. `serverUrl` comes without trailing slashes. */
export const outboxName = (serverUrl: string, workspaceId: string): string =>
  `catsyphon-${sha256Hex(`${serverUrl}\n${workspaceId}`).slice(0, 16)}`
