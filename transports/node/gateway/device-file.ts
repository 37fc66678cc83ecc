/** The credentials of devices in a file, so that they survive a restart. The file holds digests, and only its owner reads it. */
import * as z from 'zod/mini'
import { SignalboxError } from '../../../src/errors.js'
import { SCOPES, type CredentialOptions, type DeviceRecord } from '../../../src/gateway/index.js'
import { replaceFile } from './replace-file.js'
import { prepareTokenFolder } from './token-file.js'
import { readTrusted } from './trust.js'

const record = z.strictObject({
  id: z.string(),
  digest: z.string().check(z.length(43)),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  upstreams: z.optional(z.array(z.string())),
  createdAtMs: z.number(),
  lastUsedAtMs: z.optional(z.number()),
  expiresAtMs: z.number(),
  proofKey: z.optional(z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() })),
})
const contents = z.strictObject({ version: z.literal(1), devices: z.array(record) })

/** An open file of devices. */
export interface DeviceFile extends Required<Pick<CredentialOptions, 'devices' | 'onDevices'>> {
  /**
   * Resolves when the last change is on the disk.
   *
   * @example
   * import { openDeviceFile } from 'signalbox/node'
   *
   * const devices = await openDeviceFile('/home/me/.signalbox/devices.json')
   * await devices.flush()
   */
  flush(): Promise<void>
}

/**
 * Reads the devices of an earlier run and writes every change. Pass the result to `createCredentials`.
 *
 * @example
 * import { createCredentials } from 'signalbox/gateway'
 * import { openDeviceFile, serveGateway } from 'signalbox/node'
 *
 * const credentials = createCredentials(await openDeviceFile('/home/me/.signalbox/devices.json'))
 * await using served = await serveGateway({ upstreams: {}, credentials })
 * console.log(await served.ticketUrl({ scopes: ['send'], device: true, name: 'phone' }))
 */
export async function openDeviceFile(path: string): Promise<DeviceFile> {
  await prepareTokenFolder(path)
  const devices = await readDevices(path)
  let latest: readonly DeviceRecord[] | undefined
  let writing: Promise<void> | undefined

  const writeLatest = async (): Promise<void> => {
    while (latest) {
      const text = `${JSON.stringify({ version: 1, devices: latest })}\n`
      latest = undefined
      await replaceFile(path, text)
    }
  }
  return {
    devices,
    onDevices(changed) {
      latest = changed
      // A disk that is full must not end the gateway; the next change tries again.
      writing ??= writeLatest()
        .catch(() => {})
        .finally(() => {
          writing = undefined
        })
    },
    async flush() {
      while (writing) await writing
    },
  }
}

async function readDevices(path: string): Promise<DeviceRecord[]> {
  let text: string
  try {
    text = await readTrusted(path, { secret: true })
  } catch (error) {
    if (SignalboxError.is(error, 'unreachable')) return []
    throw error
  }
  try {
    return contents.parse(JSON.parse(text)).devices
  } catch (cause) {
    throw new SignalboxError({
      code: 'invalid_argument',
      message: `${path} does not hold the credentials of devices.`,
      hint: 'Move the file away; every device then needs a new ticket.',
      cause,
    })
  }
}
