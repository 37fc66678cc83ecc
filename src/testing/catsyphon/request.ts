/** Reads a request as the framework does: header names without case, a decoded path, a body by its content type. */
import { Answered, detail, json } from './answers.js'
import type { SimulatedRequest } from './types.js'
import { JsonSyntaxError, parsePythonJson } from './python-json.js'
import { isPlain, type Complaint } from './validate.js'

export interface ParsedRequest {
  readonly method: string
  /** Decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
  readonly number: number
}

const encoder = new TextEncoder()

export function parseRequest(request: SimulatedRequest, number: number): ParsedRequest {
  const [raw = '/', search = ''] = request.path.split(/\?(.*)/s)
  const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  const body = typeof request.body === 'string' ? encoder.encode(request.body) : (request.body ?? new Uint8Array())
  return { method: request.method.toUpperCase(), path: decode(raw), query: new URLSearchParams(search), headers, body, number }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The body as an object. Mistakes are added to `complaints`, because the server reports all mistakes of a request in one 422. */
export function readBody(request: ParsedRequest, complaints: Complaint[]): Record<string, unknown> | undefined {
  const { body, headers } = request
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw detail(400, 'There was an error parsing the body')
  }
  if (text === '') {
    complaints.push({ type: 'missing', loc: ['body'], msg: 'Field required', input: null })
    return undefined
  }
  if (headers.get('content-encoding') !== undefined && headers.get('content-encoding') !== 'identity') {
    throw detail(400, 'There was an error parsing the body')
  }
  let value: unknown = text
  if (isJson) {
    try {
      value = parsePythonJson(text)
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw new Answered(json(400, { detail: 'There was an error parsing the body' }))
      complaints.push({ type: 'json_invalid', loc: ['body', error.position], msg: 'JSON decode error', input: {} })
      return undefined
    }
  }
  if (isPlain(value)) return value
  const msg = 'Input should be a valid dictionary or object to extract fields from'
  complaints.push({ type: 'model_attributes_type', loc: ['body'], msg, input: value })
  return undefined
}
