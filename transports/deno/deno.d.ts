/** The used part of Deno's global. */
interface DenoConnection {
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  closeWrite(): Promise<void>
  close(): void
}
declare const Deno: {
  connect(options: { readonly transport: 'unix'; readonly path: string }): Promise<DenoConnection>
}
