/** What an outbox is called on disk, alike in every runtime: under another name, what waits would not be found again. */
import { sha256Hex } from '../../core/sha256.js'

/** Two servers, or two workspaces of one, must not send each other's events. `serverUrl` comes without trailing slashes. */
export const outboxName = (serverUrl: string, workspaceId: string): string =>
  `catsyphon-${sha256Hex(`${serverUrl}\n${workspaceId}`).slice(0, 16)}`
