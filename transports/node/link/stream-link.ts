/** A link whose bytes come from a stream of Node's. Listener functions shared by all links find theirs by a symbol. */
import type { Readable } from 'node:stream'
import type { LinkInfo } from '../../../src/transport.js'
import { BaseLink } from './link.js'

const LINK = Symbol('signalbox.link')
type Linked = Readable & { [LINK]?: StreamLink }

function onData(this: Linked, chunk: Uint8Array): void {
  this[LINK]?.received(chunk)
}
function onEnd(this: Linked): void {
  this[LINK]?.readingEnded()
}

export abstract class StreamLink extends BaseLink {
  private readonly input: Readable

  constructor(info: LinkInfo, input: Readable) {
    super(info)
    this.input = input
    ;(input as Linked)[LINK] = this
    input.on('data', onData)
    input.on('end', onEnd)
  }

  protected override pause(): void {
    this.input.pause()
  }

  protected override resume(): void {
    this.input.resume()
  }
}
