/** The used part of Bun's global. Bun's own types would add all globals of the runtime. */
interface BunSocket<Data> {
  data: Data
  /** How many bytes the system took; below zero when it will take no more. */
  write(bytes: Uint8Array): number
  pause(): void
  resume(): void
  /** Half-closes. */
  shutdown(): void
  /** Closes at once, without waiting for unsent bytes. */
  close(): void
}

interface BunSocketHandler<Data> {
  open(socket: BunSocket<Data>): void
  data(socket: BunSocket<Data>, chunk: Uint8Array): void
  end(socket: BunSocket<Data>): void
  drain(socket: BunSocket<Data>): void
  close(socket: BunSocket<Data>, error?: unknown): void
  error(socket: BunSocket<Data>, error: unknown): void
}

declare const Bun: {
  connect<Data>(options: {
    readonly unix: string
    readonly allowHalfOpen: boolean
    readonly data: Data
    readonly socket: BunSocketHandler<Data>
  }): Promise<BunSocket<Data>>
}
