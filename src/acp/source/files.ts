/** File requests of the agent, answered through the functions that the caller gave. */
import { isRecord } from '../../core/is-record.js'
import { CLIENT_METHODS } from '../protocol/methods.js'
import { RPC_CODES, RpcRefusal } from '../rpc/errors.js'
import type { AcpFiles } from './options.js'

const notOffered = (method: string): RpcRefusal =>
  new RpcRefusal(RPC_CODES.methodNotFound, `${method} is not offered by this client.`)

/** Answers `fs/read_text_file` and `fs/write_text_file`. A method without a function is refused as unknown. */
export async function answerFileRequest(files: AcpFiles, method: string, params: unknown): Promise<unknown> {
  const { path, line, limit, content } = isRecord(params) ? params : {}
  if (typeof path !== 'string') throw new RpcRefusal(RPC_CODES.invalidParams, 'path is missing.')
  if (method === CLIENT_METHODS.readTextFile) {
    if (!files.readTextFile) throw notOffered(method)
    return {
      content: await files.readTextFile({
        path,
        ...(typeof line === 'number' ? { line } : {}),
        ...(typeof limit === 'number' ? { limit } : {}),
      }),
    }
  }
  if (method !== CLIENT_METHODS.writeTextFile || !files.writeTextFile) throw notOffered(method)
  if (typeof content !== 'string') throw new RpcRefusal(RPC_CODES.invalidParams, 'content is missing.')
  await files.writeTextFile({ path, content })
  return {}
}
