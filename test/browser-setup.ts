/** Runs on Node before the tests in Chromium: starts the peer server, and tells the page where it is. */
import type { TestProject } from 'vitest/node'
import { startPeerServer } from './peers/web/server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly webSocketUrl: string
    readonly httpUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPeerServer()
  project.provide('webSocketUrl', server.webSocketUrl)
  project.provide('httpUrl', server.httpUrl)
  return async () => {
    await server[Symbol.asyncDispose]()
  }
}
