/** Random hex digits. Pages that are not served over https have no `randomUUID`. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const randomHex = (bytes: number): string => hex(crypto.getRandomValues(new Uint8Array(bytes)))
