/** The lab: taps and faults on the links between the hub and the simulators. */
import type { StreamTransport } from 'signalbox'
import type { Systems } from '../systems.js'

/** Wraps the transport of one system before its client gets it. */
export function through<Launch>(_name: string, transport: StreamTransport<Launch>): StreamTransport<Launch> {
  return transport
}

/** Serves the page's lab over a port. */
export function serveLab(port: MessagePort, _systems: Systems): void {
  port.start()
}
