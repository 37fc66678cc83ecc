/** Addresses that only this machine can reach, by their plain spelling: what is spelled otherwise is not trusted to be one. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(host)
}
