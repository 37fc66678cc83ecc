const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether the CLI accepts a text as a session id. */
export const isUuid = (text: string): boolean => UUID.test(text)
